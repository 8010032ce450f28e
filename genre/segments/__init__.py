"""The segments of a data set: their feature frames, and where each comes from."""

import hashlib
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from genre import features
from genre.segments import duplicates
from genre.songs import gtzan

BLOCK = 2**20  # bytes of frames that are read from the disk at once
BATCH = 1024  # segments that are processed at once


@dataclass(frozen=True, kw_only=True, eq=False)  # equal only to itself, so that caches can hold it
class Index:
    """Where each segment of a data set comes from: all of a segment file except the frames."""

    feature: str
    settings: dict[str, Any]
    mapping: list[str]  # genre names, sorted; label i means mapping[i]
    tracks: list[str]
    labels: np.ndarray  # (segments,) int
    track_index: np.ndarray  # (segments,) int, into tracks
    skipped: list[dict[str, str]] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)  # of each track, where the data set splits it
    artists: list[str] = field(default_factory=list)  # of each track, if the data set names them
    # (pairs, 2) a track and a further genre of it, for each such genre
    also: np.ndarray = field(default_factory=lambda: np.zeros((0, 2), dtype=np.int64))
    # (tracks,) the first track of the same recording, where preprocess.py compared the sound
    recordings: np.ndarray | None = None
    # (segments,) semitones by which each is shifted, if preprocess.py added shifted copies
    pitch_shift: np.ndarray | None = None
    # (segments,) the number of its altered copy, 0 for the original, if there are altered copies
    altered: np.ndarray | None = None
    front_end: str = ""  # the path of the description of a person's own front end
    tracks_known: bool = True  # False if the file does not say which segments are of one track

    @property
    def originals(self) -> np.ndarray:
        """Which segments are not shifted or altered copies, a mask of (segments,)."""
        originals = np.full(len(self.labels), True)
        for change in (self.pitch_shift, self.altered):
            if change is not None:
                originals &= change == 0
        return originals

    @property
    def shares(self) -> np.ndarray | None:
        """How much of each genre a track is, (tracks, genres); None if each is of one genre.

        A track of several genres is of each in equal shares. A row is 0 for a track without
        segments.
        """
        if not len(self.also):
            return None
        is_of = np.zeros((len(self.tracks), len(self.mapping)), dtype=np.float32)
        is_of[self.track_index, self.labels] = 1
        is_of[tuple(self.also.T)] = 1
        return is_of / np.maximum(is_of.sum(axis=1, keepdims=True), 1)

    @property
    def numbers(self) -> np.ndarray:
        """Each segment's number within its track, (segments,); a copy has its original's."""
        none = np.zeros(len(self.labels))
        shift = none if self.pitch_shift is None else self.pitch_shift
        altered = none if self.altered is None else self.altered
        seen: Counter[tuple[int, float, float]] = Counter()
        numbers = []
        keys = (self.track_index.tolist(), shift.tolist(), altered.tolist())
        for key in zip(*keys, strict=True):
            numbers.append(seen[key])
            seen[key] += 1
        return np.array(numbers)


@dataclass(frozen=True, kw_only=True, eq=False)
class Segments(Index):
    """A data set's segments: the feature frames, and where each comes from.

    The frames are (segments, frames, bands): an array, or `segment_hdf5.Frames` that stay on the
    disk. `take` and `blocks` read both.
    """

    frames: np.ndarray
    digest: str = ""  # SHA-256 of the file that they were read from
    weights: np.ndarray | None = None  # (tracks,) how much each counts in training; None: the same

    @cached_property
    def levels(self) -> features.Levels:
        """The bands that a change of volume changes: see `features.levels`."""
        return features.levels(self.feature, self.settings, self.frames.shape[2])

    @cached_property
    def same_recording(self) -> np.ndarray:
        """For each track, the first one of the same recording, (tracks,): often the track itself.

        The sound decides, as far as preprocess.py compared it; otherwise the frames, which are read
        once. Tracks that have the same name in GTZAN are the same recording, too.
        """
        by_sound = self._same_frames() if self.recordings is None else self.recordings
        return duplicates.joined(by_sound, gtzan.same_name(self.tracks))

    def _same_frames(self) -> np.ndarray:
        """Return for each track the first one with the same frames, (tracks,)."""
        tracks = np.unique(self.track_index[self.originals])
        digests = {track: hashlib.sha256() for track in tracks.tolist()}
        of_segment = zip(self.track_index.tolist(), self.originals.tolist(), strict=True)
        for block in blocks(self.frames):
            for frames in block:
                track, is_original = next(of_segment)
                if is_original:
                    digests[track].update(frames.tobytes())
        first = np.arange(len(self.tracks))
        first[tracks] = tracks[duplicates.first_of_each(each.digest() for each in digests.values())]
        return first


def blocks(frames: np.ndarray) -> Iterator[np.ndarray]:
    """Yield all frames, (segments, frames, bands) float32, as many segments at once as fit BLOCK.

    What float32 cannot hold becomes infinite.
    """
    length = block_length(frames)
    with _opened(frames) as data:
        for start in range(0, len(frames), length):
            with np.errstate(over="ignore"):
                yield data[start : start + length].astype(np.float32, copy=False)


def _opened(frames: np.ndarray) -> AbstractContextManager[np.ndarray]:
    return nullcontext(frames) if isinstance(frames, np.ndarray) else frames.opened()


def block_length(frames: np.ndarray) -> int:
    """Return how many segments fit a block, at least one."""
    return max(1, BLOCK // (4 * math.prod(frames.shape[1:])))


def take(frames: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the frames of some segments, given by ascending indices, as an array of float32."""
    if isinstance(frames, np.ndarray):
        return frames[rows].astype(np.float32, copy=False)
    taken = np.empty((len(rows), *frames.shape[1:]), dtype=np.float32)
    start = 0
    with _opened(frames) as data:
        for of_block in by_block(frames, rows):
            first, last = of_block[[0, -1]]
            taken[start : start + len(of_block)] = data[first : last + 1][of_block - first]
            start += len(of_block)
    return taken


def by_block(frames: np.ndarray, rows: np.ndarray) -> list[np.ndarray]:
    """Split some segments, given by ascending indices, at the boundaries of the blocks."""
    ends = np.flatnonzero(np.diff(rows // block_length(frames))) + 1
    return np.split(rows, ends)


def in_batches(frames: np.ndarray, rows: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the frames of some segments, as `take` does, at most BATCH segments at once."""
    for start in range(0, len(rows), BATCH):
        yield take(frames, rows[start : start + BATCH])
