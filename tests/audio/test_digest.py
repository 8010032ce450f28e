"""Digests of sound: what changes them, and what does not."""

from pathlib import Path

import mutagen
import pytest
import soundfile
from helpers import noise

from genre.audio import digest


def written(path: Path, seed: int = 0) -> Path:
    soundfile.write(path, noise(1, seed=seed), 22050)
    return path


@pytest.mark.parametrize("suffix", ["wav", "mp3", "flac", "ogg", "aiff"])
def test_tags_do_not_change_a_digest_and_other_sound_does(suffix, tmp_path):
    song = written(tmp_path / f"song.{suffix}")
    before = digest.of_sound(song)
    assert digest.of_sound(written(tmp_path / f"other.{suffix}", seed=1)) != before
    file = mutagen.File(song, easy=True)
    if file.tags is None:
        file.add_tags()
    if suffix in ("wav", "aiff"):
        file.tags.add(mutagen.id3.TCON(encoding=3, text="jazz " * 500))
    else:
        file.tags["genre"] = "jazz " * 500
    file.save()
    assert digest.of_sound(song) == before


def test_what_is_no_sound_is_digested_as_a_whole(tmp_path):
    song = tmp_path / "song.mp3"
    song.write_text("no sound")
    before = digest.of_sound(song)
    song.write_text("no sound either")
    assert digest.of_sound(song) != before
    with pytest.raises(FileNotFoundError):
        digest.of_sound(tmp_path / "none.mp3")
