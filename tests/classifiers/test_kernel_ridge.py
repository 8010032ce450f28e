"""kernel-ridge: its parts against scikit-learn's and plain arithmetic, and what it learns."""

from dataclasses import replace

import numpy as np
import pytest
from helpers import made_up_segments
from scipy.stats import f_oneway
from sklearn.kernel_ridge import KernelRidge

from genre import classifiers
from genre.classifiers import kernel_ridge
from genre.errors import TrainingError
from genre.segments import Segments
from genre.songs import TRAIN
from genre.splits import Split

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def segments() -> Segments:
    """Segments of 40 frames and 32 bands whose genres differ only in how fast the bands change."""
    made_up = made_up_segments([20, 20, 20], segments_per_track=1, shape=(40, 32))
    rng = np.random.default_rng(1)
    rates = np.array([0.05, 0.11, 0.23])[made_up.labels, np.newaxis, np.newaxis]
    starts = rng.uniform(size=(60, 1, 32))
    change = np.sin(2 * np.pi * (rates * np.arange(40)[:, np.newaxis] + starts))
    frames = 5 * change + rng.normal(0, 2, (60, 40, 32))
    return replace(made_up, feature="mel", frames=frames.astype(np.float32))


def trained(segments: Segments, chosen: np.ndarray) -> classifiers.Trained:
    split = Split("made up", np.where(chosen, TRAIN, ""), [])
    return classifiers.fit("kernel-ridge", segments, split, seed=1)


def predictions(segments: Segments, model: classifiers.Pipeline) -> np.ndarray:
    return classifiers.predictor(model, "spectrogram", "mel", segments.settings, 3)(segments.frames)


def test_it_is_kernel_ridge_regression_on_weighted_columns():
    rows, labels = RNG.normal(size=(50, 6)), RNG.integers(3, size=50)
    model = kernel_ridge.pipeline(0).fit(rows, labels)
    standardised = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    ratios = [f_oneway(*(column[labels == it] for it in range(3))).statistic for column in rows.T]
    weighted = standardised.clip(-4, 4) * np.array(ratios) ** 0.25
    weighted /= np.sqrt(np.mean(np.sum(weighted**2, axis=1)))
    expected = KernelRidge(kernel="rbf", gamma=0.5, alpha=0.2)
    expected.fit(weighted, 2 * np.eye(3)[labels] - 1)
    found = model.decision_function(rows)
    np.testing.assert_allclose(found, expected.predict(weighted), atol=1e-9)


def test_columns_weigh_by_how_much_the_classes_differ_within_limits():
    labels = np.repeat([0, 1, 2], 4)
    noisy = np.tile([1.0, 2, 4, 8], 3) + labels
    rows = np.stack([np.tile([1.0, 2, 3, 4], 3), labels.astype(float), noisy], axis=1)
    found = kernel_ridge.ImportanceWeights().fit(rows, labels).weights_
    of_noisy = f_oneway(*noisy.reshape(3, 4)).statistic ** 0.25
    np.testing.assert_allclose(found / found[1], np.array([0.01**0.25, 10, of_noisy]) / 10)


def test_it_learns_what_only_the_change_in_time_tells(segments):
    chosen = np.arange(60) % 3 > 0
    right = predictions(segments, trained(segments, chosen).model).argmax(axis=1) == segments.labels
    assert right[~chosen].mean() > 0.8


def test_it_learns_from_what_a_low_pass_filter_leaves(segments, monkeypatch):
    everything, rng = np.full(60, fill_value=True), np.random.default_rng(2)
    filtered = replace(segments, frames=kernel_ridge.low_pass(segments.frames, [("all", 32)], rng))

    def doubt() -> float:
        found = predictions(filtered, trained(segments, everything).model)
        return 1 - np.mean(found[np.arange(60), segments.labels])

    learnt = doubt()
    monkeypatch.setattr(kernel_ridge, "LOWEST_CUTOFF", 1)
    classifiers.copies.cache_clear()
    assert learnt < doubt()


def test_a_low_pass_filter_silences_the_highest_bands():
    frames = RNG.normal(0, 5, (20, 9, 32))
    found = kernel_ridge.low_pass(frames, [("all", 32)], np.random.default_rng(0))
    cutoffs = np.sum(found == frames, axis=2)
    assert (cutoffs == cutoffs[:, :1]).all()
    assert 16 <= cutoffs.min() < 20 and 28 < cutoffs.max() <= 32
    for segment, silenced, cutoff in zip(frames, found, cutoffs[:, 0], strict=True):
        np.testing.assert_array_equal(silenced[:, cutoff:], segment.max() - 80)


def test_a_low_pass_filter_has_a_cutoff_in_each_of_joined_spectra():
    frames = RNG.normal(0, 5, (20, 9, 32)).astype(np.float32)
    found = kernel_ridge.low_pass(frames, [("all", 16), ("all", 16)], np.random.default_rng(0))
    silenced = (found != frames).any(axis=1)
    np.testing.assert_array_equal(silenced[:, :16], silenced[:, 16:])
    assert silenced[:, 15].any() and not silenced[:, :8].any()


def test_a_low_pass_filter_makes_nothing_softer_than_silence():
    silence = np.full((5, 9, 32), -100.0)
    found = kernel_ridge.low_pass(silence, [("all", 32)], np.random.default_rng(0))
    np.testing.assert_array_equal(found, silence)


def test_volume_changes_nothing(segments):
    model = trained(segments, np.full(60, fill_value=True)).model
    louder = replace(segments, frames=segments.frames + 20)
    found = predictions(louder, model)
    np.testing.assert_allclose(found, predictions(segments, model), atol=1e-5)


def test_it_compares_with_no_more_segments_than_it_should(segments, monkeypatch):
    monkeypatch.setattr(kernel_ridge, "CENTRES", 15)
    model = trained(segments, np.full(60, fill_value=True)).model
    assert model["nystroem"].components_.shape[0] == 15
    right = predictions(segments, model).argmax(axis=1) == segments.labels
    assert right.mean() > 0.7


def test_silence_cannot_be_learnt_from(segments):
    silence = replace(segments, frames=np.full_like(segments.frames, -100))
    with pytest.raises(TrainingError, match=r"^kernel-ridge cannot learn from this data"):
        trained(silence, np.full(60, fill_value=True))


def test_what_it_is_not_made_for_is_said(segments):
    mfcc = replace(segments, feature="mfcc")
    short = replace(segments, frames=segments.frames[:, :2])
    for data, words in ((mfcc, "spectrogram in decibels"), (short, "at least 3 frames, not 2")):
        with pytest.raises(TrainingError, match=words):
            trained(data, np.full(60, fill_value=True))
