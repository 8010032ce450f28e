"""What a model is asked: a song, and which part of it."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from numbers import Real
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from genre import audio, evaluation, features
from genre.features.settings import Settings
from genre.files import printable

# A file; or samples and their rate in Hz, in either order: scipy and Gradio give the rate first.
AudioInput = str | PathLike[str] | tuple[ArrayLike, float] | tuple[float, ArrayLike]

EVERYTHING = 1e9  # s, longer than any recording


@dataclass(frozen=True, kw_only=True)
class Part:
    """Which part of a song a model reads, and how the probabilities of its segments are joined."""

    join: str = "mean"
    offset: float = 0.0  # s
    seconds: float | None = None  # None for as many as the model was trained on
    whole: bool = False

    @property
    def is_open(self) -> bool:
        """Whether nothing says which part is read, so that the model's card decides."""
        return not (self.offset or self.seconds or self.whole)

    def __post_init__(self) -> None:
        if self.join not in evaluation.JOINS:
            raise ValueError(f"join {self.join!r} is none of {', '.join(evaluation.JOINS)}")
        if not 0 <= self.offset < math.inf:
            raise ValueError(f"offset {self.offset!r} is not a number of seconds from 0 on")
        if self.seconds is not None and not 0 < self.seconds < math.inf:
            raise ValueError(f"seconds {self.seconds!r} is not a number above 0")


def tracks(
    song: AudioInput, feature: str, settings: Settings, part: Part, *, spread: bool = False
) -> Iterator[features.Track]:
    """Yield the frames of a song's segments, with the times at which these begin.

    They come at most `track_seconds` at a time. With `spread` they are those of a model that reads
    songs all over, where `part` leaves that to the model: as many as in `track_seconds`, spread
    evenly over the whole song. Raises AudioError when the song cannot be used.
    """
    if spread and part.is_open:
        starts, segments = _spread(song, settings)
        if len(starts):
            frames = features.of_segments(segments, feature, settings)
            yield features.Track(frames, starts=starts)
            return
    begin = part.offset
    for number, samples in enumerate(_samples(song, settings, part)):
        if number == 0 or len(samples) >= settings.shortest_segment:
            track = features.of_samples(samples, feature, settings)
            starts = begin + np.arange(len(track.frames)) * settings.segment_seconds
            yield track._replace(starts=starts)
        begin += len(samples) / settings.sample_rate


def whole_track(
    song: AudioInput,
    feature: str,
    settings: Settings,
    part: Part,
    *,
    spread: bool = False,
    progress: Callable[[float], None] | None = None,
) -> features.Track:
    """Return all that `tracks` yields as one track.

    `progress` is called now and then with the number of seconds that have been heard.
    """
    found: list[features.Track] = []
    for track in tracks(song, feature, settings, part, spread=spread):
        found.append(track)
        if progress:
            progress(sum(len(each.frames) for each in found) * settings.segment_seconds)
    return features.Track(
        np.concatenate([each.frames for each in found]),
        any(each.short for each in found),
        starts=np.concatenate([each.starts for each in found]),
    )


def check(song: AudioInput) -> None:
    """Raise TypeError for what is neither a path nor samples with their rate."""
    is_path = isinstance(song, str | PathLike)
    if not is_path and not (isinstance(song, tuple) and len(song) == 2):
        raise TypeError(
            f"a song is the path of a file, or (samples, sample_rate), not {type(song).__name__}"
        )


def absolute(song: AudioInput) -> AudioInput:
    """Return a song whose path, if it has one, means the same in every folder."""
    check(song)
    return song if isinstance(song, tuple) else Path(song).absolute()


def name(song: AudioInput) -> str:
    """Return a song's path in one printable line, "" for samples."""
    return "" if isinstance(song, tuple) else printable(song)


def _spread(song: AudioInput, settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    """Return times and samples, (segments, samples), of segments from all over a song.

    There are none if the song is not longer than they are together.
    """
    count, seconds = settings.segments_per_track, settings.segment_seconds
    if isinstance(song, tuple):
        whole = audio.from_samples(
            *_samples_and_rate(song), sample_rate=settings.sample_rate, seconds=EVERYTHING
        )
        starts = audio.evenly(len(whole) / settings.sample_rate, seconds=seconds, count=count)
        first = (starts * settings.sample_rate).astype(int)
        found = [whole[start : start + settings.samples_per_segment] for start in first]
    else:
        starts, found = audio.spread(
            song, sample_rate=settings.sample_rate, seconds=seconds, count=count
        )
    # Resampling may leave a part a sample too long or too short.
    length = settings.samples_per_segment
    segments = [audio.cut(part, length=length, count=1, shortest=1) for part in found]
    return starts, np.concatenate(segments) if segments else np.zeros((0, 0), dtype=np.float32)


def _samples_and_rate(song: tuple[Any, Any]) -> tuple[Any, Any]:
    """Return samples and their rate, which may be given in either order."""
    first, second = song
    return (second, first) if isinstance(first, Real) else (first, second)


def _samples(song: AudioInput, settings: Settings, part: Part) -> Iterator[np.ndarray]:
    """Yield a part of a song as mono samples, at most `track_seconds` at a time."""
    most = settings.track_seconds
    length = EVERYTHING if part.whole else part.seconds or most
    how: dict[str, Any] = {"sample_rate": settings.sample_rate, "offset": part.offset}
    if isinstance(song, tuple):
        samples = audio.from_samples(*_samples_and_rate(song), seconds=length, **how)
        step = int(most * settings.sample_rate)
        yield from (samples[start : start + step] for start in range(0, len(samples), step))
    elif length <= most:
        yield audio.load(song, seconds=length, **how)
    else:
        left = length * settings.sample_rate
        for samples in audio.blocks(song, seconds=most, **how):
            yield samples[: int(min(left, len(samples)))]
            left -= len(samples)
            if left <= 0:
                return
