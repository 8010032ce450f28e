"""Turn a track into segments of feature frames: a pure function of a path and settings."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import librosa
import numpy as np

from genre import audio
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
            if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
                raise ValueError(f"{name} must be a positive number, not {value!r}")

    @property
    def samples_per_segment(self) -> int:
        return int(self.sample_rate * self.track_seconds) // self.segments_per_track

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
    segments = audio.cut(
        samples,
        length=settings.samples_per_segment,
        count=settings.segments_per_track,
        shortest=settings.shortest_segment,
    )
    if not len(segments):
        seconds = len(samples) / settings.sample_rate
        needed = settings.samples_per_segment / settings.sample_rate
        raise AudioError(f"is {seconds:.1f} s long, shorter than one segment of {needed:g} s")
    return mfcc(segments, settings)
