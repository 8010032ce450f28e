"""What a file's tags say about its song."""

from pathlib import Path

import mutagen
import mutagen.id3
import numpy as np
import pytest
import soundfile

from genre.collection.facts import Facts, read

NAMES = ("song.flac", "song.ogg", "song.mp3")


def silence(path: Path) -> Path:
    soundfile.write(path, np.zeros(16000), 8000)
    return path


@pytest.mark.parametrize("name", NAMES)
def test_artist_title_genre_and_length_are_read(name, tmp_path):
    file = mutagen.File(silence(tmp_path / name), easy=True)
    if file.tags is None:
        file.add_tags()
    file["artist"], file["title"], file["genre"] = ["A", "B"], "Two\nlines", "Surf Rock"
    file.save()
    found = read(tmp_path / name)
    assert found[:3] == ("A; B", "Two lines", "Surf Rock")
    assert found.seconds == pytest.approx(2, abs=0.2)


def test_id3_in_wav_is_read(tmp_path):
    file = mutagen.File(silence(tmp_path / "song.wav"))
    file.add_tags()
    file.tags.add(mutagen.id3.TPE1(text=["Somebody"]))
    file.save()
    assert read(tmp_path / "song.wav") == Facts(artist="Somebody", seconds=2.0)


def test_a_file_without_tags_or_without_sound_has_no_facts(tmp_path):
    assert read(silence(tmp_path / "song.wav")) == Facts(seconds=2.0)
    (tmp_path / "text.mp3").write_text("no song")
    assert read(tmp_path / "text.mp3") == Facts()
    assert read(tmp_path / "missing.mp3") == Facts()
