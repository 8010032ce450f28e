"""The segment file as .h5: written track by track, and read without loading the frames.

Feature, schema, settings and skipped songs are attributes of the file; all else is in data sets.
"""

import io
import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from genre.errors import DatasetError
from genre.files import HashedFile

START = b"\x89HDF\r\n\x1a\n"  # of every HDF5 file
ATTRIBUTES = ("schema", "feature", "settings", "skipped")
CHUNK = 2**18  # bytes that HDF5 reads and writes at once
UNNAMED = "frames"  # the name of the frames until the feature is known


class Writer:
    """Writes the frames of each track to the disk at once."""

    def __init__(self, path: Path, dtype: np.dtype) -> None:
        import h5py

        self._disk = _Disk(path, "w+")
        self._file = h5py.File(self._disk, "w")
        self._dtype = dtype

    def append(self, frames: np.ndarray) -> None:
        """Add the frames of a track, (segments, frames, bands); OSError if the disk is full."""
        if UNNAMED not in self._file:
            segment_bytes = self._dtype.itemsize * frames[0].size
            self._file.create_dataset(
                UNNAMED,
                shape=(0, *frames.shape[1:]),
                maxshape=(None, *frames.shape[1:]),
                chunks=(max(1, CHUNK // segment_bytes), *frames.shape[1:]),
                dtype=self._dtype,
            )
        data = self._file[UNNAMED]
        data.resize(len(data) + len(frames), axis=0)
        data[-len(frames) :] = frames.astype(self._dtype, copy=False)  # HDF5 rounds some wrongly
        self._disk.check()

    def finish(self, content: dict[str, Any]) -> None:
        """Write everything except the frames; OSError if the disk is full."""
        self._file.move(UNNAMED, content["feature"])
        for key, value in content.items():
            if key in ATTRIBUTES:
                is_plain = not isinstance(value, list | dict)
                self._file.attrs[key] = value if is_plain else json.dumps(value)
            else:
                self._file[key] = value
        self.close()
        self._disk.check()

    def close(self) -> None:
        """Close the file, complete or not."""
        self._file.close()
        self._disk.close()


class _Disk(io.FileIO):
    """A file that keeps the error of a full disk for later, because HDF5 crashes on one."""

    _error: OSError | None = None

    def write(self, data: Any) -> int:
        try:
            written = 0 if self._error else super().write(data)
            while not self._error and written < len(data):
                written += super().write(memoryview(data)[written:])
        except OSError as error:
            self._error = error
        return len(data)

    def truncate(self, size: int | None = None) -> int:
        try:
            return super().truncate(size)
        except OSError as error:
            self._error = self._error or error
            return 0

    def check(self) -> None:
        """Raise the OSError that occurred while writing, if one did."""
        if self._error:
            raise self._error


class Frames:
    """The frames in a file, (segments, frames, bands), which are read from the disk when indexed.

    The file is open only while it is read: so it can be replaced on Windows, too, and this object
    can be sent to another process. Raises DatasetError if the file has been replaced.
    """

    def __init__(self, path: Path, data: Any) -> None:
        self.shape: tuple[int, ...] = data.shape or ()
        self.ndim, self.size, self.dtype = len(self.shape), math.prod(self.shape), data.dtype
        self._path, self._name = path.absolute(), data.name
        self._state = _state(path)
        self._open = data  # while `reading` has the file open

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice | np.ndarray | tuple) -> np.ndarray:
        with self.opened() as data:
            return data[rows]

    @contextmanager
    def opened(self) -> Iterator[Any]:
        """Give the h5py.Dataset itself, to read from it several times."""
        import h5py

        if self._open is not None:
            yield self._open
            return
        with h5py.File(self._path) as file:
            if _state(self._path) != self._state:
                raise DatasetError(f"{self._path}: was replaced while it was in use; start again")
            yield file[self._name]

    def let_go(self) -> None:
        """Open the file anew for each further reading."""
        self._open = None


def _state(path: Path) -> tuple[int, int]:
    """Return what changes if a file is replaced: its size and the time of writing."""
    state = path.stat()
    return state.st_size, state.st_mtime_ns


@contextmanager
def reading(path: Path) -> Iterator[tuple[dict[str, Any], Callable[[], str]]]:
    """Give the content of a file, with the frames as `Frames`, and a function for its digest.

    What is read in the block is hashed at the same time: if all frames are, the file is read once.
    For a file that is not ours it raises OSError, KeyError, ValueError, or another error of h5py.
    """
    import h5py

    with HashedFile(path) as hashed, h5py.File(hashed) as file:
        content = dict(file.attrs)
        content["schema"] = int(content["schema"])
        for key in ("settings", "skipped"):
            content[key] = json.loads(content[key])
        for key, data in file.items():
            if not isinstance(data, h5py.Dataset):
                raise ValueError(f"{key} is not a data set")
            content[key] = Frames(path, data) if key == content["feature"] else _values(data)
        frames = content[content["feature"]]
        if not isinstance(frames, Frames):
            raise ValueError(f"{content['feature']} is not a data set")
        try:
            yield content, hashed.hexdigest
        finally:
            frames.let_go()


def _values(data: Any) -> Any:
    """Return a data set as Python's numbers and strings."""
    values = data.asstr()[()] if data.dtype == object else data[()]
    return np.asarray(values).tolist()
