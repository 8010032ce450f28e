"""Predictions as rows: a table for people, CSV and JSON lines for programs."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from genre.errors import GenreError

COLUMNS = 80  # of a terminal
FORMATS = ("table", "csv", "json")


class Prediction(NamedTuple):
    """What a network makes of a song."""

    song: str
    joined: np.ndarray  # (genres,)
    segments: np.ndarray  # (segments, genres)
    segment_seconds: float


def name(path: Path) -> str:
    """Return a path as it can be printed: bytes that are no text are written as escapes."""
    return str(path).encode(errors="backslashreplace").decode()


def header(form: str, mapping: Sequence[str], count: int | None) -> str | None:
    """Return the line that goes before the rows, None where there is none."""
    if form == "csv":
        return _csv_line(["song", "genre", *mapping])
    if form == "table" and count is None:
        width, cell = _widths(mapping)
        return " " * width + "".join(f" {genre[: cell - 1]:>{cell - 1}}" for genre in mapping)
    return None


def row(
    form: str,
    prediction: Prediction,
    mapping: Sequence[str],
    *,
    count: int | None,
    with_segments: bool,
) -> str:
    """Return a song's row in one of FORMATS.

    With a `count`, table and json hold only so many genres, the most likely first.
    """
    if form == "csv":
        best = mapping[prediction.joined.argmax()]
        shares = (f"{share:.4f}" for share in prediction.joined)
        return _csv_line([prediction.song, best, *shares])
    if form == "json":
        return _json_line(prediction, mapping, count, with_segments)
    if count is None:
        return _matrix_row(prediction, mapping)
    return _ranked_row(prediction, mapping, count)


def songs_in(path: Path) -> set[str]:
    """Return the songs that an earlier csv or json output holds; half a row does not count.

    Raises GenreError when the file cannot be read or is neither.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise GenreError(f"{path}: {getattr(error, 'strerror', None) or 'not text'}") from None
    if not text:
        return set()
    if text.startswith("{"):
        return set(filter(None, map(_song_of_json, text.splitlines())))
    rows = list(csv.reader(io.StringIO(text)))
    if rows[0][:2] != ["song", "genre"]:
        raise GenreError(f"{path}: neither csv nor json output of this script")
    return {row[0] for row in rows[1:] if len(row) == len(rows[0]) and row[0] != "song"}


def _song_of_json(line: str) -> str | None:
    try:
        return json.loads(line)["song"]
    except (ValueError, KeyError, TypeError):
        return None


def _csv_line(values: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(values)
    return line.getvalue()


def _json_line(
    prediction: Prediction, mapping: Sequence[str], count: int | None, with_segments: bool
) -> str:
    order = range(len(mapping)) if count is None else _ranked(prediction.joined, count)
    content = {
        "song": prediction.song,
        "genre": mapping[prediction.joined.argmax()],
        "probabilities": {mapping[i]: round(float(prediction.joined[i]), 4) for i in order},
    }
    if with_segments:
        content["segment_seconds"] = prediction.segment_seconds
        content["segments"] = [
            dict(zip(mapping, np.round(of_segment.astype(float), 4).tolist(), strict=True))
            for of_segment in prediction.segments
        ]
    return json.dumps(content, ensure_ascii=False)


def _widths(mapping: Sequence[str]) -> tuple[int, int]:
    """Return the table's widths: of the song's name, and of each genre's cell."""
    cell = min(1 + max(4, *map(len, mapping)), max(5, (COLUMNS - 30) // len(mapping)))
    return max(20, COLUMNS - cell * len(mapping)), cell


def _matrix_row(prediction: Prediction, mapping: Sequence[str]) -> str:
    width, cell = _widths(mapping)
    cells = (f"{share:>{cell}.0%}" for share in prediction.joined)
    return f"{_fitted(prediction.song, width)}{''.join(cells)}"


def _ranked_row(prediction: Prediction, mapping: Sequence[str], count: int) -> str:
    """Return the name and the most likely genres, on more lines where one does not hold them."""
    genre_width = max(map(len, mapping))
    cells = [
        f"  {mapping[i]:{genre_width}} {prediction.joined[i]:4.0%}"
        for i in _ranked(prediction.joined, count)
    ]
    width = max(24, COLUMNS - len(cells) * len(cells[0]))
    per_line = max(1, (COLUMNS - width) // len(cells[0]))
    lines = ["".join(cells[i : i + per_line]) for i in range(0, len(cells), per_line)]
    return _fitted(prediction.song, width) + f"\n{' ' * width}".join(lines)


def _ranked(joined: np.ndarray, count: int) -> np.ndarray:
    return np.argsort(-joined, kind="stable")[:count]


def _fitted(text: str, width: int) -> str:
    """Return text in exactly `width` columns; of a long path the end is kept, which tells more."""
    return text.ljust(width) if len(text) <= width else "…" + text[1 - width :]
