"""Find the songs of a data set and their genres; put their segments together."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np

from genre.errors import DatasetError
from genre.files import printable

TRAIN, VALIDATION, TEST = PARTS = ("train", "validation", "test")
UNUSED = ""  # the part of segments that a split leaves out
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
    part: str = ""  # one of PARTS, where the data set brings its own split
    artist: str = ""  # where the data set names it


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
    parts: list[str] = field(default_factory=list)  # of each track, where the data set splits it
    artists: list[str] = field(default_factory=list)  # of each track, where the data set says it


def audio_files(folder: Path) -> Iterator[Path]:
    """Yield the audio files in a folder and the folders in it, sorted, hidden ones left out.

    Raises OSError when one of them cannot be read.
    """

    def fail(error: OSError) -> NoReturn:
        raise error

    for parent, folders, names in os.walk(folder, onerror=fail):
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
        Song(path, printable(path.relative_to(dataset).as_posix()), printable(folder.name))
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
        parts=[song.part for song in songs] if any(song.part for song in songs) else [],
        artists=[song.artist for song in songs] if any(song.artist for song in songs) else [],
    )
