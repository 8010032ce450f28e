"""The segment file as .json: written track by track, and read in pieces.

Only the frames are large. They stand last in the file and are never all held as text, nor as
Python's numbers, which take eight times the memory of the array.
"""

from pathlib import Path
from typing import Any, BinaryIO

import lazy_loader as lazy
import numpy as np
import orjson

simdjson = lazy.load("simdjson")

BLOCK = 2**18  # bytes of text read at once, or as much again as waits to be understood
FRAMES_BEGIN, FRAMES_END = b'":[[[', b"]]]"  # nothing else in the file is three lists deep
BETWEEN = b"]],[["  # two segments
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
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)


def read(path: Path) -> dict[str, Any]:
    """Return what a file holds, the frames as (segments, frames, bands) float32 if it is ours.

    Raises ValueError, or an error that orjson or simdjson makes of it, where it is not JSON.
    """
    with open(path, "rb") as file:
        head = b""
        while FRAMES_BEGIN not in head:
            if not (block := file.read(max(BLOCK, len(head)))):
                return orjson.loads(head)  # with other spaces than ours; slower
            head += block
        head, _, text = head.partition(FRAMES_BEGIN)
        frames, text = _read_frames(file, b"[[" + text)
        content = orjson.loads(head + b'":[]' + text + file.read())
    if content[content["feature"]] == []:
        content[content["feature"]] = frames
    return content


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

    while (end := text.find(FRAMES_END)) < 0:
        if (last := text.rfind(BETWEEN)) >= 0:
            add(text[: last + 2])
            text = text[last + 3 :]
        if not (block := file.read(max(BLOCK, len(text)))):
            raise ValueError("it ends amid the frames")
        text += block
    add(text[: end + 2])
    return np.frombuffer(frames, np.float32).reshape(-1, *shape), text[end + 3 :]


def _numbers(text: bytes) -> np.ndarray:
    """Return the frames of some segments, (segments, frames, bands) float32."""
    brackets = text.translate(None, NUMBERS)
    first = brackets[: brackets.find(b"]]") + 2]
    row = first[1 : first.find(b"]") + 1]
    n_bands, n_frames = len(row) - 1, first.count(b"],[") + 1
    n_segments = brackets.count(b"]],[[") + 1
    segment = b"[" + b",".join([row] * n_frames) + b"]"
    if brackets != b",".join([segment] * n_segments):
        raise ValueError("the frames are uneven, or not numbers")
    numbers = simdjson.Parser().parse(b"[" + text + b"]").as_buffer(of_type="d")
    with np.errstate(over="ignore"):  # becomes infinite, which is refused later
        flat = np.frombuffer(numbers).astype(np.float32)
    return flat.reshape(n_segments, n_frames, n_bands)
