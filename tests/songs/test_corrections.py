"""The genres that a person gives to songs."""

import os
from pathlib import Path

import pytest

from genre.errors import DatasetError
from genre.songs import Song, corrections
from genre.songs.genre_map import Labelled


@pytest.fixture
def music(tmp_path) -> Path:
    """A folder of files with the names of songs, in which nothing can be read."""
    folder = tmp_path / "music"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / f"{name}.mp3").write_bytes(b"")
    return folder


def written(folder: Path, *rows: str) -> Path:
    path = folder / "corrections.csv"
    path.write_text("\n".join(["path,genre,answer", *rows, ""]), encoding="utf-8")
    return path


def test_corrections_win_and_other_songs_come_last(music, tmp_path):
    path = written(tmp_path, f"{music}/a.mp3,jazz,rock", "b.mp3,ska,", f"{music}/a.mp3,soul,")
    said = corrections.read(path, music)
    found = [
        Labelled(Song(music / name, name, "", artist="x"), ("rock",)) for name in ("a.mp3", "c.mp3")
    ]
    applied = corrections.applied(said, found)
    assert [(song.track, song.artist, genres) for song, genres in applied] == [
        ("a.mp3", "x", ("soul",)),  # the last row counts
        ("c.mp3", "x", ("rock",)),
        ("b.mp3", "", ("ska",)),
    ]


def test_a_song_is_known_by_whatever_path_leads_to_it(music, tmp_path):
    (tmp_path / "link").symlink_to(music)
    said = corrections.read(written(tmp_path, "link/a.mp3,jazz,"))
    relative = Path(os.path.relpath(music / "a.mp3"))
    ((_, genres),) = corrections.applied(said, [Labelled(Song(relative, "a.mp3", ""), ())])
    assert genres == ("jazz",)


def test_rows_without_a_genre_say_nothing_and_songs_that_are_gone_are_named(music):
    path = written(music, "a.mp3,,rock", "gone.mp3,jazz,", "b.mp3,ska,rock")
    said = corrections.read(path)
    assert [song.genre for song in said.songs.values()] == ["ska"]
    assert said.missing == [f"{path}, line 3: no such song: gone.mp3"]
    assert said.notes == [*said.missing, f"{path}: 1 rows name no genre, so they say nothing"]


def test_another_table_is_refused(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("song,label\n", encoding="utf-8")
    with pytest.raises(DatasetError, match="lacks the columns path,genre"):
        corrections.read(path)
