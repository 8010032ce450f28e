"""A limit on the songs of each genre."""

from pathlib import Path

import pytest

from genre.songs import PARTS, Song
from genre.songs.listing import limited


def listed(genre: str, parts: list[str]) -> list[Song]:
    tracks = [f"{genre}/{number:02}.wav" for number in range(len(parts))]
    return [
        Song(Path(track), track, genre, part) for track, part in zip(tracks, parts, strict=True)
    ]


@pytest.mark.parametrize("most", [1, 2, 7, 1000])
def test_a_limit_takes_so_many_songs_of_each_genre_or_all(most):
    songs = listed("rock", [""] * 30) + listed("jazz", [""] * 2)
    chosen = limited(songs, most)
    assert chosen == [song for song in songs if song in chosen]  # in their order, none twice
    genres = [song.genre for song in chosen]
    assert genres.count("rock") == min(most, 30)
    assert genres.count("jazz") == min(most, 2)


def test_a_limit_takes_songs_from_all_over_the_list():
    numbers = [int(song.path.stem) for song in limited(listed("rock", [""] * 31), 4)]
    assert numbers == [0, 10, 20, 30]


def test_a_limit_of_three_or_more_takes_songs_of_every_part():
    songs = listed("rock", ["train"] * 16 + ["validation"] * 2 + ["test"] * 2)
    for most in range(3, 20):
        assert {song.part for song in limited(songs, most)} == {*PARTS}
