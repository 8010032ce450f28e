"""A split as a CSV file: `track,part`, and also `segment` if a track is in several parts."""

import csv
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from genre.audio import AUDIO_SUFFIXES
from genre.errors import DatasetError, SplitError
from genre.files import replacing
from genre.segments import Segments
from genre.songs import PARTS, UNUSED, csv_table

NAME = "split.csv"  # in a network's folder


class AmbiguousError(SplitError):
    """A listed name fits more than one track, or a track is listed in two parts."""


class Listed(NamedTuple):
    """The part of each segment, as a list says."""

    parts: np.ndarray  # (segments,) of PARTS, or UNUSED for a segment that is not listed
    lacking: list[str]  # tracks of the list that the data lacks


def write(segments: Segments, parts: np.ndarray, path: Path) -> None:
    """Write the part of every track, or of every segment if a track is in several parts."""
    rows = np.flatnonzero(segments.originals)  # copies are in the part of their originals
    keys = list(zip(segments.track_index[rows], parts[rows], strict=True))
    by_segment = len(set(keys)) > len(np.unique(segments.track_index))
    numbers = segments.numbers[rows]
    with replacing(path) as unfinished, open(unfinished, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["track", "segment", "part"] if by_segment else ["track", "part"])
        for (track, part), number in zip(keys, numbers, strict=True):
            if part != UNUSED and (by_segment or number == 0):
                name = segments.tracks[track]
                writer.writerow([name, number, part] if by_segment else [name, part])


def read(segments: Segments, path: Path) -> Listed:
    """Read the part of each segment from a CSV file.

    Tracks match even if their suffix, or the folders before their names, differ. Raises SplitError
    if the file is not such a list, AmbiguousError if a name fits several tracks or a track has two
    parts.
    """
    part_of: dict[tuple[int | None, int | None], str] = {}
    lacking: list[str] = []
    find = _finder(segments.tracks)
    for line, row in _rows(path):
        try:
            track = find(row["track"])
            key = track, int(row["segment"]) if row.get("segment") else None
        except AmbiguousError as error:
            raise AmbiguousError(f"{path}, line {line}: {error}") from None
        except ValueError as error:
            raise SplitError(f"{path}, line {line}: {error}") from None
        if row["part"] not in PARTS:
            raise SplitError(f"{path}, line {line}: part {row['part']!r} is none of {PARTS}")
        if part_of.setdefault(key, row["part"]) != row["part"] and track is not None:
            problem = f"{row['track']} is already in another part"
            raise AmbiguousError(f"{path}, line {line}: {problem}")
        if track is None:
            lacking.append(row["track"])
    keys = zip(segments.track_index.tolist(), segments.numbers.tolist(), strict=True)
    parts = [part_of.get(key, part_of.get((key[0], None), UNUSED)) for key in keys]
    return Listed(np.array(parts), list(dict.fromkeys(lacking)))


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Return the rows of a CSV file with their line numbers."""
    try:
        (_, header), *rows = csv_table.rows(path)
        for line, row in rows:
            csv_table.check_width(row, len(header), f"{path}, line {line}")
    except OSError as error:
        raise SplitError(f"{path}: {error.strerror}") from None
    except DatasetError as error:
        raise SplitError(str(error)) from None
    except ValueError:  # not even a header
        header, rows = [], []
    if not rows or not {"track", "part"} <= set(header):
        raise SplitError(f"{path}: a split is a CSV file with the columns track,part")
    return [(line, dict(zip(header, row, strict=False))) for line, row in rows]


def _finder(tracks: Sequence[str]) -> Callable[[str], int | None]:
    """Return a function that gives the index of the track that a listed name means, or None."""
    exact = {_parts(track): index for index, track in enumerate(tracks)}
    keys = [_components(track) for track in tracks]
    whole = {key: index for index, key in enumerate(keys)}
    n_whole = Counter(keys)
    n_endings = Counter(key[start:] for key in keys for start in range(len(key)))
    index_of = {key[start:]: i for key, i in whole.items() for start in range(len(key))}

    def find(name: str) -> int | None:
        parts, key = _parts(name), _components(name)
        for start in range(len(key)):  # the list may have more folders before the name
            if (index := exact.get(parts[start:])) is not None:
                return index
            # More than one track has this name, or has it after other folders.
            n_fitting = n_whole[key[start:]] or (n_endings[key] if not start else 0)
            if n_fitting > 1:
                raise AmbiguousError(f"{name} can mean {n_fitting} tracks")
            if key[start:] in whole:
                return whole[key[start:]]
        return index_of.get(key)  # or the data may have more folders before it

    return find


def _components(track: str) -> tuple[str, ...]:
    """Return the folders and the name of a track, without the suffix of an audio file."""
    path = PurePosixPath(*_parts(track))
    return path.with_suffix("").parts if path.suffix.lower() in AUDIO_SUFFIXES else path.parts


def _parts(track: str) -> tuple[str, ...]:
    return PurePosixPath(unicodedata.normalize("NFC", track.replace("\\", "/"))).parts
