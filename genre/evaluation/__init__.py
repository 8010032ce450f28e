"""Predict segments whose genre is known, and combine the segments of a track."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from genre.evaluation import verdict
from genre.segments import Segments, in_batches

LEAST = 1e-9  # replaces a probability of 0 in a geometric mean, which would be 0


def geometric_mean(probabilities: np.ndarray, axis: int) -> np.ndarray:
    """Return the geometric mean along an axis, scaled so that the genres' sum is 1."""
    from scipy.special import softmax

    return softmax(np.log(np.maximum(probabilities, LEAST)).mean(axis=axis), axis=-1)


MEAN, GEOMETRIC = "mean", "geometric"
JOINS: dict[str, Callable[..., np.ndarray]] = {
    MEAN: np.mean,
    GEOMETRIC: geometric_mean,
    "max": np.max,
    "min": np.min,
}

# From frames, (segments, frames, bands), to the genres' probabilities, (segments, genres).
Predict = Callable[[np.ndarray], np.ndarray]


class Predictions(NamedTuple):
    """The genres' probabilities for segments whose genre is known."""

    probabilities: np.ndarray  # (segments, genres)
    labels: np.ndarray  # (segments,)
    track_index: np.ndarray  # (segments,)
    # (segments, genres), from evaluation.distance, if the feature is an embedding
    distances: np.ndarray | None = None
    # (segments, genres), from evaluation.tag_evidence, if the feature has tags
    against: np.ndarray | None = None

    # How a track's segments are joined: by the geometric mean for an embedding, whose segments come
    # from all over a song, as it is surer where all agree; by the mean if they follow each other.
    join: str = MEAN
    other: int | None = None  # the label of the genre that is answered as open: evaluation.verdict


def predict(function: Predict, segments: Segments, chosen: np.ndarray) -> Predictions:
    """Return the predictions of a network or a classifier for the chosen segments.

    `chosen` is a mask of (segments,).
    """
    rows = np.flatnonzero(chosen)
    none = np.zeros((0, len(segments.mapping)), dtype=np.float32)
    probabilities = [none, *map(function, in_batches(segments.frames, rows))]
    return Predictions(
        np.concatenate(probabilities),
        segments.labels[rows],
        segments.track_index[rows],
        other=verdict.other_label(segments.mapping),
    )


def concatenated(predictions: list[Predictions]) -> Predictions:
    """Return the predictions of several folds as one."""
    columns = zip(*predictions, strict=True)
    return Predictions._make(
        np.concatenate(column) if isinstance(column[0], np.ndarray) else column[0]
        for column in columns
    )


def join(probabilities: np.ndarray, how: str = MEAN) -> np.ndarray:
    """Combine the probabilities of a track's segments, (segments, genres): (genres,)."""
    return JOINS[how](probabilities, axis=0)


def join_tracks(predictions: Predictions) -> tuple[np.ndarray, np.ndarray]:
    """Return each track's joined probabilities, (tracks, genres), and its label, (tracks,)."""
    from scipy.special import softmax

    probabilities, track_index = predictions.probabilities, predictions.track_index
    _, first = np.unique(track_index, return_index=True)
    if predictions.join == GEOMETRIC:
        logarithms = mean_by_track(np.log(np.maximum(probabilities, LEAST)), track_index)
        by_track = softmax(logarithms, axis=1)
    else:
        by_track = mean_by_track(probabilities, track_index)
    return by_track, predictions.labels[first]


def with_likeliest_label(predictions: Predictions, shares: np.ndarray | None) -> Predictions:
    """Return predictions whose labels are the likeliest genre of those that each track has.

    So an answer is right if it names one of them. `shares` are those of `segments.Index`.
    """
    if shares is None:
        return predictions
    by_track, _ = join_tracks(predictions)
    tracks, place = np.unique(predictions.track_index, return_inverse=True)
    labels = np.where(shares[tracks] > 0, by_track, -1).argmax(axis=1)
    return predictions._replace(labels=labels[place])


def mean_by_track(values: np.ndarray, track_index: np.ndarray) -> np.ndarray:
    """Return values, (segments, n), averaged over the segments of each track: (tracks, n)."""
    _, track = np.unique(track_index, return_inverse=True)
    sums = np.zeros((track.max(initial=-1) + 1, values.shape[1]))
    np.add.at(sums, track, values)
    return sums / np.bincount(track)[:, np.newaxis]
