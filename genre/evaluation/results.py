"""What a trained model reached on the part of the data that it was not trained on."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from genre import features
from genre.datasets import TEST, TRAIN, VALIDATION, Segments, take
from genre.datasets.splits import Split
from genre.evaluation import Predict, Predictions, calibration, distance, pool, predict
from genre.evaluation.distance import Centres


class Result(NamedTuple):
    """The predictions of a model that one run trained."""

    seed: int
    split: Split
    predictions: Predictions  # of the test part, calibrated
    calibration: dict[str, Any]  # the fields of calibration.Calibration
    centres: Centres | None = None  # of the training part, where the feature is an embedding


def of_run(function: Predict, segments: Segments, split: Split, *, seed: int) -> Result:
    """Return the predictions of a model's `function`, calibrated on the validation part."""
    centres = _centres(segments, split)
    validation, tested = (
        _with_distances(predict(function, segments, chosen), segments, chosen, centres)
        for chosen in (split.parts == VALIDATION, split.parts == TEST)
    )
    return Result(seed, split, *calibration.apply(validation, tested), centres)


def of_refit(folds: Sequence[Result], segments: Segments, split: Split, *, seed: int) -> Result:
    """Return what stands for a model that is trained on all tracks: the predictions of the folds.

    Each fold's are calibrated by the other folds, and the model by all of them.
    """
    calibrated = calibration.apply_across([fold.predictions for fold in folds])
    return Result(seed, split, *calibrated, _centres(segments, split))


def pooled(results: Sequence[Result], *, folds: bool) -> Predictions:
    """Return the predictions to score: of all folds, or of the first of several repeats."""
    return pool([result.predictions for result in (results if folds else results[:1])])


def _centres(segments: Segments, split: Split) -> Centres | None:
    """Return the genres' centres in the training part, where each track counts the same."""
    if not features.is_embedding(segments.feature) or segments.frames.ndim != 3:
        return None
    chosen = np.flatnonzero(split.parts == TRAIN)
    embeddings = take(segments.frames, chosen)[:, 0]
    weights = 1 / np.bincount(segments.track_index[chosen])[segments.track_index[chosen]]
    return distance.fit(embeddings, segments.labels[chosen], weights, len(segments.mapping))


def _with_distances(
    predictions: Predictions, segments: Segments, chosen: np.ndarray, centres: Centres | None
) -> Predictions:
    if centres is None:
        return predictions
    embeddings = take(segments.frames, np.flatnonzero(chosen))[:, 0]
    return predictions._replace(distances=distance.to_genres(embeddings, centres))
