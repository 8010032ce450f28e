"""Predictions as rows: a table for people, CSV and JSON lines for programs."""

import csv
import io
import json
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from genre.errors import GenreError

COLUMNS = 80  # of a terminal
NAME_COLUMNS = 20  # of them for a song's name, at least
GENRE_COLUMNS = 20  # and for a genre's, at most
FORMATS = ("table", "csv", "json")
CSV_START = "song,genre,"  # of the header
UNCERTAIN = "  uncertain"  # behind a song's name


class Prediction(NamedTuple):
    """What a network makes of a song."""

    song: str
    joined: np.ndarray  # (genres,)
    segments: np.ndarray  # (segments, genres)
    segment_seconds: float
    uncertain: bool  # the top probability says too little


class Earlier(NamedTuple):
    """What an earlier csv or json output holds."""

    songs: set[str]
    first: str  # its first line
    cut_off: bool  # in the middle of its last line


def header(form: str, mapping: Sequence[str], count: int | None) -> str | None:
    """Return the line that goes before the rows, None where there is none."""
    if form == "csv":
        return _csv_line(["song", "genre", "uncertain", *mapping])
    if form == "table" and count is None and (cell := _matrix_cell(mapping)):
        names = [_cut(genre, cell - 1, keep_end=False, mark="") for genre in mapping]
        indent = " " * (COLUMNS - cell * len(mapping))
        return indent + "".join(" " * (cell - _columns(name)) + name for name in names)
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
        return _csv_line([prediction.song, best, "yes" if prediction.uncertain else "no", *shares])
    if form == "json":
        return _json_line(prediction, mapping, count, with_segments)
    if count is None and (cell := _matrix_cell(mapping)):
        shares = "".join(f"{share:>{cell}.0%}" for share in prediction.joined)
        return _named(prediction, COLUMNS - len(shares)) + shares
    return _listed_row(prediction, mapping, count)


def read_earlier(path: Path) -> Earlier:
    """Read which songs an earlier csv or json output holds; half a row does not count.

    Raises GenreError when the file cannot be read or is neither.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise GenreError(f"{path}: {getattr(error, 'strerror', None) or 'not text'}") from None
    *lines, rest = text.split("\n")
    if text.startswith("{"):
        songs = map(_song_of_json, lines)
    elif text.startswith(CSV_START):
        columns = len(_csv_fields(lines[0])) if lines else 0
        songs = (_song_of_csv(line, columns) for line in lines)
    elif text and not CSV_START.startswith(text):
        raise GenreError(f"{path}: neither csv nor json output of this script")
    else:
        songs = ()
    return Earlier({song for song in songs if song is not None}, text.split("\n")[0], bool(rest))


def check_earlier(earlier: Earlier, form: str, header: str | None, path: Path) -> None:
    """Raise GenreError where rows that go on an earlier output would be of another kind."""
    fits = earlier.first == header if form == "csv" else earlier.first.startswith("{")
    if form != "table" and earlier.first and not fits:
        raise GenreError(f"{path}: its first line is not that of {form} output of this model")


def _song_of_json(line: str) -> str | None:
    try:
        song = json.loads(line)["song"]
        return song if isinstance(song, str) else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _song_of_csv(line: str, columns: int) -> str | None:
    fields = _csv_fields(line)
    is_row = len(fields) == columns and not line.startswith(CSV_START)
    return fields[0] if is_row else None


def _csv_fields(line: str) -> list[str]:
    try:
        return next(csv.reader([line], strict=True), [])
    except csv.Error:
        return []


def _csv_line(values: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue().removesuffix("\n")


def _json_line(
    prediction: Prediction, mapping: Sequence[str], count: int | None, with_segments: bool
) -> str:
    order = _order(prediction.joined, count)
    content = {
        "song": prediction.song,
        "genre": mapping[prediction.joined.argmax()],
        "uncertain": prediction.uncertain,
        "probabilities": {mapping[i]: round(float(prediction.joined[i]), 4) for i in order},
    }
    if with_segments:
        content["segment_seconds"] = prediction.segment_seconds
        content["segments"] = [
            dict(zip(mapping, np.round(of_segment.astype(float), 4).tolist(), strict=True))
            for of_segment in prediction.segments
        ]
    return json.dumps(content, ensure_ascii=False)


def _matrix_cell(mapping: Sequence[str]) -> int:
    """Return how wide a genre's cell is when all stand side by side, 0 where there are too many."""
    widest = 1 + max(len("100%"), *map(_columns, mapping))
    cell = min(widest, (COLUMNS - 30) // len(mapping))
    return cell if cell > len("100%") else 0


def _listed_row(prediction: Prediction, mapping: Sequence[str], count: int | None) -> str:
    """Return the name and genres with their shares, on more lines where one does not hold them."""
    genre_width = min(GENRE_COLUMNS, max(map(_columns, mapping)))
    cells = [
        f"  {_fitted(mapping[i], genre_width, keep_end=False)} {prediction.joined[i]:4.0%}"
        for i in _order(prediction.joined, count)
    ]
    cell = genre_width + len("   100%")
    width = max(NAME_COLUMNS, COLUMNS - len(cells) * cell)
    per_line = (COLUMNS - width) // cell
    lines = ["".join(cells[i : i + per_line]) for i in range(0, len(cells), per_line)]
    return _named(prediction, width) + f"\n{' ' * width}".join(lines)


def _named(prediction: Prediction, width: int) -> str:
    """Return a song's name in so many columns, and whether what follows is uncertain."""
    mark = UNCERTAIN if prediction.uncertain else ""
    return _fitted(prediction.song, width - len(mark)) + mark


def _order(joined: np.ndarray, count: int | None) -> np.ndarray:
    """Return the labels in the order to show: the mapping's, or the most likely `count` first."""
    return np.arange(len(joined)) if count is None else np.argsort(-joined, kind="stable")[:count]


def _fitted(text: str, width: int, *, keep_end: bool = True) -> str:
    """Return text in exactly `width` columns; of a long path the end tells more."""
    text = _cut(text, width, keep_end=keep_end)
    return text + " " * (width - _columns(text))


def _cut(text: str, width: int, *, keep_end: bool, mark: str = "…") -> str:
    """Return text in at most `width` columns, without what would tear the line."""
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    if _columns(text) <= width:
        return text
    while _columns(text) > width - len(mark):
        text = text[1:] if keep_end else text[:-1]
    return mark + text if keep_end else text + mark


def _columns(text: str) -> int:
    """Return how many columns of a terminal text takes."""
    return sum(
        0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF")
        for letter in text
    )
