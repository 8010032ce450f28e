"""The segment file as .json: written track by track, and read in pieces.

Only the frames are large. They stand last in the file and are never all held as text, nor as
Python's numbers, which take eight times the memory of the array. Three libraries share the work:
orjson writes arrays, msgspec reads what is not frames, simdjson reads numbers into an array.
"""

import io
import re
from codecs import BOM_UTF8
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np

from genre.files import HashedFile

START = b"{"
BLOCK = 2**18  # bytes of text read at once, or as much again as waits to be understood
# Each string in turn, quotes and backslashes within it left out of account, and what follows one
# where the frames begin: nothing else in the file is three lists deep.
STRINGS = re.compile(rb'"((?:[^"\\]|\\.)*+)"(\s*:\s*\[\s*\[\s*\[)?', re.DOTALL)
FRAMES_END = re.compile(rb"\]\s*\]\s*\]")
BETWEEN = b"]],[["  # two segments
SPACES = b" \n\r\t"
NUMBERS = b"0123456789.eE+-"


class Writer:
    """Keeps the frames of tracks until what stands before them is known."""

    def __init__(self, path: Path, _: np.dtype) -> None:
        self._path = path
        self._tracks: list[np.ndarray] = []

    def append(self, frames: np.ndarray) -> None:
        """Add the frames of a track, (segments, frames, bands)."""
        self._tracks.append(frames)

    def finish(self, content: dict[str, Any]) -> None:
        """Write the file: `content` holds everything but the frames."""
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


def read(path: Path) -> tuple[dict[str, Any], str]:
    """Return what a file holds, the frames as (segments, frames, bands) float32, and its digest.

    Raises ValueError, or an error that a library makes of it, where it is not such JSON.
    """
    with HashedFile(path) as hashed:
        file = io.BufferedReader(hashed)
        head, key, text = _head(file)
        frames, tail = _read_frames(file, text)
        content = msgspec.json.decode(head + b"null" + tail + file.read())
        content[msgspec.json.decode(b'"' + key + b'"')] = frames
        return content, hashed.hexdigest()


def _head(file: BinaryIO) -> tuple[bytes, bytes, bytes]:
    """Return what stands before the frames, the key of the frames, and the text that follows."""
    head = b""
    while block := file.read(max(BLOCK, len(head))):
        head += block if head else block.removeprefix(BOM_UTF8)  # of some of Windows' editors
        for string in STRINGS.finditer(head):
            if string[2]:
                start = head.index(b"[", string.end(1))
                return head[:start], string[1], b"[[" + head[string.end() :]
    if not head.startswith(START):
        raise ValueError("neither HDF5 nor a JSON object")
    raise ValueError("no list of the shape (segments, frames, bands)")


def _read_frames(file: BinaryIO, text: bytes) -> tuple[np.ndarray, bytes]:
    """Return the frames whose text begins with `text` and goes on in the file; what follows it."""
    frames, shape = bytearray(), None  # which grows without being copied, as an array would be

    def add(piece: bytes) -> None:
        nonlocal shape
        numbers = _numbers(piece)
        shape = shape or numbers.shape[1:]
        if numbers.shape[1:] != shape:
            raise ValueError("the frames are uneven")
        frames.extend(numbers.data.cast("B"))

    while not (end := FRAMES_END.search(text)):
        text = _compact(text)
        if (last := text.rfind(BETWEEN)) >= 0:
            add(text[: last + 2])
            text = text[last + 3 :]
        if not (block := file.read(max(BLOCK, len(text)))):
            raise ValueError("it ends amid the frames")
        text += block
    add(_compact(text[: end.start()]) + b"]]")
    return np.frombuffer(frames, np.float32).reshape(-1, *shape), text[end.end() :]


def _compact(text: bytes) -> bytes:
    """Return the text of frames without the spaces and lines that other programs write."""
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
    numbers = simdjson.Parser().parse(b"[" + text + b"]").as_buffer(of_type="d")
    with np.errstate(over="ignore"):  # becomes infinite, which is refused later
        flat = np.frombuffer(numbers).astype(np.float32)
    return flat.reshape(n_segments, n_frames, n_bands)
