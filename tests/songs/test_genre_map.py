"""The map of genres, and which genre of a song counts."""

from pathlib import Path

import pytest

from genre.errors import DatasetError
from genre.songs import Song, genre_map
from genre.songs.genre_map import Labelled
from genre.songs.listing import Listing


def labelled(*genres: str) -> list[Labelled]:
    """Return songs 0, 1 ... with these genres, several ones separated by a comma."""
    return [
        Labelled(
            Song(Path(f"{number}"), f"{number}", ""), [each for each in text.split(",") if each]
        )
        for number, text in enumerate(genres)
    ]


def chosen(songs: list[Labelled], rules: dict[str, str] | None = None, least: int = 1):
    """Return the genre of each song that is used, by track, and the notes."""
    found, notes = genre_map.choose(songs, rules or {}, least)
    return {song.track: song.genre for song in found}, notes


def written(folder: Path, text: str) -> Path:
    path = folder / "map.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_spellings_become_the_most_frequent_one():
    genres, notes = chosen(labelled("Hip-Hop", "hip hop", "Hip-Hop", "jazz"))
    assert genres == {"0": "Hip-Hop", "1": "Hip-Hop", "2": "Hip-Hop", "3": "jazz"}
    assert notes == ["Hip-Hop: 3 songs of Hip-Hop (2), hip hop (1)"]


def test_a_map_merges_and_leaves_out_in_any_spelling(tmp_path):
    path = written(tmp_path, "from,to\nSynth-Pop,pop\nAudiobook,\nKlezmer,world\n")
    songs = labelled("synthpop", "Pop", "Pop", "AUDIOBOOK", "rock", "audiobook,rock")
    genres, notes = chosen(songs, genre_map.read(path))
    assert genres == {"0": "pop", "1": "pop", "2": "pop", "4": "rock", "5": "rock"}
    assert notes == [
        "1 song left out by the map: AUDIOBOOK (1)",
        "the map names genres that no song has: klezmer",
        "pop: 3 songs of Pop (2), synthpop (1)",
    ]


def test_rare_genres_and_songs_without_one_are_left_out_and_named():
    genres, notes = chosen(labelled("ska", "jazz", "jazz", "rock", "rock", ""), least=2)
    assert genres == {"1": "jazz", "2": "jazz", "3": "rock", "4": "rock"}
    assert notes == [
        "1 song without a genre left out: 5",
        "left out, with fewer than 2 songs: ska (1)",
    ]


def test_a_song_has_all_of_its_genres_that_are_used_the_first_one_first():
    songs = labelled("rock,pop", "pop", "Pop,rock", "pop,audiobook,POP", "rock", "ska,rock")
    found, notes = genre_map.choose(songs, {"audiobook": ""}, 2)
    assert {song.track: (song.genre, *song.also) for song in found} == {
        "0": ("rock", "pop"),
        "1": ("pop",),
        "2": ("pop", "rock"),
        "3": ("pop",),
        "4": ("rock",),
        "5": ("rock",),
    }
    assert notes == [
        "2 songs with several genres: each is trained in equal shares",
        "pop: 5 songs of pop (3), POP (1), Pop (1)",
        "left out, with fewer than 2 songs: ska (1)",
    ]


def test_a_genre_that_always_comes_second_is_left_out_and_said():
    songs = labelled("rock,indie", "rock,indie", "pop", "pop")
    found, notes = genre_map.choose(songs, {}, 2)
    assert [(song.genre, song.also) for song in found] == [("pop", ())] * 2 + [("rock", ())] * 2
    assert notes == ["left out, as fewer than 2 songs have no other genre before them: indie (2)"]


def test_the_songs_of_a_rare_genre_count_for_their_next_one():
    assert chosen(labelled("ska,rock", "rock", "pop", "pop"), least=2)[0] == {
        **{"0": "rock", "1": "rock"},
        **{"2": "pop", "3": "pop"},
    }


def test_known_genres_need_only_one_song():
    songs = labelled("Hip-Hop", "folk", "folk", "ska")
    found, _ = genre_map.choose(songs, {}, 2, known=["hiphop", "rock"])
    assert [song.genre for song in found] == ["Hip-Hop", "folk", "folk"]
    with pytest.raises(DatasetError, match=r"one or more genres are needed, .* found ska \(1\)"):
        genre_map.choose(labelled("ska"), {}, 2, known=["hiphop", "rock"])


def test_less_than_two_genres_are_refused():
    with pytest.raises(DatasetError, match=r"each with 2 or more; found jazz \(2\), ska \(1\)$"):
        chosen(labelled("ska", "jazz", "jazz"), least=2)


def test_spellings_of_other_lists_stay_apart():
    songs = [
        each.song._replace(genre=genre) for each in labelled("", "") for genre in ("Ska", "ska")
    ]
    found = genre_map.applied(Listing(songs, [], ["a note"]), {}, 1)
    assert {song.genre for song in found.songs} == {"Ska", "ska"}
    assert found.notes == ["a note", "these genres are kept apart, but look alike: Ska, ska"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("from\nrock\n", "lacks the columns to"),
        ("from,to\n,pop\n", "line 2: names no genre"),
        ("from,to\nRock,pop\nrock,jazz\n", "line 3: a second rule for rock"),
        ("from,to\nRock,pop,jazz\n", "line 2: 3 values in 2 columns"),
    ],
)
def test_another_file_is_no_map(text, reason, tmp_path):
    path = written(tmp_path, text)
    with pytest.raises(DatasetError, match=f"^{path}.*{reason}"):
        genre_map.read(path)
