"""Turn a track into segments of feature frames: a pure function of a path and settings."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import librosa
import numpy as np

from genre import audio, checks
from genre.errors import AudioError

FEATURE = "mfcc"  # the name under which segment files and cards know it
TOP_DB = 80  # librosa's own default: what lies further below a segment's peak is raised to it


@dataclass(frozen=True)
class Settings:
    """What decides the values and the shape of the frames; stored with the data and the network."""

    sample_rate: int  # Hz
    track_seconds: float
    segments_per_track: int
    n_fft: int  # samples
    hop_length: int  # samples
    n_mfcc: int

    def __post_init__(self) -> None:
        for name, value in self.to_dict().items():
            checks.number(value, name, whole=name != "track_seconds")
        if self.samples_per_segment < 1:
            raise ValueError("a segment is shorter than a sample")

    @property
    def samples_per_segment(self) -> int:
        return int(self.sample_rate * self.track_seconds) // self.segments_per_track

    @property
    def segment_seconds(self) -> float:
        return self.samples_per_segment / self.sample_rate

    @property
    def frames_per_segment(self) -> int:
        return 1 + self.samples_per_segment // self.hop_length

    @property
    def shortest_segment(self) -> int:
        """Samples from which a segment has all its frames, the last one centred on its end."""
        return (self.frames_per_segment - 1) * self.hop_length

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as they stand in a file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Read settings as they stand in a file; ValueError says what is missing or wrong."""
        try:
            return cls(**values)
        except TypeError as error:
            raise ValueError(str(error).replace("Settings.__init__() ", "")) from None


def mfcc(segments: np.ndarray, settings: Settings) -> np.ndarray:
    """Return the MFCCs of segments of samples, (segments, frames, n_mfcc) float32.

    The same values as `librosa.feature.mfcc` gives for each segment by itself.
    """
    power = librosa.feature.melspectrogram(
        y=segments,
        sr=settings.sample_rate,
        n_fft=settings.n_fft,
        hop_length=settings.hop_length,
    )
    decibels = librosa.power_to_db(power, top_db=None)
    # Clipped here and not by power_to_db, which would measure from the loudest segment of all.
    peaks = decibels.max(axis=(-2, -1), keepdims=True)
    decibels = np.maximum(decibels, peaks - TOP_DB)
    coefficients = librosa.feature.mfcc(S=decibels, n_mfcc=settings.n_mfcc)
    return np.ascontiguousarray(coefficients.swapaxes(-2, -1), dtype=np.float32)


def of_track(path: str | Path, settings: Settings) -> np.ndarray:
    """Return the MFCCs of a track's segments, (segments, frames, n_mfcc) float32.

    A track shorter than `track_seconds` gives the whole segments it has. Raises AudioError when
    it cannot be read or is shorter than one segment.
    """
    samples = audio.load(path, sample_rate=settings.sample_rate, seconds=settings.track_seconds)
    frames = _of_samples(samples, settings)
    if not len(frames):
        raise _too_short(len(samples), settings)
    return frames


def of_whole_track(path: str | Path, settings: Settings) -> Iterator[np.ndarray]:
    """Yield the MFCCs of all of a track's segments, as `of_track` of `track_seconds` at a time.

    The last piece may have fewer segments. Raises AudioError as `of_track` does.
    """
    n_samples, n_segments = 0, 0
    pieces = audio.blocks(path, sample_rate=settings.sample_rate, seconds=settings.track_seconds)
    for samples in pieces:
        frames = _of_samples(samples, settings)
        n_samples += len(samples)
        n_segments += len(frames)
        if len(frames):
            yield frames
    if not n_segments:
        raise _too_short(n_samples, settings)


def _of_samples(samples: np.ndarray, settings: Settings) -> np.ndarray:
    segments = audio.cut(
        samples,
        length=settings.samples_per_segment,
        count=settings.segments_per_track,
        shortest=settings.shortest_segment,
    )
    return mfcc(segments, settings) if len(segments) else segments


def _too_short(n_samples: int, settings: Settings) -> AudioError:
    seconds = n_samples / settings.sample_rate
    needed = f"{settings.segment_seconds:g} s"
    return AudioError(f"is {seconds:.3f} s long, shorter than one segment of {needed}")
