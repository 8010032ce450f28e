"""Join a track's segments and score predictions, per segment and per track."""

import math
from statistics import mean, stdev
from typing import Any, NamedTuple

import numpy as np

from genre.dataset import Segments, take

JOINS = {"mean": np.mean, "max": np.max, "min": np.min}
PIECE = 1024  # segments that are judged at once
MEASURES = ("segment_accuracy", "track_accuracy", "macro_f1")


class Predictions(NamedTuple):
    """A network's softmax on segments whose genre is known."""

    probabilities: np.ndarray  # (segments, genres)
    labels: np.ndarray  # (segments,)
    track_index: np.ndarray  # (segments,)


def predict(network, segments: Segments, chosen: np.ndarray) -> Predictions:
    """Let a network judge the chosen segments, a mask of (segments,)."""
    rows = np.flatnonzero(chosen)
    pieces = np.array_split(rows, math.ceil(len(rows) / PIECE))
    probabilities = [network.predict(take(segments.frames, piece), verbose=0) for piece in pieces]
    return Predictions(
        np.concatenate(probabilities), segments.labels[rows], segments.track_index[rows]
    )


def pool(predictions: list[Predictions]) -> Predictions:
    """Put the test parts of several folds together."""
    return Predictions(*map(np.concatenate, zip(*predictions, strict=True)))


def join(probabilities: np.ndarray, how: str = "mean") -> np.ndarray:
    """Join the softmax of a track's segments, (segments, genres), into one row, (genres,)."""
    return JOINS[how](probabilities, axis=0)


def join_tracks(predictions: Predictions) -> tuple[np.ndarray, np.ndarray]:
    """Join by mean the segments of each track: probabilities (tracks, genres), labels (tracks,)."""
    tracks, first = np.unique(predictions.track_index, return_index=True)
    of_track = [join(predictions.probabilities[predictions.track_index == i]) for i in tracks]
    return np.stack(of_track), predictions.labels[first]


def score(predictions: Predictions, mapping: list[str]) -> dict[str, Any]:
    """Score predictions, ready for a card.

    Precision, recall, F1 and the area under the one-against-rest ROC curve are those of tracks,
    as is the confusion matrix (true genre by predicted genre, counts). Macro F1 is the mean over
    the genres that have tracks under test; what cannot be computed for a genre is None.
    """
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    by_track, true_genre = join_tracks(predictions)
    predicted_genre = by_track.argmax(axis=1)
    labels = range(len(mapping))
    precision, recall, f1, n_tracks = precision_recall_fscore_support(
        true_genre, predicted_genre, labels=labels, zero_division=np.nan
    )
    areas = {name: area for name, (_, _, area) in roc_curves(predictions, mapping).items()}
    table = {
        name: {
            "precision": _rounded(precision[i]),
            "recall": _rounded(recall[i]),
            "f1": _rounded(f1[i]),
            "roc_area": _rounded(areas.get(name, np.nan)),
            "tracks": int(n_tracks[i]),
        }
        for i, name in enumerate(mapping)
    }
    return {
        "segment_accuracy": _rounded(
            np.mean(predictions.probabilities.argmax(axis=1) == predictions.labels)
        ),
        "segments": len(predictions.labels),
        "track_accuracy": _rounded(np.mean(predicted_genre == true_genre)),
        "tracks": len(true_genre),
        "macro_f1": _rounded(np.mean(f1[n_tracks > 0])),
        "genres": table,
        "confusion": confusion_matrix(true_genre, predicted_genre, labels=labels).tolist(),
    }


def roc_curves(
    predictions: Predictions, mapping: list[str]
) -> dict[str, tuple[np.ndarray, np.ndarray, float]]:
    """Return for every genre the false and true positive rates of its tracks, and the area.

    Each genre is taken against all others, by its joined probability. A genre that none or all
    of the tracks are of has no curve.
    """
    from sklearn.metrics import auc, roc_curve

    by_track, true_genre = join_tracks(predictions)
    curves = {}
    for label, name in enumerate(mapping):
        is_genre = true_genre == label
        if is_genre.any() and not is_genre.all():
            false_positive, true_positive, _ = roc_curve(is_genre, by_track[:, label])
            area = float(auc(false_positive, true_positive))
            curves[name] = (false_positive, true_positive, area)
    return curves


def spread(runs: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Return mean and sample standard deviation of each measure over several runs."""
    return {
        measure: {
            "mean": _rounded(mean(run[measure] for run in runs)),
            "std": _rounded(stdev(run[measure] for run in runs)),
        }
        for measure in MEASURES
    }


def _rounded(value: float) -> float | None:
    """Return a value with the digits that matter, None for NaN, which JSON cannot hold."""
    return None if np.isnan(value) else round(float(value), 4)
