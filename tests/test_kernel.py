"""The kernel machine: its arithmetic against scikit-learn's and librosa's, and as it is saved."""

from dataclasses import replace

import keras
import librosa
import numpy as np
import pytest
from helpers import made_up_segments, noise
from scipy.stats import pearsonr
from sklearn.kernel_ridge import KernelRidge

import config
from genre import kernel
from genre.dataset import Segments


def described(frames: np.ndarray) -> np.ndarray:
    tensor = keras.Input(frames.shape[1:])
    return keras.Model(tensor, kernel.statistics(tensor)).predict(frames, verbose=0)


def untaught(shape: tuple[int, int], n_genres: int) -> keras.Model:
    """Return a network that finds all genres as likely as each other."""
    frames = keras.Input(shape)
    zeros = keras.layers.Dense(n_genres, kernel_initializer="zeros", activation="softmax")
    return keras.Model(frames, zeros(keras.layers.Flatten()(frames)))


@pytest.fixture(scope="module")
def segments() -> Segments:
    """Segments of 40 frames and 24 bands whose genres differ in nothing but how fast they swing."""
    made_up = made_up_segments([20, 20, 20], segments_per_track=1, shape=(40, 24))
    rng = np.random.default_rng(1)
    rates = np.array([0.05, 0.11, 0.23])[made_up.labels, np.newaxis, np.newaxis]
    starts = rng.uniform(size=(60, 1, 24))
    swing = np.sin(2 * np.pi * (rates * np.arange(40)[:, np.newaxis] + starts))
    frames = 5 * swing + rng.normal(0, 2, (60, 40, 24))
    return replace(made_up, feature="mel", frames=frames.astype(np.float32))


def made_up_values() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the statistics of 50 segments, their labels, and the targets of three genres."""
    rng = np.random.default_rng(0)
    values, labels = rng.normal(size=(50, 6)), rng.integers(3, size=50)
    return values, labels, np.eye(3)[labels] - 1 / 3


def test_with_all_segments_for_centres_it_is_kernel_ridge_regression():
    values, labels, targets = made_up_values()
    weights = kernel.solve([values[:30], values[30:]], labels, values, 3)
    width = config.KERNEL_WIDTH / 6
    machine = KernelRidge(kernel="rbf", gamma=width, alpha=config.KERNEL_RIDGE)
    expected = machine.fit(values, targets).predict(values)
    np.testing.assert_allclose(kernel.gaussian(values, values) @ weights, expected, atol=1e-4)


def test_with_few_centres_it_is_their_function_of_least_penalised_error():
    values, labels, targets = made_up_values()
    centres = values[:10]
    weights = kernel.solve([values[:30], values[30:]], labels, centres, 3)
    near, among = kernel.gaussian(values, centres), kernel.gaussian(centres, centres)
    slope = near.T @ (near @ weights - targets) + config.KERNEL_RIDGE * among @ weights
    np.testing.assert_allclose(slope, 0, atol=1e-5)


def test_equal_segments_do_no_harm():
    values = np.tile(np.random.default_rng(0).normal(size=(5, 4)), (4, 1))
    weights = kernel.solve([values], np.arange(20) % 5, values, 5)
    scores = kernel.gaussian(values, values) @ weights
    np.testing.assert_array_equal(scores.argmax(axis=1), np.arange(20) % 5)


def test_it_learns_and_its_model_is_what_its_arithmetic_says(segments, tmp_path):
    chosen = np.arange(60) % 3 > 0
    joined = kernel.beside(untaught((40, 24), 3), segments, chosen, seed=1)
    probabilities = joined.predict(segments.frames, verbose=0)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    right = probabilities.argmax(axis=1) == segments.labels
    assert right[~chosen].mean() > 0.8

    level_free = segments.frames - segments.frames.mean(axis=(1, 2), keepdims=True)
    values = described(level_free)
    values = (values - values[chosen].mean(axis=0)) / values[chosen].std(axis=0)
    weights = kernel.solve([values[chosen]], segments.labels[chosen], values[chosen], 3)
    scores = config.KERNEL_WEIGHT * kernel.gaussian(values, values[chosen]) @ weights
    expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(probabilities, expected, atol=2e-3)

    joined.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False, safe_mode=True)
    np.testing.assert_array_equal(again.predict(segments.frames, verbose=0), probabilities)


def test_probabilities_are_multiplied(segments):
    everything = np.full(60, fill_value=True)
    frames = keras.Input((40, 24))
    biased = keras.layers.Dense(3, activation="softmax")
    network = keras.Model(frames, biased(keras.layers.Flatten()(frames)))
    alone, sure, both = (
        model.predict(segments.frames, verbose=0)
        for model in (
            kernel.beside(untaught((40, 24), 3), segments, everything, seed=1),
            network,
            kernel.beside(network, segments, everything, seed=1),
        )
    )
    product = alone * (sure + kernel.SMALLEST)
    np.testing.assert_allclose(both, product / product.sum(axis=1, keepdims=True), atol=1e-4)


def test_no_more_centres_than_are_asked_for(segments, monkeypatch):
    monkeypatch.setattr(config, "KERNEL_CENTRES", 15)
    everything = np.full(60, fill_value=True)
    joined = kernel.beside(untaught((40, 24), 3), segments, everything, seed=1)
    kernels = [tuple(weight.shape) for weight in joined.weights if len(weight.shape) == 2]
    assert (15, 3) in kernels
    predicted = joined.predict(segments.frames, verbose=0).argmax(axis=1)
    assert np.mean(predicted == segments.labels) > 0.7


def test_loudness_changes_nothing(segments):
    joined = kernel.beside(untaught((40, 24), 3), segments, np.full(60, fill_value=True), seed=1)
    quiet, loud = (joined.predict(segments.frames + level, verbose=0) for level in (0, 20))
    np.testing.assert_allclose(quiet, loud, atol=1e-3)


def test_the_statistics_are_those_of_librosa_and_numpy():
    samples = noise(3)
    mel = librosa.power_to_db(librosa.feature.melspectrogram(y=samples, sr=22050))
    (found,) = described(mel.T[np.newaxis].astype(np.float32))
    cepstrum = librosa.feature.mfcc(S=mel, n_mfcc=40)
    deviations = [np.diff(each, axis=1).std(axis=1) for each in (mel, cepstrum)]
    np.testing.assert_allclose(found[:128], mel.mean(axis=1), atol=1e-3)
    np.testing.assert_allclose(found[128:296], np.concatenate(deviations), atol=1e-3)
    rates = found[296 : 296 + 20 * 7].reshape(20, 7)  # two of eight ranges are less than a bin
    swing = cepstrum[:20] - cepstrum[:20].mean(axis=1, keepdims=True)
    spectrum = np.abs(np.fft.rfft(swing * np.hanning(130)))
    np.testing.assert_allclose(rates[:, 0], np.log(spectrum[:, 1] + 0.1), atol=1e-3)
    np.testing.assert_allclose(
        rates[:, -1], np.log(spectrum[:, 39:66].mean(axis=1) + 0.1), atol=1e-3
    )
    pairs = found[296 + 140 : 296 + 140 + 190]
    expected = [pearsonr(cepstrum[i], cepstrum[j])[0] for i in range(20) for j in range(i + 1, 20)]
    np.testing.assert_allclose(pairs, expected, atol=1e-3)
    assert found.shape == (128 + 128 + 40 + 140 + 190 + 16 * 7,)


@pytest.mark.parametrize("shape", [(16, 1), (94, 12), (130, 13), (20, 513), (1292, 84)])
def test_every_feature_has_statistics(shape):
    frames = np.random.default_rng(0).normal(size=(3, *shape)).astype(np.float32)
    assert np.isfinite(described(frames)).all()
    assert np.isfinite(described(np.zeros_like(frames))).all()
