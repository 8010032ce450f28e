"""The index of similar songs: what is read again, what is nearest, what is refused."""

import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from genre.collection import similar
from genre.errors import DatasetError


def make(folder: Path, **directions: float) -> list[Path]:
    """Write a file for each song, whose text is the angle of its embedding in degrees."""
    paths = []
    for name, degrees in directions.items():
        paths.append(folder / name)
        paths[-1].write_text(str(degrees))
    return paths


def embed(songs: Sequence[Path]) -> Iterator[np.ndarray | str]:
    for song in songs:
        text = song.read_text()
        angle = np.radians(float(text)) if text else None
        yield "is empty" if angle is None else np.array([np.cos(angle), np.sin(angle)], np.float32)


def test_the_nearest_songs_come_first_with_their_cosine(tmp_path):
    songs = make(tmp_path, a=0, b=90, c=60, d=180)
    index: similar.Index = {}
    assert [reason for _, reason in similar.update(index, songs, embed)] == [""] * 4
    found = similar.nearest(index, songs[1:], np.array([2.0, 0.0]), 2)
    assert [path.name for path, _ in found] == ["c", "b"]
    np.testing.assert_allclose([value for _, value in found], [0.5, 0], atol=1e-6)
    assert len(similar.nearest(index, songs, np.array([1.0, 0.0]), 10)) == 4


def test_only_new_and_changed_songs_are_embedded_again(tmp_path):
    songs = make(tmp_path, a=0, b=90, c=60)
    index: similar.Index = {}
    list(similar.update(index, songs[:2], embed))
    similar.write(index, tmp_path / "index.npz", "version 1")
    again = similar.read(tmp_path / "index.npz", "version 1")
    assert similar.outdated(again, songs) == [songs[2]]
    songs[0].write_text("45")
    os.utime(songs[0], ns=(0, 0))
    assert similar.outdated(again, songs) == [songs[0], songs[2]]
    songs[0].write_text("")  # it can no longer be read: what was known of it is not true any more
    assert list(similar.update(again, songs[:1], embed)) == [(songs[0], "is empty")]
    assert str(songs[0]) not in again


def test_a_song_that_is_gone_is_asked_for_and_taken_out(tmp_path):
    songs = make(tmp_path, a=0, b=90)
    index: similar.Index = {}
    list(similar.update(index, songs, embed))
    songs[0].unlink()
    assert similar.outdated(index, songs) == [songs[0]]
    gone = similar.update(index, songs[:1], lambda songs: ["No such file" for _ in songs])
    assert list(gone) == [(songs[0], "No such file")]
    assert list(index) == [str(songs[1])]


def test_another_file_or_another_version_is_refused(tmp_path):
    path = tmp_path / "index.npz"
    array = io.BytesIO()
    np.save(array, np.zeros(3))
    for content in (b"no index", b"", array.getvalue()):
        path.write_bytes(content)
        with pytest.raises(DatasetError, match="not an index"):
            similar.read(path, "version 1")
    index: similar.Index = {}
    list(similar.update(index, make(tmp_path, a=0), embed))
    similar.write(index, path, "version 1")
    with pytest.raises(DatasetError, match="another version"):
        similar.read(path, "version 2")
    assert similar.read(tmp_path / "none.npz", "version 1") == {}
    (tmp_path / "folder.npz").mkdir()
    with pytest.raises(IsADirectoryError):  # as one that may not be read
        similar.read(tmp_path / "folder.npz", "version 1")
