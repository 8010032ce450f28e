"""Find the songs of a data set that is a folder of genre folders.

by-genre/                       or, with parts for `--split given`,   by-part/
  blues/   a.wav  b.mp3                                                 train/  blues/  jazz/
  jazz/    live/c.flac                                                  test/   blues/  jazz/
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from genre.audio import AUDIO_SUFFIXES
from genre.datasets import UNUSED, Song, some
from genre.datasets.csv_list import PART_OF
from genre.datasets.listing import Listing, check_folder, genre_name, look_alikes
from genre.errors import DatasetError
from genre.files import printable


def audio_files(folder: Path) -> Iterator[Path]:
    """Yield the audio files in a folder and the folders in it, sorted, hidden ones left out.

    Links to folders are followed, but never to one that holds `folder`, nor to one twice. Raises
    OSError when one of them cannot be read.
    """
    visited = {*folder.resolve().parents}

    def fail(error: OSError) -> NoReturn:
        raise error

    for parent, folders, names in os.walk(folder, onerror=fail, followlinks=True):
        place = Path(parent).resolve()
        if place in visited:
            folders.clear()
            continue
        visited.add(place)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(parent, name) for name in sorted(filter(_is_audio, names)))


def find(dataset: Path) -> Listing:
    """Return the songs of a folder of genre folders, sorted by genre and path.

    Where the folders are called train and test (and validation), they are the songs' parts, and
    the folders in them are the genres. Raises DatasetError when there are not at least two genres
    with audio files.
    """
    check_folder(dataset)
    folders = [folder for folder in _folders(dataset) if next(audio_files(folder), None)]
    notes, parts = [], {folder: PART_OF.get(folder.name.lower()) for folder in folders}
    loose = _loose_songs(dataset)
    if len(folders) > 1 and all(parts.values()):
        names = ", ".join(folder.name for folder in folders)
        notes.append(
            f"{names}: taken for the parts of --split given, and the folders in them for genres"
        )
        loose += [song for folder in folders for song in _loose_songs(folder)]
        genres = [(genre, parts[folder]) for folder in folders for genre in _folders(folder)]
    else:
        genres = [(genre, UNUSED) for genre in folders]
    songs = [
        Song(path, _track(path, dataset), genre_name(folder.name), part)
        for folder, part in genres
        for path in audio_files(folder)
    ]
    left_out = [_track(path, dataset) for path in loose]
    if left_out:
        notes.append(f"{len(left_out)} songs are in no genre's folder: {some(left_out)}")
    names = sorted({song.genre for song in songs})
    if len(names) < 2:
        found = f"audio only in {names[0]}/" if names else "no audio in any"
        raise DatasetError(
            f"{dataset}: a data set is a folder of two or more genre folders with songs in them; "
            f"found {found}"
        )
    songs.sort(key=lambda song: song.genre)  # two spellings of an accent are one genre
    return Listing(songs, left_out, notes + look_alikes(songs))


def _folders(folder: Path) -> list[Path]:
    """Return the folders in a folder, sorted, hidden ones left out."""
    return sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))


def _loose_songs(folder: Path) -> list[Path]:
    """Return the audio files that are in a folder itself, sorted."""
    return sorted(p for p in folder.iterdir() if _is_audio(p.name) and not p.is_dir())


def _track(path: Path, dataset: Path) -> str:
    return printable(path.relative_to(dataset).as_posix())


def _is_audio(name: str) -> bool:
    return not name.startswith(".") and Path(name).suffix.lower() in AUDIO_SUFFIXES
