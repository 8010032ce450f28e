"""The segment file as .h5: appended to track by track, and read without loading the frames.

Feature, schema, settings and skipped songs are attributes of the file, the rest its data sets.
"""

import io
import json
from pathlib import Path
from typing import Any

import lazy_loader as lazy
import numpy as np

h5py = lazy.load("h5py")

ATTRIBUTES = ("schema", "feature", "settings", "skipped")
CHUNK = 2**18  # bytes that HDF5 reads and writes at once
UNNAMED = "frames"  # their name until the feature is known


class Writer:
    """Puts the frames of tracks on the disk as they come."""

    def __init__(self, path: Path, dtype: np.dtype) -> None:
        self._disk = _Disk(path, "w+")
        self._file = h5py.File(self._disk, "w")
        self._dtype = dtype

    def append(self, frames: np.ndarray) -> None:
        """Add the frames of a track, (segments, frames, bands); OSError where there is no room."""
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
        """Write everything but the frames; OSError where there is no room for it."""
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
        """Close the file, whole or not."""
        self._file.close()
        self._disk.close()


class _Disk(io.FileIO):
    """A file that keeps the error of a full disk for later: HDF5 itself does not survive one."""

    _error: OSError | None = None

    def write(self, data: bytes) -> int:
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
        """Raise the OSError that writing has met."""
        if self._error:
            raise self._error


def read(path: Path) -> dict[str, Any]:
    """Return what a file holds; the frames stay in it, an h5py.Dataset that reads when indexed.

    Raises OSError, KeyError, ValueError, or what else h5py makes of a file that is not ours.
    """
    file = h5py.File(path)
    content = dict(file.attrs)
    content["schema"] = int(content["schema"])
    for key in ("settings", "skipped"):
        content[key] = json.loads(content[key])
    for key, data in file.items():
        if not isinstance(data, h5py.Dataset):
            raise ValueError(f"{key} is no data set")
        if key != content["feature"]:
            data = np.asarray(data.asstr()[()]).tolist() if data.dtype == object else data[()]
        content[key] = data
    return content
