"""Join a track's segments and score predictions, per segment and per track."""

from collections.abc import Callable
from statistics import mean, stdev
from typing import Any, NamedTuple

import lazy_loader as lazy
import numpy as np

from genre.datasets import Segments, pieces

keras = lazy.load("keras")

JOINS = {"mean": np.mean, "max": np.max, "min": np.min}
STEP = 32  # segments that a network judges in one step
MEASURES = ("segment_accuracy", "track_accuracy", "macro_f1")

# From frames, (segments, frames, bands), to the genres' probabilities, (segments, genres).
Judge = Callable[[np.ndarray], np.ndarray]
# False positive rates, true positive rates, and the area under them.
RocCurve = tuple[np.ndarray, np.ndarray, float]


class Predictions(NamedTuple):
    """The genres' probabilities for segments whose genre is known."""

    probabilities: np.ndarray  # (segments, genres)
    labels: np.ndarray  # (segments,)
    track_index: np.ndarray  # (segments,)


def judge_of(network: "keras.Model") -> Judge:
    """Return how a network judges frames: few, as those of a song, in one step, which is faster."""

    def judge(frames: np.ndarray) -> np.ndarray:
        if len(frames) <= STEP:
            return network.predict_on_batch(frames)
        return network.predict(frames, batch_size=STEP, verbose=0)

    return judge


def predict(judge: Judge, segments: Segments, chosen: np.ndarray) -> Predictions:
    """Let a network or a classifier judge the chosen segments, a mask of (segments,)."""
    rows = np.flatnonzero(chosen)
    none = np.zeros((0, len(segments.mapping)), dtype=np.float32)
    probabilities = [none, *map(judge, pieces(segments.frames, rows))]
    return Predictions(
        np.concatenate(probabilities), segments.labels[rows], segments.track_index[rows]
    )


def pool(predictions: list[Predictions]) -> Predictions:
    """Put the test parts of several folds together."""
    return Predictions(*map(np.concatenate, zip(*predictions, strict=True)))


def join(probabilities: np.ndarray, how: str = "mean") -> np.ndarray:
    """Join the probabilities of a track's segments, (segments, genres), into one row, (genres,)."""
    return JOINS[how](probabilities, axis=0)


def join_tracks(predictions: Predictions) -> tuple[np.ndarray, np.ndarray]:
    """Join by mean the segments of each track: probabilities (tracks, genres), labels (tracks,)."""
    _, first, track = np.unique(predictions.track_index, return_index=True, return_inverse=True)
    sums = np.zeros((len(first), predictions.probabilities.shape[1]))
    np.add.at(sums, track, predictions.probabilities)
    return sums / np.bincount(track)[:, np.newaxis], predictions.labels[first]


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


def roc_curves(predictions: Predictions, mapping: list[str]) -> dict[str, RocCurve]:
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


def macro_roc(curves: dict[str, RocCurve]) -> RocCurve:
    """Return the mean over the genres, one at least, of their curves and of their areas."""
    steps = np.concatenate([false_positive for false_positive, _, _ in curves.values()])
    grid = np.unique([np.maximum(steps - 1e-9, 0), steps])  # on either side of a vertical step
    rates = [np.interp(grid, *curve[:2]) for curve in curves.values()]
    area = mean(area for _, _, area in curves.values())
    return np.append(0, grid), np.append(0, np.mean(rates, axis=0)), area


def measures(runs: list[Predictions], mapping: list[str]) -> list[dict[str, Any]]:
    """Return the MEASURES of several runs, and of how many segments and tracks they are."""
    scores = [score(predictions, mapping) for predictions in runs]
    return [{key: of_run[key] for key in (*MEASURES, "segments", "tracks")} for of_run in scores]


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
