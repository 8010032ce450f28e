"""The predictions of a trained model for data that it was not trained on."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from genre import features
from genre.evaluation import Predict, Predictions, calibration, distance, pool, predict
from genre.evaluation.distance import Centres
from genre.segments import PIECE, Segments, pieces, take
from genre.songs import TEST, TRAIN, VALIDATION
from genre.splits import Split


class Result(NamedTuple):
    """The predictions of the model of one run."""

    seed: int
    split: Split
    predictions: Predictions  # of the test part, calibrated
    calibration: dict[str, Any]  # the fields of calibration.Calibration
    centres: Centres | None = None  # of the training part, if the feature is an embedding


def of_run(function: Predict, segments: Segments, split: Split, *, seed: int) -> Result:
    """Return the predictions of a model's `function`, calibrated on the validation part."""
    centres = _centres(segments, split)
    validation, tested = (
        _with_distances(predict(function, segments, chosen), segments, chosen, centres)
        for chosen in (split.parts == VALIDATION, split.parts == TEST)
    )
    return Result(seed, split, *calibration.apply(validation, tested), centres)


def of_refit(folds: Sequence[Result], segments: Segments, split: Split, *, seed: int) -> Result:
    """Return the result of a model that is trained on all tracks: the predictions of the folds.

    Each fold is calibrated on the other folds, and the model on all of them.
    """
    calibrated = calibration.apply_across([fold.predictions for fold in folds])
    return Result(seed, split, *calibrated, _centres(segments, split))


def pooled(results: Sequence[Result], *, folds: bool) -> Predictions:
    """Return the predictions to score: those of all folds, or of the first of several repeats."""
    return pool([result.predictions for result in (results if folds else results[:1])])


def _centres(segments: Segments, split: Split) -> Centres | None:
    """Return the genres' centres in the training part, in which each track has the same weight."""
    if not features.is_embedding(segments.feature) or segments.frames.ndim != 3:
        return None
    chosen = np.flatnonzero(split.parts == TRAIN)
    of_track = np.bincount(segments.track_index[chosen])

    def of_piece(rows: np.ndarray) -> distance.Piece:
        weights = 1 / of_track[segments.track_index[rows]]
        return take(segments.frames, rows)[:, 0], segments.labels[rows], weights

    starts = range(0, len(chosen), PIECE)
    return distance.fit(
        (of_piece(chosen[start : start + PIECE]) for start in starts), len(segments.mapping)
    )


def _with_distances(
    predictions: Predictions, segments: Segments, chosen: np.ndarray, centres: Centres | None
) -> Predictions:
    """Return the predictions for the chosen segments, a mask, with distances to the centres."""
    if centres is None:
        return predictions
    distances = [np.zeros((0, len(segments.mapping)))]
    for frames in pieces(segments.frames, np.flatnonzero(chosen)):
        distances.append(distance.to_genres(frames[:, 0], centres))
    return predictions._replace(distances=np.concatenate(distances))
