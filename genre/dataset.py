"""Find the songs and their genres; hold their segments; read and write the segment file."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson

from genre.errors import DatasetError
from genre.files import replacing

SCHEMA = 1
# What a song's file ends in, readable here or not: a song that is not read should be reported.
AUDIO_SUFFIXES = frozenset(
    {".aac", ".aif", ".aifc", ".aiff", ".au", ".caf", ".flac", ".m4a", ".mp3", ".mp4", ".oga"}
    | {".ogg", ".opus", ".snd", ".w64", ".wav", ".wma"}
)


class Song(NamedTuple):
    """An audio file of a data set."""

    path: Path
    track: str  # the path relative to the data set, with "/"
    genre: str


@dataclass(frozen=True)
class Segments:
    """The feature frames of a data set's segments, and where each segment comes from."""

    feature: str
    settings: dict[str, Any]
    mapping: list[str]  # genre names, sorted; label i means mapping[i]
    tracks: list[str]
    labels: np.ndarray  # (segments,) int
    track_index: np.ndarray  # (segments,) int, into tracks
    frames: np.ndarray  # (segments, frames, coefficients) float32
    skipped: list[dict[str, str]] = field(default_factory=list)


def audio_files(folder: Path) -> Iterator[Path]:
    """Yield the audio files in a folder and the folders in it, sorted, hidden ones left out."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in AUDIO_SUFFIXES:
                yield Path(parent, name)


def find_songs(dataset: Path) -> list[Song]:
    """Return the songs of a folder of genre folders, sorted by genre and path.

    Raises DatasetError when there are not at least two genre folders with audio files in them.
    """
    if not dataset.is_dir():
        raise DatasetError(f"{dataset}: no such folder")
    folders = sorted(p for p in dataset.iterdir() if p.is_dir() and not p.name.startswith("."))
    songs = [
        Song(path, path.relative_to(dataset).as_posix(), folder.name)
        for folder in folders
        for path in audio_files(folder)
    ]
    genres = sorted({song.genre for song in songs})
    if len(genres) < 2:
        found = f"audio only in {genres[0]}/" if genres else "no audio in any"
        raise DatasetError(
            f"{dataset}: a data set is a folder of two or more genre folders with songs in them; "
            f"found {found}"
        )
    return songs


def collect(
    results: Iterable[tuple[Song, np.ndarray | str]], *, feature: str, settings: dict[str, Any]
) -> Segments:
    """Put each song's frames, or the reason why it has none, into one Segments.

    Raises DatasetError when fewer than two genres have a usable song.
    """
    frames, songs, skipped = [], [], []
    for song, result in results:
        if isinstance(result, str):
            skipped.append({"track": song.track, "reason": result})
        else:
            songs.append(song)
            frames.append(result)
    mapping = sorted({song.genre for song in songs})
    if len(mapping) < 2:
        first = f", first {skipped[0]['track']}: {skipped[0]['reason']}" if skipped else ""
        raise DatasetError(
            f"songs of two or more genres are needed, {len(mapping)} of them could be used "
            f"({len(skipped)} songs skipped{first})"
        )
    counts = [len(track) for track in frames]
    return Segments(
        feature=feature,
        settings=settings,
        mapping=mapping,
        tracks=[song.track for song in songs],
        labels=np.repeat([mapping.index(song.genre) for song in songs], counts),
        track_index=np.repeat(np.arange(len(songs)), counts),
        frames=np.concatenate(frames),
        skipped=skipped,
    )


def write(segments: Segments, path: Path) -> None:
    """Write a segment file; the same segments give the same bytes."""
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
    with replacing(path) as unfinished:
        unfinished.write_bytes(orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY))


def read(path: Path) -> Segments:
    """Read a segment file; raises DatasetError when it is missing or not whole."""
    try:
        content = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        raise DatasetError(f"{path}: no such file; preprocess.py writes it") from None
    except OSError as error:
        raise DatasetError(f"{path}: {error.strerror}") from None
    except orjson.JSONDecodeError as error:
        raise DatasetError(f"{path}: not a whole JSON file ({error})") from None
    try:
        return _from_content(content)
    except (KeyError, TypeError, ValueError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise DatasetError(f"{path}: not a segment file ({what})") from None


def _from_content(content: dict[str, Any]) -> Segments:
    if not isinstance(content, dict):
        raise TypeError("no object at its top")
    if content["schema"] != SCHEMA:
        raise ValueError(f"schema {content['schema']}, this version reads {SCHEMA}")
    segments = Segments(
        feature=content["feature"],
        settings=content["settings"],
        mapping=content["mapping"],
        tracks=content["tracks"],
        labels=np.asarray(content["labels"], dtype=np.int64),
        track_index=np.asarray(content["track_index"], dtype=np.int64),
        frames=np.asarray(content[content["feature"]], dtype=np.float32),
        skipped=content["skipped"],
    )
    _check(segments)
    return segments


def _check(segments: Segments) -> None:
    """Raise ValueError where the parts of a segment file do not fit each other."""
    n_segments = len(segments.frames)
    if segments.frames.ndim != 3 or not segments.frames.size:
        raise ValueError(f"the frames have the shape {segments.frames.shape}")
    if not len(segments.labels) == len(segments.track_index) == n_segments:
        raise ValueError("labels, track_index and frames differ in length")
    if not np.isfinite(segments.frames).all():
        raise ValueError("the frames hold values that are not numbers")
    if len(segments.mapping) < 2:
        raise ValueError("fewer than two genres")
    for name, indices, names in (
        ("labels", segments.labels, segments.mapping),
        ("track_index", segments.track_index, segments.tracks),
    ):
        if indices.min() < 0 or indices.max() >= len(names):
            raise ValueError(f"{name} points outside its list")
