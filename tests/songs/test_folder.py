"""Finding the songs of a folder of genre folders."""

import errno
import os
from pathlib import Path

import pytest

from genre.errors import DatasetError
from genre.songs import folder as genre_folders


def put(folder: Path, *names: str) -> None:
    """Make empty files, and the folders that they stand in."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def tracks(folder: Path) -> list[str]:
    return [song.track for song in genre_folders.find(folder).songs]


def test_songs_are_sorted_whatever_the_order_on_the_disk(tmp_path):
    names = [f"genre{i}/{i}{j}.wav" for i in (4, 0, 6, 2, 7, 1, 5, 3) for j in (1, 3, 0, 2)]
    put(tmp_path, *names)
    assert tracks(tmp_path) == sorted(names)


def test_linked_folders_are_followed_and_none_is_gone_through_twice(tmp_path):
    put(tmp_path, "data/blues/a.wav", "data/rock/b.wav", "elsewhere/c.wav", "elsewhere/old/d.wav")
    (tmp_path / "data/blues/more").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/back").symlink_to(tmp_path / "elsewhere")  # for ever
    (tmp_path / "elsewhere/up").symlink_to(tmp_path / "data")  # where all genres are
    songs = ["blues/a.wav", "blues/more/c.wav", "blues/more/old/d.wav", "rock/b.wav"]
    assert tracks(tmp_path / "data") == songs


def test_every_sort_of_song_is_found_in_every_folder_of_a_genre(tmp_path):
    names = ["blues/a.wav", "blues/live/1969/b.MP3", "jazz/c.flac", "jazz/d.Ogg", "jazz/e f.au"]
    put(tmp_path, *names)
    songs = genre_folders.find(tmp_path).songs
    assert [song.track for song in songs] == names
    assert [song.genre for song in songs] == ["blues", "blues", "jazz", "jazz", "jazz"]
    assert [song.path for song in songs] == [tmp_path / name for name in names]


def test_what_is_no_song_is_passed_over(tmp_path):
    put(tmp_path, "blues/a.wav", "jazz/b.wav")
    put(tmp_path, "blues/.DS_Store", "blues/._a.wav", "blues/.AppleDouble/a.wav", ".git/x.pack")
    put(tmp_path, "jazz/cover.jpg", "jazz/notes.txt", "jazz/wav", ".DS_Store")
    put(tmp_path, "__MACOSX/._blues", "__MACOSX/blues/._a.wav", "blues/__MACOSX/._a.wav")
    listing = genre_folders.find(tmp_path)
    assert [song.track for song in listing.songs] == ["blues/a.wav", "jazz/b.wav"]
    assert listing.left_out == listing.notes == []


def test_names_of_music_that_begin_with_dots_are_read(tmp_path):
    names = ["metal/...And Justice for All/One.mp3", "metal/.38 Special/a.mp3", "pop/...Baby.mp3"]
    put(tmp_path, *names)
    assert tracks(tmp_path) == names
    assert genre_folders.songs_in([tmp_path])[0] == [tmp_path / name for name in names]


def test_hidden_songs_and_unfinished_files_are_left_out_and_told(tmp_path, caplog):
    unfinished = ".genre-unfinished-0123.mp3"
    put(tmp_path, "blues/a.wav", "jazz/b.wav", "blues/.trash/old/c.wav", f"jazz/{unfinished}")
    hidden, killed = genre_folders.find(tmp_path).notes
    assert hidden == "songs left out, as these are hidden: blues/.trash"
    assert killed.endswith(f"delete them: jazz/{unfinished}")
    songs, problems = genre_folders.songs_in([tmp_path])
    assert songs == [tmp_path / "blues/a.wav", tmp_path / "jazz/b.wav"]
    assert problems == []
    assert [str(tmp_path / "jazz" / unfinished) in line for line in caplog.messages] == [
        False,
        True,
    ]


def test_songs_in_no_genres_folder_are_reported(tmp_path):
    put(tmp_path, "blues/a.wav", "jazz/b.wav", *(f"loose {i}.mp3" for i in range(5)))
    listing = genre_folders.find(tmp_path)
    assert listing.left_out == [f"loose {i}.mp3" for i in range(5)]
    names = "loose 0.mp3, loose 1.mp3, loose 2.mp3, ..."
    assert listing.notes == [f"5 songs are in no genre's folder: {names}"]


def test_folders_without_songs_are_reported(tmp_path):
    put(tmp_path, "blues/a.wav", "jazz/live/b.wav", "folk/c.unknown", "rock/.d.wav")
    listing = genre_folders.find(tmp_path)
    assert listing.left_out == ["folk/", "rock/"]
    assert listing.notes == ["2 folders hold no songs, so they are not genres: folk/, rock/"]


def test_folders_called_train_and_test_are_parts(tmp_path):
    put(tmp_path, "Train/blues/a.wav", "Train/jazz/b.wav", "test/jazz/live/c.wav", "test/d.wav")
    put(tmp_path, "valid/blues/e.wav", "test/rock/cover.jpg")
    listing = genre_folders.find(tmp_path)
    assert [(song.track, song.genre, song.part) for song in listing.songs] == [
        ("Train/blues/a.wav", "blues", "train"),
        ("valid/blues/e.wav", "blues", "validation"),
        ("Train/jazz/b.wav", "jazz", "train"),
        ("test/jazz/live/c.wav", "jazz", "test"),
    ]
    assert listing.left_out == ["test/d.wav", "test/rock/"]
    assert listing.notes[0].startswith("Train, test, valid: taken for the parts of --split given")


@pytest.mark.parametrize("other", ["blues", "trance"])
def test_a_genre_may_be_called_test(other, tmp_path):
    put(tmp_path, "test/a/x.wav", f"{other}/b/y.wav")
    assert {song.genre for song in genre_folders.find(tmp_path).songs} == {"test", other}


def test_parts_beside_other_folders_are_said_to_be_genres(tmp_path):
    put(tmp_path, "test/a/x.wav", "train/a/y.wav", "unsorted/z.wav")
    listing = genre_folders.find(tmp_path)
    assert {song.genre for song in listing.songs} == {"test", "train", "unsorted"}
    assert listing.notes[0].startswith("test, train: taken for genres")


def test_an_accent_written_in_two_ways_is_one_genre(tmp_path):
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    put(tmp_path, f"{composed}/a.wav", f"{decomposed}/b.wav", "rock/c.wav")
    listing = genre_folders.find(tmp_path)
    assert [song.genre for song in listing.songs] == [composed, composed, "rock"]
    assert all(song.path.exists() for song in listing.songs)
    assert listing.notes == []


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ([], "no audio"),
        (["a.wav", "b.wav"], "no audio"),
        (["blues/cover.jpg", "jazz/cover.jpg"], "no audio"),
        (["blues/a.wav", "blues/b.wav", "jazz/cover.jpg"], "audio only in blues/"),
    ],
)
def test_a_folder_that_is_no_data_set_is_refused(names, reason, tmp_path):
    put(tmp_path, *names)
    with pytest.raises(DatasetError, match=reason) as caught:
        genre_folders.find(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_what_is_no_folder_is_refused(tmp_path):
    put(tmp_path, "song.wav")
    for name, reason in {"missing": "no such folder", "song.wav": "not a folder"}.items():
        with pytest.raises(DatasetError, match=f"{tmp_path / name}: {reason}"):
            genre_folders.find(tmp_path / name)


def test_songs_and_folders_of_songs_are_found_and_problems_told(tmp_path):
    put(tmp_path, "a.wav", "b/c.wav", "b/d/e.mp3", "none/cover.jpg", "shut/f.wav")
    paths = [tmp_path / name for name in ("missing.wav", "none", "b", "a.wav", "b/c.wav")]
    songs, problems = genre_folders.songs_in(paths)
    names = ["missing.wav", "b/c.wav", "b/d/e.mp3", "a.wav"]
    assert songs == [tmp_path / name for name in names]
    assert problems == [f"no audio files in {tmp_path / 'none'}"]


def test_a_folder_that_cannot_be_read_hides_no_other(tmp_path, monkeypatch):
    put(tmp_path, "a/b.wav", "shut/c.wav", "z/d.wav")
    scandir = os.scandir

    def refuse(path):
        if Path(path).name == "shut":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)  # root can read whatever its mode
    songs, problems = genre_folders.songs_in([tmp_path])
    assert songs == [tmp_path / "a/b.wav", tmp_path / "z/d.wav"]
    assert problems == [f"{tmp_path / 'shut'}: Permission denied"]
    with pytest.raises(PermissionError):  # a data set is complete, or it is none
        genre_folders.find(tmp_path)
