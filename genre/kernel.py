"""A kernel machine on statistics of a segment, which judges beside a network.

A network has to find by many small steps what is of use in a spectrum; the kernel machine is told,
and its weights are solved for at once. So it needs fewer songs to learn from, and errs elsewhere.

It is kernel ridge regression of the genres (C. Saunders, A. Gammerman and V. Vovk, "Ridge
regression learning algorithm in dual variables", ICML 1998) with a Gaussian kernel, on a subset of
the training segments where there are many (C. Rasmussen and C. Williams, "Gaussian processes for
machine learning", 2006, chapter 8). As Keras layers it is a network of radial basis functions, so
both together are one model.

The statistics: spectrum and its change (as in baseline.py), correlations of the cepstrum after
M. Mandel and D. Ellis, "Song-level features and support vector machines for music classification"
(ISMIR 2005), modulation spectra after M. McKinney and J. Breebaart, "Features for audio and music
classification" (ISMIR 2003), rhythm after E. Pampalk, A. Rauber and D. Merkl, "Content-based
organization and visualization of music archives" (ACM Multimedia 2002), and contrast after D. Jiang
et al., "Music type classification by spectral contrast feature" (ICME 2002). Each weighs by how
much genres differ in it.
"""

import warnings
from collections.abc import Iterable
from itertools import pairwise

import lazy_loader as lazy
import numpy as np

import config
from genre import blocks
from genre.dataset import Segments
from genre.network import on, without_level

keras = lazy.load("keras")

COSINES = 20  # of the bands, as MFCCs are, that are looked at closely
FINE_COSINES = 2 * COSINES  # of which nothing but the change from frame to frame is looked at
FINE_GROUPS, BAND_GROUPS = 64, 16  # of neighbouring bands, at most
BEATS = 24  # ranges of the frequency that onsets come back with, equally wide
RATES = 8  # ranges of the modulation's frequency, wider and wider, less those of not one bin
LEAST = 0.1  # dB, in place of no modulation at all, which has no logarithm
SMALLEST = 1e-6  # variance and probability that are as good as none
RATIOS = 0.01, 10_000  # the least and the largest F that is made use of


def beside(
    network: "keras.Model", segments: Segments, chosen: np.ndarray, *, seed: int
) -> "keras.Model":
    """Return a network whose probabilities are multiplied with those of a kernel machine.

    The kernel machine learns from the chosen segments, a mask of (segments,).
    """
    layers, ops = keras.layers, keras.ops
    frames = network.input
    described = statistics(without_level(frames, segments))
    describe = keras.Model(frames, described)
    some = np.random.default_rng(seed).permutation(np.flatnonzero(chosen))[: config.KERNEL_CENTRES]
    is_centre = np.isin(np.arange(len(chosen)), some)
    centres = np.concatenate([*on(describe, segments, is_centre)])
    means, variance = centres.mean(axis=0), centres.var(axis=0)
    variance = np.where(variance > SMALLEST, variance, 1)  # what never changes tells nothing
    variance /= importance(centres, segments.labels[is_centre])
    normalized = layers.Normalization(mean=means, variance=variance, name="statistics")(described)
    pieces = on(keras.Model(frames, normalized), segments, chosen)
    centres = (centres - means) / np.sqrt(variance)
    width = config.KERNEL_WIDTH / max(SMALLEST, np.mean(np.sum(centres**2, axis=1)))
    weights = solve(pieces, segments.labels[chosen], centres, width, len(segments.mapping))

    # |x - c|^2 = |x|^2 - (2 x c - |c|^2), of which a layer gives the bracket.
    rest = fixed(normalized, 2 * centres.T, bias=-np.sum(centres**2, axis=1))
    distances = ops.sum(normalized**2, axis=1, keepdims=True) - rest
    scores = fixed(ops.exp(-float(width) * distances), weights)
    sure = ops.log(network.output + SMALLEST) + config.KERNEL_WEIGHT * scores
    return keras.Model(frames, layers.Softmax()(sure))


def importance(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return how much each statistic tells of the genre, (statistics,): the root of its F ratio.

    F is the variance between genres over that within them (R. Fisher's analysis of variance).
    """
    from sklearn.feature_selection import f_classif

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # what never changes has no ratio
        ratios, _ = f_classif(values, labels)
    return np.sqrt(np.clip(np.nan_to_num(ratios, nan=RATIOS[0]), *RATIOS))


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


def statistics(frames: "keras.KerasTensor") -> "keras.KerasTensor":
    """Return what is told of frames without their level: (segments, statistics)."""
    n_bands = frames.shape[2]
    cosines = fixed(frames, cosine_transform(n_bands)[:, :FINE_COSINES])
    views = {"bands": frames, "cosines": cosines, "coarse": cosines[:, :, :COSINES]}
    views["fine groups"] = fixed(frames, averages(n_bands, FINE_GROUPS))
    views["groups"] = fixed(frames, averages(n_bands, BAND_GROUPS))
    return keras.ops.concatenate([tell(views[view]) for view, tell in STATISTICS], axis=1)


def mean(frames: "keras.KerasTensor") -> "keras.KerasTensor":
    """Return the mean of each band, (segments, bands)."""
    return keras.ops.mean(frames, axis=1)


def change(frames: "keras.KerasTensor") -> "keras.KerasTensor":
    """Return the deviation of each band's differences from frame to frame, (segments, bands)."""
    return keras.ops.std(frames[:, 1:] - frames[:, :-1], axis=1)


def modulations(frames: "keras.KerasTensor") -> "keras.KerasTensor":
    """Return how much each band swings, (segments, rates * bands): slowly first, in dB's log."""
    ops = keras.ops
    n_frames = frames.shape[1]
    swing = ops.transpose(frames - ops.mean(frames, axis=1, keepdims=True), (0, 2, 1))
    real, imaginary = ops.rfft(swing * np.hanning(n_frames).astype(np.float32))
    spectrum = ops.sqrt(real**2 + imaginary**2)
    n_rates = spectrum.shape[2]
    edges = np.unique(np.geomspace(1, n_rates, RATES + 1).astype(int))
    ranges = np.zeros((n_rates, max(1, len(edges) - 1)))
    for rate, (first, last) in enumerate(pairwise(edges)):
        ranges[first:last, rate] = 1 / (last - first)
    return keras.layers.Flatten()(ops.log(fixed(spectrum, ranges) + LEAST))


def correlations(frames: "keras.KerasTensor") -> "keras.KerasTensor":
    """Return how each two bands swing together, (segments, pairs)."""
    ops = keras.ops
    _, n_frames, n_bands = frames.shape
    swing = frames - ops.mean(frames, axis=1, keepdims=True)
    swing /= ops.std(swing, axis=1, keepdims=True) + SMALLEST
    table = ops.matmul(ops.transpose(swing, (0, 2, 1)), swing) / n_frames
    rows, columns = np.triu_indices(n_bands, 1)
    return ops.take(ops.reshape(table, (-1, n_bands**2)), rows * n_bands + columns, axis=1)


def contrast(frames: "keras.KerasTensor") -> "keras.KerasTensor":
    """Return how far the loudest of neighbouring bands stands out of them, (segments, groups)."""
    picture, size = blocks.picture(frames), -(-frames.shape[2] // BAND_GROUPS)
    highest, mean = (blocks.pool(picture, 1, size, average=it) for it in (False, True))
    return keras.layers.Flatten()(keras.ops.mean(highest - mean, axis=1))


def rhythm(frames: "keras.KerasTensor") -> "keras.KerasTensor":
    """Return how strongly onsets come back at each rate, over all bands, (segments, rates)."""
    ops = keras.ops
    onsets = ops.transpose(ops.relu(frames[:, 1:] - frames[:, :-1]), (0, 2, 1))
    real, imaginary = ops.rfft(onsets - ops.mean(onsets, axis=2, keepdims=True))
    spectrum = ops.mean(ops.sqrt(real**2 + imaginary**2), axis=1)[:, 1:]
    return fixed(spectrum, averages(spectrum.shape[1], BEATS))


# What is told, and of which view of the frames: the bands, the means of neighbouring ones, or the
# cosines of the bands, all or the coarse ones alone.
STATISTICS = [
    ("bands", mean),
    ("fine groups", change),
    ("cosines", change),
    ("coarse", modulations),
    ("coarse", correlations),
    ("groups", modulations),
    ("groups", rhythm),
    ("bands", contrast),
]


def cosine_transform(n_bands: int) -> np.ndarray:
    """Return the orthonormal cosines that a spectrum's cepstrum is made of, (bands, cosines)."""
    from scipy.fft import dct

    return dct(np.eye(n_bands), axis=1, norm="ortho")


def averages(n_values: int, n_groups: int) -> np.ndarray:
    """Return the means of neighbouring values as a matrix, (values, at most so many groups)."""
    groups = np.array_split(np.eye(n_values), min(n_groups, n_values))
    return np.stack([group.mean(axis=0) for group in groups], axis=1)


def fixed(
    x: "keras.KerasTensor", matrix: np.ndarray, bias: np.ndarray | None = None
) -> "keras.KerasTensor":
    """Return x times a matrix, plus a bias, as a layer of weights that no training changes."""
    layer = keras.layers.Dense(matrix.shape[1], use_bias=bias is not None, trainable=False)
    product = layer(x)
    layer.set_weights([matrix] if bias is None else [matrix, bias])
    return product
