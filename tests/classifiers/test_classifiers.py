"""The twelve classifiers: what they learn, and how they are kept in files."""

import dataclasses
import os
import subprocess
import sys

import numpy as np
import pytest
from helpers import ROOT, made_up_segments
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from skops import io

from genre import classifiers
from genre.datasets import TEST, TRAIN, VALIDATION
from genre.datasets.splits import Split
from genre.errors import TrainingError

RNG = np.random.default_rng(0)


def separable(tracks_in_genre, *, columns=6):
    """Return an index, rows whose column tells the genre, and a split."""
    index = made_up_segments(tracks_in_genre)
    rows = RNG.normal(size=(len(index.labels), columns)).astype(np.float32)
    rows[np.arange(len(rows)), index.labels] += 12
    parts = np.array([TRAIN, TRAIN, VALIDATION, TEST])[index.track_index % 4]
    return index, rows, Split("made up", parts, [])


@pytest.fixture(scope="module")
def fitted():
    """All twelve, trained on three genres, with the rows."""
    index, rows, split = separable([8, 8, 8])
    return {
        name: classifiers.fit(name, rows, index, split, seed=1) for name in classifiers.NAMES
    }, rows


def test_there_are_twelve():
    assert set(classifiers.NAMES) == set(classifiers.estimators(0))
    assert len(classifiers.NAMES) == 12


@pytest.mark.parametrize("name", classifiers.NAMES)
def test_each_learns_what_can_be_told_apart(name, fitted):
    run = fitted[0][name]
    tested = run.predictions
    assert len(tested.labels) == np.sum(run.split.parts == TEST) == 18
    np.testing.assert_array_equal(tested.probabilities.argmax(axis=1), tested.labels)
    np.testing.assert_allclose(tested.probabilities.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("name", classifiers.NAMES)
def test_the_likeliest_genre_is_the_one_that_scikit_learn_names(name, fitted):
    model = fitted[0][name].model
    rows = RNG.normal(size=(200, 6)) * 9
    probabilities = classifiers.judge(model, rows, 3)
    assert probabilities.min() >= 0
    np.testing.assert_array_equal(probabilities.argmax(axis=1), model.predict(rows))


@pytest.mark.parametrize("name", classifiers.NAMES)
def test_each_is_the_same_after_loading(name, fitted):
    runs, rows = fitted
    model = runs[name].model
    loaded = classifiers.from_bytes(classifiers.to_bytes(model), 3)
    np.testing.assert_array_equal(
        classifiers.judge(loaded, rows, 3), classifiers.judge(model, rows, 3)
    )


@pytest.mark.parametrize("name", ["random-forest", "mlp", "linear-svm", "adaboost"])
def test_the_same_seed_gives_the_same_classifier(name, fitted):
    index, rows, split = separable([8, 8, 8])
    rows += RNG.normal(size=rows.shape) * 9
    first, second = (classifiers.fit(name, rows, index, split, seed=3) for _ in range(2))
    np.testing.assert_array_equal(first.predictions.probabilities, second.predictions.probabilities)


@pytest.mark.parametrize("name", classifiers.NAMES)
def test_two_genres_are_enough(name):
    index, rows, split = separable([8, 8])
    tested = classifiers.fit(name, rows, index, split, seed=1).predictions
    np.testing.assert_array_equal(tested.probabilities.argmax(axis=1), tested.labels)
    np.testing.assert_allclose(tested.probabilities.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("name", ["logistic", "ridge", "rbf-svm"])
def test_a_genre_that_does_not_train_is_never_named(name):
    index, rows, split = separable([8, 8, 8])
    parts = np.where((index.labels == 1) & (split.parts == TRAIN), VALIDATION, split.parts)
    run = classifiers.fit(name, rows, index, split._replace(parts=parts), seed=1)
    assert run.predictions.probabilities.shape == (18, 3)
    assert (run.predictions.probabilities[:, 1] == 0).all()
    right = run.predictions.labels != 1
    np.testing.assert_array_equal(
        run.predictions.probabilities.argmax(axis=1)[right], run.predictions.labels[right]
    )


@pytest.mark.parametrize("name", classifiers.NAMES)
def test_what_cannot_be_learnt_is_said_in_a_line(name):
    index, rows, split = separable([8, 8])
    index = dataclasses.replace(index, labels=np.zeros_like(index.labels))
    if name in ("ridge", "naive-bayes", "knn", "random-forest", "adaboost", "mlp", "lda"):
        rows[0] = np.inf
        split.parts[0] = TRAIN
    with pytest.raises(TrainingError, match=f"^{name} cannot learn from this data") as error:
        classifiers.fit(name, rows, index, split, seed=1)
    assert "\n" not in str(error.value)


def test_what_is_no_classifier_of_ours_is_refused(fitted):
    scaler = StandardScaler().fit(fitted[1])
    for other in (scaler, {"a": 1}, make_pipeline(scaler, StandardScaler())):
        with pytest.raises(ValueError, match=r"no classifier of baseline\.py"):
            classifiers.from_bytes(io.dumps(other), 3)
    with pytest.raises(ValueError, match="genres"):
        classifiers.from_bytes(classifiers.to_bytes(fitted[0]["lda"].model), 2)


def test_what_would_run_code_is_refused():
    harmful = make_pipeline(StandardScaler(), FunctionTransformer(os.system))
    with pytest.raises(TypeError, match="Untrusted types"):
        classifiers.from_bytes(io.dumps(harmful), 3)


@pytest.mark.parametrize(
    ("numbers", "value", "words"),
    [
        ("children_left", 10**6, "nowhere"),
        ("children_right", -5, "nowhere"),
        ("children_left", 0, "nowhere"),  # from the root to the root
        ("feature", 99, "columns"),
        ("feature", -7, "columns"),
    ],
)
@pytest.mark.parametrize("name", ["random-forest", "adaboost"])
def test_trees_that_lead_outside_of_memory_are_refused(name, numbers, value, words):
    index, rows, split = separable([8, 8])
    model = classifiers.fit(name, rows, index, split, seed=1).model
    getattr(model[-1].estimators_[0].tree_, numbers)[0] = value
    with pytest.raises(ValueError, match=words):
        classifiers.from_bytes(classifiers.to_bytes(model), 2)


def test_a_classifier_is_read_without_keras(fitted, tmp_path):
    file = tmp_path / "model.skops"
    file.write_bytes(classifiers.to_bytes(fitted[0]["ridge"].model))
    code = (
        "import sys; from pathlib import Path; from genre import classifiers; "
        "classifiers.from_bytes(Path(sys.argv[1]).read_bytes(), 3); "
        "print([name for name in sys.modules if name.startswith(('keras.', 'tensorflow.'))]); "
        "import keras; print(keras.__name__)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, file], capture_output=True, text=True, cwd=ROOT, timeout=120
    )
    assert ended.stdout.splitlines() == ["[]", "keras"], ended.stderr


def test_scikit_learn_has_no_stand_in_that_others_would_fill_by_chance():
    """Keras imports it: within that, Python would lose a Ctrl-C."""
    look = "import sys; import genre.classifiers; sys.exit('sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", look], cwd=ROOT, timeout=60).returncode == 0
