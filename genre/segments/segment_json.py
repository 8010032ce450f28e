"""The segment file as .json: written track by track, and read a chunk at a time.

Only the frames are large. They come last in the file. They are never all in memory as text or as
Python's numbers, which take eight times the memory of the array. Three libraries do the work:
orjson writes arrays, msgspec reads everything except the frames, simdjson reads numbers into an
array.
"""

import io
import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np

from genre.files import HashedFile

START = b"{"
CHUNK = 2**18  # bytes of text read at once, or more, up to the size of the unparsed rest
# Matches each string, with escaped characters, so that brackets inside are skipped, and the three
# brackets after it if the frames begin there: nothing else in the file is three lists deep.
STRINGS = re.compile(rb'"((?:[^"\\]|\\.)*+)"(\s*:\s*\[\s*\[\s*\[)?', re.DOTALL)
FRAMES_END = re.compile(rb"\]\s*\]\s*\]")
BETWEEN = b"]],[["  # two segments
SPACES = b" \n\r\t"
NUMBERS = b"0123456789.eE+-"


class Writer:
    """Keeps the frames in memory until everything that comes before them in the file is known."""

    def __init__(self, path: Path, _: np.dtype) -> None:
        self._path = path
        self._tracks: list[np.ndarray] = []

    def append(self, frames: np.ndarray) -> None:
        """Add the frames of a track, (segments, frames, bands)."""
        self._tracks.append(frames)

    def finish(self, content: dict[str, Any]) -> None:
        """Write the file; `content` holds everything except the frames."""
        with open(self._path, "wb") as file:
            file.write(_dumps(content)[:-1] + b"," + _dumps(content["feature"]) + b":")
            between = b"["
            for frames in self._tracks:
                file.write(between + _dumps(np.ascontiguousarray(frames))[1:-1])
                between = b","
            file.write(b"]}")

    def close(self) -> None:
        """Forget the frames."""
        self._tracks.clear()


def _dumps(value: Any) -> bytes:
    import orjson

    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)


@contextmanager
def reading(path: Path) -> Iterator[tuple[dict[str, Any], Callable[[], str]]]:
    """Give the content of a file, with the frames as an array, and a function for its digest.

    The frames are (segments, frames, bands) float32. Raises ValueError, or an error of a library,
    if it is not such JSON.
    """
    with HashedFile(path) as hashed:
        file = io.BufferedReader(hashed)
        head, key, text = _head(file)
        frames, tail = _read_frames(file, text)
        content = msgspec.json.decode(head + b"null" + tail + file.read())
        content[msgspec.json.decode(b'"' + key + b'"')] = frames
        yield content, hashed.hexdigest


def _head(file: BinaryIO) -> tuple[bytes, bytes, bytes]:
    """Return the text before the frames, the key of the frames, and the text after the key."""
    head = b""
    while chunk := file.read(max(CHUNK, len(head))):
        head += chunk if head else chunk.removeprefix(BOM_UTF8)  # of some of Windows' editors
        for string in STRINGS.finditer(head):
            if string[2]:
                start = head.index(b"[", string.end(1))
                return head[:start], string[1], b"[[" + head[string.end() :]
    if not head.startswith(START):
        raise ValueError("neither HDF5 nor a JSON object")
    raise ValueError("it holds no frames")


def _read_frames(file: BinaryIO, text: bytes) -> tuple[np.ndarray, bytes]:
    """Return the frames, whose text begins with `text` and continues in the file, and the rest."""
    frames = bytearray()  # it grows in place; an array would be copied
    shapes: set[tuple[int, ...]] = set()

    def add(segments: bytes) -> None:
        numbers = _numbers(segments)
        shapes.add(numbers.shape[1:])
        if len(shapes) > 1:
            raise ValueError("the frames are uneven")
        frames.extend(numbers.data.cast("B"))

    while not (end := FRAMES_END.search(text)):
        text = _compact(text)
        if (last := text.rfind(BETWEEN)) >= 0:
            add(text[: last + 2])
            text = text[last + 3 :]
        if not (chunk := file.read(max(CHUNK, len(text)))):
            raise ValueError("it ends within the frames")
        text += chunk
    add(_compact(text[: end.start()]) + b"]]")
    return np.frombuffer(frames, np.float32).reshape(-1, *shapes.pop()), text[end.end() :]


def _compact(text: bytes) -> bytes:
    """Return the text of frames without spaces and line breaks, which other programs write."""
    return text.translate(None, SPACES) if b" " in text or b"\n" in text else text


def _numbers(text: bytes) -> np.ndarray:
    """Return the frames of some segments, (segments, frames, bands) float32."""
    import simdjson

    brackets = text.translate(None, NUMBERS)
    first = brackets[: brackets.find(b"]]") + 2]
    row = first[1 : first.find(b"]") + 1]
    n_bands, n_frames = len(row) - 1, first.count(b"],[") + 1
    n_segments = brackets.count(b"]],[[") + 1
    segment = b"[" + b",".join([row] * n_frames) + b"]"
    if row.strip(b"[],") or brackets != b",".join([segment] * n_segments):
        raise ValueError("the frames are uneven, or not numbers")
    numbers: Any = simdjson.Parser().parse(b"[" + text + b"]")  # an array of arrays
    with np.errstate(over="ignore"):  # too large a number becomes infinite, and is refused later
        flat = np.frombuffer(numbers.as_buffer(of_type="d")).astype(np.float32)
    return flat.reshape(n_segments, n_frames, n_bands)
