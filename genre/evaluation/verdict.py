"""Say what a song's probabilities are good for: sure of one genre, either of two, or open.

The limits are fitted on tracks that the model was not trained on. Nine of ten songs that are called
sure or either should be right. Strangers' songs are sure and right less often than the tracks that
limits are fitted on, so the limit for sure aims higher.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

SURE, EITHER, OPEN = "sure", "either", "open"
# Why a song is open.
TOO_LOW, UNLIKE, DISAGREE = "not likely enough", "unlike the training songs", "tags disagree"
NONE_OF_THEM = "none of the genres"
OTHER = "other"  # a genre of this name holds songs that are of none of the genres
SURE_AIM, EITHER_AIM = 0.94, 0.88  # mean probability of the named genres, of those called so
PROMISE = 0.88  # the least fraction of those called so that is right
NEVER = 1.0001  # a limit that no probability reaches
DIGITS = 4  # of a probability that is compared with a limit: rounding errors decide nothing
UNLIKE_SHARE = 0.1  # of the known tracks, those farthest from all genres are taken for unlike them


class Limits(NamedTuple):
    """From where on a song is called sure, or either of two."""

    sure: float  # of the top probability
    either: float  # of the two highest probabilities together
    farthest: float | None = None  # the distance to the nearest genre from which on a song is open
    against: float | None = None  # the strength of the tags of other music, likewise
    other: int | None = None  # the label of the genre that holds songs of none of the genres


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
    if first == limits.other:
        return Verdict(OPEN, (), top, NONE_OF_THEM)
    if top >= limits.sure:
        return Verdict(SURE, (first,), top)
    if both < limits.either:
        return Verdict(OPEN, (), top, TOO_LOW)
    if second == limits.other:
        return Verdict(OPEN, (), top, NONE_OF_THEM)
    return Verdict(EITHER, (first, second), both)


def other_label(mapping: Sequence[str]) -> int | None:
    """Return the label of the genre OTHER, which is answered as open; None if there is none."""
    names = [genre.casefold() for genre in mapping]
    return names.index(OTHER) if OTHER in names else None


def fit(probabilities: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Return the limits for sure and for either.

    They are fitted on tracks' calibrated probabilities, (tracks, genres), and labels, (tracks,).
    Each is the lowest with which the named genres of the tracks that it admits have the mean
    probability that is aimed at. Limits that only count the right tracks vary much more with the
    tracks. But some classifiers are wrong with a probability of 1, which no calibration changes: so
    at least PROMISE of the admitted tracks must be right, too.
    """
    likely = np.argsort(-probabilities, axis=1, kind="stable")[:, :2]
    named = np.take_along_axis(probabilities, likely, axis=1)
    right = likely == labels[:, np.newaxis]
    sure = lowest_limit(named[:, 0], right[:, 0], SURE_AIM)
    others = np.round(named[:, 0], DIGITS) < sure
    return sure, lowest_limit(named.sum(axis=1)[others], right.any(axis=1)[others], EITHER_AIM)


def lowest_limit(confidence: np.ndarray, right: np.ndarray, aim: float) -> float:
    """Return the lowest confidence such that the tracks from there on are sure and right enough.

    Their mean confidence is `aim` or more, and PROMISE of them are right. Tracks of equal
    confidence are admitted together or not at all. It is NEVER where no limit will do.
    """
    values, place = np.unique(-np.round(confidence, DIGITS), return_inverse=True)
    n_admitted = np.cumsum(np.bincount(place, minlength=len(values)))
    n_right = np.cumsum(np.bincount(place, weights=right, minlength=len(values)))
    means = np.cumsum(np.bincount(place, minlength=len(values)) * -values) / n_admitted
    enough = np.flatnonzero((means >= aim) & (n_right >= PROMISE * n_admitted))
    return float(-values[enough[-1]]) if len(enough) else NEVER


def farthest(nearest: np.ndarray) -> float:
    """Return the distance from which on a song is unlike the training songs.

    `nearest` are the distances of known tracks to their nearest genre, (tracks,).
    """
    return float(np.quantile(nearest, 1 - UNLIKE_SHARE))
