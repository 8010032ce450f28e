"""What a model says of a song."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, eq=False, kw_only=True)
class Answer:
    """What a model says of a song. Where the song cannot be used, `error` says why."""

    song: str  # the path in one printable line, empty for samples
    genre: str | None = None  # the most likely one
    uncertain: bool = True  # the probabilities say too little to rely on
    probabilities: dict[str, float] = field(default_factory=dict)  # of each genre, for the song
    segments: np.ndarray | None = None  # and for each segment, (segments, genres)
    segment_seconds: float = 0.0
    start: float = 0.0  # s, where in the song the first segment begins
    embedding: np.ndarray | None = None  # (values,), where the feature is an embedding
    short: bool = False  # shorter than one segment, and repeated to fill it
    error: str | None = None

    @property
    def ranking(self) -> list[tuple[str, float]]:
        """The genres and their probabilities, the most likely first."""
        return sorted(self.probabilities.items(), key=lambda item: -item[1])
