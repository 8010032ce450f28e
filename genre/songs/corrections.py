"""Read the genres that a person gives to songs, one a row; they win over tags and folders.

path,genre
/music/x.flac,jazz
/music/y.mp3,
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from genre.errors import DatasetError
from genre.songs import Song, csv_list, file_tags
from genre.songs.genre_map import Labelled


class Corrections(NamedTuple):
    """What a person says of songs."""

    songs: dict[str, Song]  # by the real path of the file; the last row of a file counts
    missing: list[str]  # a line for each row whose file is not there
    notes: list[str]  # lines for the user


def read(path: Path, folder: Path | None = None) -> Corrections:
    """Return the corrections in a CSV file.

    Its paths are relative to `folder`, by default to the folder of the file. A row without a genre
    says nothing. Raises DatasetError if the file is not such a list.
    """
    songs, missing, unnamed = {}, [], 0
    for line, song in csv_list.songs(path, (folder or path.parent).absolute()):
        if not song.genre:
            unnamed += 1
        elif os.path.isfile(song.path):  # noqa: PTH113, Path.is_file raises for some paths
            songs[os.path.realpath(song.path)] = song
        else:
            missing.append(f"{path}, line {line}: no such song: {song.track}")
    notes = [f"{path}: {unnamed} rows name no genre, so they say nothing"] if unnamed else []
    return Corrections(songs, missing, missing + notes)


def applied(corrections: Corrections, found: Sequence[Labelled]) -> list[Labelled]:
    """Return songs with the genres that a person gave them; the person's other songs come last."""
    if not corrections.songs:
        return list(found)
    left, changed = dict(corrections.songs), []
    for each in found:
        said = left.pop(os.path.realpath(each.song.path), None)
        changed.append(each._replace(genres=(said.genre,)) if said else each)
    return changed + [Labelled(with_artist(song), (song.genre,)) for song in left.values()]


def with_artist(song: Song) -> Song:
    """Return a song with the artist in its tags, if nothing else names one."""
    if song.artist:
        return song
    with suppress(DatasetError):  # then the artist is not known
        return song._replace(artist=file_tags.read(song.path).artist)
    return song
