"""The settings that decide the values and the shape of the frames."""

from dataclasses import MISSING, asdict, dataclass, fields
from typing import Annotated, Any, Self

import msgspec

LIMIT = 2**31
Count = Annotated[int, msgspec.Meta(gt=0, lt=LIMIT)]
Digest = Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{64})?$")]
# What a setting must be, where that is not a whole number.
NEEDED = {"track_seconds": "a number above 0", "front_end": "a SHA-256 digest"}


@dataclass(frozen=True)
class Settings:
    """How a track is cut and analysed; stored with the data and the network."""

    sample_rate: Count  # Hz
    track_seconds: Count | Annotated[float, msgspec.Meta(gt=0, lt=LIMIT)]
    segments_per_track: Count
    n_fft: Count  # samples
    hop_length: Count  # samples
    n_mfcc: Count = 13
    n_mels: Count = 128
    front_end: Digest = ""  # front_end.digest, if a person's own front end computes the feature

    def __post_init__(self) -> None:
        if self.samples_per_segment < 1:
            raise ValueError("these settings make a segment shorter than one sample")

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
        """The fewest samples that give all frames: the last frame is centred on their end."""
        return max(1, (self.frames_per_segment - 1) * self.hop_length)

    def to_dict(self) -> dict[str, Any]:
        """Return the settings as they are stored in a file: a front end only if there is one."""
        return {name: value for name, value in asdict(self).items() if value != ""}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Read settings as they are stored in a file; ValueError says what is missing or wrong."""
        if unknown := set(values) - {field.name for field in fields(cls)}:
            raise ValueError(f"there is no setting {unknown.pop()!r:.40}")
        try:
            return msgspec.convert(values, cls)
        except msgspec.ValidationError as error:
            raise ValueError(_problem(values) or str(error)) from None


def _problem(values: dict[str, Any]) -> str:
    """Return which value is missing or wrong, "" if each is right by itself."""
    for field in fields(Settings):
        if field.name not in values:
            if field.default is MISSING:
                return f"{field.name} is missing"
            continue
        value = values[field.name]
        try:
            msgspec.convert(value, field.type)
        except msgspec.ValidationError:
            needed = NEEDED.get(field.name, "a whole number of at least 1")
            if isinstance(value, int | float) and value >= LIMIT:
                needed = "less than 2**31"
            return f"{field.name} is {value!r:.40}; it must be {needed}"
    return ""
