"""Find the songs of FMA, a data set with a split of its own, that its `tracks.csv` describes.

Source: M. Defferrard, K. Benzi, P. Vandergheynst and X. Bresson, "FMA: A Dataset for Music
Analysis", ISMIR 2017, https://github.com/mdeff/fma.
"""

import csv
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from genre.errors import DatasetError
from genre.files import printable
from genre.songs import Song
from genre.songs.csv_list import read_part
from genre.songs.csv_table import check_columns, check_width, rows
from genre.songs.listing import Listing, check_is_folder, genre_name, sort_out

SUBSETS = ("small", "medium", "large")  # each holds those before it
COLUMNS = ("track.genre_top", "set.split", "set.subset", "artist.id")
INDEX = "track_id"  # the name of the first column, which is in the third row
LONGEST_TEXT = 2**24  # characters; biographies can be longer than the csv module allows


def find(tracks: Path, dataset: Path, *, subset: str) -> Listing:
    """Return the songs of one of SUBSETS, with the parts of FMA's split and the artists' numbers.

    `tracks` is `tracks.csv` of FMA's metadata, `dataset` the folder with `000/000002.mp3`. Tracks
    without a top genre are left out; FMA gives no top genre to a track of several genres. Raises
    DatasetError if `tracks` is another table, or as `sort_out` does.
    """
    check_is_folder(dataset)
    return sort_out(listed(tracks, dataset, subset=subset), tracks)


def listed(tracks: Path, dataset: Path, *, subset: str) -> list[tuple[int, Song]]:
    """Return all songs of one of SUBSETS, each with its line in the table; files may be missing.

    Raises DatasetError if `tracks` is another table.
    """
    usual = csv.field_size_limit(LONGEST_TEXT)
    try:
        songs = list(_songs(tracks, dataset, SUBSETS[: SUBSETS.index(subset) + 1]))
    finally:
        csv.field_size_limit(usual)
    if not songs:
        raise DatasetError(f"{tracks}: lists no track of the subset {subset}")
    return songs


def track(number: str, where: str) -> str:
    """Return a track's path, such as "000/000002.mp3"; raises DatasetError for a bad number."""
    if not re.fullmatch("[0-9]{1,6}", number):
        raise DatasetError(f"{where}: track {number!r:.40} is not a number of up to six digits")
    name = f"{int(number):06}"
    return f"{name[:3]}/{name}.mp3"


def _songs(tracks: Path, dataset: Path, subsets: tuple[str, ...]) -> Iterator[tuple[int, Song]]:
    """Yield the songs of some subsets, each with its last line in the table."""
    lines = rows(tracks)
    header = [row for _, row in islice(lines, 2)]
    columns = [".".join(names) for names in zip(*header, strict=False)]
    check_columns(COLUMNS, columns, tracks)
    genre, part, within, artist = map(columns.index, COLUMNS)
    for line, row in lines:
        where = f"{tracks}, line {line}"
        check_width(row, len(columns), where)
        if row[0] == INDEX or row[within] not in subsets:
            continue
        path = track(row[0], where)
        song = Song(
            path=dataset / path,
            track=path,
            genre=genre_name(row[genre]),
            part=read_part(row[part], where),
            artist=printable(row[artist].strip()),
        )
        yield line, song
