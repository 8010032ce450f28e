"""Playlists: lines that players read, and a file name of its own for each genre."""

from pathlib import Path

import pytest

from genre.collection import playlists


def test_songs_are_listed_relative_to_the_playlist(tmp_path):
    music = tmp_path / "music"
    playlists.write([music / "é b.mp3", music / "d.mp3"], tmp_path / "lists" / "jazz.m3u8")
    text = (tmp_path / "lists" / "jazz.m3u8").read_text(encoding="utf-8")
    assert text == "#EXTM3U\n../music/é b.mp3\n../music/d.mp3\n"


def test_no_song_becomes_a_comment(tmp_path):
    names = ["#1 Hit.mp3", "#mysubdir/x.mp3", " space.mp3"]
    playlists.write([tmp_path / name for name in names], tmp_path / "pop.m3u8")
    lines = (tmp_path / "pop.m3u8").read_text(encoding="utf-8").split("\n")
    assert lines == ["#EXTM3U", "./#1 Hit.mp3", "./#mysubdir/x.mp3", "./ space.mp3", ""]


def test_only_a_line_break_keeps_a_song_out():
    assert playlists.fits(Path("a b#.mp3"))
    assert not playlists.fits(Path("line\nbreak.mp3"))


@pytest.mark.parametrize(
    ("genres", "names"),
    [
        (["Drum/Bass", "Drum:Bass"], ["Drum-Bass", "Drum-Bass (2)"]),
        (["Rock", "rock", "ROCK"], ["Rock", "rock (2)", "ROCK (3)"]),
        (["caf\u00e9", "cafe\u0301"], ["caf\u00e9", "cafe\u0301 (2)"]),
        (["open", "jazz"], ["open (2)", "jazz"]),
        (["con", "Con Brio", "..", "a."], ["con_", "Con Brio", "genre", "a"]),
        (["\u6c34" * 100], ["\u6c34" * 66]),
    ],
)
def test_each_genre_has_a_file_name_of_its_own_on_all_systems(genres, names):
    found = playlists.file_names([(), *((genre,) for genre in genres)])
    assert found == {(): "open.m3u8"} | {
        (genre,): f"{name}.m3u8" for genre, name in zip(genres, names, strict=True)
    }


def test_two_genres_have_a_list_of_their_own():
    names = playlists.file_names([("rock",), ("rock or metal",), ("rock", "metal")])
    assert names[("rock", "metal")] == "rock or metal (2).m3u8"
