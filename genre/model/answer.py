"""A model's prediction for a song."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, eq=False, kw_only=True)
class Answer:
    """A model's prediction for a song. If the song cannot be used, `error` says why."""

    song: str  # the path in one printable line, empty for samples
    genre: str | None = None  # the most likely one
    uncertain: bool = True  # whether the prediction is too unsure to rely on
    probabilities: dict[str, float] = field(default_factory=dict)  # of each genre
    segments: np.ndarray | None = None  # the probabilities of each segment, (segments, genres)
    segment_seconds: float = 0.0
    start: float = 0.0  # s, the time in the song at which the first segment begins
    verdict: str = "open"
    genres: tuple[str, ...] = ()
    together: float = 0.0
    reason: str = ""
    starts: np.ndarray | None = None
    tags: dict[str, float] = field(default_factory=dict)
    embedding: np.ndarray | None = None  # (values,), if the feature is an embedding
    short: bool = False  # whether the song is shorter than one segment, and repeated to fill it
    error: str | None = None

    @property
    def ranking(self) -> list[tuple[str, float]]:
        """The genres and their probabilities, the most likely first."""
        return sorted(self.probabilities.items(), key=lambda item: -item[1])

    def __repr__(self) -> str:
        if self.error:
            return f"<Answer {self.song or 'samples'}: {self.error}>"
        likely = ", ".join(f"{genre} {share:.0%}" for genre, share in self.ranking[:2])
        return f"<Answer {self.song or 'samples'}: {likely}{', uncertain' * self.uncertain}>"


def shown_tags(answer: Answer) -> list[str]:
    return sorted(answer.tags, key=answer.tags.get, reverse=True)[:5]
