"""Say what a song's probabilities are good for: sure of one genre, either of two, or open.

The limits are fitted on tracks that the model was not trained on. Nine of ten songs that are called
sure or either should be right. Strangers' songs are sure and right less often than the tracks that
limits are fitted on, so the limit for sure aims higher.
"""

from typing import NamedTuple

import numpy as np

SURE, EITHER, OPEN = "sure", "either", "open"
# Why a song is open.
TOO_EVEN, UNLIKE, DISAGREE = "too even", "unlike the training songs", "tags disagree"
SURE_AIM, EITHER_AIM = 0.94, 0.88  # mean probability of the named genres, of those called so
DIGITS = 4  # of a probability that is compared with a limit: rounding errors decide nothing
UNLIKE_SHARE = 0.1  # of the known tracks, those farthest from all genres are taken for unlike them


class Limits(NamedTuple):
    """From where on a song is called sure, or either of two."""

    sure: float  # of the top probability
    either: float  # of the two highest probabilities together
    farthest: float | None = None  # the distance to the nearest genre from which on a song is open
    against: float | None = None  # the strength of the tags of other music, likewise


class Verdict(NamedTuple):
    """What is said of a song."""

    name: str = OPEN
    labels: tuple[int, ...] = ()  # of the genres that are named, the likelier first
    together: float = 0.0  # the probability of these; where none is named, the top one
    reason: str = ""  # why it is open


def of_song(
    probabilities: np.ndarray,
    limits: Limits,
    nearest: float | None = None,
    against: np.ndarray | None = None,
) -> Verdict:
    """Return the verdict on a song, given the genres' joined probabilities, (genres,).

    `nearest` is the distance of its embedding to the nearest genre, and `against` what its tags say
    against each genre, (genres,), where these are known.
    """
    first, second = np.argsort(-probabilities, kind="stable")[:2].tolist()
    top = round(float(probabilities[first]), DIGITS)
    both = round(top + float(probabilities[second]), DIGITS)
    if nearest is not None and limits.farthest is not None and nearest >= limits.farthest:
        return Verdict(OPEN, (), top, UNLIKE)
    if against is not None and limits.against is not None and against[first] >= limits.against:
        return Verdict(OPEN, (), top, DISAGREE)
    if top >= limits.sure:
        return Verdict(SURE, (first,), top)
    if both >= limits.either:
        return Verdict(EITHER, (first, second), both)
    return Verdict(OPEN, (), top, TOO_EVEN)


def fit(probabilities: np.ndarray) -> tuple[float, float]:
    """Return the limits for sure and for either, from tracks' probabilities, (tracks, genres).

    Each is the lowest with which the named genres of the songs that it admits have the mean
    probability that is aimed at. The probabilities have to be calibrated: then that is the fraction
    that is right. Counting the right ones gives limits that vary much more with the tracks.
    """
    highest = -np.sort(-probabilities, axis=1)
    top, both = highest[:, 0], highest[:, :2].sum(axis=1)
    sure = lowest_limit(top, SURE_AIM)
    return sure, lowest_limit(both[top < sure], EITHER_AIM)


def lowest_limit(confidence: np.ndarray, aim: float) -> float:
    """Return the lowest confidence such that the mean of all from there on is `aim` or more.

    It is 1 where there is none, as not even the most confident track reaches the aim.
    """
    falling = -np.sort(-np.round(confidence, DIGITS))
    means = np.cumsum(falling) / np.arange(1, len(falling) + 1)
    enough = np.flatnonzero(means >= aim)
    return float(falling[enough[-1]]) if len(enough) else 1.0


def farthest(nearest: np.ndarray) -> float:
    """Return the distance from which on a song is unlike the training songs.

    `nearest` are the distances of known tracks to their nearest genre, (tracks,).
    """
    return float(np.quantile(nearest, 1 - UNLIKE_SHARE))
