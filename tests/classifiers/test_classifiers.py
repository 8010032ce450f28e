"""The thirteen classifiers: what they learn, and how sure they are of it."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
from helpers import ROOT, made_up_segments

from genre import classifiers
from genre.classifiers.estimators import CLASSIFIERS, Classifier
from genre.errors import ModelError, TrainingError
from genre.segments import Segments
from genre.songs import TEST, TRAIN, VALIDATION
from genre.splits import Split

RNG = np.random.default_rng(0)


def separable(tracks_in_genre, *, bands=4):
    """Return segments, a spectrogram each, whose band tells the genre, and a split."""
    index = made_up_segments(tracks_in_genre, shape=(5, bands))
    index.frames[np.arange(len(index.labels)), :, index.labels] *= 20
    parts = np.array([TRAIN, TRAIN, VALIDATION, TEST])[index.track_index % 4]
    return dataclasses.replace(index, feature="mel"), Split("made up", parts, [])


def statistics(name: str, segments: Segments) -> np.ndarray:
    """Return what a classifier learns from, which a test may change."""
    return classifiers.with_statistics(segments, CLASSIFIERS[name].statistics).frames


def on_test_part(name: str, segments: Segments, split: Split, run: classifiers.Trained):
    """Return the probabilities of the test part, and its labels."""
    chosen = split.parts == TEST
    rows = statistics(name, segments)[chosen]
    found = classifiers.probabilities(run.model, rows, len(segments.mapping))
    return found, segments.labels[chosen]


@pytest.fixture(scope="module")
def trained():
    """All thirteen, trained on three genres."""
    segments, split = separable([8, 8, 8])
    runs = {name: classifiers.fit(name, segments, split, seed=1) for name in CLASSIFIERS}
    return segments, split, runs


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_each_learns_what_can_be_told_apart(name, trained):
    segments, split, runs = trained
    probabilities, labels = on_test_part(name, segments, split, runs[name])
    assert len(labels) == 18
    np.testing.assert_array_equal(probabilities.argmax(axis=1), labels)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_likeliest_genre_is_the_one_that_scikit_learn_predicts(name, trained):
    model = trained[2][name].model
    rows = RNG.normal(size=(200, model.n_features_in_)) * 9
    probabilities = classifiers.probabilities(model, rows, 3)
    assert probabilities.min() >= 0
    np.testing.assert_array_equal(probabilities.argmax(axis=1), model.predict(rows))


def test_frames_are_described_as_in_training(trained):
    segments, _, runs = trained
    for name in ("lda", "kernel-ridge"):
        model = runs[name].model
        kind = CLASSIFIERS[name].statistics
        predict = classifiers.predictor(model, kind, "mel", segments.settings, 3)
        expected = classifiers.probabilities(model, statistics(name, segments), 3)
        np.testing.assert_allclose(predict(segments.frames), expected, atol=1e-6)
        assert classifiers.takes(model, kind, (5, 4), "mel", segments.settings)
        assert not classifiers.takes(model, kind, (5, 5), "mel", segments.settings)


@pytest.mark.parametrize("name", ["random-forest", "mlp", "linear-svm", "adaboost"])
def test_the_same_seed_gives_the_same_classifier(name):
    segments, split = separable([8, 8, 8])
    rows = statistics(name, segments)
    rows += RNG.normal(size=rows.shape) * 9
    first, second = (
        on_test_part(name, segments, split, classifiers.fit(name, segments, split, seed=3))[0]
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("name", ["logistic", "ridge", "kernel-ridge"])
def test_two_genres_are_enough(name):
    segments, split = separable([8, 8])
    found, labels = on_test_part(
        name, segments, split, classifiers.fit(name, segments, split, seed=1)
    )
    np.testing.assert_array_equal(found.argmax(axis=1), labels)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("name", ["logistic", "ridge", "kernel-ridge"])
def test_a_genre_that_is_not_trained_on_is_never_predicted(name):
    segments, split = separable([8, 8, 8])
    labels = segments.labels
    parts = np.where((labels == 1) & (split.parts == TRAIN), VALIDATION, split.parts)
    split = split._replace(parts=parts)
    run = classifiers.fit(name, segments, split, seed=1)
    found, labels = on_test_part(name, segments, split, run)
    assert found.shape == (18, 3)
    assert (found[:, 1] == 0).all()
    np.testing.assert_array_equal(found.argmax(axis=1)[labels != 1], labels[labels != 1])


def test_nearest_neighbours_are_as_many_as_there_are():
    segments, split = separable([4, 4], bands=2)
    parts = np.where(segments.track_index % 4 == 0, TRAIN, TEST)
    parts[np.flatnonzero(parts == TRAIN)[:2]] = TEST
    split = split._replace(parts=parts)
    run = classifiers.fit("knn", segments, split, seed=1)
    assert run.model[-1].n_neighbors == np.sum(parts == TRAIN) == 4
    assert np.isfinite(on_test_part("knn", segments, split, run)[0]).all()


def test_training_that_does_not_converge_is_told(monkeypatch):
    segments, split = separable([8, 8])
    assert classifiers.fit("logistic", segments, split, seed=1).converged
    hurried = Classifier(lambda sk, *_: sk.linear_model.LogisticRegression(max_iter=1))
    monkeypatch.setitem(CLASSIFIERS, "logistic", hurried)
    assert not classifiers.fit("logistic", segments, split, seed=1).converged


@pytest.mark.parametrize("name", ["logistic", "rbf-svm", "kernel-ridge"])
def test_what_cannot_be_learnt_is_said_in_a_line(name):
    segments, split = separable([8, 8])
    statistics(name, segments)[0] = np.inf
    split.parts[0] = TRAIN
    with pytest.raises(TrainingError, match=rf"^{name} cannot learn from this data") as error:
        classifiers.fit(name, segments, split, seed=1)
    assert "\n" not in str(error.value)


def test_rows_that_are_not_finite_are_refused(trained):
    model = trained[2]["lda"].model
    rows = np.full((2, model.n_features_in_), np.inf)
    with pytest.raises(ModelError, match="cannot use these frames"):
        classifiers.probabilities(model, rows, 3)


def test_the_names_are_known_without_scikit_learn():
    look = "import sys; import genre.classifiers; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", look], cwd=ROOT, timeout=60).returncode == 0
