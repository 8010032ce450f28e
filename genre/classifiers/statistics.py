"""Summarise a segment's frames by a few statistics of each band, for classifiers of rows.

After G. Tzanetakis and P. Cook, "Musical genre classification of audio signals", IEEE
Transactions on Speech and Audio Processing 10(5), 2002, who take means and variances of features.
"""

from typing import Any

import numpy as np

from genre import features
from genre.datasets import blocks


def n_statistics(shape: tuple[int, int]) -> int:
    """Return how many statistics there are of a segment of a shape, (frames, bands)."""
    n_frames, n_bands = shape
    return n_bands if n_frames == 1 else 3 * n_bands


def statistics(frames: np.ndarray, feature: str, settings: dict[str, Any]) -> np.ndarray:
    """Return for each segment its bands' means, deviations and deviations of the differences.

    From frames in memory or on the disk, (segments, frames, bands), to (segments, statistics)
    float32: the means of all bands, then their standard deviations, then the standard deviations
    of the differences between neighbouring frames, which tell fast change from slow. A segment of
    a single frame has means alone. As for the networks, the segment's level is taken away.
    """
    return np.concatenate([_of_block(block, feature, settings) for block in blocks(frames)])


def _of_block(frames: np.ndarray, feature: str, settings: dict[str, Any]) -> np.ndarray:
    means = frames.mean(axis=1, dtype=np.float64)
    _take_level_away(means, feature, settings)
    parts = [means]
    if frames.shape[1] > 1:
        frames = frames.astype(np.float64)
        parts += [frames.std(axis=1), np.diff(frames, axis=1).std(axis=1)]
    with np.errstate(over="ignore"):  # becomes infinite, which no classifier learns from
        return np.concatenate(parts, axis=1).astype(np.float32)


def _take_level_away(means: np.ndarray, feature: str, settings: dict[str, Any]) -> None:
    """Take from the bands' means, (segments, bands), in place, what a change of volume adds."""
    start = 0
    for level, n_bands in features.levels(feature, settings, means.shape[1]):
        part = means[:, start : start + n_bands]
        if level == "all":
            part -= part.mean(axis=1, keepdims=True)
        elif level == "first":
            part[:, 0] = 0
        start += n_bands
