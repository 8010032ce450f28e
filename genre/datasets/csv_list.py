"""Find the songs that a CSV file lists: a row each, `path,genre`, and `part` and `artist` if known.

path,genre,part,artist
blues/crossroads.mp3,blues,train,Robert Johnson
/music/x.flac,jazz,test,
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from genre.datasets import TEST, TRAIN, UNUSED, VALIDATION, Song, check_folder
from genre.errors import DatasetError
from genre.files import printable

REQUIRED, OPTIONAL = ("path", "genre"), ("part", "artist")
PART_OF = {"": UNUSED, "train": TRAIN, "training": TRAIN, "test": TEST} | dict.fromkeys(
    ("valid", "validation"), VALIDATION
)
NAMED = 3  # how many of the missing files a note names


class Listing(NamedTuple):
    """The songs of a list, sorted by genre and track, and what was left out of it."""

    songs: list[Song]
    missing: list[str]  # tracks whose file is not there
    notes: list[str]  # a line for the user on each sort of row left out


def find(path: Path, folder: Path | None = None) -> Listing:
    """Return the songs that a CSV file lists, their paths being relative to a folder or to it.

    Raises DatasetError when the file is no such list, or when `sort_out` does.
    """
    check_folder(folder or path.parent)
    return sort_out(_songs(path, (folder or path.parent).absolute()), path)


def sort_out(songs: Iterable[tuple[int, Song]], path: Path) -> Listing:
    """Return the songs that have a genre and a file, given all those of a list and their lines.

    Raises DatasetError when a track is listed twice and differently, when no file is there, and
    when the songs are not of two or more genres.
    """
    first: dict[str, tuple[int, Song]] = {}
    repeated = 0
    for line, song in songs:
        line_before, before = first.setdefault(song.track, (line, song))
        if before != song:
            raise DatasetError(
                f"{path}, line {line}: {song.track} stands in line {line_before} too, and "
                "not with the same genre, part and artist"
            )
        repeated += line_before != line
    listed = [song for _, song in first.values() if song.genre]
    if not listed:
        raise DatasetError(f"{path}: lists no track with a genre")
    there = {song for song in listed if _is_there(song.path)}
    missing = [song.track for song in listed if song not in there]
    if not there:
        raise DatasetError(
            f"{path}: none of the {len(listed)} listed files could be found, "
            f"first {listed[0].path}; --dataset names the folder that they are in"
        )
    genres = {song.genre for song in there}
    if len(genres) < 2:
        raise DatasetError(f"{path}: two or more genres are needed, all songs are {genres.pop()}")
    notes = []
    if repeated:
        notes.append(f"{repeated} rows of {path} repeat another and count once")
    if lacking := len(first) - len(listed):
        notes.append(f"{lacking} of {len(first)} tracks have no genre and are left out")
    if missing:
        names = ", ".join(missing[:NAMED]) + (", ..." if len(missing) > NAMED else "")
        notes.append(f"{len(missing)} of {len(listed)} listed files could not be found: {names}")
    return Listing(sorted(there, key=lambda song: (song.genre, song.track)), missing, notes)


def rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a CSV file, each with the number of its last line, blank ones left out.

    Raises DatasetError where the file is not CSV in UTF-8.
    """
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)  # else an open quote swallows the rows that follow
        try:
            for row in reader:
                if any(row):
                    yield reader.line_num, row
        except csv.Error as error:
            raise DatasetError(f"{path}, line {reader.line_num}: not CSV ({error})") from None
        except UnicodeDecodeError as error:
            raise DatasetError(f"{path}: not a CSV file in UTF-8 ({error})") from None


def check_columns(needed: Sequence[str], found: Sequence[str], path: Path) -> None:
    """Raise DatasetError where a table lacks columns or has one of them twice."""
    lacking = [name for name in needed if name not in found]
    if lacking:
        names = ", ".join(f"{name:.40}" for name in found[:12] if name) or "none"
        more = ", ..." if len(found) > 12 else ""
        raise DatasetError(f"{path}: lacks the columns {','.join(lacking)}; it has {names}{more}")
    twice = [name for name in found if name in (*needed, *OPTIONAL) and found.count(name) > 1]
    if twice:
        raise DatasetError(f"{path}: has the column {twice[0]} twice")


def check_width(row: Sequence[str], width: int, where: str) -> None:
    """Raise DatasetError where a row has not as many values as its table has columns."""
    if len(row) != width:
        raise DatasetError(
            f"{where}: {len(row)} values in {width} columns; a value with a comma needs quotes"
        )


def read_part(text: str, where: str) -> str:
    """Return the part that a list means; raises DatasetError where it is unknown."""
    name = text.strip().lower()
    if name not in PART_OF:
        raise DatasetError(f"{where}: part {text!r:.40} is none of train, validation, test")
    return PART_OF[name]


def _songs(path: Path, folder: Path) -> Iterator[tuple[int, Song]]:
    """Yield the songs of a list with their lines."""
    lines = rows(path)
    _, header = next(lines, (0, []))
    columns = [name.strip().lower() for name in header]
    check_columns(REQUIRED, columns, path)
    for line, row in lines:
        where = f"{path}, line {line}"
        check_width(row, len(columns), where)
        values = dict.fromkeys(OPTIONAL, "") | dict(zip(columns, row, strict=True))
        if not values["path"]:
            raise DatasetError(f"{where}: no path")
        file = folder / values["path"]
        track = file.relative_to(folder) if file.is_relative_to(folder) else file
        yield (
            line,
            Song(
                path=file,
                track=printable(track.as_posix()),
                genre=printable(values["genre"].strip()),
                part=read_part(values["part"], where),
                artist=printable(values["artist"].strip()),
            ),
        )


def _is_there(path: Path) -> bool:
    """Say whether there is something at a path, which may be any text at all."""
    try:
        path.stat()
    except (OSError, ValueError):
        return False
    return True
