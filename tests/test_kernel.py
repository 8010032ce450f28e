"""The kernel machine: its arithmetic against scikit-learn's and librosa's, and as it is saved."""

from dataclasses import replace
from functools import partial

import keras
import librosa
import numpy as np
import pytest
from helpers import made_up_segments, noise
from scipy.stats import f_oneway, pearsonr
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
    np.testing.assert_allclose(found, [0.1, 100, np.sqrt(fisher(noisy, labels))])


def test_equal_segments_do_no_harm():
    values = np.tile(np.random.default_rng(0).normal(size=(5, 4)), (4, 1))
    weights = kernel.solve([values], np.arange(20) % 5, values, 0.1, 5)
    scores = kernel.gaussian(values, values, 0.1) @ weights
    np.testing.assert_array_equal(scores.argmax(axis=1), np.arange(20) % 5)


def test_silence_teaches_nothing_and_does_no_harm(segments):
    silence = replace(segments, frames=np.zeros_like(segments.frames))
    joined = kernel.beside(untaught((40, 32), 3), silence, np.full(60, fill_value=True), seed=1)
    np.testing.assert_allclose(joined.predict(silence.frames, verbose=0), 1 / 3, atol=1e-3)


def test_it_learns_and_its_model_is_what_its_arithmetic_says(segments, tmp_path):
    chosen = np.arange(60) % 3 > 0
    joined = kernel.beside(untaught((40, 32), 3), segments, chosen, seed=1)
    probabilities = joined.predict(segments.frames, verbose=0)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    right = probabilities.argmax(axis=1) == segments.labels
    assert right[~chosen].mean() > 0.8

    level_free = segments.frames - segments.frames.mean(axis=(1, 2), keepdims=True)
    values = described(level_free)
    labels = segments.labels[chosen]
    values = (values - values[chosen].mean(axis=0)) / values[chosen].std(axis=0)
    values *= np.array([fisher(each[chosen], labels) for each in values.T]) ** 0.25
    width = config.KERNEL_WIDTH / np.mean(np.sum(values[chosen] ** 2, axis=1))
    weights = kernel.solve([values[chosen]], labels, values[chosen], width, 3)
    scores = config.KERNEL_WEIGHT * kernel.gaussian(values, values[chosen], width) @ weights
    expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(probabilities, expected, atol=2e-3)

    joined.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False, safe_mode=True)
    np.testing.assert_array_equal(again.predict(segments.frames, verbose=0), probabilities)


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
    product = alone * (sure + kernel.SMALLEST)
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


def test_the_statistics_are_those_of_librosa_and_numpy():
    samples = noise(3)
    mel = librosa.power_to_db(librosa.feature.melspectrogram(y=samples, sr=22050))
    (found,) = described(mel.T[np.newaxis].astype(np.float32))
    cepstrum = librosa.feature.mfcc(S=mel, n_mfcc=40)
    groups = {n: mel.reshape(n, -1, 130) for n in (16, 64)}
    changes = [np.diff(each, axis=1).std(axis=1) for each in (groups[64].mean(axis=1), cepstrum)]
    swing = np.abs(np.fft.rfft((cepstrum[:20].T - cepstrum[:20].mean(axis=1)).T * np.hanning(130)))
    pairs = [pearsonr(cepstrum[i], cepstrum[j])[0] for i in range(20) for j in range(i + 1, 20)]
    onsets = np.maximum(np.diff(groups[16].mean(axis=1), axis=1), 0)
    rates = np.abs(np.fft.rfft(onsets.T - onsets.mean(axis=1), axis=0)).mean(axis=1)
    contrast = (groups[16].max(axis=1) - groups[16].mean(axis=1)).mean(axis=1)
    told = iter(np.split(found, np.cumsum([128, 64 + 40, 20 * 7, 190, 16 * 7, 24])))
    close = partial(np.testing.assert_allclose, atol=1e-3)
    close(next(told), mel.mean(axis=1))
    close(next(told), np.concatenate(changes))
    modulations = next(told).reshape(20, 7)  # two of eight ranges are less than a bin
    close(modulations[:, 0], np.log(swing[:, 1] + 0.1))
    close(modulations[:, -1], np.log(swing[:, 39:66].mean(axis=1) + 0.1))
    close(next(told), pairs)
    assert next(told).shape == (16 * 7,)
    beats = next(told)
    close(beats[[0, -1]], [rates[1:4].mean(), rates[-2:].mean()])
    close(next(told), contrast)


@pytest.mark.parametrize("shape", [(16, 1), (94, 12), (130, 13), (20, 513), (1292, 84)])
def test_every_feature_has_statistics(shape):
    frames = np.random.default_rng(0).normal(size=(3, *shape)).astype(np.float32)
    assert np.isfinite(described(frames)).all()
    assert np.isfinite(described(np.zeros_like(frames))).all()
