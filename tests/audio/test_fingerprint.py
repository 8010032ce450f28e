"""Fingerprints: what leaves them as they are, and what does not."""

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from genre.audio import fingerprint

RATE = 22050


def sound(seed: int, seconds: float = 10) -> np.ndarray:
    """Return notes of random pitch, length and loudness, a little noisy."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * RATE)) / RATE
    samples = rng.normal(0, 0.003, len(time))
    for start in rng.uniform(0, seconds, int(12 * seconds)):
        since = time - start
        envelope = np.where(since > 0, np.exp(-since / rng.uniform(0.1, 0.6)), 0)
        samples += (
            rng.uniform(0.02, 0.2) * envelope * np.sin(2 * np.pi * rng.uniform(100, 1700) * since)
        )
    return samples.astype(np.float32)


def differing(first: np.ndarray, second: np.ndarray, offset: int) -> float:
    return fingerprint.differing_bits(
        fingerprint.of(first, RATE), fingerprint.of(second, RATE), offset
    )


def test_an_excerpt_differs_little_at_its_place_and_nowhere_else():
    whole = sound(1)
    excerpt = whole[3 * RATE : 5 * RATE]
    assert differing(excerpt, whole, 75) < 0.05
    assert differing(whole, excerpt, -75) < 0.05
    assert differing(excerpt, whole, 87) > 0.4
    assert differing(excerpt, sound(2), 75) > 0.4


@pytest.mark.parametrize(
    "change",
    [
        lambda samples: 0.1 * samples,
        lambda samples: sosfilt(butter(2, 800, fs=RATE, output="sos"), samples),
        lambda samples: samples + np.random.default_rng(0).normal(0, 0.01, len(samples)),
        lambda samples: np.clip(samples, -0.2, 0.2),
    ],
    ids=["softer", "duller", "noisier", "clipped"],
)
def test_changes_of_the_sound_leave_most_bits(change):
    samples = sound(1)
    assert differing(change(samples).astype(np.float32), samples, 0) < fingerprint.SAME


def test_silence_and_a_short_overlap_say_nothing():
    silent = np.zeros(5 * RATE, np.float32)
    assert not fingerprint.of(silent, RATE).any()
    assert differing(silent, silent, 0) == 1
    samples = sound(1, seconds=4)
    assert differing(samples, samples, 0) == 0
    assert differing(samples[: 2 * RATE], samples[RATE:], -25) == 1  # one second
    assert len(fingerprint.of(samples[: RATE // 5], RATE)) == 0


def test_a_frame_is_40_ms():
    assert len(fingerprint.of(sound(1, seconds=2), RATE)) == pytest.approx(43, abs=1)
