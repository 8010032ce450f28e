"""Thirteen scikit-learn classifiers that learn from statistics of segments: the baselines.

Twelve learn from the mean, the standard deviation and the change of every band. kernel-ridge learns
from more statistics, which need a spectrogram in decibels.
"""

import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from genre import features
from genre.classifiers import band_statistics, spectrogram_statistics
from genre.classifiers.estimators import CLASSIFIERS, Pipeline, untrained
from genre.errors import ModelError, TrainingError, reason
from genre.segments import Segments
from genre.songs import TRAIN
from genre.splits import Split

# From frames, (segments, frames, bands), and their levels to (segments, statistics).
STATISTICS: dict[str, Callable[[np.ndarray, features.Levels], np.ndarray]] = {
    "bands": band_statistics.of_segments,
    "spectrogram": spectrogram_statistics.of_segments,
}


class Trained(NamedTuple):
    """A trained classifier, and how it was trained."""

    model: Pipeline
    seconds: float
    converged: bool  # False if the training stopped at its limit of steps


@lru_cache(maxsize=len(STATISTICS))
def with_statistics(segments: Segments, kind: str) -> Segments:
    """Return the segments with statistics instead of frames, computed once for all classifiers."""
    return replace(segments, frames=STATISTICS[kind](segments.frames, segments.levels))


@lru_cache(maxsize=1)
def copies(segments: Segments, seed: int) -> np.ndarray:
    """Return the statistics of low-pass filtered copies of the segments, to train on."""
    from genre.classifiers.kernel_ridge import statistics_of_copies

    return statistics_of_copies(segments.frames, segments.levels, seed=seed)


def check(name: str, segments: Segments) -> None:
    """Raise TrainingError if a classifier cannot use such segments."""
    if lacking := CLASSIFIERS[name].lacking(segments):
        raise TrainingError(f"{name} needs {lacking}")


def fit(name: str, segments: Segments, split: Split, *, seed: int) -> Trained:
    """Train a classifier on the training part of a split.

    Raises TrainingError if the classifier cannot learn from this data.
    """
    from sklearn.exceptions import ConvergenceWarning

    check(name, segments)
    known, train = CLASSIFIERS[name], split.parts == TRAIN
    rows = with_statistics(segments, known.statistics).frames[train]
    of_copies = copies(segments, seed)[train] if known.copies else rows[:0]
    model = untrained(name, seed, len(rows))
    started = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            _fit(model, rows, of_copies, segments.labels[train])
        except ValueError as error:  # scikit-learn raises it for data that it cannot use
            raise TrainingError(f"{name} cannot learn from this data ({reason(error)})") from None
    if getattr(model[-1], "n_jobs", None):  # else several threads would sum trees in any order
        model[-1].set_params(n_jobs=None)
    converged = not any(issubclass(each.category, ConvergenceWarning) for each in caught)
    return Trained(model, time.perf_counter() - started, converged)


def _fit(model: Pipeline, rows: np.ndarray, of_copies: np.ndarray, labels: np.ndarray) -> None:
    """Train the steps before the last one on the rows, and the last one on their copies, too."""
    prepared = model[:-1].fit(rows, labels).transform(rows)
    if len(of_copies):
        prepared = np.concatenate([prepared, model[:-1].transform(of_copies)])
        labels = np.tile(labels, 2)
    model[-1].fit(prepared, labels)


def probabilities(model: Pipeline, rows: np.ndarray, n_genres: int) -> np.ndarray:
    """Return the genres' probabilities, (segments, genres), for rows of statistics.

    Ridge regression and support vector machines have no probabilities: here these are the softmax
    of the decision values, in the right order, but not calibrated. A genre that was not trained on
    has 0. Raises ModelError for rows that are not finite.
    """
    from scipy.special import softmax

    found = np.zeros((len(rows), n_genres))
    if not len(rows):  # scikit-learn refuses empty arrays
        return found
    try:
        if hasattr(model, "predict_proba"):
            found[:, model.classes_] = model.predict_proba(rows)
            return found
        values = model.decision_function(rows)
    except ValueError as error:  # the statistics of finite frames can be infinite
        raise ModelError(f"the classifier cannot use these frames ({reason(error)})") from None
    if values.ndim == 1:  # for two genres there is one value: it is large for the second genre
        values = np.stack([np.zeros_like(values), values], axis=1)
    found[:, model.classes_] = softmax(values, axis=1)
    return found


def predictor(
    model: Pipeline, kind: str, feature: str, settings: dict[str, Any], n_genres: int
) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function from frames, (segments, frames, bands), to the genres' probabilities.

    `kind` is the kind of STATISTICS that the classifier learnt from.
    """

    def predict(frames: np.ndarray) -> np.ndarray:
        levels = features.levels(feature, settings, frames.shape[2])
        return probabilities(model, STATISTICS[kind](frames, levels), n_genres)

    return predict


def takes(
    model: Pipeline, kind: str, shape: tuple[int, int], feature: str, settings: dict[str, Any]
) -> bool:
    """Say whether a classifier takes segments of a shape, (frames, bands)."""
    levels = features.levels(feature, settings, shape[1])
    return STATISTICS[kind](np.zeros((1, *shape)), levels).shape[1] == model.n_features_in_


def estimator(model: Pipeline) -> str:
    """Return a classifier as scikit-learn writes it, without the standardisation."""
    steps = [step for name, step in model.steps if name != "standardscaler"]
    return ", ".join(" ".join(repr(step).split()) for step in steps)
