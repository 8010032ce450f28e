"""Twelve classifiers of scikit-learn for rows of numbers: the baselines that networks must beat.

Each stands behind a standardisation of the columns. Its values are scikit-learn's own, but for
those that say why; they are the same for all data, and nothing is searched for.
"""

import sys
import time
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from genre.classifiers import statistics
from genre.datasets import TEST, TRAIN, VALIDATION, Index
from genre.datasets.splits import Split
from genre.errors import TrainingError
from genre.evaluation import Judge, Predictions, calibration

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline  # which takes a second

NAMES = (
    *("logistic", "one-vs-rest", "ridge", "linear-svm", "rbf-svm", "lda", "qda"),
    *("naive-bayes", "knn", "random-forest", "adaboost", "mlp"),
)
# What a file of ours may hold beside the types that skops knows to be harmless.
TRUSTED = (
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.tree._tree.Tree",  # whose numbers `_check_trees` looks at
)


class Fitted(NamedTuple):
    """A trained classifier, what it was trained on, and how it did."""

    seed: int
    split: Split
    model: "Pipeline"
    predictions: Predictions  # on the test part, calibrated
    calibration: dict[str, Any]  # for the card
    seconds: float


def estimators(seed: int) -> dict[str, Any]:
    """Return scikit-learn's estimators, untrained, by their names here."""
    from sklearn.discriminant_analysis import (
        LinearDiscriminantAnalysis,
        QuadraticDiscriminantAnalysis,
    )
    from sklearn.ensemble import AdaBoostClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression, RidgeClassifier
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.neural_network import MLPClassifier
    from sklearn.svm import SVC, LinearSVC
    from sklearn.tree import DecisionTreeClassifier

    return {
        "logistic": LogisticRegression(max_iter=1000),  # 100 steps seldom suffice
        "one-vs-rest": OneVsRestClassifier(LogisticRegression(max_iter=1000)),
        "ridge": RidgeClassifier(random_state=seed),
        "linear-svm": LinearSVC(random_state=seed),
        "rbf-svm": SVC(break_ties=True),  # so that it names the genre of the highest value
        # With fewer rows than columns a covariance needs shrinkage (Ledoit and Wolf 2004).
        "lda": LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
        "qda": QuadraticDiscriminantAnalysis(solver="eigen", shrinkage="auto"),
        "naive-bayes": GaussianNB(),
        "knn": KNeighborsClassifier(algorithm="brute"),  # trees are no faster in many dimensions
        "random-forest": RandomForestClassifier(random_state=seed),
        "adaboost": AdaBoostClassifier(  # a tree of one question cannot tell ten genres apart
            DecisionTreeClassifier(max_depth=3), n_estimators=100, random_state=seed
        ),
        "mlp": MLPClassifier(random_state=seed),
    }


def fit(name: str, rows: np.ndarray, index: Index, split: Split, *, seed: int) -> Fitted:
    """Train a classifier on the training part of rows, (segments, columns), and test it.

    On the validation part its probabilities are calibrated. Raises TrainingError when the
    classifier cannot learn from these rows.
    """
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    started = time.perf_counter()
    train = split.parts == TRAIN
    model = make_pipeline(StandardScaler(), estimators(seed)[name])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of steps that end before they have converged
            if name == "random-forest":
                model.set_params(randomforestclassifier__n_jobs=-1)
            model.fit(rows[train], index.labels[train])
            if name == "random-forest":  # several threads add up its trees in any order
                model.set_params(randomforestclassifier__n_jobs=None)
        seconds = time.perf_counter() - started
        judged = [
            Predictions(
                judge(model, rows[chosen], len(index.mapping)),
                index.labels[chosen],
                index.track_index[chosen],
            )
            for chosen in (split.parts == VALIDATION, split.parts == TEST)
        ]
    except ValueError as error:  # scikit-learn's word for data that does not do
        reason = str(error).strip().split("\n")[0]
        raise TrainingError(f"{name} cannot learn from this data ({reason})") from None
    return Fitted(seed, split, model, *calibration.apply(*judged), seconds)


def judge(model: "Pipeline", rows: np.ndarray, n_genres: int) -> np.ndarray:
    """Return the genres' probabilities for rows, (segments, columns): (segments, genres).

    For ridge and the support vector machines, which know none, these are the softmax of the
    decision values: in the right order, but not calibrated. A genre that the classifier was not
    trained on has 0.
    """
    from scipy.special import softmax

    probabilities = np.zeros((len(rows), n_genres))
    if not len(rows):  # which scikit-learn refuses
        return probabilities
    if hasattr(model, "predict_proba"):
        of_classes = model.predict_proba(rows)
    else:
        values = model.decision_function(rows)
        if values.ndim == 1:  # of two genres: how far on the second one's side
            values = np.stack([np.zeros_like(values), values], axis=1)
        of_classes = softmax(values, axis=1)
    probabilities[:, model.classes_] = of_classes
    return probabilities


def judge_of(model: "Pipeline", feature: str, settings: dict[str, Any], n_genres: int) -> Judge:
    """Return how a classifier judges frames, by their statistics."""
    return lambda frames: judge(model, statistics.statistics(frames, feature, settings), n_genres)


def to_bytes(model: "Pipeline") -> bytes:
    """Return a trained classifier as the content of a file of skops."""
    with _skops() as skops:
        return skops.dumps(model, compression=zipfile.ZIP_DEFLATED)


def from_bytes(content: bytes, n_genres: int) -> "Pipeline":
    """Read a classifier of so many genres; raises ValueError or TypeError for anything else.

    Nothing in the content is run. The types in it are TRUSTED or skops' own choice.
    """
    with _skops() as skops:
        model = skops.loads(content, trusted=list(TRUSTED))
    names = [type(step).__name__ for _, step in getattr(model, "steps", [])]
    known = [["StandardScaler", type(each).__name__] for each in estimators(0).values()]
    if names not in known:
        raise ValueError("it holds no classifier of baseline.py")
    if not np.isin(model.classes_, np.arange(n_genres)).all():
        raise ValueError("its genres are others")
    _check_trees(model)
    return model


@contextmanager
def _skops() -> Iterator[ModuleType]:
    """Give skops.io, while what waits to be loaded is out of its sight.

    It looks for some names in all modules that there are, which would load Keras for nothing.
    """
    heavy = {name: sys.modules[name] for name in ("keras", "tensorflow") if name in sys.modules}
    waiting = {name: module for name, module in heavy.items() if type(module) is not ModuleType}
    for name in waiting:
        del sys.modules[name]
    try:
        from skops import io

        yield io
    finally:
        sys.modules.update(waiting)


def _check_trees(model: "Pipeline") -> None:
    """Raise ValueError for a tree that would lead outside of memory, or in circles.

    scikit-learn follows a tree's numbers without a look at them.
    """
    for each in getattr(model[-1], "estimators_", []):
        if not hasattr(each, "tree_"):
            continue
        tree = each.tree_
        inner = np.flatnonzero(tree.children_left != -1)
        children = np.stack([tree.children_left[inner], tree.children_right[inner]])
        if (children <= inner).any() or (children >= tree.node_count).any():
            raise ValueError("a tree's branches lead nowhere")
        if not np.isin(tree.feature[inner], np.arange(model.n_features_in_)).all():
            raise ValueError("a tree asks for columns that are not there")
