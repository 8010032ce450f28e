"""Find the songs of a data set that is a folder of genre folders.

by-genre/                       or, with parts for `--split given`,   by-part/
  blues/   a.wav  b.mp3                                                 train/  blues/  jazz/
  jazz/    live/c.flac                                                  test/   blues/  jazz/
"""

import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NoReturn

from genre.audio import AUDIO_SUFFIXES
from genre.errors import DatasetError
from genre.files import is_unfinished, printable
from genre.songs import UNUSED, Song, some
from genre.songs.csv_list import PART_OF
from genre.songs.listing import Listing, check_is_folder, genre_name

# Folders and files of macOS, which hold no songs although some have a song's name: "._song.mp3".
OF_MACOS = re.compile(r"\._|\.AppleDouble$|\.DS_Store$|__MACOSX$")
# Names that begin with a dot and are music: "...And Justice for All", "..Hits", ".38 Special".
DOTTED_MUSIC = re.compile(r"\.[.\d]")

log = logging.getLogger("genre")


def songs_in(paths: Iterable[Path]) -> tuple[list[Path], list[str]]:
    """Return the songs that paths name: files as they are, and all audio files in folders.

    The second list has a line for each folder that cannot be read, or that holds no audio files.
    What is passed over in a folder goes to the log.
    """
    names, problems = song_names_in(paths)
    return list(dict.fromkeys(map(Path, names))), problems


def song_names_in(paths: Iterable[Path]) -> tuple[list[str], list[str]]:
    """Return what `songs_in` does with the songs as text, which is quicker for very many."""
    songs: list[str] = []
    problems: list[str] = []
    passed_over: list[Path] = []
    for path in paths:
        if not os.path.isdir(path):  # noqa: PTH112, Path.is_dir raises for some paths
            songs.append(str(path))
            continue
        errors: list[OSError] = []
        found = list(_audio_names(path, errors.append, passed_over.append))
        songs += found
        problems += [f"{printable(error.filename)}: {error.strerror}" for error in errors]
        if not found and not errors:
            problems.append(f"no audio files in {printable(path)}")
    for line in notes_on(passed_over, str):
        log.warning(line)
    return list(dict.fromkeys(songs)), problems


def notes_on(passed_over: Iterable[Path], name: Callable[[Path], str]) -> list[str]:
    """Return lines that say which songs `audio_files` has passed over; `name` names a path."""
    paths = dict.fromkeys(passed_over)
    unfinished = [printable(name(path)) for path in paths if is_unfinished(path.name)]
    hidden = [printable(name(path)) for path in paths if not is_unfinished(path.name)]
    lines = []
    if hidden:
        lines.append(f"songs left out, as these are hidden: {some(hidden)}")
    if unfinished:
        lines.append(
            "unfinished files left out; if no other run is writing them, delete them: "
            + some(unfinished)
        )
    return lines


def _fail(error: OSError) -> NoReturn:
    raise error


def audio_files(
    folder: Path, passed_over: Callable[[Path], object] = lambda _: None
) -> Iterator[Path]:
    """Yield the audio files in a folder and the folders below it, sorted, without hidden ones.

    Links to folders are followed, but not to a folder that contains `folder`, and to no folder
    twice. `passed_over` is called for each hidden song and each hidden folder with songs. Raises
    OSError for a folder that cannot be read.
    """
    return map(Path, _audio_names(folder, _fail, passed_over))


def _audio_names(
    folder: Path, unreadable: Callable[[OSError], None], passed_over: Callable[[Path], object]
) -> Iterator[str]:
    """Yield the paths of `audio_files` as text, each as str(Path) writes it.

    `unreadable` is called for a folder that cannot be read.
    """
    visited = {*map(str, folder.resolve().parents)}
    for parent, folders, names in os.walk(folder, onerror=unreadable, followlinks=True):
        place = os.path.realpath(parent)
        if place in visited:
            folders.clear()
            continue
        visited.add(place)
        hidden = {name for name in (*folders, *names) if name[0] in "._" and _is_hidden(name)}
        for name in sorted(hidden):
            if _has_songs(Path(parent, name)):
                passed_over(Path(parent, name))
        folders[:] = sorted(name for name in folders if name not in hidden)
        beginning = str(Path(parent, "_"))[:-1]  # "" for the current folder
        for name in sorted(filter(_has_audio_suffix, names)):
            if name not in hidden:
                yield beginning + name


def find(dataset: Path) -> Listing:
    """Return the songs of a folder of genre folders, sorted by genre and path.

    If the folders are called train and test (and validation), they are the songs' parts, and the
    folders in them are the genres. Raises DatasetError if fewer than two genres have audio files.
    """
    check_is_folder(dataset)
    folders, barren = _folders(dataset)
    notes, parts = [], {folder: PART_OF.get(folder.name.lower(), UNUSED) for folder in folders}
    loose = _loose_songs(dataset)
    if len(folders) > 1 and all(parts.values()):
        called = ", ".join(folder.name for folder in folders)
        notes.append(
            f"{called}: taken for the parts of --split given, and the folders in them for genres"
        )
        loose += [song for folder in folders for song in _loose_songs(folder)]
        genres = []
        for folder in folders:
            in_part, without_songs = _folders(folder)
            genres += [(genre, parts[folder]) for genre in in_part]
            barren += without_songs
    else:
        genres = [(genre, UNUSED) for genre in folders]
        if len(like_parts := [folder.name for folder in folders if parts[folder]]) > 1:
            notes.append(
                f"{', '.join(like_parts)}: taken for genres, as there are other folders beside them"
            )
    passed_over: list[Path] = []
    songs = [
        Song(path, _track(path, dataset), genre_name(folder.name), part)
        for folder, part in genres
        for path in audio_files(folder, passed_over=passed_over.append)
    ]
    notes += notes_on(passed_over, lambda path: _track(path, dataset))
    outside = [_track(path, dataset) for path in loose]
    if outside:
        notes.append(f"{len(outside)} songs are in no genre's folder: {some(outside)}")
    empty = [_track(folder, dataset) + "/" for folder in barren]
    if empty:
        notes.append(f"{len(empty)} folders hold no songs, so they are not genres: {some(empty)}")
    names = sorted({song.genre for song in songs})
    if len(names) < 2:
        found = f"audio only in {names[0]}/" if names else "no audio in any"
        raise DatasetError(
            f"{dataset}: a data set is a folder of two or more genre folders with songs in them; "
            f"found {found}"
        )
    songs.sort(key=lambda song: song.genre)  # two folders, spelled differently, can be one genre
    return Listing(songs, outside + empty, notes)


def _folders(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the folders in a folder that hold songs, and those that hold none, both sorted."""
    found = sorted(p for p in folder.iterdir() if p.is_dir() and not _is_hidden(p.name))
    with_songs = [each for each in found if next(audio_files(each), None)]
    return with_songs, [each for each in found if each not in with_songs]


def _loose_songs(folder: Path) -> list[Path]:
    """Return the audio files directly in a folder, sorted."""
    return sorted(p for p in folder.iterdir() if _is_audio(p.name) and not p.is_dir())


def _track(path: Path, dataset: Path) -> str:
    return printable(path.relative_to(dataset).as_posix())


def _is_hidden(name: str) -> bool:
    return bool(OF_MACOS.match(name)) or (name.startswith(".") and not DOTTED_MUSIC.match(name))


def _is_audio(name: str) -> bool:
    return not _is_hidden(name) and _has_audio_suffix(name)


def _has_audio_suffix(name: str) -> bool:
    dot = name.rfind(".")
    return dot > 0 and name[dot:].lower() in AUDIO_SUFFIXES


def _has_songs(hidden: Path) -> bool:
    """Say whether something hidden is a song, or a folder with songs below it."""
    if OF_MACOS.match(hidden.name):
        return False
    if _has_audio_suffix(hidden.name) and not hidden.is_dir():
        return True
    return any(
        _has_audio_suffix(name) and not OF_MACOS.match(name)
        for _, _, names in os.walk(hidden)
        for name in names
    )
