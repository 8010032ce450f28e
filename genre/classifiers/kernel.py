"""A kernel machine on statistics of a segment, which judges beside a network.

A network has to find by many small steps what is of use in a spectrum; the kernel machine is told,
and its weights are solved for at once. So it needs fewer songs to learn from, and errs elsewhere.

It is kernel ridge regression of the genres (C. Saunders, A. Gammerman and V. Vovk, "Ridge
regression learning algorithm in dual variables", ICML 1998) with a Gaussian kernel, on a subset of
the training segments where there are many (C. Rasmussen and C. Williams, "Gaussian processes for
machine learning", 2006, chapter 8). As Keras layers it is a network of radial basis functions, so
both together are one model.

Each statistic weighs by how much genres differ in it. As songs come by other ways than those that
were learnt, it also learns what low-pass filters leave of these, and nothing strange counts for
more than a limit.
"""

import itertools
import warnings
from collections.abc import Iterable
from functools import partial

import lazy_loader as lazy
import numpy as np

import config
from genre import features
from genre.classifiers.kernel_statistics import fixed, statistics
from genre.datasets import Segments
from genre.networks.normalisation import on, without_level
from genre.training import augmentation

keras = lazy.load("keras")

SMALLEST = 1e-6  # variance and probability that are as good as none
RATIOS = 0.01, 10_000  # the least and the largest F that is made use of


def beside(
    network: "keras.Model", segments: Segments, chosen: np.ndarray, *, seed: int
) -> "keras.Model":
    """Return a network whose probabilities are multiplied with those of a kernel machine.

    Each has its weight as an exponent. The kernel machine learns from the chosen segments, a mask
    of (segments,), and from what low-pass filters leave of them.
    """
    layers, ops = keras.layers, keras.ops
    frames, rng = network.input, np.random.default_rng(seed)
    described = statistics(without_level(frames, segments))
    some = rng.permutation(np.flatnonzero(chosen))[: config.KERNEL_CENTRES]
    is_centre = np.isin(np.arange(len(chosen)), some)
    centres = np.concatenate([*on(keras.Model(frames, described), segments, is_centre)])
    weighed, centres = weigh(described, centres, segments.labels[is_centre])
    width = config.KERNEL_WIDTH / max(SMALLEST, np.mean(np.sum(centres**2, axis=1)))
    pieces, labels = lessons(keras.Model(frames, weighed), segments, chosen, rng)
    weights = solve(pieces, labels, centres, width, len(segments.mapping))

    # |x - c|^2 = |x|^2 - (2 x c - |c|^2), of which a layer gives the bracket.
    rest = fixed(weighed, 2 * centres.T, bias=-np.sum(centres**2, axis=1))
    distances = ops.sum(weighed**2, axis=1, keepdims=True) - rest
    scores = fixed(ops.exp(-float(width) * distances), weights)
    opinion = config.NETWORK_WEIGHT * ops.log(network.output + SMALLEST)
    return keras.Model(frames, layers.Softmax()(opinion + config.KERNEL_WEIGHT * scores))


def weigh(
    described: "keras.KerasTensor", centres: np.ndarray, labels: np.ndarray
) -> tuple["keras.KerasTensor", np.ndarray]:
    """Return statistics, and those of the centres, with which distances are taken.

    They are deviations from the centres' mean, none beyond KERNEL_LIMIT, by their importance.
    """
    means, variance = centres.mean(axis=0), centres.var(axis=0)
    variance = np.where(variance > SMALLEST, variance, 1)  # what never changes tells nothing
    weights = importance(centres, labels).astype(np.float32)
    limits = -config.KERNEL_LIMIT, config.KERNEL_LIMIT
    normalization = keras.layers.Normalization(mean=means, variance=variance, name="statistics")
    weighed = keras.ops.clip(normalization(described), *limits) * weights
    return weighed, np.clip((centres - means) / np.sqrt(variance), *limits) * weights


def lessons(
    model: "keras.Model", segments: Segments, chosen: np.ndarray, rng: np.random.Generator
) -> tuple[Iterable[np.ndarray], np.ndarray]:
    """Return what a model makes of the chosen segments, as they are and filtered, and the labels.

    A feature without bands in decibels cannot be filtered, and comes as it is alone.
    """
    as_they_are, labels = on(model, segments, chosen), segments.labels[chosen]
    levels = features.levels(segments.feature, segments.settings, segments.frames.shape[2])
    if all(level != "all" for level, _ in levels):
        return as_they_are, labels
    filtered = on(model, segments, chosen, partial(augmentation.low_pass, levels=levels, rng=rng))
    return itertools.chain(as_they_are, filtered), np.tile(labels, 2)


def importance(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return what each statistic is multiplied by, (statistics,): the fourth root of its F ratio.

    F is the variance between genres over that within them (R. Fisher's analysis of variance).
    """
    from sklearn.feature_selection import f_classif

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # what never changes has no ratio
        ratios, _ = f_classif(values, labels)
    return np.clip(np.nan_to_num(ratios, nan=RATIOS[0]), *RATIOS) ** 0.25


def solve(
    pieces: Iterable[np.ndarray],
    labels: np.ndarray,
    centres: np.ndarray,
    width: float,
    n_genres: int,
) -> np.ndarray:
    """Return what nearness to each centre says of each genre, (centres, genres).

    The pieces of the training segments and the centres are (segments, statistics), the width is
    the Gaussian's. With all segments for centres this is kernel ridge regression; memory grows with
    the centres alone.
    """
    targets = np.eye(n_genres)[labels] - 1 / n_genres
    normal = config.KERNEL_RIDGE * gaussian(centres, centres, width)
    answers, start = np.zeros((len(centres), n_genres)), 0
    for values in pieces:
        near = gaussian(values, centres, width)
        normal += near.T @ near
        answers += near.T @ targets[start : start + len(values)]
        start += len(values)
    return np.linalg.lstsq(normal, answers)[0].astype(np.float32)


def gaussian(values: np.ndarray, centres: np.ndarray, width: float) -> np.ndarray:
    """Return how near values are to centres, (segments, centres), from 0 to 1.

    The width is what a squared distance is multiplied by.
    """
    from scipy.spatial.distance import cdist

    return np.exp(-width * cdist(values, centres, "sqeuclidean"))
