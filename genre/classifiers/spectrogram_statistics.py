"""About 750 statistics of a segment's spectrogram, for the classifier kernel-ridge.

They describe how the bands change in time: modulation, rhythm, onsets, soft and loud frames,
texture, and local patterns. The mean spectrum is not among them: it depends as much on the
recording as on the music.

Modulation spectra are after M. McKinney and J. Breebaart, "Features for audio and music
classification" (ISMIR 2003), rhythm after E. Pampalk, A. Rauber and D. Merkl, "Content-based
organization and visualization of music archives" (ACM Multimedia 2002), textures after T. Chi, P.
Ru and S. Shamma, "Multiresolution spectrotemporal analysis of complex sounds" (JASA 118, 2005), and
patterns after Y. Costa et al., "Music genre classification using LBP textural features" (Signal
Processing 92, 2012).

Frames are (segments, frames, bands) in dB; every function returns (segments, statistics).
"""

from itertools import pairwise

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from genre import features
from genre.segments import Segments, blocks

FEWEST_FRAMES = 3  # that a segment needs: a pattern has a frame, one before it and one after it
COSINES = 20  # coefficients of the discrete cosine transform over the bands, as in MFCCs
BAND_GROUPS = 16  # the most groups of neighbouring bands
RHYTHM_RANGES = 24  # equal ranges of the frequency at which onsets recur
MODULATION_RANGES = 8  # ranges of the modulation frequency, each wider than the one before
WAVE_RANGES = 7  # ranges of a texture's two frequencies, each wider than the one before
TEXTURE_BANDS = 128  # the most bands for textures; of more, neighbouring ones are averaged
TEXTURE_PATCHES = (32, 32), (32, 64)  # frames and bands of a patch
PATTERN_DISTANCES = 1, 3  # frames and bands between a value and its four neighbours
PATTERN_ZONES = 5  # groups of neighbouring bands in which patterns are counted
ONSETS, BEFORE, AFTER = 4, 2, 7  # how many of the strongest onsets, and frames around each
# The frames, sorted from the softest to the loudest, are averaged between these fractions.
LOUDNESS_EDGES = (0, 0.1, 0.35), (0.65, 0.9, 1)
MIN_MODULATION = 0.1  # dB, added before the logarithm, which 0 does not have


def lacking(segments: Segments) -> str:
    """Return what segments lack for these statistics, "" for nothing."""
    n_frames = segments.frames.shape[1]
    if not all(level == "all" for level, _ in segments.levels):
        return (
            "a spectrogram in decibels, such as that of preprocess.py --feature mel, not "
            f"{segments.feature}"
        )
    if n_frames < FEWEST_FRAMES:
        return f"segments of at least {FEWEST_FRAMES} frames, not {n_frames}"
    return ""


def of_segments(frames: np.ndarray, levels: features.Levels) -> np.ndarray:
    """Return the statistics of segments, (segments, statistics) float32.

    The frames may be on the disk. Each segment's level is removed, so volume changes nothing.
    """
    return np.concatenate([of_block(block, levels) for block in blocks(frames)])


def of_block(frames: np.ndarray, levels: features.Levels) -> np.ndarray:
    """Return the statistics of segments that are in memory."""
    parts = [
        part - part.mean(axis=(1, 2), keepdims=True)
        for _, part in features.by_level(frames.astype(np.float64), levels)
    ]
    frames = np.concatenate(parts, axis=2)
    groups = frames @ averages(frames.shape[2], BAND_GROUPS)
    found = [
        modulations(frames @ cosine_transform(frames.shape[2])[:, :COSINES]),
        rhythm(groups),
        onsets(groups),
        soft_and_loud(frames),
        *(textures(frames, *patch) for patch in TEXTURE_PATCHES),
        *(patterns(frames, distance) for distance in PATTERN_DISTANCES),
    ]
    return np.concatenate(found, axis=1).astype(np.float32)


def modulations(bands: np.ndarray) -> np.ndarray:
    """Return the logarithm of each band's modulation in ranges of frequency, slow ones first."""
    _, n_frames, _ = bands.shape
    changes = without_mean(bands) * np.hanning(n_frames)[:, np.newaxis]
    spectrum = np.abs(np.fft.rfft(changes, axis=1)).transpose(0, 2, 1)
    return flat(np.log(spectrum @ octaves(spectrum.shape[2], MODULATION_RANGES) + MIN_MODULATION))


def rhythm(bands: np.ndarray) -> np.ndarray:
    """Return how strongly onsets recur in ranges of frequency, averaged over the bands."""
    spectrum = np.abs(np.fft.rfft(without_mean(rises(bands)), axis=1)).mean(axis=2)[:, 1:]
    return spectrum @ averages(spectrum.shape[1], RHYTHM_RANGES)


def onsets(bands: np.ndarray) -> np.ndarray:
    """Return the bands, relative to their means, averaged around the strongest onsets.

    An onset's strength is the sum of the rises of all bands.
    """
    n_frames = bands.shape[1]
    before, after = min(BEFORE, n_frames // 4), min(AFTER, n_frames // 2)
    strength = rises(bands).sum(axis=2)[:, before : n_frames - after]  # so that all frames exist
    strongest = np.argsort(-strength, axis=1, kind="stable")[:, :ONSETS]
    around = strongest[:, :, np.newaxis] + np.arange(before + after)
    segment = np.arange(len(bands))[:, np.newaxis, np.newaxis]
    return flat(without_mean(bands)[segment, around].mean(axis=1))


def soft_and_loud(bands: np.ndarray) -> np.ndarray:
    """Return groups of bands, relative to their means, averaged over soft and over loud frames.

    A frame's loudness is the power of all its bands.
    """
    n_frames = bands.shape[1]
    groups = without_mean(bands @ averages(bands.shape[2], BAND_GROUPS))
    order = np.argsort(np.sum(10 ** (bands / 10), axis=2), axis=1, kind="stable")
    by_loudness = np.take_along_axis(groups, order[:, :, np.newaxis], axis=1)
    edges = [[round(fraction * n_frames) for fraction in part] for part in LOUDNESS_EDGES]
    parts = [slice(*part) for half in edges for part in pairwise(half) if part[0] < part[1]]
    return flat(np.stack([by_loudness[:, part].mean(axis=1) for part in parts], axis=1))


def textures(bands: np.ndarray, n_frames: int, n_bands: int) -> np.ndarray:
    """Return the logarithm of the 2-D Fourier transform of patches of `n_frames` by `n_bands`.

    Patches start half a patch apart in time, and a whole patch apart in the bands. They are
    averaged over time. Rising and falling waves count as one.
    """
    if bands.shape[2] > TEXTURE_BANDS:
        bands = bands @ averages(bands.shape[2], TEXTURE_BANDS)
    n_frames, n_bands = min(n_frames, bands.shape[1]), min(n_bands, bands.shape[2])
    patches = sliding_window_view(bands, (n_frames, n_bands), axis=(1, 2))
    patches = patches[:, :: max(1, n_frames // 2), ::n_bands]  # (segments, times, zones, ...)
    patches = patches - patches.mean(axis=(3, 4), keepdims=True)
    waves = np.abs(np.fft.fft2(patches * np.outer(taper(n_frames), taper(n_bands)))).mean(axis=1)
    waves = folded(n_frames).T @ waves @ folded(n_bands)
    return flat(np.log1p(waves))


def patterns(bands: np.ndarray, distance: int) -> np.ndarray:
    """Return the square root of how often each local binary pattern occurs in zones of the bands.

    A value's pattern is which of its four neighbours, `distance` before and after it in time and
    in the bands, are larger (T. Ojala et al., TPAMI 24, 2002).
    """
    _, n_frames, n_bands = bands.shape
    far, wide = min(distance, (n_frames - 1) // 2), min(distance, (n_bands - 1) // 2)
    rows, columns = slice(far, n_frames - far), slice(wide, n_bands - wide)
    middle = bands[:, rows, columns]
    neighbours = (
        bands[:, : n_frames - 2 * far, columns],
        bands[:, 2 * far :, columns],
        bands[:, rows, : n_bands - 2 * wide],
        bands[:, rows, 2 * wide :],
    )
    code = sum(2**bit * (each > middle) for bit, each in enumerate(neighbours))
    counts = np.stack([(code == pattern).mean(axis=1) for pattern in range(16)], axis=1)
    return flat(np.sqrt(counts @ averages(middle.shape[2], PATTERN_ZONES)))


def flat(values: np.ndarray) -> np.ndarray:
    """Return the values of each segment as one row."""
    return values.reshape(len(values), -1)


def without_mean(bands: np.ndarray) -> np.ndarray:
    """Return each band relative to its mean over the frames."""
    return bands - bands.mean(axis=1, keepdims=True)


def rises(bands: np.ndarray) -> np.ndarray:
    """Return how much each band rises from frame to frame, (segments, frames - 1, bands)."""
    return np.maximum(np.diff(bands, axis=1), 0)


def cosine_transform(n_bands: int) -> np.ndarray:
    """Return the orthonormal discrete cosine transform as a matrix, (bands, cosines)."""
    from scipy.fft import dct

    return dct(np.eye(n_bands), axis=1, norm="ortho")


def averages(n_values: int, n_groups: int) -> np.ndarray:
    """Return a matrix, (values, at most n_groups), that averages groups of neighbouring values."""
    groups = np.array_split(np.eye(n_values), min(n_groups, n_values))
    return np.stack([group.mean(axis=0) for group in groups], axis=1)


def octaves(n_values: int, n_ranges: int) -> np.ndarray:
    """Return a matrix, (values, at most n_ranges), that averages ranges of a spectrum.

    Each range is wider than the one before. The first value, at frequency 0, is left out.
    """
    edges = np.unique(np.geomspace(1, n_values, n_ranges + 1).astype(int))
    ranges = np.zeros((n_values, max(1, len(edges) - 1)))
    for column, (first, last) in enumerate(pairwise(edges)):
        ranges[first:last, column] = 1 / (last - first)
    return ranges


def folded(n_values: int) -> np.ndarray:
    """Return a matrix, (values, ranges), that averages ranges of a whole Fourier transform.

    A frequency and its negative count as one; frequency 0 is a range of its own.
    """
    frequency = np.minimum(np.arange(n_values), n_values - np.arange(n_values))
    ranges = octaves(frequency.max() + 1, WAVE_RANGES - 1)
    ranges = np.column_stack([np.eye(len(ranges))[0], ranges])[frequency]
    total = ranges.sum(axis=0)
    return ranges / np.where(total > 0, total, 1)


def taper(n_values: int) -> np.ndarray:
    """Return a Hann window that is nowhere 0."""
    return np.hanning(n_values + 2)[1:-1]
