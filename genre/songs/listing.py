"""The songs that a data set lists: which of them exist, and notes on them for the user."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from genre.errors import DatasetError
from genre.files import printable
from genre.songs import Song, some


class Listing(NamedTuple):
    """The songs of a data set, sorted by genre and track."""

    songs: list[Song]
    left_out: list[str]  # songs and folders that cannot be used
    notes: list[str]  # lines for the user


def genre_name(text: str) -> str:
    """Return a genre's name in one spelling: printable, without spaces around it, composed (NFC).

    macOS writes é as two characters, e and an accent; others write one.
    """
    return printable(unicodedata.normalize("NFC", text.strip()))


def check_is_folder(path: Path) -> None:
    """Raise DatasetError if a path is not a folder."""
    if not path.is_dir():
        raise DatasetError(f"{path}: {'not a folder' if path.exists() else 'no such folder'}")


def sort_out(songs: Iterable[tuple[int, Song]], path: Path) -> Listing:
    """Return the songs of a list that have a genre and a file; each comes with its line number.

    Raises DatasetError if two rows of a track differ, if no file exists, and if the songs are not
    of two or more genres.
    """
    first: dict[str, tuple[int, Song]] = {}
    repeated = 0
    for line, song in songs:
        line_before, before = first.setdefault(song.track, (line, song))
        if before != song:
            raise DatasetError(
                f"{path}, line {line}: {song.track} is also in line {line_before}, with another "
                "genre, part or artist"
            )
        repeated += line_before != line
    listed = [song for _, song in first.values() if song.genre]
    if not listed:
        raise DatasetError(f"{path}: lists no track with a genre")
    found = {song for song in listed if _exists(song.path)}
    missing = [song.track for song in listed if song not in found]
    if not found:
        raise DatasetError(
            f"{path}: none of the {len(listed)} listed files could be found, "
            f"first {listed[0].path}; --dataset names the folder that they are in"
        )
    not_found = f"{len(missing)} of {len(listed)} listed files could not be found: {some(missing)}"
    genres = {song.genre for song in found}
    if len(genres) < 2:
        what = f"only {genres.pop()} is left; {not_found}" if missing else f"all are {genres.pop()}"
        raise DatasetError(f"{path}: songs of two or more genres are needed, and {what}")
    notes = []
    if repeated:
        notes.append(f"{repeated} rows of {path} repeat others and are ignored")
    if lacking := len(first) - len(listed):
        notes.append(f"{lacking} of {len(first)} tracks have no genre and are left out")
    if missing:
        notes.append(not_found)
    in_order = sorted(found, key=lambda song: (song.genre, song.track))
    return Listing(in_order, missing, notes)


def look_alikes(songs: Iterable[Song]) -> list[str]:
    """Return a note for each group of genres whose names differ only in case, accents or signs."""
    names: dict[str, set[str]] = defaultdict(set)
    for genre in {song.genre for song in songs}:
        names[letters(genre)].add(genre)
    return [
        f"these genres are kept apart, but look alike: {', '.join(sorted(alike))}"
        for _, alike in sorted(names.items())
        if len(alike) > 1
    ]


def letters(name: str) -> str:
    """Return the letters and digits of a name in one case; the whole name if it has none."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return "".join(filter(str.isalnum, plain)) or name


def limited(songs: list[Song], most: int) -> list[Song]:
    """Return at most `most` songs of each genre, spread over its parts and its sorted tracks.

    Neighbours in a list are often by one artist.
    """
    of_genre: dict[str, list[Song]] = defaultdict(list)
    for song in sorted(songs, key=lambda song: (song.part, song.track)):
        of_genre[song.genre].append(song)
    chosen: set[Song] = set()
    for those in of_genre.values():
        places = np.linspace(0, len(those) - 1, min(most, len(those)))
        chosen.update(those[round(place)] for place in places)
    return [song for song in songs if song in chosen]


def located(folder: Path, text: str) -> tuple[Path, str]:
    """Return the file that a path in a list means, and its track: the path relative to the folder.

    The path may be written with Windows' backslashes, or with accents in another Unicode form than
    on the disk. If no spelling of it exists, it is returned with slashes.
    """
    if "\\" in text or not text.isascii():
        slashed = text.replace("\\", "/")
        forms = (unicodedata.normalize(form, slashed) for form in ("NFC", "NFD"))
        spellings = (text, slashed, *forms)
        text = next((name for name in spellings if _exists(folder / name)), slashed)
    path = folder / text
    track = path.relative_to(folder) if path.is_relative_to(folder) else path
    return path, printable(track.as_posix())


def _exists(path: Path) -> bool:
    """Say whether there is something at a path, which may be any text at all.

    There may be where that must not be looked at; the attempt to read it says so.
    """
    try:
        path.stat()
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True
