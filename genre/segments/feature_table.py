"""Read tables of features that others have computed, one track a row, as a data set.

In this data set a segment has one frame, and the table's columns are the bands. Kaggle's table of
GTZAN has these columns, and other tables with them can be read, too:

    filename,length,chroma_stft_mean,...,label
    blues.00000.wav,661794,0.35,...,blues

FMA's `features.csv` has three rows of names, and its genres are in `tracks.csv` (see `fma`).
"""

import logging
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from genre.errors import DatasetError
from genre.files import HashedFile, printable, sha256_of_lines
from genre.segments import Segments, segment_file
from genre.songs import fma
from genre.songs.csv_table import check_columns, check_width, rows_of
from genre.songs.listing import genre_name

FEATURE, SUFFIX = "table", ".csv"
TRACK, LABEL = "filename", "label"
# Not features of music: length groups recordings from one source, and a row's number shows its
# genre where rows are sorted by genre. pandas writes the number without a name, and after it has
# read and written the table again, as "Unnamed: 0" (several times: "Unnamed: 0.1").
NO_FEATURES = re.compile(r"length||index|level_0|Unnamed: \d+(\.\d+)*")
ENOUGH_ROWS = 10  # in so many rows, the values of no feature rise from each row to the next
LARGEST = float(np.finfo(np.float32).max)
PART_OF_CLIP = re.compile(r"(.+\.\d{5})\.\d(\.\w+)")  # blues.00000.0.wav, in Kaggle's table of 3 s

log = logging.getLogger("genre")


class Row(NamedTuple):
    """A track, or a part of one, in a table."""

    track: str
    genre: str
    values: np.ndarray  # (columns,) float32
    part: str = ""
    artist: str = ""


def read_data(path: Path) -> Segments:
    """Read a segment file, or a table of features; raises DatasetError when it is neither."""
    return segment_file.read(path) if segment_file.is_one(path) else read(path)


def read(path: Path) -> Segments:
    """Read a table with the columns filename and label, all other columns being features.

    In Kaggle's table of 3 s, ten rows are the segments of one track. Raises DatasetError if it is
    not such a table, or if a row lacks its genre or a number.
    """
    with HashedFile(path) as file:
        lines = rows_of(file, path)
        _, header = next(lines, (0, []))
        if header[:1] == ["feature"]:
            raise DatasetError(f"{path}: looks like FMA's; give its genres with --fma tracks.csv")
        names = [name.strip() for name in header]
        check_columns((TRACK, LABEL), names, path)
        others = [name for name in names if NO_FEATURES.fullmatch(name)]
        columns = _columns(names, (TRACK, LABEL, *others), path)
        rows = _rows(lines, names, columns, path)
        _warn_of_row_numbers(rows, list(columns), path)
        return _segments(rows, list(columns), path, file.hexdigest())


def _warn_of_row_numbers(rows: list[Row], columns: list[str], path: Path) -> None:
    """Log a warning if a column holds whole numbers that rise from each row to the next."""
    if len(rows) < ENOUGH_ROWS:
        return
    values = np.stack([row.values for row in rows])
    rising = (np.diff(values, axis=0) > 0).all(axis=0) & (values == np.rint(values)).all(axis=0)
    for column in np.flatnonzero(rising):
        log.warning(
            f"{path}: the column {columns[column]} rises from row to row, as the number of a row "
            "does; if it is one, delete it, as it may give the genres away"
        )


def _rows(
    lines: Iterator[tuple[int, list[str]]], names: list[str], columns: dict[str, int], path: Path
) -> list[Row]:
    """Return the rows of a table, given its lines with their numbers."""
    track, label = names.index(TRACK), names.index(LABEL)
    rows: dict[str, Row] = {}
    for line, row in lines:
        where = f"{path}, line {line}"
        check_width(row, len(names), where)
        if not row[track] or not row[label].strip():
            raise DatasetError(f"{where}: no {TRACK if not row[track] else LABEL}")
        if row[track] in rows:
            raise DatasetError(f"{where}: {row[track]} is in the table already")
        whole = PART_OF_CLIP.sub(r"\1\2", row[track])
        values = _numbers(row, columns, where)
        rows[row[track]] = Row(printable(whole), genre_name(row[label]), values)
    return list(rows.values())


def read_fma(path: Path, tracks: Path, *, subset: str) -> Segments:
    """Read FMA's `features.csv`, for the tracks of a subset that have a genre in `tracks.csv`.

    Raises DatasetError if one of the files is not such a table.
    """
    songs = {song.track: song for _, song in fma.listed(tracks, Path(), subset=subset)}
    rows: dict[str, Row] = {}
    with HashedFile(path) as file:
        lines = rows_of(file, path)
        header = [row for _, row in islice(lines, 3)]
        names = [".".join(parts) for parts in zip(*header, strict=False)]
        check_columns(("feature.statistics.number",), names, path)
        columns = _columns(names, names[:1], path)
        for line, row in lines:
            where = f"{path}, line {line}"
            check_width(row, len(names), where)
            song = songs.get(fma.track(row[0], where)) if row[0] != fma.INDEX else None
            if song and song.genre:
                values = _numbers(row, columns, where)
                rows[song.track] = Row(song.track, song.genre, values, song.part, song.artist)
        digest = file.hexdigest()
    n_wanted = sum(bool(song.genre) for song in songs.values())
    if len(rows) < n_wanted:
        log.warning(f"{path}: lacks {n_wanted - len(rows)} of the {n_wanted} tracks of {subset}")
    return _segments(list(rows.values()), list(columns), path, digest)


def _columns(names: Sequence[str], others: Sequence[str], path: Path) -> dict[str, int]:
    """Return the positions of the columns that are features, sorted by name.

    So the order of the columns does not matter. Raises DatasetError if there are none, or if one
    is there twice.
    """
    features = sorted(name for name in names if name not in others)
    if not features:
        raise DatasetError(f"{path}: has no column of features")
    twice = [name for name in features if names.count(name) > 1]
    if twice:
        raise DatasetError(f"{path}: has the column {twice[0]} twice")
    return {name: names.index(name) for name in features}


def _numbers(row: Sequence[str], columns: dict[str, int], where: str) -> np.ndarray:
    """Return the features in a row; raises DatasetError for text, NaN and infinity."""
    values = np.array([_number(row[place]) for place in columns.values()], dtype=np.float32)
    if not np.isfinite(values).all():
        name = list(columns)[np.flatnonzero(~np.isfinite(values))[0]]
        raise DatasetError(f"{where}: {name:.40} is {row[columns[name]]!r:.40}, which is no number")
    return values


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return np.nan
    return value if abs(value) < LARGEST else np.nan


def _segments(rows: list[Row], columns: list[str], path: Path, digest: str) -> Segments:
    """Return the rows of a table as a data set."""
    mapping = sorted({row.genre for row in rows})
    if len(mapping) < 2:
        raise DatasetError(f"{path}: rows of two or more genres are needed, not {len(mapping)}")
    first: dict[str, Row] = {}
    for row in rows:
        if first.setdefault(row.track, row).genre != row.genre:
            raise DatasetError(f"{path}: {row.track} has the genres {row.genre} and another")
    tracks = list(first)
    place = {track: number for number, track in enumerate(tracks)}
    return Segments(
        feature=FEATURE,
        settings={"columns": len(columns), "columns_sha256": sha256_of_lines(columns)},
        mapping=mapping,
        tracks=tracks,
        labels=np.array([mapping.index(row.genre) for row in rows]),
        track_index=np.array([place[row.track] for row in rows]),
        frames=np.stack([row.values for row in rows])[:, None, :],
        parts=[row.part for row in first.values()] if any(row.part for row in rows) else [],
        artists=[row.artist for row in first.values()] if any(row.artist for row in rows) else [],
        digest=digest,
    )
