"""Score predictions, per segment and per track."""

from statistics import mean, stdev
from typing import Any

import msgspec
import numpy as np

from genre.evaluation import Predictions, join_tracks

MEASURES = ("segment_accuracy", "track_accuracy", "macro_f1")
CONFIDENCE = 0.95  # of the interval of an accuracy
RESAMPLES = 2000  # of the bootstrap

# False positive rates, true positive rates, and the area under them.
RocCurve = tuple[np.ndarray, np.ndarray, float]


class GenreScores(msgspec.Struct, frozen=True, kw_only=True):
    """The scores of one genre's tracks; None for a score that its tracks do not define."""

    precision: float | None
    recall: float | None
    f1: float | None
    roc_area: float | None
    tracks: int


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """The scores of predictions, as they are on a card."""

    segment_accuracy: float
    segments: int
    track_accuracy: float
    tracks: int
    track_interval: tuple[float, float]  # the 95 % confidence interval of track_accuracy
    macro_f1: float  # the mean F1 score of the genres that have tracks
    genres: dict[str, GenreScores]
    confusion: list[list[int]]  # numbers of tracks: true genre by predicted genre


def score(predictions: Predictions, mapping: list[str], groups: np.ndarray | None = None) -> Scores:
    """Score predictions.

    Precision, recall, F1 and the area under the one-against-rest ROC curve are those of tracks.
    `groups` are those of all tracks of the data set, as in `interval`; without them, each track is
    one.
    """
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    by_track, true_genre = join_tracks(predictions)
    predicted_genre = by_track.argmax(axis=1)
    labels = range(len(mapping))
    precision, recall, f1, n_tracks = precision_recall_fscore_support(
        true_genre, predicted_genre, labels=labels, zero_division=np.nan
    )
    tracks = np.unique(predictions.track_index)
    low, high = interval(
        predicted_genre == true_genre, tracks if groups is None else groups[tracks]
    )
    areas = {name: area for name, (_, _, area) in roc_curves(predictions, mapping).items()}
    genres = {
        name: GenreScores(
            precision=_rounded(precision[i]),
            recall=_rounded(recall[i]),
            f1=_rounded(f1[i]),
            roc_area=_rounded(areas.get(name, np.nan)),
            tracks=int(n_tracks[i]),
        )
        for i, name in enumerate(mapping)
    }
    return Scores(
        segment_accuracy=_digits(
            np.mean(predictions.probabilities.argmax(axis=1) == predictions.labels)
        ),
        segments=len(predictions.labels),
        track_accuracy=_digits(np.mean(predicted_genre == true_genre)),
        tracks=len(true_genre),
        track_interval=(_digits(low), _digits(high)),
        macro_f1=_digits(np.mean(f1[n_tracks > 0])),
        genres=genres,
        confusion=confusion_matrix(true_genre, predicted_genre, labels=labels).tolist(),
    )


def interval(right: np.ndarray, groups: np.ndarray) -> tuple[float, float]:
    """Return the 95 % confidence interval of the accuracy of tracks, of which some are `right`.

    Tracks of the same group, such as an artist, (tracks,), are often right together. So groups are
    drawn again and again, with replacement, and the accuracy of their tracks is taken each time
    (the bootstrap of clusters, A. C. Davison and D. V. Hinkley, "Bootstrap Methods and their
    Application", 1997, section 3.8). If each track is a group of its own, or if all groups do
    equally well, so that drawing them tells nothing, Wilson's interval of the groups is returned.
    """
    _, group = np.unique(groups, return_inverse=True)
    n_groups = group.max() + 1
    of_group, n_right = np.bincount(group), np.bincount(group, weights=right)
    accuracy = n_right.sum() / of_group.sum()
    if n_groups == len(right) or np.ptp(n_right / of_group) == 0:
        return wilson(round(accuracy * n_groups), n_groups)
    drawn = np.random.default_rng(0).integers(n_groups, size=(RESAMPLES, n_groups))
    accuracies = n_right[drawn].sum(axis=1) / of_group[drawn].sum(axis=1)
    low, high = np.quantile(accuracies, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def wilson(right: int, n: int) -> tuple[float, float]:
    """Return the 95 % confidence interval of an accuracy of `right` of `n` independent tracks.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of
    the American Statistical Association 22, 1927.
    """
    from scipy.stats import binomtest

    found = binomtest(right, n).proportion_ci(CONFIDENCE, method="wilson")
    return float(found.low), float(found.high)


def roc_curves(predictions: Predictions, mapping: list[str]) -> dict[str, RocCurve]:
    """Return the ROC curve of every genre: false and true positive rates, and the area under them.

    Each genre is compared with all others, by the probabilities of tracks. There is no curve for a
    genre of no track or of all tracks.
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


def measures(runs: list[Predictions], mapping: list[str]) -> list[dict[str, Any]]:
    """Return the MEASURES of several runs, with the numbers of segments and tracks."""
    scores = [score(predictions, mapping) for predictions in runs]
    return [
        {key: getattr(of_run, key) for key in (*MEASURES, "segments", "tracks")}
        for of_run in scores
    ]


def spread(
    runs: list[dict[str, Any]], together: Scores | None = None
) -> dict[str, dict[str, float | None]]:
    """Return mean and sample standard deviation of each measure over runs; None for that of one.

    If the runs are folds, `together` are the scores of all their predictions. A fold may lack
    tracks of a genre, so the mean of the folds' macro F1 would be that of the genres that happen to
    be there; the macro F1 of `together` takes its place.
    """
    found: dict[str, dict[str, float | None]] = {
        measure: {
            "mean": _digits(mean(run[measure] for run in runs)),
            "std": _digits(stdev(run[measure] for run in runs)) if len(runs) > 1 else None,
        }
        for measure in MEASURES
    }
    if together:
        found["macro_f1"]["mean"] = together.macro_f1
    return found


def _digits(value: Any) -> float:
    """Return a value of four digits."""
    return round(float(value), 4)


def _rounded(value: float) -> float | None:
    """Return a value of four digits; None for NaN, which JSON does not have."""
    return None if np.isnan(value) else _digits(value)
