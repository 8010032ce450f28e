"""Read and write the segment file, as .json (readable anywhere) or .h5 (smaller, for large data).

    {"schema": 1, "feature": "mfcc", "settings": {...}, "mapping": ["blues", ...],
     "tracks": [...], "skipped": [...], "labels": [...], "track_index": [...], "mfcc": [[[...]]]}

In .h5 the first three and "skipped" are attributes of the file, the others its data sets.
"""

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import orjson

from genre import checks
from genre.dataset import Segments
from genre.errors import DatasetError
from genre.files import check_place, replacing

SCHEMA = 1
JSON, HDF5 = ".json", ".h5"
ARRAYS = ("mapping", "tracks", "labels", "track_index")  # and the frames, named by the feature


def write(segments: Segments, path: Path) -> None:
    """Write a segment file; the same segments give the same bytes.

    Raises DatasetError for a suffix that is neither .json nor .h5.
    """
    check_suffix(path)
    content = {
        "schema": SCHEMA,
        "feature": segments.feature,
        "settings": segments.settings,
        "mapping": segments.mapping,
        "tracks": segments.tracks,
        "skipped": segments.skipped,
        "labels": segments.labels,
        "track_index": segments.track_index,
        segments.feature: segments.frames,
    }
    if path.suffix == JSON:
        encoded = orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)
    else:
        encoded = _hdf5_bytes(content)
    with replacing(path) as unfinished:
        unfinished.write_bytes(encoded)


def read(path: Path) -> Segments:
    """Read a segment file; raises DatasetError when it is missing, not whole or not one."""
    check_suffix(path)
    if not path.is_file():
        why = "not a file" if path.exists() else "no such file; preprocess.py writes it"
        raise DatasetError(f"{path}: {why}")
    try:
        content = orjson.loads(path.read_bytes()) if path.suffix == JSON else _read_hdf5(path)
        segments = _segments(content)
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
    if path.suffix not in (JSON, HDF5):
        raise DatasetError(f"{path}: a segment file ends in {JSON} or {HDF5}")


def _hdf5_bytes(content: dict[str, Any]) -> bytes:
    """Return the content of an .h5 file, made in memory: on a full disk h5py does not end well."""
    with h5py.File("segments", "w", driver="core", backing_store=False) as file:
        for key, value in content.items():
            if key in (*ARRAYS, content["feature"]):
                file[key] = value
            else:
                file.attrs[key] = json.dumps(value) if isinstance(value, list | dict) else value
        file.flush()
        return file.id.get_file_image()


def _read_hdf5(path: Path) -> dict[str, Any]:
    with h5py.File(path) as file:
        content = dict(file.attrs)
        content["schema"] = int(content["schema"])
        for key in ("settings", "skipped"):
            content[key] = json.loads(content[key])
        for key in (*ARRAYS, content["feature"]):
            data = file[key]
            if not isinstance(data, h5py.Dataset):
                raise ValueError(f"{key} is no data set")
            is_text = data.dtype == object
            content[key] = np.asarray(data.asstr()[()]).tolist() if is_text else data[()]
    return content


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
        frames=_floats(content[content["feature"]]),
        skipped=[
            {key: str(checks.mapping(song, "skipped")[key]) for key in ("track", "reason")}
            for song in content["skipped"]
        ],
    )


def _whole_numbers(values: Any, what: str) -> np.ndarray:
    array = np.asarray(values)
    if array.size and array.dtype.kind not in "iu":
        raise ValueError(f"{what} are no whole numbers")
    return array.astype(np.int64)


def _floats(values: Any) -> np.ndarray:
    with np.errstate(over="ignore"):  # becomes infinite, which is refused
        return np.asarray(values, dtype=np.float32)


def _check(segments: Segments) -> None:
    """Raise ValueError where the parts of a segment file do not fit each other."""
    n_segments = len(segments.frames)
    if segments.frames.ndim != 3 or not segments.frames.size:
        raise ValueError(f"the frames have the shape {segments.frames.shape}")
    if not segments.labels.shape == segments.track_index.shape == (n_segments,):
        raise ValueError("labels, track_index and frames differ in length")
    if not np.isfinite(segments.frames).all():
        raise ValueError("the frames hold values that are not numbers")
    for name, indices, names in (
        ("labels", segments.labels, segments.mapping),
        ("track_index", segments.track_index, segments.tracks),
    ):
        if indices.min() < 0 or indices.max() >= len(names):
            raise ValueError(f"{name} points outside its list")
    pairs = np.unique(np.stack([segments.track_index, segments.labels]), axis=1)
    if pairs.shape[1] > len(np.unique(segments.track_index)):
        raise ValueError("a track has two labels")
