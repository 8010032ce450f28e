"""What a trained model reached on the part of the data that it was not trained on."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from genre.datasets import TEST, VALIDATION, Segments
from genre.datasets.splits import Split
from genre.evaluation import Predict, Predictions, calibration, pool, predict


class Result(NamedTuple):
    """The predictions of a model that one run trained."""

    seed: int
    split: Split
    predictions: Predictions  # of the test part, calibrated
    calibration: dict[str, Any]  # the fields of calibration.Calibration


def of_run(function: Predict, segments: Segments, split: Split, *, seed: int) -> Result:
    """Return the predictions of a model's `function`, calibrated on the validation part."""
    validation, tested = (
        predict(function, segments, split.parts == part) for part in (VALIDATION, TEST)
    )
    return Result(seed, split, *calibration.apply(validation, tested))


def of_refit(folds: Sequence[Result], split: Split, *, seed: int) -> Result:
    """Return what stands for a model that is trained on all tracks: the predictions of the folds.

    Each fold's are calibrated by the other folds, and the model by all of them.
    """
    return Result(seed, split, *calibration.apply_across([fold.predictions for fold in folds]))


def pooled(results: Sequence[Result], *, folds: bool) -> Predictions:
    """Return the predictions to score: of all folds, or of the first of several repeats."""
    return pool([result.predictions for result in (results if folds else results[:1])])
