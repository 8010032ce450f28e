"""A few statistics of each band of a segment, for any feature.

After G. Tzanetakis and P. Cook, "Musical genre classification of audio signals", IEEE
Transactions on Speech and Audio Processing 10(5), 2002, who take means and variances of features.
"""

import numpy as np

from genre import features
from genre.segments import blocks


def of_segments(frames: np.ndarray, levels: features.Levels) -> np.ndarray:
    """Return the statistics of segments, (segments, statistics) float32.

    First come the means of all bands, without the segment's level, so that volume changes nothing.
    Then come the standard deviations of the bands, and those of the differences between
    neighbouring frames, which are large if a band changes fast. A segment of a single frame has
    only means. The frames, (segments, frames, bands), may be on the disk.
    """
    return np.concatenate([_of_block(block, levels) for block in blocks(frames)])


def _of_block(frames: np.ndarray, levels: features.Levels) -> np.ndarray:
    means = frames.mean(axis=1, dtype=np.float64, keepdims=True)
    parts = [features.without_level(means, levels)[:, 0]]
    if frames.shape[1] > 1:
        frames = frames.astype(np.float64)
        parts += [frames.std(axis=1), np.diff(frames, axis=1).std(axis=1)]
    with np.errstate(over="ignore"):  # too large a number becomes infinite; `fit` refuses that
        return np.concatenate(parts, axis=1).astype(np.float32)
