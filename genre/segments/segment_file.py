"""Read and write the segment file, as .json (readable anywhere) or .h5 (for large data).

    {"schema": 1, "feature": "mfcc", "settings": {...}, "mapping": ["blues", ...],
     "tracks": [...], "skipped": [...], "labels": [...], "track_index": [...], "mfcc": [[[...]]]}

The further keys of `Content` are there if the data set has them. `segments.Index` says what each
key holds.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np

from genre.errors import DatasetError, reason
from genre.files import beginning, check_place, replacing
from genre.segments import Index, Segments, blocks, course_file, segment_hdf5, segment_json

SCHEMA = 1
JSON, HDF5 = ".json", ".h5"
BYTES = {"json": 10, "float32": 4, "float16": 2}  # that a number takes; about 10 in JSON
ENCODINGS = {JSON: segment_json, HDF5: segment_hdf5}  # by the suffix, of a file to write

Append = Callable[[np.ndarray], None]  # takes the frames of a track, (segments, frames, bands)
Finish = Callable[[Index], None]
Place = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]  # an index into a list


class Skipped(msgspec.Struct):
    """A song that could not be used, and why."""

    track: str
    reason: str


# msgspec checks types as it reads. It is faster than pydantic and needs no other packages.
class Content(msgspec.Struct):
    """What a segment file holds, except its frames."""

    schema: Literal[1]
    feature: str
    settings: dict[str, Any]
    mapping: Annotated[list[str], msgspec.Meta(min_length=2)]
    tracks: list[str]
    labels: list[Place]
    track_index: list[Place]
    skipped: list[Skipped]
    parts: list[Literal["train", "validation", "test", ""]] = []
    artists: list[str] = []
    also: list[tuple[Place, Place]] = []
    recordings: list[Place] | None = None
    pitch_shift: list[float] | None = None
    altered: list[Place] | None = None
    front_end: str = ""


@contextmanager
def writing(path: Path, dtype: str = "float32") -> Iterator[tuple[Append, Finish]]:
    """Give two functions: one adds the frames of a track, the other completes the file.

    In .h5 the frames go to the disk at once. The same frames always give the same bytes. Raises
    DatasetError for a suffix other than .json and .h5.
    """
    check_suffix(path)
    with replacing(path) as unfinished:
        writer = ENCODINGS[path.suffix].Writer(unfinished, np.dtype(dtype))
        try:
            yield writer.append, lambda index: writer.finish(_content(index))
        finally:
            writer.close()


def write(segments: Segments, path: Path) -> None:
    """Write a segment file at once; raises DatasetError as `writing` does."""
    with writing(path) as (append, finish):
        for frames in blocks(segments.frames):
            append(frames)
        finish(segments)


def read(path: Path) -> Segments:
    """Read a segment file; the frames of an .h5 stay on the disk until they are used.

    Its content tells which of the two it is. The file of Velardo's course can be read, too. Raises
    DatasetError if the file is missing, damaged or not a segment file.
    """
    check_suffix(path)
    if not path.is_file():
        why = "not a file" if path.exists() else "no such file; preprocess.py writes it"
        raise DatasetError(f"{path}: {why}")
    is_hdf5 = beginning(path).startswith(segment_hdf5.START)
    encoding = segment_hdf5 if is_hdf5 else segment_json
    try:
        with encoding.reading(path) as (content, digest):
            if set(content) == course_file.KEYS:
                return course_file.segments(content, digest(), path)
            segments = _segments(content)
            _check(segments)  # reads all frames, which are hashed meanwhile
            return replace(segments, digest=digest())
    except KeyError as error:
        raise DatasetError(f"{path}: not a segment file: {error} is missing") from None
    except (
        ArithmeticError,
        OSError,
        RuntimeError,  # of h5py, as are some of the others
        TypeError,
        ValueError,
        msgspec.MsgspecError,
    ) as error:
        raise DatasetError(f"{path}: not a segment file, or damaged: {reason(error)}") from None


def is_one(path: Path) -> bool:
    """Say whether a path is that of a segment file, by how the file begins, or by the suffix."""
    if path.suffix in ENCODINGS:
        return True
    return path.is_file() and beginning(path).startswith((segment_hdf5.START, segment_json.START))


def check_output(path: Path) -> None:
    """Raise DatasetError or OSError if no segment file can be written to a path."""
    check_suffix(path)
    check_place(path)


def check_suffix(path: Path) -> None:
    """Raise DatasetError if a path does not have the suffix of a segment file."""
    if path.suffix not in ENCODINGS:
        raise DatasetError(f"{path}: a segment file ends in {JSON} or {HDF5}")


def _content(index: Index) -> dict[str, Any]:
    """Return everything in a segment file but its frames."""
    names = ("parts", "artists", "also", "front_end", "recordings", "pitch_shift", "altered")
    optional = {name: it for name in names if (it := getattr(index, name)) is not None}
    return {
        "schema": SCHEMA,
        "feature": index.feature,
        "settings": index.settings,
        "mapping": index.mapping,
        "tracks": index.tracks,
        "skipped": index.skipped,
        "labels": index.labels,
        "track_index": index.track_index,
    } | {key: value for key, value in optional.items() if len(value)}


def _segments(values: dict[str, Any]) -> Segments:
    """Return the segments of a file, after a check of the types of its values."""
    if values["schema"] != SCHEMA:
        raise ValueError(f"schema {values['schema']!r:.40}, this version reads {SCHEMA}")
    frames = values[values["feature"]]
    content = msgspec.convert(values, Content)
    recordings, shift, altered = content.recordings, content.pitch_shift, content.altered
    return Segments(
        feature=content.feature,
        settings=content.settings,
        mapping=content.mapping,
        tracks=content.tracks,
        labels=np.array(content.labels, dtype=np.int64),
        track_index=np.array(content.track_index, dtype=np.int64),
        frames=frames,
        skipped=[msgspec.structs.asdict(song) for song in content.skipped],
        parts=list(content.parts),
        artists=content.artists,
        also=np.array(content.also, dtype=np.int64).reshape(-1, 2),
        recordings=None if recordings is None else np.array(recordings),
        pitch_shift=None if shift is None else np.array(shift),
        altered=None if altered is None else np.array(altered),
        front_end=content.front_end,
    )


def _check(segments: Segments) -> None:
    """Raise ValueError if the values of a segment file do not fit together."""
    frames, n_segments = segments.frames, len(segments.labels)
    if getattr(frames, "ndim", 0) != 3 or not frames.size:
        raise ValueError(f"the frames have the shape {getattr(frames, 'shape', ())}")
    if frames.dtype.kind not in "iuf":
        raise ValueError("the frames are not numbers")
    if not len(frames) == n_segments == len(segments.track_index):
        raise ValueError("labels, track_index and frames differ in length")
    for what in ("mapping", "tracks"):
        names = getattr(segments, what)
        if len(set(names)) < len(names):
            raise ValueError(f"{what} holds a name twice")
        "".join(names).encode()  # raises a ValueError if a name is not valid text
    for what, names in (("labels", segments.mapping), ("track_index", segments.tracks)):
        if getattr(segments, what).max() >= len(names):
            raise ValueError(f"{what} points outside its list")
    if (segments.also >= [len(segments.tracks), len(segments.mapping)]).any():
        raise ValueError("also points outside its lists")
    for what in ("parts", "artists"):
        if len(getattr(segments, what)) not in (0, len(segments.tracks)):
            raise ValueError(f"{what} and tracks differ in length")
    recordings = segments.recordings
    if recordings is not None and (
        len(recordings) != len(segments.tracks) or (recordings >= len(recordings)).any()
    ):
        raise ValueError("recordings does not hold a track for each track")
    shift = segments.pitch_shift
    if shift is not None and not (len(shift) == n_segments and np.isfinite(shift).all()):
        raise ValueError("pitch_shift does not hold a number for each segment")
    if segments.altered is not None and len(segments.altered) != n_segments:
        raise ValueError("altered and frames differ in length")
    pairs = np.unique(np.stack([segments.track_index, segments.labels]), axis=1)
    if pairs.shape[1] > len(np.unique(segments.track_index)):
        raise ValueError("a track has two labels")
    if not all(np.isfinite(block).all() for block in blocks(frames)):
        raise ValueError("the frames hold values that are not numbers")
