"""The kernel machine: its arithmetic against scikit-learn's, and as it is saved."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from helpers import made_up_segments
from scipy.stats import f_oneway
from sklearn.kernel_ridge import KernelRidge

import config
from genre.classifiers import kernel, kernel_statistics
from genre.datasets import Segments
from genre.training import augmentation


def untaught(shape: tuple[int, int], n_genres: int) -> keras.Model:
    """Return a network that finds all genres as likely as each other."""
    frames = keras.Input(shape)
    zeros = keras.layers.Dense(n_genres, kernel_initializer="zeros", activation="softmax")
    return keras.Model(frames, zeros(keras.layers.Flatten()(frames)))


@pytest.fixture(scope="module")
def segments() -> Segments:
    """Segments of 40 frames and 32 bands whose genres differ in nothing but how fast they swing."""
    made_up = made_up_segments([20, 20, 20], segments_per_track=1, shape=(40, 32))
    rng = np.random.default_rng(1)
    rates = np.array([0.05, 0.11, 0.23])[made_up.labels, np.newaxis, np.newaxis]
    starts = rng.uniform(size=(60, 1, 32))
    swing = np.sin(2 * np.pi * (rates * np.arange(40)[:, np.newaxis] + starts))
    frames = 5 * swing + rng.normal(0, 2, (60, 40, 32))
    return replace(made_up, feature="mel", frames=frames.astype(np.float32))


def fisher(values: np.ndarray, labels: np.ndarray) -> float:
    """Return the F ratio of one statistic, (segments,)."""
    return f_oneway(*(values[labels == label] for label in np.unique(labels))).statistic


def made_up_values() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the statistics of 50 segments, their labels, and the targets of three genres."""
    rng = np.random.default_rng(0)
    values, labels = rng.normal(size=(50, 6)), rng.integers(3, size=50)
    return values, labels, np.eye(3)[labels] - 1 / 3


def test_with_all_segments_for_centres_it_is_kernel_ridge_regression():
    values, labels, targets = made_up_values()
    width = 0.1
    weights = kernel.solve([values[:30], values[30:]], labels, values, width, 3)
    machine = KernelRidge(kernel="rbf", gamma=width, alpha=config.KERNEL_RIDGE)
    expected = machine.fit(values, targets).predict(values)
    found = kernel.gaussian(values, values, width) @ weights
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_with_few_centres_it_is_their_function_of_least_penalised_error():
    values, labels, targets = made_up_values()
    centres, width = values[:10], 0.1
    weights = kernel.solve([values[:30], values[30:]], labels, centres, width, 3)
    near, among = (kernel.gaussian(each, centres, width) for each in (values, centres))
    slope = near.T @ (near @ weights - targets) + config.KERNEL_RIDGE * among @ weights
    np.testing.assert_allclose(slope, 0, atol=1e-5)


def test_what_tells_nothing_weighs_least_and_nothing_weighs_without_end():
    labels = np.repeat([0, 1, 2], 4)
    same, apart, noisy = np.zeros(12), labels.astype(float), np.tile([1.0, 2, 4, 8], 3)
    noisy += labels
    found = kernel.importance(np.stack([same, apart, noisy], axis=1), labels)
    np.testing.assert_allclose(found, [0.01**0.25, 10, fisher(noisy, labels) ** 0.25])


def test_equal_segments_do_no_harm():
    values = np.tile(np.random.default_rng(0).normal(size=(5, 4)), (4, 1))
    weights = kernel.solve([values], np.arange(20) % 5, values, 0.1, 5)
    scores = kernel.gaussian(values, values, 0.1) @ weights
    np.testing.assert_array_equal(scores.argmax(axis=1), np.arange(20) % 5)


def test_silence_teaches_nothing_and_does_no_harm(segments):
    silence = replace(segments, frames=np.full_like(segments.frames, -100))
    joined = kernel.beside(untaught((40, 32), 3), silence, np.full(60, fill_value=True), seed=1)
    np.testing.assert_allclose(joined.predict(silence.frames, verbose=0), 1 / 3, atol=1e-3)


def test_it_learns_and_its_model_is_what_its_arithmetic_says(segments, tmp_path, monkeypatch):
    monkeypatch.setattr(config, "LOW_PASS", 1)  # all is heard twice, and the same each time
    monkeypatch.setattr(config, "KERNEL_LIMIT", 2)
    chosen = np.arange(60) % 3 > 0
    joined = kernel.beside(untaught((40, 32), 3), segments, chosen, seed=1)
    probabilities = joined.predict(segments.frames, verbose=0)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    right = probabilities.argmax(axis=1) == segments.labels
    assert right[~chosen].mean() > 0.8

    level_free = segments.frames - segments.frames.mean(axis=(1, 2), keepdims=True)
    tensor = keras.Input((40, 32))
    describe = keras.Model(tensor, kernel_statistics.statistics(tensor))
    values = describe.predict(level_free, verbose=0)
    labels = segments.labels[chosen]
    values = (values - values[chosen].mean(axis=0)) / values[chosen].std(axis=0)
    assert np.abs(values).max() > 3
    unlimited, values = values, values.clip(-2, 2)
    values *= np.array([fisher(each[chosen], labels) for each in unlimited.T]) ** 0.25
    width = config.KERNEL_WIDTH / np.mean(np.sum(values[chosen] ** 2, axis=1))
    weights = kernel.solve([values[chosen]] * 2, np.tile(labels, 2), values[chosen], width, 3)
    scores = config.KERNEL_WEIGHT * kernel.gaussian(values, values[chosen], width) @ weights
    expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(probabilities, expected, atol=2e-3)

    joined.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False, safe_mode=True)
    np.testing.assert_array_equal(again.predict(segments.frames, verbose=0), probabilities)


def test_it_knows_what_a_low_pass_filter_leaves(segments, monkeypatch):
    everything, rng = np.full(60, fill_value=True), np.random.default_rng(2)
    filtered = augmentation.low_pass(segments.frames, [("all", 32)], rng)

    def doubt() -> float:
        joined = kernel.beside(untaught((40, 32), 3), segments, everything, seed=1)
        right = np.arange(60), segments.labels
        return 1 - np.mean(joined.predict(filtered, verbose=0)[right])

    learnt = doubt()
    monkeypatch.setattr(config, "LOW_PASS", 1)
    assert learnt < 0.7 * doubt()


def test_probabilities_are_multiplied(segments):
    everything = np.full(60, fill_value=True)
    frames = keras.Input((40, 32))
    biased = keras.layers.Dense(3, activation="softmax")
    network = keras.Model(frames, biased(keras.layers.Flatten()(frames)))
    alone, sure, both = (
        model.predict(segments.frames, verbose=0)
        for model in (
            kernel.beside(untaught((40, 32), 3), segments, everything, seed=1),
            network,
            kernel.beside(network, segments, everything, seed=1),
        )
    )
    product = alone * (sure + kernel.SMALLEST) ** config.NETWORK_WEIGHT
    np.testing.assert_allclose(both, product / product.sum(axis=1, keepdims=True), atol=1e-4)


def test_no_more_centres_than_are_asked_for(segments, monkeypatch):
    monkeypatch.setattr(config, "KERNEL_CENTRES", 15)
    everything = np.full(60, fill_value=True)
    joined = kernel.beside(untaught((40, 32), 3), segments, everything, seed=1)
    kernels = [tuple(weight.shape) for weight in joined.weights if len(weight.shape) == 2]
    assert (15, 3) in kernels
    predicted = joined.predict(segments.frames, verbose=0).argmax(axis=1)
    assert np.mean(predicted == segments.labels) > 0.7


def test_loudness_changes_nothing(segments):
    joined = kernel.beside(untaught((40, 32), 3), segments, np.full(60, fill_value=True), seed=1)
    quiet, loud = (joined.predict(segments.frames + level, verbose=0) for level in (0, 20))
    np.testing.assert_allclose(quiet, loud, atol=1e-3)
