"""Predict segments whose genre is known, and combine the segments of a track."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from genre.segments import Segments, pieces

JOINS = {"mean": np.mean, "max": np.max, "min": np.min}

# From frames, (segments, frames, bands), to the genres' probabilities, (segments, genres).
Predict = Callable[[np.ndarray], np.ndarray]


class Predictions(NamedTuple):
    """The genres' probabilities for segments whose genre is known."""

    probabilities: np.ndarray  # (segments, genres)
    labels: np.ndarray  # (segments,)
    track_index: np.ndarray  # (segments,)
    # (segments, genres), from evaluation.distance, if the feature is an embedding
    distances: np.ndarray | None = None


def predict(function: Predict, segments: Segments, chosen: np.ndarray) -> Predictions:
    """Return the predictions of a network or a classifier for the chosen segments.

    `chosen` is a mask of (segments,).
    """
    rows = np.flatnonzero(chosen)
    none = np.zeros((0, len(segments.mapping)), dtype=np.float32)
    probabilities = [none, *map(function, pieces(segments.frames, rows))]
    return Predictions(
        np.concatenate(probabilities), segments.labels[rows], segments.track_index[rows]
    )


def pool(predictions: list[Predictions]) -> Predictions:
    """Concatenate the predictions of several folds."""
    columns = zip(*predictions, strict=True)
    return Predictions(
        *(None if column[0] is None else np.concatenate(column) for column in columns)
    )


def join(probabilities: np.ndarray, how: str = "mean") -> np.ndarray:
    """Combine the probabilities of a track's segments, (segments, genres): (genres,)."""
    return JOINS[how](probabilities, axis=0)


def join_tracks(predictions: Predictions) -> tuple[np.ndarray, np.ndarray]:
    """Return each track's mean probabilities, (tracks, genres), and its label, (tracks,)."""
    _, first = np.unique(predictions.track_index, return_index=True)
    by_track = mean_by_track(predictions.probabilities, predictions.track_index)
    return by_track, predictions.labels[first]


def mean_by_track(values: np.ndarray, track_index: np.ndarray) -> np.ndarray:
    """Return values, (segments, n), averaged over the segments of each track: (tracks, n)."""
    _, track = np.unique(track_index, return_inverse=True)
    sums = np.zeros((track.max(initial=-1) + 1, values.shape[1]))
    np.add.at(sums, track, values)
    return sums / np.bincount(track)[:, np.newaxis]
