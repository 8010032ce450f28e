"""Playlists: a file for each genre, uncertain songs apart."""

from pathlib import Path

import numpy as np

from genre.collection import NamedSong, playlists


def song(path: Path, genre: str, *, uncertain: bool = False) -> NamedSong:
    return NamedSong(path, genre, 0.9, uncertain, np.array([[0.9, 0.1]]), 3.0)


def test_songs_are_listed_by_genre_relative_to_the_playlist(tmp_path):
    music = tmp_path / "music"
    songs = [
        song(music / "a.mp3", "drum/bass"),
        song(music / "é b.mp3", "jazz"),
        song(music / "c.mp3", "jazz", uncertain=True),
        song(music / "d.mp3", "jazz"),
        song(music / "line\nbreak.mp3", "jazz"),
    ]
    written, left_out = playlists.write(songs, tmp_path / "lists")
    assert [path.name for path in written] == ["drum-bass.m3u8", "jazz.m3u8", "uncertain.m3u8"]
    assert left_out == [songs[-1].path]
    jazz = written[1].read_text(encoding="utf-8")
    assert jazz == "#EXTM3U\n../music/é b.mp3\n../music/d.mp3\n"
