"""Augmented batches: what is changed, by how much, and that the labels stay right."""

from dataclasses import replace

import librosa
import numpy as np
import pytest
from helpers import GTZAN, librosa_mfcc, made_up_segments, noise

from genre import splits
from genre.songs import TRAIN, VALIDATION
from genre.training import augmentation, fit
from genre.training.augmentation import Augmentation
from genre.training.recipe import Recipe

WAVES = Augmentation.equalizer_waves


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(1)


@pytest.fixture
def frames(rng) -> np.ndarray:
    """Frames of 30 segments, 20 frames and 10 bands."""
    return rng.normal(5, 3, (30, 20, 10)).astype(np.float32)


def decibel(feature: str, n_bands: int) -> np.ndarray:
    segments = made_up_segments([3, 3], shape=(2, n_bands))
    return augmentation.decibel(replace(segments, feature=feature), WAVES)


def test_a_shift_is_by_whole_frames_and_loses_nothing(frames, rng):
    shifted = augmentation.shift(frames, rng)
    offsets = set()
    for before, after in zip(frames, shifted, strict=True):
        (offset,) = [n for n in range(20) if np.array_equal(np.roll(before, n, axis=0), after)]
        offsets.add(offset)
    assert len(offsets) > 5


def test_a_decibel_is_what_volume_adds_to_a_feature():
    samples = noise(3)
    louder = samples * 10 ** (3 / 20)  # by 3 dB
    added = librosa_mfcc(louder) - librosa_mfcc(samples)
    np.testing.assert_allclose(added, np.tile(3 * decibel("mfcc", 13)[0], (130, 1)), atol=1e-2)
    mel, louder_mel = (
        librosa.power_to_db(librosa.feature.melspectrogram(y=y, sr=GTZAN.sample_rate)).T
        for y in (samples, louder)
    )
    np.testing.assert_allclose(louder_mel - mel, 3 * decibel("mel", 128)[:1].repeat(130, 0), 1e-3)


def test_the_equalisers_waves_are_cosines_of_one_decibel():
    of_mel = decibel("mel", 128)
    assert of_mel.shape == (1 + WAVES, 128)
    for number, wave in enumerate(of_mel):
        assert np.abs(wave).max() == pytest.approx(1, abs=2e-3)  # up to half a band from the peak
        assert np.sum(np.diff(np.sign(wave)) != 0) == number


def test_an_equaliser_does_to_mfccs_what_it_does_to_the_mel_bands_they_are_made_of(rng):
    strengths = rng.normal(0, 3, 1 + WAVES)
    mel = rng.normal(-30, 10, (7, 128))
    before, after = (
        librosa.feature.mfcc(S=bands.T, n_mfcc=13).T
        for bands in (mel, mel + strengths @ decibel("mel", 128))
    )
    added = np.tile(strengths @ decibel("mfcc", 13), (7, 1))
    np.testing.assert_allclose(after - before, added, atol=1e-3)


def test_a_decibel_finds_each_of_joined_features():
    np.testing.assert_array_equal(decibel("chroma_stft", 12), np.zeros((6, 12)))
    joined = decibel("chroma_stft+mfcc+mel", 12 + 13 + 128)
    np.testing.assert_allclose(joined[0], [0] * 12 + [128**0.5] + [0] * 12 + [1] * 128)
    np.testing.assert_array_equal(joined[1:, 12:25], decibel("mfcc", 13)[1:])
    np.testing.assert_array_equal(joined[1:, 25:], decibel("mel", 128)[1:])


def test_the_equaliser_is_set_once_for_a_segment(rng):
    frames = np.zeros((2000, 3, 10), dtype=np.float32)
    waves = decibel("mel", 10)[1:]
    change = augmentation.equalize(frames, waves, 2, rng)
    np.testing.assert_array_equal(change, change[:, :1].repeat(3, axis=1))
    strengths = np.linalg.lstsq(waves.T, change[:, 0].T, rcond=None)[0]
    np.testing.assert_allclose(waves.T @ strengths, change[:, 0].T, atol=1e-4)
    np.testing.assert_allclose(strengths.mean(axis=1), 0, atol=0.2)
    np.testing.assert_allclose(strengths.std(axis=1), 2, rtol=0.1)


def test_a_fade_is_a_straight_line_of_decibels(frames, rng):
    per_decibel = np.array([2] + [0] * 9, dtype=np.float32)
    change = augmentation.fade(frames, per_decibel, 6, rng) - frames
    np.testing.assert_array_equal(change[:, :, 1:], 0)
    gains = change[:, :, 0] / 2
    np.testing.assert_allclose(np.diff(gains, n=2), 0, atol=1e-5)
    ends = gains[:, [0, -1]]
    assert np.all(np.abs(ends) <= 6 + 1e-5)
    assert ends.min() < -3
    assert ends.max() > 3
    assert np.std(ends[:, 1] - ends[:, 0]) > 1  # what is left when the level is taken away


def test_genres_are_mixed_as_segments_are(rng):
    shares = augmentation.one_hot(rng.integers(4, size=40), 4)
    frames = np.repeat(shares[:, np.newaxis], 5, axis=1)  # a segment's frames name its genre
    mixed, mixed_shares = augmentation.mixup(frames, shares, 0.2, rng)
    np.testing.assert_allclose(mixed, np.repeat(mixed_shares[:, np.newaxis], 5, axis=1))
    np.testing.assert_allclose(mixed_shares.sum(axis=1), 1, rtol=1e-6)
    assert np.any((mixed_shares > 0.1) & (mixed_shares < 0.9))


def runs_of(hidden: np.ndarray) -> int:
    """Return how many stretches of a mask, (length,), are true."""
    return int(np.sum(np.diff(hidden.astype(int), prepend=0) == 1))


def test_masks_hide_a_stretch_of_frames_and_one_of_bands(frames, rng):
    masked = augmentation.mask(frames, 0.2, rng)
    hidden = masked != frames
    np.testing.assert_array_equal(
        masked[hidden], np.broadcast_to(frames.mean(axis=(0, 1)), frames.shape)[hidden]
    )
    n_frames = hidden.all(axis=2).sum(axis=1)
    n_bands = hidden.all(axis=1).sum(axis=1)
    assert set(n_frames) == {0, 1, 2, 3, 4}  # up to a fifth of 20
    assert set(n_bands) == {0, 1, 2}
    for segment in hidden:
        of_frames, of_bands = segment.all(axis=1), segment.all(axis=0)
        assert runs_of(of_frames) <= 1
        assert runs_of(of_bands) <= 1
        np.testing.assert_array_equal(segment, of_frames[:, np.newaxis] | of_bands)


def test_a_feature_of_few_bands_keeps_them():
    frames = np.random.default_rng(1).normal(size=(30, 20, 1)).astype(np.float32)
    masked = augmentation.mask(frames, 0.2, np.random.default_rng(1))
    assert not np.all(masked != frames, axis=(1, 2)).any()


def batch(segments, part: str, number: int = 0, *, epoch: int = 0, augment: bool = True):
    split = splits.split(segments, "track", seed=1)
    of = fit.batches(segments, split, part, Recipe(batch_size=16, augment=augment), 1)
    of.begin(epoch)
    return of[number]


@pytest.fixture(scope="module")
def segments():
    return made_up_segments([9, 9, 9])


def test_validation_is_left_as_it_is(segments):
    frames, labels = batch(segments, VALIDATION, augment=False)
    same_frames, shares = batch(segments, VALIDATION)
    np.testing.assert_array_equal(same_frames, frames)
    np.testing.assert_array_equal(shares, labels[:, np.newaxis] == np.arange(3))


def test_seed_epoch_and_batch_decide_what_is_done(segments):
    frames, shares = batch(segments, TRAIN)
    again, shares_again = batch(segments, TRAIN)
    np.testing.assert_array_equal(frames, again)
    np.testing.assert_array_equal(shares, shares_again)
    assert (frames.shape, frames.dtype, shares.dtype) == ((16, 9, 4), np.float32, np.float32)
    for other, _ in (batch(segments, TRAIN, 1), batch(segments, TRAIN, epoch=1)):
        assert not np.isclose(frames, other).all(axis=(1, 2)).any()


def test_the_data_themselves_stay_as_they_are(segments):
    before = segments.frames.copy()
    batch(segments, TRAIN)
    np.testing.assert_array_equal(segments.frames, before)
