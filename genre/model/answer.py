"""A model's prediction for a song."""

from dataclasses import dataclass, field

import numpy as np

from genre.evaluation import verdict
from genre.features import tags


@dataclass(frozen=True, eq=False, kw_only=True)
class Answer:
    """A model's prediction for a song. If the song cannot be used, `error` says why."""

    song: str  # the path in one printable line, empty for samples
    genre: str = ""  # the most likely one
    verdict: str = verdict.OPEN  # "sure" of one genre, "either" of two, or "open"
    genres: tuple[str, ...] = ()  # what the verdict names, the likelier first; none if it is open
    together: float = 0.0  # the probability of `genres` together; if it is open, that of `genre`
    reason: str = ""  # why it is open
    probabilities: dict[str, float] = field(default_factory=dict)  # of each genre
    # The probabilities of each segment, (segments, genres).
    segments: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    segment_seconds: float = 0.0
    # The times at which the segments begin, (segments,) in seconds.
    starts: np.ndarray = field(default_factory=lambda: np.zeros(0))
    tags: dict[str, float] = field(default_factory=dict)  # of all tags, if the feature has tags
    embedding: np.ndarray | None = None  # (values,), if the feature is an embedding
    short: bool = False  # whether the song is shorter than one segment, and repeated to fill it
    error: str | None = None

    @property
    def ranking(self) -> list[tuple[str, float]]:
        """The genres and their probabilities, the most likely first."""
        return sorted(self.probabilities.items(), key=lambda item: -item[1])

    @property
    def named(self) -> str:
        """The verdict in words: "rock", "rock or metal", or "rock?" if it is open."""
        return " or ".join(self.genres) or f"{self.genre}?"

    def __repr__(self) -> str:
        name = self.song or "samples"
        if self.error:
            return f"<Answer {name}: {self.error}>"
        why = f", open: {self.reason}" if self.reason else ""
        return f"<Answer {name}: {self.named} {self.together:.0%}{why}>"


def shown_tags(answer: Answer) -> list[str]:
    """Return the tags to show of a song, at most five: those that say most about it."""
    return tags.shown(answer.tags)
