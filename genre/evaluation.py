"""Join a track's segments and score predictions, per segment and per track."""

from typing import NamedTuple

import numpy as np

JOINS = {"mean": np.mean, "max": np.max, "min": np.min}


class Scores(NamedTuple):
    """Accuracy and confusion of a network on one part of the data."""

    segment_accuracy: float
    n_segments: int
    track_accuracy: float
    n_tracks: int
    confusion: np.ndarray  # (genres, genres) counts of tracks, true genre by predicted genre


def join(probabilities: np.ndarray, how: str = "mean") -> np.ndarray:
    """Join the softmax of a track's segments, (segments, genres), into one row, (genres,)."""
    return JOINS[how](probabilities, axis=0)


def join_tracks(probabilities: np.ndarray, track_index: np.ndarray) -> np.ndarray:
    """Join by mean the segments of each track, (tracks, genres), in the order of track_index."""
    return np.stack([join(probabilities[track_index == i]) for i in np.unique(track_index)])


def score(probabilities: np.ndarray, labels: np.ndarray, track_index: np.ndarray) -> Scores:
    """Score the softmax of segments, (segments, genres), against their labels, (segments,)."""
    from sklearn.metrics import confusion_matrix

    n_genres = probabilities.shape[1]
    _, first_segment = np.unique(track_index, return_index=True)
    true_genre = labels[first_segment]
    predicted_genre = join_tracks(probabilities, track_index).argmax(axis=1)
    return Scores(
        segment_accuracy=float(np.mean(probabilities.argmax(axis=1) == labels)),
        n_segments=len(labels),
        track_accuracy=float(np.mean(predicted_genre == true_genre)),
        n_tracks=len(true_genre),
        confusion=confusion_matrix(true_genre, predicted_genre, labels=range(n_genres)),
    )
