"""Read and write the segment file, as .json (readable anywhere) or .h5 (for large data).

    {"schema": 1, "feature": "mfcc", "settings": {...}, "mapping": ["blues", ...],
     "tracks": [...], "skipped": [...], "labels": [...], "track_index": [...], "mfcc": [[[...]]]}

Where the data set brings them, "parts" and "artists" hold a text for each track; "pitch_shift"
holds a number of semitones for each segment where there are shifted copies.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from genre import checks
from genre.datasets import PARTS, UNUSED, Index, Segments, blocks, segment_hdf5, segment_json
from genre.errors import DatasetError
from genre.files import check_place, replacing

SCHEMA = 1
JSON, HDF5 = ".json", ".h5"
BYTES = {"json": 10, "float32": 4, "float16": 2}  # a number takes, in JSON about
ENCODINGS = {JSON: segment_json, HDF5: segment_hdf5}

Append = Callable[[np.ndarray], None]  # takes the frames of a track, (segments, frames, bands)
Finish = Callable[[Index], None]


@contextmanager
def writing(path: Path, dtype: str = "float32") -> Iterator[tuple[Append, Finish]]:
    """Give two functions: one takes the frames of track after track, one ends the file.

    In .h5 the frames go to the disk as they come. The same frames give the same bytes. Raises
    DatasetError for a suffix that is neither .json nor .h5.
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

    Raises DatasetError when it is missing, not whole or not a segment file.
    """
    check_suffix(path)
    if not path.is_file():
        why = "not a file" if path.exists() else "no such file; preprocess.py writes it"
        raise DatasetError(f"{path}: {why}")
    try:
        segments = _segments(ENCODINGS[path.suffix].read(path))
        _check(segments)
    except KeyError as error:
        raise DatasetError(f"{path}: not a segment file ({error} is missing)") from None
    except (ArithmeticError, OSError, RuntimeError, TypeError, ValueError) as error:
        # JSON's and HDF5's own errors are among them.
        reason = str(error).split("\n")[0]
        raise DatasetError(f"{path}: not a whole segment file ({reason})") from None
    return segments


def check_output(path: Path) -> None:
    """Raise DatasetError or OSError where no segment file could be written to a path."""
    check_suffix(path)
    check_place(path)


def check_suffix(path: Path) -> None:
    """Raise DatasetError where a path's suffix names no encoding."""
    if path.suffix not in ENCODINGS:
        raise DatasetError(f"{path}: a segment file ends in {JSON} or {HDF5}")


def _content(index: Index) -> dict[str, Any]:
    """Return everything in a segment file but its frames."""
    optional = {"parts": index.parts, "artists": index.artists}
    if index.pitch_shift is not None:
        optional["pitch_shift"] = index.pitch_shift
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


def _segments(content: Any) -> Segments:
    if checks.mapping(content, "the file")["schema"] != SCHEMA:
        raise ValueError(f"schema {content['schema']!r:.40}, this version reads {SCHEMA}")
    if not isinstance(content["feature"], str):
        raise ValueError("feature is no name")
    return Segments(
        feature=content["feature"],
        settings=checks.mapping(content["settings"], "settings"),
        mapping=checks.genres(content["mapping"]),
        tracks=checks.names(content["tracks"], "tracks"),
        labels=_whole_numbers(content["labels"], "labels"),
        track_index=_whole_numbers(content["track_index"], "track_index"),
        frames=_frames(content[content["feature"]]),
        skipped=[
            {key: str(checks.mapping(song, "skipped")[key]) for key in ("track", "reason")}
            for song in content["skipped"]
        ],
        parts=_of_tracks(content, "parts"),
        artists=_of_tracks(content, "artists"),
        pitch_shift=_pitch_shift(content),
    )


def _of_tracks(content: dict[str, Any], key: str) -> list[str]:
    """Return a list of a text for each track, empty where the file has none."""
    values = content.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"{key} is no list of texts")
    if values and len(values) != len(content["tracks"]):
        raise ValueError(f"{key} and tracks differ in length")
    return values


def _whole_numbers(values: Any, what: str) -> np.ndarray:
    array = np.asarray(values)
    if array.size and array.dtype.kind not in "iu":
        raise ValueError(f"{what} are no whole numbers")
    return array.astype(np.int64)


def _pitch_shift(content: dict[str, Any]) -> np.ndarray | None:
    if "pitch_shift" not in content:
        return None
    shift = np.asarray(content["pitch_shift"], dtype=float)
    if shift.shape != (len(content["labels"]),) or not np.isfinite(shift).all():
        raise ValueError("pitch_shift is no number for each segment")
    return shift


def _frames(values: Any) -> Any:
    """Return frames as an array; those of an .h5 file stay where they are."""
    if hasattr(values, "dtype"):
        if values.dtype.kind not in "iuf":
            raise ValueError("the frames are no numbers")
        return values
    with np.errstate(over="ignore"):  # becomes infinite, which is refused
        return np.asarray(values, dtype=np.float32)


def _check(segments: Segments) -> None:
    """Raise ValueError where the parts of a segment file do not fit each other."""
    shape = segments.frames.shape
    if shape is None or len(shape) != 3 or 0 in shape:
        raise ValueError(f"the frames have the shape {shape}")
    if not segments.labels.shape == segments.track_index.shape == shape[:1]:
        raise ValueError("labels, track_index and frames differ in length")
    if not all(np.isfinite(frames).all() for frames in blocks(segments.frames)):
        raise ValueError("the frames hold values that are not numbers")
    for name, indices, names in (
        ("labels", segments.labels, segments.mapping),
        ("track_index", segments.track_index, segments.tracks),
    ):
        if indices.min() < 0 or indices.max() >= len(names):
            raise ValueError(f"{name} points outside its list")
    if not set(segments.parts) <= {*PARTS, UNUSED}:
        raise ValueError(f"parts are {', '.join(PARTS)}, or empty for none")
    pairs = np.unique(np.stack([segments.track_index, segments.labels]), axis=1)
    if pairs.shape[1] > len(np.unique(segments.track_index)):
        raise ValueError("a track has two labels")
