"""Files of classifiers: the same after reading, and nothing harmful in them is taken."""

import os
import subprocess
import sys

import numpy as np
import pytest
from helpers import ROOT
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from skops import io

from genre import classifiers
from genre.classifiers.estimators import CLASSIFIERS, untrained
from genre.model import skops_file

RNG = np.random.default_rng(0)
LABELS = np.repeat([0, 1, 2], 20)
ROWS = RNG.normal(size=(60, 6)) + LABELS[:, np.newaxis]


def trained(name: str) -> Pipeline:
    return untrained(name, 0, len(ROWS)).fit(ROWS, LABELS)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_each_is_the_same_after_reading(name):
    model = trained(name)
    read = skops_file.from_bytes(skops_file.to_bytes(model), 3)
    np.testing.assert_array_equal(
        classifiers.probabilities(read, ROWS, 3), classifiers.probabilities(model, ROWS, 3)
    )


def test_what_is_no_classifier_of_ours_is_refused():
    scaler = StandardScaler().fit(ROWS)
    for other in (scaler, {"a": 1}, make_pipeline(scaler, StandardScaler())):
        with pytest.raises(ValueError, match=r"no classifier of baseline\.py"):
            skops_file.from_bytes(io.dumps(other), 3)
    with pytest.raises(ValueError, match="genres"):
        skops_file.from_bytes(skops_file.to_bytes(trained("lda")), 2)


def test_what_would_run_code_is_refused():
    harmful = make_pipeline(StandardScaler(), FunctionTransformer(os.system))
    with pytest.raises(TypeError, match="Untrusted types"):
        skops_file.from_bytes(io.dumps(harmful), 3)


@pytest.mark.parametrize(
    ("numbers", "value", "words"),
    [
        ("children_left", 10**6, "wrong node"),
        ("children_right", -5, "wrong node"),
        ("children_left", 0, "wrong node"),  # from the root to the root
        ("feature", 99, "column"),
        ("feature", -7, "column"),
    ],
)
def test_trees_that_read_outside_of_memory_are_refused(numbers, value, words):
    model = trained("adaboost")
    getattr(model[-1].estimators_[0].tree_, numbers)[0] = value
    with pytest.raises(ValueError, match=words):
        skops_file.from_bytes(skops_file.to_bytes(model), 3)


def test_a_classifier_predicts_without_keras(tmp_path):
    file = tmp_path / "model.skops"
    file.write_bytes(skops_file.to_bytes(trained("kernel-ridge")))
    code = (
        "import sys; from pathlib import Path; import numpy; "
        "from genre import classifiers; from genre.model import skops_file; "
        "model = skops_file.from_bytes(Path(sys.argv[1]).read_bytes(), 3); "
        "classifiers.probabilities(model, numpy.zeros((1, 6)), 3); "
        "sys.exit(any(name.partition('.')[0] in ('keras', 'tensorflow') for name in sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", code, file], cwd=ROOT, timeout=120)
    assert ended.returncode == 0
