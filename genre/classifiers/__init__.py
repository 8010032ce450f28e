"""Thirteen scikit-learn classifiers that learn from statistics of segments: the baselines.

Twelve learn from the mean, the standard deviation and the change of every band. kernel-ridge learns
from more statistics, which need a spectrogram in decibels.
"""

import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from genre import features
from genre.classifiers import band_statistics, spectrogram_statistics
from genre.errors import ModelError, TrainingError, reason
from genre.segments import Segments
from genre.songs import TRAIN
from genre.splits import Split

KERNEL_RIDGE = "kernel-ridge"
NAMES = (
    "logistic",
    "one-vs-rest",
    "ridge",
    "linear-svm",
    "rbf-svm",
    "lda",
    "qda",
    "naive-bayes",
    "knn",
    "random-forest",
    "adaboost",
    "mlp",
    KERNEL_RIDGE,
)
Pipeline = Any  # sklearn.pipeline.Pipeline; scikit-learn takes a second to import


class Fitted(NamedTuple):
    """A trained classifier, and how it was trained."""

    seed: int
    split: Split
    model: Pipeline
    seconds: float
    converged: bool  # False if the training stopped at its limit of steps


class Examples:
    """The statistics of a data set's segments, which the classifiers learn from.

    They are computed when a classifier first needs them, and kept for other classifiers.
    """

    def __init__(self, segments: Segments, *, seed: int) -> None:
        self.segments, self.seed = segments, seed

    def statistics(self, name: str) -> np.ndarray:
        """Return the statistics that a classifier learns from, (segments, statistics)."""
        return self._of_spectrograms[0] if name == KERNEL_RIDGE else self._of_bands

    def with_statistics(self, name: str) -> Segments:
        """Return the segments with statistics instead of frames."""
        return replace(self.segments, frames=self.statistics(name))

    def copies(self, name: str) -> np.ndarray | None:
        """Return the statistics of changed copies of the segments, to train on, or None."""
        return self._of_spectrograms[1] if name == KERNEL_RIDGE else None

    @cached_property
    def _of_bands(self) -> np.ndarray:
        segments = self.segments
        return band_statistics.of_segments(segments.frames, segments.levels)

    @cached_property
    def _of_spectrograms(self) -> tuple[np.ndarray, np.ndarray]:
        from genre.classifiers.kernel_ridge import statistics_of_copies

        segments = self.segments
        data = segments.frames, segments.levels
        rows = spectrogram_statistics.of_segments(*data)
        return rows, statistics_of_copies(*data, seed=self.seed)


def check(name: str, segments: Segments) -> None:
    """Raise TrainingError if a classifier cannot use such segments."""
    if name != KERNEL_RIDGE:
        return
    n_frames = segments.frames.shape[1]
    if not all(level == "all" for level, _ in segments.levels):
        raise TrainingError(
            f"{name} needs a spectrogram in decibels, such as that of preprocess.py --feature mel, "
            f"not {segments.feature}"
        )
    if n_frames < spectrogram_statistics.FEWEST_FRAMES:
        fewest = spectrogram_statistics.FEWEST_FRAMES
        raise TrainingError(f"{name} needs segments of at least {fewest} frames, not {n_frames}")


def fit(name: str, examples: Examples, split: Split, *, seed: int) -> Fitted:
    """Train a classifier on the training part of a split.

    Raises TrainingError if the classifier cannot learn from this data.
    """
    from sklearn.exceptions import ConvergenceWarning

    from genre.classifiers.estimators import pipelines

    check(name, examples.segments)
    train = split.parts == TRAIN
    rows, labels = examples.statistics(name)[train], examples.segments.labels[train]
    copies = examples.copies(name)
    model = pipelines(seed)[name]
    started = time.perf_counter()
    if name == "random-forest":
        model[-1].set_params(n_jobs=-1)
    elif name == "knn":  # there may be fewer rows than neighbours are asked for
        model[-1].set_params(n_neighbors=min(len(rows), model[-1].n_neighbors))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            prepared = model[:-1].fit(rows, labels).transform(rows)
            if copies is not None:
                prepared = np.concatenate([prepared, model[:-1].transform(copies[train])])
                labels = np.tile(labels, 2)
            model[-1].fit(prepared, labels)
        except ValueError as error:  # scikit-learn raises it for data that it cannot use
            raise TrainingError(f"{name} cannot learn from this data ({reason(error)})") from None
    if name == "random-forest":  # in prediction, several threads would sum the trees in any order
        model[-1].set_params(n_jobs=None)
    converged = not any(issubclass(each.category, ConvergenceWarning) for each in caught)
    return Fitted(seed, split, model, time.perf_counter() - started, converged)


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
    model: Pipeline, feature: str, settings: dict[str, Any], n_genres: int
) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function from frames, (segments, frames, bands), to the genres' probabilities."""
    statistics = _statistics_of(model)

    def predict(frames: np.ndarray) -> np.ndarray:
        levels = features.levels(feature, settings, frames.shape[2])
        return probabilities(model, statistics(frames, levels), n_genres)

    return predict


def takes(model: Pipeline, shape: tuple[int, int], feature: str, settings: dict[str, Any]) -> bool:
    """Say whether a classifier takes segments of a shape, (frames, bands)."""
    levels = features.levels(feature, settings, shape[1])
    rows = _statistics_of(model)(np.zeros((1, *shape)), levels)
    return rows.shape[1] == model.n_features_in_


def estimator(model: Pipeline) -> str:
    """Return a classifier as scikit-learn writes it, without the standardisation."""
    steps = [step for name, step in model.steps if name != "standardscaler"]
    return ", ".join(" ".join(repr(step).split()) for step in steps)


def _statistics_of(model: Pipeline) -> Callable[..., np.ndarray]:
    """Return the function that computes the statistics which a classifier learns from."""
    module = spectrogram_statistics if "nystroem" in model.named_steps else band_statistics
    return module.of_segments
