"""What a kernel machine is told of a segment: some 700 numbers, computed as Keras layers.

The mean spectrum is not among them: it is as much the recording's as the music's.

Modulation spectra are after M. McKinney and J. Breebaart, "Features for audio and music
classification" (ISMIR 2003), rhythm after E. Pampalk, A. Rauber and D. Merkl, "Content-based
organization and visualization of music archives" (ACM Multimedia 2002), textures after T. Chi, P.
Ru and S. Shamma, "Multiresolution spectrotemporal analysis of complex sounds" (JASA 118, 2005), and
patterns after Y. Costa et al., "Music genre classification using LBP textural features" (Signal
Processing 92, 2012).
"""

from collections.abc import Callable
from functools import partial
from itertools import pairwise

import lazy_loader as lazy
import numpy as np

keras = lazy.load("keras")

COSINES = 20  # of the bands, as MFCCs are
BAND_GROUPS = 16  # of neighbouring bands, at most
BEATS = 24  # ranges of the frequency that onsets come back with, equally wide
RATES = 8  # ranges of the modulation's frequency, wider and wider, less those of not one bin
WAVES = 7  # ranges of a texture's two frequencies, likewise
TEXTURE_BANDS = 128  # at most; neighbours are averaged until no more are left
ZONES = 5  # groups of neighbouring bands that patterns are counted in
ONSETS, BEFORE, AFTER = 4, 2, 7  # the strongest onsets, and the frames that are looked at around
LOUDNESS = (0, 0.1, 0.35), (0.65, 0.9, 1)  # shares of the frames, from the softest to the loudest
LEAST = 0.1  # dB, in place of no modulation at all, which has no logarithm

Statistic = Callable[["keras.KerasTensor"], "keras.KerasTensor"]  # (segments, numbers) of frames


def statistics(frames: "keras.KerasTensor") -> "keras.KerasTensor":
    """Return what is told of frames without their level, in dB: (segments, statistics)."""
    n_bands = frames.shape[2]
    views = {
        "bands": frames,
        "cosines": fixed(frames, cosine_transform(n_bands)[:, :COSINES]),
        "groups": fixed(frames, averages(n_bands, BAND_GROUPS)),
    }
    return keras.ops.concatenate([tell(views[view]) for view, tell in STATISTICS], axis=1)


def modulations(frames: "keras.KerasTensor") -> "keras.KerasTensor":
    """Return how much each band swings, (segments, bands * rates): slowly first, in dB's log."""
    ops = keras.ops
    swing = ops.transpose(swings(frames), (0, 2, 1))
    spectrum = magnitude(ops.rfft(swing * np.hanning(frames.shape[1]).astype(np.float32)))
    return keras.layers.Flatten()(
        ops.log(fixed(spectrum, octaves(spectrum.shape[2], RATES)) + LEAST)
    )


def rhythm(frames: "keras.KerasTensor") -> "keras.KerasTensor":
    """Return how strongly onsets come back at each rate, over all bands, (segments, rates)."""
    ops = keras.ops
    swing = ops.transpose(swings(rises(frames)), (0, 2, 1))
    spectrum = ops.mean(magnitude(ops.rfft(swing)), axis=1)[:, 1:]
    return fixed(spectrum, averages(spectrum.shape[1], BEATS))


def onsets(frames: "keras.KerasTensor") -> "keras.KerasTensor":
    """Return the mean of the bands around the strongest onsets, (segments, frames * bands).

    An onset's strength is the sum of what rises; each band is told relative to its mean.
    """
    ops = keras.ops
    _, n_frames, n_bands = frames.shape
    before, after = min(BEFORE, n_frames // 4), min(AFTER, n_frames // 2)
    strength = ops.sum(rises(frames), axis=2)
    strength = strength[:, before : n_frames - after]  # of those with all frames around them
    _, strongest = ops.top_k(strength, min(ONSETS, strength.shape[1]))
    around = strongest[:, :, np.newaxis] + np.arange(before + after)
    found = in_order(swings(frames), ops.reshape(around, (-1, around.shape[1] * around.shape[2])))
    found = ops.reshape(found, (-1, *around.shape[1:], n_bands))
    return keras.layers.Flatten()(ops.mean(found, axis=1))


def by_loudness(frames: "keras.KerasTensor") -> "keras.KerasTensor":
    """Return the mean of groups of bands in soft and in loud frames, (segments, parts * groups).

    How loud a frame is is the sum of its bands' power; each group is told relative to its mean.
    """
    ops = keras.ops
    groups = fixed(frames, averages(frames.shape[2], BAND_GROUPS))
    loudness = ops.logsumexp(frames * (np.log(10) / 10), axis=2)
    ordered = in_order(swings(groups), ops.argsort(loudness, axis=1))
    edges = [[round(share * frames.shape[1]) for share in shares] for shares in LOUDNESS]
    parts = [(first, last) for half in edges for first, last in pairwise(half) if first < last]
    return ops.concatenate([ops.mean(ordered[:, slice(*part)], axis=1) for part in parts], axis=1)


def textures(frames: "keras.KerasTensor", n_frames: int, n_bands: int) -> "keras.KerasTensor":
    """Return how patches of so many frames and bands swing along both, in dB's log.

    They start half a patch apart in time and a whole one in the bands: (segments, zones * waves
    along time * waves along the bands). Upward and downward waves are told together.
    """
    ops = keras.ops
    if frames.shape[2] > TEXTURE_BANDS:
        frames = fixed(frames, averages(frames.shape[2], TEXTURE_BANDS))
    n_frames, n_bands = min(n_frames, frames.shape[1]), min(n_bands, frames.shape[2])
    zones = frames.shape[2] // n_bands
    bands = ops.transpose(frames[:, :, : zones * n_bands], (0, 2, 1))
    patches = ops.extract_sequences(bands, n_frames, max(1, n_frames // 2))
    patches = ops.reshape(patches, (-1, zones, n_bands, *patches.shape[2:]))
    patches -= ops.mean(patches, axis=(2, 4), keepdims=True)
    patches = ops.transpose(patches, (0, 1, 3, 2, 4)) * np.outer(taper(n_bands), taper(n_frames))
    waves = magnitude(ops.fft2((patches, ops.zeros_like(patches))))
    waves = ops.mean(waves, axis=2)  # over the patches of a zone
    waves = ops.transpose(fixed(waves, folded(n_frames)), (0, 1, 3, 2))
    return keras.layers.Flatten()(ops.log1p(fixed(waves, folded(n_bands))))


def patterns(frames: "keras.KerasTensor", distance: int) -> "keras.KerasTensor":
    """Return how often which of four neighbours stand out, (segments, 16 * zones), as its root.

    These are local binary patterns (T. Ojala et al., TPAMI 24, 2002) of the frames and the bands so
    far before and after.
    """
    ops = keras.ops
    _, n_frames, n_bands = frames.shape
    far, wide = min(distance, (n_frames - 1) // 2), min(distance, (n_bands - 1) // 2)
    rows, columns = slice(far, n_frames - far), slice(wide, n_bands - wide)
    middle, code = frames[:, rows, columns], 0
    neighbours = (
        frames[:, : n_frames - 2 * far, columns],
        frames[:, 2 * far :, columns],
        frames[:, rows, : n_bands - 2 * wide],
        frames[:, rows, 2 * wide :],
    )
    for bit, neighbour in enumerate(neighbours):
        code += 2**bit * ops.cast(neighbour > middle, "int32")
    counts = [ops.mean(ops.cast(ops.equal(code, it), "float32"), axis=1) for it in range(16)]
    zones = averages(n_bands - 2 * wide, ZONES)
    return keras.layers.Flatten()(ops.sqrt(fixed(ops.stack(counts, axis=1), zones)))


# What is told, and of which view of the frames: the bands, groups of neighbouring ones, or the
# cosines of the bands.
STATISTICS: list[tuple[str, Statistic]] = [
    ("cosines", modulations),
    ("groups", rhythm),
    ("groups", onsets),
    ("bands", by_loudness),
    ("bands", partial(textures, n_frames=32, n_bands=32)),
    ("bands", partial(textures, n_frames=32, n_bands=64)),
    ("bands", partial(patterns, distance=1)),
    ("bands", partial(patterns, distance=3)),
]


def swings(frames: "keras.KerasTensor") -> "keras.KerasTensor":
    """Return each band relative to its mean over the frames."""
    return frames - keras.ops.mean(frames, axis=1, keepdims=True)


def rises(frames: "keras.KerasTensor") -> "keras.KerasTensor":
    """Return by how much each band rises from frame to frame, (segments, frames - 1, bands)."""
    return keras.ops.relu(frames[:, 1:] - frames[:, :-1])


def magnitude(transform: tuple["keras.KerasTensor", "keras.KerasTensor"]) -> "keras.KerasTensor":
    """Return the magnitude of a Fourier transform's real and imaginary part."""
    real, imaginary = transform
    return keras.ops.sqrt(real**2 + imaginary**2)


def cosine_transform(n_bands: int) -> np.ndarray:
    """Return the orthonormal cosines that a spectrum's cepstrum is made of, (bands, cosines)."""
    from scipy.fft import dct

    return dct(np.eye(n_bands), axis=1, norm="ortho")


def averages(n_values: int, n_groups: int) -> np.ndarray:
    """Return the means of neighbouring values as a matrix, (values, at most so many groups)."""
    groups = np.array_split(np.eye(n_values), min(n_groups, n_values))
    return np.stack([group.mean(axis=0) for group in groups], axis=1)


def octaves(n_values: int, n_ranges: int) -> np.ndarray:
    """Return the means of wider and wider ranges of a spectrum, (values, at most so many ranges).

    The first value, the mean of what swings, is left out.
    """
    edges = np.unique(np.geomspace(1, n_values, n_ranges + 1).astype(int))
    ranges = np.zeros((n_values, max(1, len(edges) - 1)))
    for column, (first, last) in enumerate(pairwise(edges)):
        ranges[first:last, column] = 1 / (last - first)
    return ranges


def folded(n_values: int) -> np.ndarray:
    """Return the means of ranges of a whole Fourier transform, (values, ranges).

    A frequency and its negative are as one; 0 is a range by itself.
    """
    frequency = np.minimum(np.arange(n_values), n_values - np.arange(n_values))
    ranges = octaves(frequency.max() + 1, WAVES - 1)
    ranges = np.column_stack([np.eye(len(ranges))[0], ranges])[frequency]
    total = ranges.sum(axis=0)
    return ranges / np.where(total > 0, total, 1)


def taper(n_values: int) -> np.ndarray:
    """Return a Hann window that is nowhere 0."""
    return np.hanning(n_values + 2)[1:-1].astype(np.float32)


def in_order(values: "keras.KerasTensor", order: "keras.KerasTensor") -> "keras.KerasTensor":
    """Return rows of values, (segments, rows, bands), by their numbers, (segments, chosen)."""
    order = keras.ops.repeat(order[:, :, np.newaxis], values.shape[2], axis=2)
    return keras.ops.take_along_axis(values, order, axis=1)


def fixed(
    x: "keras.KerasTensor", matrix: np.ndarray, bias: np.ndarray | None = None
) -> "keras.KerasTensor":
    """Return x times a matrix, plus a bias, as a layer of weights that no training changes."""
    layer = keras.layers.Dense(matrix.shape[1], use_bias=bias is not None, trainable=False)
    product = layer(x)
    layer.set_weights([matrix] if bias is None else [matrix, bias])
    return product
