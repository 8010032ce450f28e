"""Write a library of songs as one HTML page that needs no internet connection.

The page plays the songs, shows their genres over time, takes corrections, and saves corrections and
playlists. If songs have embeddings, it knows the songs most similar to each one, and from 30 songs
on it has a map of the library. What it looks like and does is in the folder `web`: HTML, CSS and
JavaScript, which are put into the page as they are.
"""

import hashlib
import html
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import numpy as np

from genre.collection import neighbours
from genre.errors import DatasetError
from genre.evaluation import projection
from genre.files import printable, replacing
from genre.model.answer import Answer, shown_tags
from genre.reporting.figures import style
from genre.songs import file_tags
from genre.songs.file_tags import Tags

WEB = Path(__file__).with_name("web")
SCRIPTS = ("songs.js", "filters.js", "corrections.js", "table.js", "map.js", "player.js", "page.js")
VERDICTS = ("sure", "either", "open")
COLUMNS = 120  # the most columns of a song's strip
BANDS = 3  # genres that each column of a strip shows, the likeliest first
SIMILAR = 10  # songs that are named as similar to a song
GRID = 10_000  # the map's positions are whole numbers from 0 to this
LOOKS = 100  # genres with colours and marks of their own, those that a person adds among them
FIRST_LETTER = 161  # a number n of a strip is the letter with the code FIRST_LETTER + n


def write(
    songs: Iterable[tuple[Path, Answer]],
    mapping: Sequence[str],
    path: Path,
    *,
    title: str,
    seed: int,
    read_tags: Callable[[Path], Tags] = file_tags.read,
    step: Callable[[str], object],
) -> None:
    """Write a page about songs, given with their answers; those with an error are only listed.

    Each song is put away in a file as it comes, so that memory does not grow with their number.
    `seed` makes the same map of the same songs. `read_tags` says what a file's tags hold. `step`
    is called with the name of each step that follows the last song.
    """
    with tempfile.TemporaryDirectory() as folder:
        rows, vectors = Path(folder) / "rows", Path(folder) / "embeddings"
        failed, width = _put_away(songs, mapping, path.absolute().parent, read_tags, rows, vectors)
        before, after = _template(title).split("<!-- data -->")
        with replacing(path) as unfinished, open(unfinished, "wb") as file:
            file.write(before.encode())
            _write_data(file, path, mapping, failed, rows)
            _write_neighbours(file, vectors, width, seed, step)
            file.write(b"}" + after.encode())


def _put_away(
    songs: Iterable[tuple[Path, Answer]],
    mapping: Sequence[str],
    folder: Path,
    read_tags: Callable[[Path], Tags],
    rows: Path,
    vectors: Path,
) -> tuple[list[tuple[str, str]], int]:
    """Write a line of JSON for each song, and its embedding as float16.

    Returns the failed files with their reasons, and the number of values of an embedding: 0 if a
    song has none.
    """
    failed: list[tuple[str, str]] = []
    widths: set[int] = set()
    label = {name: number for number, name in enumerate(mapping)}
    with open(rows, "w", encoding="utf-8") as row_file, open(vectors, "wb") as vector_file:
        for song, answer in songs:
            if answer.error:
                failed.append((printable(song), answer.error))
                continue
            known = Tags()
            with suppress(DatasetError):  # a song without readable tags is shown by its path
                known = read_tags(song)
            row = _row(song, answer, label, known, folder)
            row_file.write((",\n" if widths else "") + _json(row))
            embedding = np.empty(0) if answer.embedding is None else answer.embedding
            vector_file.write(embedding.astype(np.float16).tobytes())
            widths.add(embedding.size)
    return failed, widths.pop() if len(widths) == 1 else 0


def _row(song: Path, answer: Answer, label: dict[str, int], known: Tags, folder: Path) -> list[Any]:
    """Return what the page knows of a song, in the order in which `songs.js` reads it."""
    (first, p_first), (second, p_second) = [*answer.ranking, (answer.genre, 0.0)][:2]
    relative, address = _place(song, folder)
    starts, width, strip = _strip(answer)
    return [
        relative,
        address,
        "; ".join(known.artists) or known.artist,
        known.title,
        "; ".join(known.genres),
        round(known.seconds),
        VERDICTS.index(answer.verdict),
        [label[name] for name in answer.genres],
        round(100 * answer.together),
        label[first],
        round(100 * p_first),
        label[second],
        round(100 * p_second),
        answer.reason,
        list(shown_tags(answer)),
        starts,
        width,
        strip,
    ]


def _place(song: Path, folder: Path) -> tuple[str, str]:
    """Return a song's path from the page's folder, and its address if that path cannot be shown."""
    try:
        relative = Path(os.path.relpath(song.absolute(), folder)).as_posix()
    except ValueError:  # on another drive of Windows
        return printable(song.absolute().as_posix()), song.absolute().as_uri()
    shown = printable(relative)
    return shown, "" if shown == relative else quote(os.fsencode(relative))


def _strip(answer: Answer) -> tuple[list[float], float, str]:
    """Return when each column of a song's strip begins, its width, and its genres as letters.

    Times are in seconds. A column is the mean of some segments. It has BANDS pairs of letters: a
    genre's label, and its probability as a percentage.
    """
    columns = min(COLUMNS, len(answer.segments))
    times = np.array_split(np.asarray(answer.starts), columns)
    numbers = []
    for part in np.array_split(answer.segments, columns):
        mean = part.mean(axis=0)
        for best in np.argsort(-mean, kind="stable")[:BANDS]:
            numbers += [int(best), round(100 * float(mean[best]))]
    letters = "".join(chr(FIRST_LETTER + number) for number in numbers)
    width = times[0][-1] - times[0][0] + answer.segment_seconds
    return [round(float(part[0]), 1) for part in times], round(float(width), 1), letters


def _template(title: str) -> str:
    """Return the page without its data: the HTML with the style and the scripts in it."""
    text = (WEB / "page.html").read_text(encoding="utf-8")
    style = (WEB / "page.css").read_text(encoding="utf-8")
    scripts = "\n".join((WEB / name).read_text(encoding="utf-8") for name in SCRIPTS)
    for place, content in (("title", html.escape(title)), ("style", style), ("scripts", scripts)):
        text = text.replace(f"<!-- {place} -->", content)
    return text


def _write_data(
    file: BinaryIO, path: Path, mapping: Sequence[str], failed: list[tuple[str, str]], rows: Path
) -> None:
    """Write the page's data but for the neighbours, as JSON whose last brace is still missing."""
    place = path.absolute()
    content = {
        "key": hashlib.sha256(os.fsencode(place)).hexdigest()[:16],  # of what the browser keeps
        "folder": printable(place.parent.as_posix()),
        "genres": list(mapping),
        "looks": [style(number) for number in range(LOOKS)],
        "bands": min(BANDS, len(mapping)),
        "grid": GRID,
        "firstLetter": FIRST_LETTER,
        "failed": failed,
    }
    file.write(_json(content).removesuffix("}").encode() + b',"songs":[\n')
    with open(rows, "rb") as lines:
        file.writelines(lines)
    file.write(b"]")


def _write_neighbours(
    file: BinaryIO, vectors: Path, width: int, seed: int, step: Callable[[str], object]
) -> None:
    """Write each song's place on the map and its most similar songs, as two more members."""
    if not width or vectors.stat().st_size <= 2 * width:  # no embeddings, or those of one song
        return
    embeddings = np.memmap(vectors, dtype=np.float16, mode="r").reshape(-1, width)
    step("comparing the songs")
    reduced = neighbours.reduced(embeddings, seed)
    done = 0
    file.write(b',"similar":[')
    for block in neighbours.nearest(reduced, SIMILAR):
        file.write((b",\n" if done else b"") + _json(block.tolist())[1:-1].encode())
        done += len(block)
        step(f"similar songs of {done} of {len(reduced)}")
    file.write(b"]")
    step("drawing the map")
    positions = projection.all_positions(reduced, seed)
    if positions is not None:
        file.write(b',"places":' + _json(_on_grid(positions).tolist()).encode())


def _on_grid(positions: np.ndarray) -> np.ndarray:
    """Return positions, (songs, 2), as whole numbers from 0 to GRID, so that they fill a square."""
    lowest = positions.min(axis=0)
    extent = positions.max(axis=0) - lowest
    return np.round((positions - lowest) / np.where(extent > 0, extent, 1) * GRID).astype(int)


def _json(content: Any) -> str:
    """Return content as JSON that is safe inside an HTML element."""
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    return text.replace("<", "\\u003c")
