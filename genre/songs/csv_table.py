"""Read CSV tables in the forms in which spreadsheets and other programs write them.

The values may be separated by commas, semicolons or tabs. The text may be UTF-8, UTF-16 (Excel and
PowerShell write it, with a byte order mark) or Windows-1252.
"""

import csv
import io
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from genre.errors import DatasetError, reason
from genre.files import HashedFile, beginning

DELIMITERS = (",", ";", "\t")
CHUNK = 2**20  # bytes that are decoded at once to find the encoding


def rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a table, without blank ones, each with the number of its last line.

    Raises DatasetError if the file is not CSV.
    """
    with HashedFile(path) as file:
        yield from rows_of(file, path)


def rows_of(raw: HashedFile, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of an open table as `rows` does; its digest is known after the last row."""
    line = 0
    beginning(path)  # raises GenreError where it is a pointer
    try:
        text = io.TextIOWrapper(io.BufferedReader(raw), encoding(path), newline="")
        header = text.readline()
        delimiter = max(DELIMITERS, key=header.count)
        # Without strict, a quote that is not closed would swallow all rows after it.
        reader = csv.reader(chain([header], text), delimiter=delimiter, strict=True)
        for row in reader:
            line = reader.line_num
            if any(row):
                yield line, row
    except csv.Error as error:
        raise DatasetError(f"{path}, after line {line}: not CSV ({error})") from None
    except UnicodeError as error:
        raise DatasetError(
            f"{path}: not a CSV file in a known encoding ({reason(error)})"
        ) from None


def records(
    path: Path, needed: Sequence[str], *, optional: Sequence[str] = ()
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows of a table by the names of its columns, in lower case, each with its line.

    An optional column that is not there is empty. Raises DatasetError as `rows`, `check_columns`
    and `check_width` do.
    """
    lines = rows(path)
    _, header = next(lines, (0, []))
    columns = [name.strip().lower() for name in header]
    check_columns(needed, columns, path, optional=optional)
    for line, row in lines:
        check_width(row, len(columns), f"{path}, line {line}")
        yield line, dict.fromkeys(optional, "") | dict(zip(columns, row, strict=True))


def encoding(path: Path, *, unfinished: bool = False) -> str:
    """Return the encoding of a text file: by its byte order mark; else UTF-8 or Windows-1252.

    Text that is valid UTF-8 is hardly ever anything else, so no statistics of letters are needed,
    which are often wrong about short lists. An `unfinished` file may end within a letter.
    """
    decoder = getincrementaldecoder("utf-8")()
    with open(path, "rb") as file:
        if file.read(2) in (BOM_UTF16_LE, BOM_UTF16_BE):
            return "utf-16"
        file.seek(0)
        try:
            while chunk := file.read(CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=not unfinished)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"


def check_columns(
    needed: Sequence[str], found: Sequence[str], path: Path, *, optional: Sequence[str] = ()
) -> None:
    """Raise DatasetError if a table lacks needed columns, or has one that is used twice."""
    lacking = [name for name in needed if name not in found]
    if lacking:
        names = ", ".join(f"{name:.40}" for name in found[:12] if name) or "none"
        more = ", ..." if len(found) > 12 else ""
        raise DatasetError(f"{path}: lacks the columns {','.join(lacking)}; it has {names}{more}")
    twice = [name for name in (*needed, *optional) if found.count(name) > 1]
    if twice:
        raise DatasetError(f"{path}: has the column {twice[0]} twice")


def check_width(row: Sequence[str], width: int, where: str) -> None:
    """Raise DatasetError if a row does not have as many values as its table has columns."""
    if len(row) != width:
        raise DatasetError(
            f"{where}: {len(row)} values in {width} columns; quote values that hold the separator"
        )
