"""Finding songs, and putting their segments together."""

from pathlib import Path

import numpy as np
import pytest

from genre import datasets
from genre.datasets import Song
from genre.errors import DatasetError


def put(folder: Path, *names: str) -> None:
    """Make empty files, and the folders that they stand in."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def tracks(folder: Path) -> list[str]:
    return [song.track for song in datasets.find_songs(folder)]


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
    songs = datasets.find_songs(tmp_path)
    assert [song.track for song in songs] == names
    assert [song.genre for song in songs] == ["blues", "blues", "jazz", "jazz", "jazz"]
    assert [song.path for song in songs] == [tmp_path / name for name in names]


def test_what_is_no_song_is_passed_over(tmp_path):
    put(tmp_path, "blues/a.wav", "jazz/b.wav")
    put(tmp_path, "blues/.DS_Store", "blues/._a.wav", "blues/.hidden/c.wav", ".git/d.wav")
    put(tmp_path, "jazz/cover.jpg", "jazz/notes.txt", "jazz/wav", "loose.wav", ".DS_Store")
    (tmp_path / "nothing").mkdir()
    assert tracks(tmp_path) == ["blues/a.wav", "jazz/b.wav"]


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
        datasets.find_songs(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_what_is_no_folder_is_refused(tmp_path):
    put(tmp_path, "song.wav")
    for name, reason in {"missing": "no such folder", "song.wav": "not a folder"}.items():
        with pytest.raises(DatasetError, match=f"{tmp_path / name}: {reason}"):
            datasets.find_songs(tmp_path / name)


def song(track: str) -> Song:
    return Song(Path("somewhere", track), track, track.split("/")[0])


def collect(results: list[tuple[Song, np.ndarray | str]]) -> tuple[datasets.Index, np.ndarray]:
    """Return the index and the frames that were kept."""
    kept = []
    index = datasets.collect(results, kept.append, feature="mfcc", settings={"n_mfcc": 4})
    return index, np.concatenate(kept)


def test_every_segment_is_labelled_and_knows_its_track():
    frames = np.arange(5 * 3 * 4, dtype=np.float32).reshape(5, 3, 4)
    index, kept = collect(
        [
            (song("rock/a.wav"), frames[:2]),
            (song("rock/b.wav"), "is empty"),
            (song("jazz/c.wav"), frames[2:3]),
            (song("rock/d.wav"), frames[3:]),
        ]
    )
    assert index.mapping == ["jazz", "rock"]
    assert index.tracks == ["rock/a.wav", "jazz/c.wav", "rock/d.wav"]
    assert index.labels.tolist() == [1, 1, 0, 1, 1]
    assert index.track_index.tolist() == [0, 0, 1, 2, 2]
    assert index.skipped == [{"track": "rock/b.wav", "reason": "is empty"}]
    np.testing.assert_array_equal(kept, frames)


def test_two_genres_must_have_a_usable_song():
    one = np.zeros((1, 3, 4), dtype=np.float32)
    with pytest.raises(DatasetError, match=r"jazz/b\.wav: is empty"):
        collect([(song("rock/a.wav"), one), (song("jazz/b.wav"), "is empty")])
    with pytest.raises(DatasetError, match="2 songs skipped"):
        collect([(song("rock/a.wav"), "is short"), (song("jazz/b.wav"), "is empty")])


def listed(genre: str, parts: list[str]) -> list[Song]:
    return [
        song(f"{genre}/{number:02}.wav")._replace(part=part) for number, part in enumerate(parts)
    ]


@pytest.mark.parametrize("most", [1, 2, 3, 7, 30, 31, 1000])
def test_a_limit_takes_so_many_songs_of_each_genre_or_all(most):
    songs = listed("rock", [""] * 30) + listed("jazz", [""] * 2)
    chosen = datasets.limited(songs, most)
    assert chosen == [song for song in songs if song in chosen]  # in their order, none twice
    genres = [song.genre for song in chosen]
    assert genres.count("rock") == min(most, 30)
    assert genres.count("jazz") == min(most, 2)


def test_a_limit_takes_songs_from_all_over_the_list():
    numbers = [int(song.path.stem) for song in datasets.limited(listed("rock", [""] * 31), 4)]
    assert numbers == [0, 10, 20, 30]


def test_a_limit_of_three_or_more_takes_songs_of_every_part():
    songs = listed("rock", ["train"] * 16 + ["validation"] * 2 + ["test"] * 2)
    for most in range(3, 20):
        assert {song.part for song in datasets.limited(songs, most)} == {*datasets.PARTS}
