"""Change a batch of training segments at random, so that no epoch repeats another.

Frames are (segments, frames, bands). Shares are (segments, genres): how much of each genre is in a
segment, 1 in total. Every function draws new random numbers for each segment.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from genre.features.settings import Settings
from genre.segments import Segments


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How strongly the segments are changed."""

    masked_share: float = 0.2  # the largest fraction of the frames, and of the bands, masked
    gain_db: float = 6  # dB; the largest change of volume, up or down, at each end of a segment
    equalizer_db: float = 2  # dB, the standard deviation of the strength of each wave
    equalizer_waves: int = 5  # cosines over the bands, the first of one half wave, the next of two
    mixup_alpha: float = 0.2  # of the Beta distribution of shares


def augment(
    frames: np.ndarray,
    shares: np.ndarray,
    decibel: np.ndarray,
    how: Augmentation,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Return frames after all steps, and their shares.

    `decibel` is the change of each band per dB of gain, (1 + waves, bands): see `decibel`.
    """
    *_, (_, frames, shares) = steps(frames, shares, decibel, how, rng)
    return frames, shares


def steps(
    frames: np.ndarray,
    shares: np.ndarray,
    decibel: np.ndarray,
    how: Augmentation,
    rng: np.random.Generator,
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield the name of each step of the augmentation, and the frames and shares after it."""
    frames = shift(frames, rng)
    yield "shifted in time", frames, shares
    frames = fade(frames, decibel[0], how.gain_db, rng)
    yield "faded", frames, shares
    frames = equalize(frames, decibel[1:], how.equalizer_db, rng)
    yield "equalised", frames, shares
    frames, shares = mixup(frames, shares, how.mixup_alpha, rng)
    yield "mixed", frames, shares
    yield "masked", mask(frames, how.masked_share, rng), shares


def one_hot(labels: np.ndarray, n_genres: int) -> np.ndarray:
    """Return the shares of segments of one genre each, given their labels, (segments,)."""
    return np.eye(n_genres, dtype=np.float32)[labels]


def decibel(segments: Segments, n_waves: int) -> np.ndarray:
    """Return how much one more decibel changes each band, (1 + waves, bands).

    Row 0 is for one decibel of volume. Row k is for an equaliser whose gains are a cosine of k half
    waves over the bands, 1 dB at the lowest band. Bands in decibels change by that cosine. MFCCs
    are the orthonormal DCT of such bands, so only coefficient k changes, by the cosine's norm.
    """
    n_mels = segments.settings.get("n_mels", Settings.n_mels)
    waves = [_waves(level, n_bands, n_mels, n_waves) for level, n_bands in segments.levels]
    return np.concatenate(waves, axis=1, dtype=np.float32)


def _waves(level: str, n_bands: int, n_mels: int, n_waves: int) -> np.ndarray:
    """Return `decibel` for a single feature, given its `level`."""
    numbers = np.arange(1 + n_waves)[:, np.newaxis]
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


def fade(
    frames: np.ndarray, decibel: np.ndarray, gain_db: float, rng: np.random.Generator
) -> np.ndarray:
    """Change the volume, from one random gain at the beginning to another at the end.

    A constant gain would have no effect, because every network first removes a segment's level.
    `decibel` is how much one more decibel changes each band, (bands,).
    """
    n_segments, n_frames, _ = frames.shape
    first, last = rng.uniform(-gain_db, gain_db, (2, n_segments))
    gains = np.linspace(first, last, n_frames, axis=1, dtype=np.float32)
    return frames + gains[:, :, np.newaxis] * decibel


def equalize(
    frames: np.ndarray, decibel: np.ndarray, strength_db: float, rng: np.random.Generator
) -> np.ndarray:
    """Apply a random equaliser: raise some bands and lower others, as another recording would.

    `decibel` is how much a decibel of each of its waves changes the bands, (waves, bands).
    """
    strengths = rng.normal(0, strength_db, (len(frames), len(decibel)))
    return frames + (strengths.astype(np.float32) @ decibel)[:, np.newaxis, :]


def mixup(
    frames: np.ndarray, shares: np.ndarray, alpha: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Mix each segment with another one of the batch, and their genres in the same shares.

    After H. Zhang, M. Cissé, Y. Dauphin and D. Lopez-Paz, "mixup: Beyond Empirical Risk
    Minimization" (ICLR 2018): the share is drawn from Beta(alpha, alpha), most often near 0 or 1.
    The paper uses an alpha of 0.1 to 0.4 for pictures.
    """
    others = rng.permutation(len(frames))
    kept = rng.beta(alpha, alpha, (len(frames), 1)).astype(np.float32)
    mixed = kept[:, :, np.newaxis] * frames + (1 - kept[:, :, np.newaxis]) * frames[others]
    return mixed, kept * shares + (1 - kept) * shares[others]


def mask(frames: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Replace some neighbouring frames and some neighbouring bands by each band's mean.

    After D. Park et al., "SpecAugment: A Simple Data Augmentation Method for Automatic Speech
    Recognition" (Interspeech 2019); the mean is that of the batch.
    """
    _, n_frames, n_bands = frames.shape
    hidden = _stretches(len(frames), n_frames, share, rng)[:, :, np.newaxis]
    hidden = hidden | _stretches(len(frames), n_bands, share, rng)[:, np.newaxis, :]
    return np.where(hidden, frames.mean(axis=(0, 1)), frames)


def _stretches(count: int, length: int, share: float, rng: np.random.Generator) -> np.ndarray:
    """Return masks, (count, length), each of one stretch of at most this share of the length."""
    widths = rng.integers(int(share * length) + 1, size=(count, 1))
    starts = rng.integers(length - widths + 1)
    places = np.arange(length)
    return (starts <= places) & (places < starts + widths)
