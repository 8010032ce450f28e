"""Say what a song's probabilities are good for: sure of one genre, either of two, or open.

The limits are fitted on tracks that the model was not trained on, so that PROMISE of the songs that
are called sure, and of those that are called either, have a genre that is named.
"""

from typing import NamedTuple

import numpy as np

SURE, EITHER, OPEN = "sure", "either", "open"
TOO_EVEN, UNLIKE = "too even", "unlike the training songs"  # why a song is open
PROMISE = 0.9  # the fraction of the songs called sure, and of those called either, that are right


class Limits(NamedTuple):
    """From where on a song is called sure, or either of two."""

    sure: float  # of the top probability
    either: float  # of the two highest probabilities together
    farthest: float | None = None  # the distance to the nearest genre from which on a song is open


class Verdict(NamedTuple):
    """What is said of a song."""

    name: str = OPEN
    labels: tuple[int, ...] = ()  # of the genres that are named, the likelier first
    together: float = 0.0  # the probability of these; where none is named, the top one
    reason: str = ""  # why it is open


def of_song(probabilities: np.ndarray, limits: Limits, nearest: float | None = None) -> Verdict:
    """Return the verdict on a song, given the genres' joined probabilities, (genres,).

    `nearest` is the distance of its embedding to the nearest genre, where that is known.
    """
    first, second = np.argsort(-probabilities, kind="stable")[:2].tolist()
    top = float(probabilities[first])
    both = top + float(probabilities[second])
    if nearest is not None and limits.farthest is not None and nearest >= limits.farthest:
        return Verdict(OPEN, (), top, UNLIKE)
    if top >= limits.sure:
        return Verdict(SURE, (first,), top)
    if both >= limits.either:
        return Verdict(EITHER, (first, second), both)
    return Verdict(OPEN, (), top, TOO_EVEN)


def fit(
    probabilities: np.ndarray, labels: np.ndarray, promise: float = PROMISE
) -> tuple[float, float]:
    """Return the limits for sure and for either, fitted on tracks, (tracks, genres).

    Each is the lowest with which `promise` of the tracks that it admits are right. The limit for
    either is fitted on the tracks that are not sure.
    """
    order = np.argsort(-probabilities, axis=1, kind="stable")
    highest = np.take_along_axis(probabilities, order, axis=1)
    right = order == labels[:, np.newaxis]
    top, both = highest[:, 0], highest[:, :2].sum(axis=1)
    sure = lowest_limit(top, right[:, 0], promise)
    rest = top < sure
    either = lowest_limit(both[rest], right[rest, :2].any(axis=1), promise)
    return sure, either


def lowest_limit(confidence: np.ndarray, right: np.ndarray, promise: float) -> float:
    """Return the lowest confidence from which on the fraction `promise` of tracks is right.

    Tracks of the same confidence are admitted together or not at all. It is 1 where not even the
    most confident tracks are right often enough, and 0 where all tracks together are.
    """
    steps, group = np.unique(-confidence, return_inverse=True)
    admitted = np.cumsum(np.bincount(group, minlength=len(steps)))
    share_right = np.cumsum(np.bincount(group, weights=right, minlength=len(steps))) / admitted
    enough = np.flatnonzero(share_right >= promise)
    if not len(enough):
        return 1.0
    if enough[-1] == len(steps) - 1:
        return 0.0
    return float(np.floor(1e4 * min(-steps[enough[-1]], 1)) / 1e4)  # at most the track's own
