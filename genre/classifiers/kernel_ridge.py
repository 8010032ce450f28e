"""Kernel ridge regression on statistics of spectrograms, built from scikit-learn's parts.

C. Saunders, A. Gammerman and V. Vovk, "Ridge regression learning algorithm in dual variables"
(ICML 1998), with a Gaussian kernel. If there are many segments, each is compared with a random
subset of them: C. Williams and M. Seeger, "Using the Nyström method to speed up kernel machines"
(NIPS 2000).

Many recordings lack high frequencies, because of a low sample rate or a low bit rate. So the
classifier also learns from low-pass filtered copies of the training segments, and each statistic is
limited to a range around its mean.
"""

import math
from typing import Self

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.feature_selection import VarianceThreshold, f_classif
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import RidgeClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from genre import features
from genre.classifiers import spectrogram_statistics
from genre.features import spectrum
from genre.segments import blocks

CENTRES = 1000  # training segments that each segment is compared with, at most
LIMIT = 4  # standard deviations from the mean, to which a statistic is limited
LEAST_VARIANCE = 1e-6  # statistics that vary less hold only rounding errors, and are left out
F_RATIOS = 0.01, 10_000  # to this range F ratios are limited
GAMMA = 0.5  # of the kernel exp(-GAMMA * squared distance); the mean squared norm is 1
RIDGE = 0.2  # the penalty on large weights
LOWEST_CUTOFF = 0.5  # the lowest cutoff of the low-pass filters, as a fraction of the bands


class ImportanceWeights(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Limit standardised columns, and weight each by how much it differs between the classes.

    The weight is the fourth root of the F ratio, the variance between classes over the variance
    within them. All weights are scaled so that the rows' mean squared norm is 1.
    """

    def __init__(self, limit: float = LIMIT) -> None:
        self.limit = limit

    def fit(self, rows: np.ndarray, labels: np.ndarray) -> Self:
        with np.errstate(divide="ignore"):  # of classes that do not vary at all
            ratios, _ = f_classif(rows, labels)
        weights = np.clip(np.nan_to_num(ratios, nan=F_RATIOS[0]), *F_RATIOS) ** 0.25
        squares = np.sum((self._limited(rows) * weights) ** 2, axis=1)
        self.weights_ = weights / np.sqrt(squares.mean())
        self.n_features_in_ = rows.shape[1]
        return self

    def transform(self, rows: np.ndarray) -> np.ndarray:
        return self._limited(rows) * self.weights_

    def _limited(self, rows: np.ndarray) -> np.ndarray:
        return np.clip(rows, -self.limit, self.limit)


def pipeline(seed: int) -> Pipeline:
    """Return the classifier, untrained."""
    return make_pipeline(
        VarianceThreshold(LEAST_VARIANCE),
        StandardScaler(),
        ImportanceWeights(),
        Nystroem(gamma=GAMMA, n_components=CENTRES, random_state=seed),
        RidgeClassifier(RIDGE, fit_intercept=False),
    )


def statistics_of_copies(frames: np.ndarray, levels: features.Levels, *, seed: int) -> np.ndarray:
    """Return the statistics, (segments, statistics), of low-pass filtered copies of segments."""
    rng = np.random.default_rng(seed)
    return np.concatenate(
        [
            spectrogram_statistics.of_block(low_pass(block, levels, rng), levels)
            for block in blocks(frames)
        ]
    )


def low_pass(frames: np.ndarray, levels: features.Levels, rng: np.random.Generator) -> np.ndarray:
    """Silence each segment's bands above a random cutoff.

    Frames are (segments, frames, bands) in dB. They may hold several features: then each has its
    own spectrum, and `levels` gives its number of bands.
    """
    kept = rng.uniform(LOWEST_CUTOFF, 1, (len(frames), 1, 1))
    parts = []
    for _, part in features.by_level(frames, levels):
        softest = part.max(axis=(1, 2), keepdims=True) - spectrum.TOP_DB
        silence = np.maximum(softest, 10 * math.log10(spectrum.SILENCE))
        n_bands = part.shape[2]
        parts.append(np.where(np.arange(n_bands) < kept * n_bands, part, silence))
    return np.concatenate(parts, axis=2)
