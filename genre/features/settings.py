"""The settings of the features: what decides the values and the shape of the frames."""

from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any, Self

import msgspec

import config

Count = Annotated[int, msgspec.Meta(gt=0, lt=2**31)]


@dataclass(frozen=True)
class Settings:
    """How a track is cut and analysed; stored with the data and the network."""

    sample_rate: Count  # Hz
    track_seconds: Count | Annotated[float, msgspec.Meta(gt=0, lt=2**31)]
    segments_per_track: Count
    n_fft: Count  # samples
    hop_length: Count  # samples
    n_mfcc: Count = 13
    n_mels: Count = 128

    def __post_init__(self) -> None:
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
        return max(1, (self.frames_per_segment - 1) * self.hop_length)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as they stand in a file."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Read settings as they stand in a file; ValueError says what is missing or wrong."""
        if unknown := set(values) - {field.name for field in fields(cls)}:
            raise ValueError(f"no setting is called {unknown.pop()!r:.40}")
        try:
            return msgspec.convert(values, cls)
        except msgspec.ValidationError as error:
            raise ValueError(str(error)) from None

    @classmethod
    def from_config(cls, **others: Any) -> Self:
        """Return the settings of config.py, but for the `others`; ValueError as `from_dict`."""
        values = {
            "sample_rate": config.SAMPLE_RATE,
            "track_seconds": config.TRACK_SECONDS,
            "segments_per_track": config.SEGMENTS_PER_TRACK,
            "n_fft": config.N_FFT,
            "hop_length": config.HOP_LENGTH,
            "n_mfcc": config.N_MFCC,
            "n_mels": config.N_MELS,
        }
        return cls.from_dict(values | others)
