"""Change a batch of training segments at random, so that no epoch repeats another.

Frames are (segments, frames, bands). Shares are (segments, genres): how much of each genre is in a
segment, 1 in total. Every function draws new random numbers for each segment.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

import config
from genre.features.settings import Settings
from genre.segments import Segments


def augment(
    frames: np.ndarray, shares: np.ndarray, decibel: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return frames after all steps, and their shares.

    `decibel` is what the function `decibel` returns for the feature, (1 + waves, bands).
    """
    *_, (_, frames, shares) = steps(frames, shares, decibel, rng)
    return frames, shares


def steps(
    frames: np.ndarray, shares: np.ndarray, decibel: np.ndarray, rng: np.random.Generator
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield the name of each step of the augmentation, and the frames and shares after it."""
    frames = shift(frames, rng)
    yield "shifted in time", frames, shares
    frames = fade(frames, decibel[0], rng)
    yield "faded", frames, shares
    frames = equalize(frames, decibel[1:], rng)
    yield "equalised", frames, shares
    frames, shares = mixup(frames, shares, rng)
    yield "mixed", frames, shares
    yield "masked", mask(frames, rng), shares


def constants() -> dict[str, Any]:
    """Return the constants of the augmentation, for the card."""
    return {
        "masked_share": config.MASKED_SHARE,
        "gain_db": config.GAIN_DB,
        "equalizer_db": config.EQUALIZER_DB,
        "equalizer_waves": config.EQUALIZER_WAVES,
        "mixup_alpha": config.MIXUP_ALPHA,
    }


def one_hot(labels: np.ndarray, n_genres: int) -> np.ndarray:
    """Return the shares of segments of one genre each, given their labels, (segments,)."""
    return np.eye(n_genres, dtype=np.float32)[labels]


def decibel(segments: Segments) -> np.ndarray:
    """Return how much one more decibel changes each band, (1 + EQUALIZER_WAVES, bands).

    Row 0 is for one decibel of volume. Row k is for an equaliser whose gains are a cosine of k half
    waves over the bands, 1 dB at the lowest band. Bands in decibels change by that cosine. MFCCs
    are the orthonormal DCT of such bands, so only coefficient k changes, by the cosine's norm.
    """
    n_mels = segments.settings.get("n_mels", Settings.n_mels)
    waves = [_waves(level, n_bands, n_mels) for level, n_bands in segments.levels]
    return np.concatenate(waves, axis=1, dtype=np.float32)


def _waves(level: str, n_bands: int, n_mels: int) -> np.ndarray:
    """Return `decibel` for a single feature, given its `level`."""
    numbers = np.arange(1 + config.EQUALIZER_WAVES)[:, np.newaxis]
    if level == "all":
        return np.cos(np.pi * numbers * (np.arange(n_bands) + 0.5) / n_bands)
    if level == "first":
        lengths = np.sqrt(np.where(numbers == 0, n_mels, n_mels / 2))
        return np.where(numbers == np.arange(n_bands), lengths, 0)
    return np.zeros((len(numbers), n_bands))


def shift(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shift in time by a random number of frames; frames beyond the end move to the beginning."""
    n_segments, n_frames, _ = frames.shape
    offsets = rng.integers(n_frames, size=(n_segments, 1))
    places = (np.arange(n_frames) - offsets) % n_frames
    return np.take_along_axis(frames, places[:, :, np.newaxis], axis=1)


def fade(frames: np.ndarray, decibel: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Change the volume, from one random gain at the beginning to another at the end.

    A constant gain would have no effect, because every network first removes a segment's level.
    `decibel` is how much one more decibel changes each band, (bands,).
    """
    n_segments, n_frames, _ = frames.shape
    ends = rng.uniform(-config.GAIN_DB, config.GAIN_DB, (2, n_segments))
    gains = np.linspace(*ends, n_frames, axis=1, dtype=np.float32)
    return frames + gains[:, :, np.newaxis] * decibel


def equalize(frames: np.ndarray, decibel: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Apply a random equaliser: raise some bands and lower others, as another recording would.

    `decibel` is how much a decibel of each of its waves changes the bands, (waves, bands).
    """
    strengths = rng.normal(0, config.EQUALIZER_DB, (len(frames), len(decibel)))
    return frames + (strengths.astype(np.float32) @ decibel)[:, np.newaxis, :]


def mixup(
    frames: np.ndarray, shares: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Mix each segment with another one of the batch, and their genres in the same shares.

    After H. Zhang, M. Cissé, Y. Dauphin and D. Lopez-Paz, "mixup: Beyond Empirical Risk
    Minimization" (ICLR 2018): the share is drawn from Beta(alpha, alpha), most often near 0 or 1.
    """
    others = rng.permutation(len(frames))
    kept = rng.beta(config.MIXUP_ALPHA, config.MIXUP_ALPHA, (len(frames), 1)).astype(np.float32)
    mixed = kept[:, :, np.newaxis] * frames + (1 - kept[:, :, np.newaxis]) * frames[others]
    return mixed, kept * shares + (1 - kept) * shares[others]


def mask(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Replace some neighbouring frames and some neighbouring bands by each band's mean.

    After D. Park et al., "SpecAugment: A Simple Data Augmentation Method for Automatic Speech
    Recognition" (Interspeech 2019); the mean is that of the batch.
    """
    _, n_frames, n_bands = frames.shape
    hidden = _stretches(len(frames), n_frames, rng)[:, :, np.newaxis]
    hidden = hidden | _stretches(len(frames), n_bands, rng)[:, np.newaxis, :]
    return np.where(hidden, frames.mean(axis=(0, 1)), frames)


def _stretches(count: int, length: int, rng: np.random.Generator) -> np.ndarray:
    """Return masks, (count, length), each of one stretch of at most MASKED_SHARE of the length."""
    widths = rng.integers(int(config.MASKED_SHARE * length) + 1, size=(count, 1))
    starts = rng.integers(length - widths + 1)
    places = np.arange(length)
    return (starts <= places) & (places < starts + widths)
