"""Comparing the sound of two files."""

import numpy as np
import pytest
import soundfile

from genre.audio import comparison
from genre.audio.comparison import same_sound

SOUND = (0.1 * np.sin(np.arange(22050) / 20)).astype(np.float32)


@pytest.mark.parametrize("most", [0, 1200])  # packets alone, and samples, too
def test_the_same_sound_is_told_from_another(most, tmp_path, monkeypatch):
    monkeypatch.setattr(comparison, "LONGEST", most)
    names = ("a.wav", "same.wav", "one sample.wav", "shorter.wav")
    first, same, sample, shorter = (tmp_path / name for name in names)
    other = SOUND.copy()
    other[9000] += 0.001
    for path, sound in ((first, SOUND), (same, SOUND), (sample, other), (shorter, SOUND[:-1])):
        soundfile.write(path, sound, 22050)
    assert same_sound(first, same)
    assert not same_sound(first, sample)
    assert not same_sound(first, shorter)


def test_an_mp3_without_its_length_sounds_the_same_behind_a_tag(tmp_path):
    first, tagged = tmp_path / "a.mp3", tmp_path / "b.mp3"
    soundfile.write(first, np.tile(SOUND, 4), 22050)
    frames = first.read_bytes()
    frames = frames[frames.index(b"\xff\xf3", 100) :]  # without the frame that says how many follow
    first.write_bytes(frames)
    tagged.write_bytes(b"ID3\4\0\0\0\0\x20\0" + bytes(4096) + frames)
    assert same_sound(first, tagged)


def test_one_that_can_be_read_and_one_that_cannot_are_not_the_same(tmp_path):
    soundfile.write(tmp_path / "a.wav", SOUND, 22050)
    (tmp_path / "b.wav").write_bytes(b"no sound")
    assert not same_sound(tmp_path / "a.wav", tmp_path / "b.wav")
    assert not same_sound(tmp_path / "b.wav", tmp_path / "b.wav")
