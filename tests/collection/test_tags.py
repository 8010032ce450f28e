"""Tags: a genre is written and read again, nothing else of the file changes."""

import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genre.collection import tags

SOUND = 0.1 * np.sin(np.arange(22050) / 20)


def make(folder: Path, suffix: str) -> Path:
    path = folder / f"song{suffix}"
    soundfile.write(path, SOUND, 22050)
    return path


@pytest.mark.parametrize("suffix", [".mp3", ".flac", ".ogg", ".wav", ".aiff"])
def test_a_genre_is_read_as_it_was_written_and_the_sound_stays(suffix, tmp_path):
    path = make(tmp_path, suffix)
    sound, _ = soundfile.read(path)
    os.utime(path, (1e9, 1e9))
    assert tags.read_genre(path) == ""
    tags.write_genre(path, "hip hop")
    assert tags.read_genre(path) == "hip hop"
    tags.write_genre(path, "blues")
    assert tags.read_genre(path) == "blues"
    np.testing.assert_array_equal(soundfile.read(path)[0], sound)
    assert path.stat().st_mtime == 1e9
    assert list(tmp_path.iterdir()) == [path]


def test_other_tags_stay(tmp_path):
    import mutagen

    path = make(tmp_path, ".flac")
    file = mutagen.File(path)
    file["title"] = "Crossroads"
    file.save()
    tags.write_genre(path, "blues")
    assert dict(mutagen.File(path)) == {"title": ["Crossroads"], "genre": ["blues"]}


def test_a_link_stays_a_link(tmp_path):
    path = make(tmp_path, ".flac")
    link = tmp_path / "link.flac"
    link.symlink_to(path)
    tags.write_genre(link, "blues")
    assert link.is_symlink()
    assert tags.read_genre(path) == "blues"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("song.au", None, "no tags"),
        ("cut.flac", b"fLaC", "cannot be"),
        ("x.mp3", b"x", "no tags|cannot be"),
    ],
)
def test_a_file_that_takes_no_tags_is_refused_and_untouched(name, content, reason, tmp_path):
    path = tmp_path / name
    if content is None:
        soundfile.write(path, SOUND, 22050)
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    with pytest.raises(tags.TagError, match=reason):
        tags.write_genre(path, "blues")
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
