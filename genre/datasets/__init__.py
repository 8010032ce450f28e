"""Find the songs of a data set and their genres; put their segments together."""

import math
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import numpy as np

from genre.audio import AUDIO_SUFFIXES
from genre.errors import DatasetError
from genre.files import printable

TRAIN, VALIDATION, TEST = PARTS = ("train", "validation", "test")
UNUSED = ""  # the part of segments that a split leaves out
BLOCK = 2**20  # bytes of frames that are read from the disk at once
PIECE = 1024  # segments that are worked on at once


class Song(NamedTuple):
    """An audio file of a data set."""

    path: Path
    track: str  # the path relative to the data set, with "/"
    genre: str
    part: str = ""  # one of PARTS, where the data set brings its own split
    artist: str = ""  # where the data set names it


@dataclass(frozen=True, kw_only=True)
class Index:
    """Where each segment of a data set comes from: all that a segment file holds but the frames."""

    feature: str
    settings: dict[str, Any]
    mapping: list[str]  # genre names, sorted; label i means mapping[i]
    tracks: list[str]
    labels: np.ndarray  # (segments,) int
    track_index: np.ndarray  # (segments,) int, into tracks
    skipped: list[dict[str, str]] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)  # of each track, where the data set splits it
    artists: list[str] = field(default_factory=list)  # of each track, where the data set says it
    # (segments,) semitones by which each is shifted, where preprocess.py added shifted copies
    pitch_shift: np.ndarray | None = None

    @property
    def originals(self) -> np.ndarray:
        """Which segments are no shifted copies, a mask of (segments,)."""
        if self.pitch_shift is None:
            return np.full(len(self.labels), True)
        return self.pitch_shift == 0

    @property
    def numbers(self) -> np.ndarray:
        """For each segment how many of its track come before it; a copy has its original's."""
        shift = np.zeros(len(self.labels)) if self.pitch_shift is None else self.pitch_shift
        seen: Counter[tuple[int, float]] = Counter()
        numbers = []
        for key in zip(self.track_index.tolist(), shift.tolist(), strict=True):
            numbers.append(seen[key])
            seen[key] += 1
        return np.array(numbers)


@dataclass(frozen=True, kw_only=True)
class Segments(Index):
    """A data set's segments: the feature frames, and where each comes from.

    The frames are (segments, frames, bands): an array, or on the disk an h5py.Dataset, to be read
    by `take` and `blocks`.
    """

    frames: np.ndarray


def blocks(frames: np.ndarray) -> Iterator[np.ndarray]:
    """Yield all frames, (segments, frames, bands) float32, as many segments at once as fit BLOCK.

    What float32 cannot hold becomes infinite.
    """
    length = block_length(frames)
    for start in range(0, len(frames), length):
        with np.errstate(over="ignore"):
            yield frames[start : start + length].astype(np.float32, copy=False)


def block_length(frames: np.ndarray) -> int:
    """Return how many segments fit a block, at least one."""
    return max(1, BLOCK // (4 * math.prod(frames.shape[1:])))


def take(frames: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the frames of some segments, given by ascending indices, as an array of float32."""
    if isinstance(frames, np.ndarray):
        return frames[rows].astype(np.float32, copy=False)
    taken = np.empty((len(rows), *frames.shape[1:]), dtype=np.float32)
    start = 0
    for of_block in by_block(frames, rows):
        first, last = of_block[[0, -1]]
        taken[start : start + len(of_block)] = frames[first : last + 1][of_block - first]
        start += len(of_block)
    return taken


def by_block(frames: np.ndarray, rows: np.ndarray) -> list[np.ndarray]:
    """Part some segments, given by ascending indices, where a block ends and the next begins."""
    ends = np.flatnonzero(np.diff(rows // block_length(frames))) + 1
    return np.split(rows, ends)


def pieces(frames: np.ndarray, rows: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the frames of some segments, as `take` does, at most PIECE segments at once."""
    for start in range(0, len(rows), PIECE):
        yield take(frames, rows[start : start + PIECE])


def audio_files(folder: Path) -> Iterator[Path]:
    """Yield the audio files in a folder and the folders in it, sorted, hidden ones left out.

    Links to folders are followed, but never to one that holds `folder`, nor to one twice. Raises
    OSError when one of them cannot be read.
    """
    visited = {*folder.resolve().parents}

    def fail(error: OSError) -> NoReturn:
        raise error

    for parent, folders, names in os.walk(folder, onerror=fail, followlinks=True):
        place = Path(parent).resolve()
        if place in visited:
            folders.clear()
            continue
        visited.add(place)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith(".") and Path(name).suffix.lower() in AUDIO_SUFFIXES:
                yield Path(parent, name)


def check_folder(path: Path) -> None:
    """Raise DatasetError where there is no folder."""
    if not path.is_dir():
        raise DatasetError(f"{path}: {'not a folder' if path.exists() else 'no such folder'}")


def find_songs(dataset: Path) -> list[Song]:
    """Return the songs of a folder of genre folders, sorted by genre and path.

    Raises DatasetError when there are not at least two genre folders with audio files in them.
    """
    check_folder(dataset)
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


def limited(songs: list[Song], most: int) -> list[Song]:
    """Return at most so many songs of each genre, from all over its parts and its sorted tracks.

    Neighbours in a list are often by one artist.
    """
    of_genre: dict[str, list[Song]] = {}
    for song in sorted(songs, key=lambda song: (song.part, song.track)):
        of_genre.setdefault(song.genre, []).append(song)
    chosen = set()
    for those in of_genre.values():
        places = np.linspace(0, len(those) - 1, min(most, len(those)))
        chosen.update(those[round(place)] for place in places)
    return [song for song in songs if song in chosen]


def collect(
    results: Iterable[tuple[Song, np.ndarray | str]],
    keep: Callable[[np.ndarray], None],
    *,
    feature: str,
    settings: dict[str, Any],
    shifts: Sequence[float] = (),
) -> Index:
    """Hand each song's frames to `keep`, note why a song has none, and return the index of all.

    A song's frames end with as many copies of its segments as there are `shifts` in pitch.
    Raises DatasetError when fewer than two genres have a usable song.
    """
    songs, counts, skipped = [], [], []
    for song, result in results:
        if isinstance(result, str):
            skipped.append({"track": song.track, "reason": result})
        else:
            keep(result)
            songs.append(song)
            counts.append(len(result))
    mapping = sorted({song.genre for song in songs})
    if len(mapping) < 2:
        first = f", first {skipped[0]['track']}: {skipped[0]['reason']}" if skipped else ""
        raise DatasetError(
            f"songs of two or more genres are needed, {len(mapping)} of them could be used "
            f"({len(skipped)} songs skipped{first})"
        )
    shift_of_copy = [0.0, *shifts]
    pitch_shift = [np.repeat(shift_of_copy, n // len(shift_of_copy)) for n in counts]
    return Index(
        feature=feature,
        settings=settings,
        mapping=mapping,
        tracks=[song.track for song in songs],
        labels=np.repeat([mapping.index(song.genre) for song in songs], counts),
        track_index=np.repeat(np.arange(len(songs)), counts),
        skipped=skipped,
        parts=[song.part for song in songs] if any(song.part for song in songs) else [],
        artists=[song.artist for song in songs] if any(song.artist for song in songs) else [],
        pitch_shift=np.concatenate(pitch_shift) if shifts else None,
    )
