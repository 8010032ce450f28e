"""Write answers as a table for people, as csv or JSON lines for programs, or segment by segment.

Each row is printed as soon as its song is done, so the widths of columns are set before.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import wcwidth

from genre.errors import GenreError
from genre.evaluation.verdict import EITHER, OPEN, SURE
from genre.files import check_place, printable, replacing
from genre.model.answer import Answer, shown_tags
from genre.songs import csv_table

FORMATS = ("table", "csv", "json")
CSV_START = "song,genre,"  # the beginning of the header
# Before a column for each genre; the song and the model stand where `read_earlier` looks for them.
CSV_COLUMNS = ("song", "genre", "verdict", "model", "genres", "together", "reason", "tags")
SEPARATOR = ";"  # between the genres, and the tags, of a csv column
SEGMENT_FORMATS = (".csv", ".json", ".txt")  # .txt is a label track of Audacity
DIGEST_LENGTH = 16  # hexadecimal digits of the model's SHA-256 in a row

TAGS_MOST = 60  # characters for tags, if the terminal's width is not known
# Widths of the table's columns, in characters of a terminal
NAME_LEAST, GENRE_MOST, PERCENT = 8, 20, len("100%")
GAP, ELLIPSIS = "  ", "…"
# At the end of a row of a song that is not surely of one genre, by the width of the terminal
WIDE_MARK, NARROW_MARK = len("  either"), len(" ?")

AsRow = Callable[[Answer], str]  # turns an answer into a row


class Earlier(NamedTuple):
    """What an earlier csv or json output holds."""

    path: Path | None = None
    songs: Set[str] = frozenset()
    models: Set[str] = frozenset()  # digests of the models that gave the rows
    first: str = ""  # the first line
    cut_off: bool = False  # whether the last line is incomplete


def csv_rows(mapping: Sequence[str], model: str) -> tuple[str, AsRow]:
    """Return the header of a csv table, and the function that turns an answer into a row.

    Each row holds `model`, the SHA-256 digest of the model, so that models cannot be mixed up.
    """

    def row(answer: Answer) -> str:
        said = {
            "song": answer.song,
            "genre": answer.genre,
            "verdict": answer.verdict,
            "model": model[:DIGEST_LENGTH],
            "genres": SEPARATOR.join(answer.genres),
            "together": f"{answer.together:.4f}",
            "reason": answer.reason,
            "tags": SEPARATOR.join(shown_tags(answer)),
        }
        shares = (f"{answer.probabilities[genre]:.4f}" for genre in mapping)
        return _csv_line([*(said[column] for column in CSV_COLUMNS), *shares])

    return _csv_line([*CSV_COLUMNS, *mapping]), row


def json_rows(model: str, *, count: int | None = None, with_segments: bool = False) -> AsRow:
    """Return the function that turns an answer into a line of JSON.

    With a `count`, the line holds the `count` most likely genres, the most likely first.
    """

    def row(answer: Answer) -> str:
        genres = answer.probabilities if count is None else dict(answer.ranking[:count])
        content = {
            "song": answer.song,
            "genre": answer.genre,
            "verdict": answer.verdict,
            "genres": answer.genres,
            "together": round(answer.together, 4),
            "reason": answer.reason,
            "model": model[:DIGEST_LENGTH],
            "probabilities": {genre: round(share, 4) for genre, share in genres.items()},
        }
        if answer.tags:
            content["tags"] = {tag: round(share, 4) for tag, share in answer.tags.items()}
        if with_segments:
            content["starts"] = np.round(answer.starts, 3).tolist()
            content["segment_seconds"] = answer.segment_seconds
            content["segments"] = [
                dict(zip(answer.probabilities, segment, strict=True))
                for segment in np.round(answer.segments.astype(float), 4).tolist()
            ]
        return json.dumps(content, ensure_ascii=False)

    return row


def verdict_rows(songs: Sequence[str], mapping: Sequence[str], *, width: int | None) -> AsRow:
    """Return the function that turns an answer into a row with its verdict, its tags and why.

    The row is at most `width` characters wide: then long names, and the tags, are cut.
    """
    longest = sorted(map(printable, mapping), key=wcwidth.width)[-2:]
    named = wcwidth.width(" or ".join(longest))
    name, rest = _widest(songs), None
    if width:
        name = min(name, max(NAME_LEAST, width // 3))
        named = min(named, max(NAME_LEAST, width - name - PERCENT - 2 * len(GAP)))
        rest = max(0, width - name - named - PERCENT - 3 * len(GAP))

    def row(answer: Answer) -> str:
        what = _fitted(printable(answer.named), named)
        said = f"{_fitted_end(answer.song, name)}{GAP}{what}{GAP}{answer.together:>{PERCENT}.0%}"
        why = f"{answer.verdict}: {answer.reason}" if answer.reason else ""
        return f"{said}{GAP}{_tags_and_reason(shown_tags(answer), why, rest)}".rstrip()

    return row


def _tags_and_reason(tags: Sequence[str], why: str, width: int | None) -> str:
    """Return tags and a reason in at most `width` characters: as many tags as there is room for."""
    room = width - len(why) - len(GAP) * bool(why) if width is not None else TAGS_MOST
    while tags and wcwidth.width(", ".join(tags)) > room:
        tags = tags[:-1]
    text = ", ".join(tags)
    return f"{text}{GAP if text else ''}{why}" if width is None or len(why) <= width else ""


def counts_line(verdicts: Counter[str]) -> str:
    """Return a line that says how many songs have each verdict."""
    sure, either, unclear = (verdicts[name] for name in (SURE, EITHER, OPEN))
    total = verdicts.total()
    songs = "1 song" if total == 1 else f"{total} songs"
    return f"{songs}: {sure} sure, {either} one of two, {unclear} open"


def ranked_rows(
    songs: Sequence[str], mapping: Sequence[str], *, count: int, width: int | None
) -> AsRow:
    """Return the function that turns an answer into a row with the `count` most likely genres.

    The row is at most `width` characters wide; genres that do not fit are on lines below.
    """
    longest, genre = _widest(songs), _widest(mapping)
    count = min(count, len(mapping))
    if width:
        genre = min(genre, GENRE_MOST)
    cell = len(GAP) + genre + 1 + PERCENT
    mark = _mark_width(width, min(longest, 2 * NAME_LEAST) + cell)
    name, per_line = longest, count
    if width:
        name = min(longest, max(NAME_LEAST, width - count * cell - mark))
        per_line = max(1, (width - name - mark) // cell)

    def row(answer: Answer) -> str:
        cells = [
            f"{GAP}{_fitted(printable(genre_name), genre)} {share:>{PERCENT}.0%}"
            for genre_name, share in answer.ranking[:count]
        ]
        lines = ["".join(cells[i : i + per_line]) for i in range(0, count, per_line)]
        lines[0] += _mark(answer, mark)
        return _fitted_end(answer.song, name) + f"\n{' ' * name}".join(lines)

    return row


def table_rows(
    songs: Sequence[str], mapping: Sequence[str], *, width: int | None
) -> tuple[str | None, AsRow]:
    """Return the header of a table of all genres, and the function that turns an answer into a row.

    The table is at most `width` characters wide. If the genres do not fit side by side, there is
    no header, and each row names its genres.
    """
    longest, cell = _widest(songs), max(PERCENT, _widest(mapping))
    mark = _mark_width(width, min(longest, 2 * NAME_LEAST) + (1 + PERCENT) * len(mapping))
    name = longest
    if width:
        name = min(longest, NAME_LEAST)
        cell = min(cell, (width - name - mark) // len(mapping) - 1)
        if cell < PERCENT:
            return None, ranked_rows(songs, mapping, count=len(mapping), width=width)
        name = min(longest, width - (1 + cell) * len(mapping) - mark)

    def row(answer: Answer) -> str:
        shares = (f" {answer.probabilities[genre]:>{cell}.0%}" for genre in mapping)
        return _fitted_end(answer.song, name) + "".join(shares) + _mark(answer, mark)

    heads = (wcwidth.clip(printable(genre), 0, cell) for genre in mapping)
    return " " * name + "".join(f" {wcwidth.rjust(head, cell)}" for head in heads), row


def _mark_width(width: int | None, needed: int) -> int:
    """Return the width of the mark at the end of a row: a word, or "?" if there is no room."""
    return NARROW_MARK if width and width < needed + WIDE_MARK else WIDE_MARK


def _mark(answer: Answer, width: int) -> str:
    """Return the mark of a song that is not surely of one genre; nothing for the others."""
    if answer.verdict == SURE:
        return ""
    return " ?" if width == NARROW_MARK else f"{GAP}{answer.verdict}"


def _widest(texts: Sequence[str]) -> int:
    return max(wcwidth.width(printable(text)) for text in texts)


def _fitted(text: str, width: int) -> str:
    """Return text cut or padded to exactly `width` characters of a terminal."""
    if wcwidth.width(text) > width:
        text = wcwidth.clip(text, 0, width - 1) + ELLIPSIS
    return wcwidth.ljust(text, width)


def _fitted_end(text: str, width: int) -> str:
    """Return text in exactly `width` characters; a long text keeps its end, the name in a path."""
    excess = wcwidth.width(text) - width
    if excess > 0:
        text = ELLIPSIS + wcwidth.clip(text, excess + 1, excess + width).lstrip()
    return wcwidth.ljust(text, width)


def check_segment_file(path: Path, n_songs: int) -> None:
    """Raise GenreError if the segments of `n_songs` songs cannot be written to one file.

    Raises OSError if nothing can be written there.
    """
    if path.suffix == ".txt" and n_songs > 1:
        raise GenreError(f"{path}: labels are for one song; give a .csv or .json file")
    check_place(path)


@contextmanager
def segment_file(path: Path) -> Iterator[Callable[[Answer], None]]:
    """Give a function that writes an answer's segments, with their most likely genres, to a file.

    The suffix, one of SEGMENT_FORMATS, decides the format. At the end the file replaces `path`.
    """
    with replacing(path) as unfinished, open(unfinished, "w", encoding="utf-8", newline="") as file:
        if path.suffix == ".csv":
            file.write(_csv_line(["song", "start", "end", "genre", "probability"]) + "\n")
        yield lambda answer: file.writelines(
            f"{line}\n" for line in _segment_lines(answer, path.suffix)
        )


def _segment_lines(answer: Answer, suffix: str) -> Iterator[str]:
    genres, rows = list(answer.probabilities), []
    for start, shares in zip(answer.starts.tolist(), answer.segments, strict=True):
        end = start + answer.segment_seconds
        rows.append((round(start, 3), round(end, 3), genres[shares.argmax()], float(shares.max())))
    if suffix == ".json":
        keys = ("start", "end", "genre", "probability")
        segments = [dict(zip(keys, (*row[:3], round(row[3], 4)), strict=True)) for row in rows]
        yield json.dumps({"song": answer.song, "segments": segments}, ensure_ascii=False)
        return
    for start, end, genre, share in rows:
        if suffix == ".csv":
            yield _csv_line([answer.song, start, end, genre, f"{share:.4f}"])
        else:
            yield f"{start}\t{end}\t{printable(genre)} {share:.0%}"


def read_earlier(path: Path | None) -> Earlier:
    """Read which songs an earlier csv or json output holds; an incomplete last row is ignored.

    A missing file, or None, holds none. Raises GenreError if the file cannot be read or is neither.
    """
    if path is None:
        return Earlier()
    try:
        # PowerShell's `>` writes UTF-16, cmd the system's code page; Excel adds a byte order mark.
        encoding = csv_table.encoding(path, unfinished=True)
        text = path.read_bytes().decode(encoding, errors="ignore").replace("\r\n", "\n")
    except FileNotFoundError:
        return Earlier(path)
    except OSError as error:
        raise GenreError(f"{path}: {error.strerror}") from None
    first, *_ = lines = text.split("\n")
    cut_off = bool(lines.pop())
    if text.startswith("{"):
        rows = [_row_of_json(line) for line in lines]
    elif text.startswith(CSV_START):
        columns = _csv_fields(first)
        rows = [_row_of_csv(line, columns) for line in lines]
    elif text and not CSV_START.startswith(text):
        raise GenreError(f"{path}: neither csv nor json output of this script")
    else:
        rows = []
    found = [row for row in rows if row is not None]
    songs, models = ({row[i] for row in found} for i in (0, 1))
    return Earlier(path, songs, models, first, cut_off)


def check_earlier(earlier: Earlier, form: str, header: str | None, model: str) -> None:
    """Raise GenreError if new rows would not fit those of an earlier output."""
    if form == "table" or not earlier.first:
        return
    fits = earlier.first == header if form == "csv" else earlier.first.startswith("{")
    if not fits:
        raise GenreError(
            f"{earlier.path}: its first line is not that of {form} output of this model"
        )
    others = earlier.models - {model[:DIGEST_LENGTH]}
    if others:
        raise GenreError(
            f"{earlier.path}: holds rows of another model ({min(others) or 'not named'}; this one "
            f"is {model[:DIGEST_LENGTH]}); give another file"
        )


def _row_of_json(line: str) -> tuple[str, str] | None:
    """Return the song and the model of a row; None for an incomplete row."""
    try:
        row = json.loads(line)
        song, model = row["song"], row.get("model", "")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return (song, model) if isinstance(song, str) and isinstance(model, str) else None


def _row_of_csv(line: str, columns: list[str]) -> tuple[str, str] | None:
    fields = _csv_fields(line)
    if len(fields) != len(columns) or line.startswith(CSV_START):
        return None
    return fields[0], fields[3] if columns[3:4] == ["model"] else ""


def _csv_fields(line: str) -> list[str]:
    try:
        return next(csv.reader([line], strict=True), [])
    except csv.Error:
        return []


def _csv_line(values: Sequence[Any]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow(values)
    return line.getvalue().removesuffix("\n")
