"""The registry of classifiers: each by its name, with how scikit-learn makes it.

The settings are scikit-learn's defaults, except where a comment gives a reason. They are the same
for all data: there is no search for better ones. scikit-learn is imported when a classifier is
made, since that takes a second.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from genre.classifiers import spectrogram_statistics
from genre.segments import Segments

Pipeline = Any  # sklearn.pipeline.Pipeline


@dataclass(frozen=True)
class Classifier:
    """A classifier of the registry."""

    # From the package sklearn, the random seed and the number of rows to learn from to an untrained
    # estimator, whose input is then standardised, or to a whole pipeline.
    make: Callable[[Any, int, int], Any]
    statistics: str = "bands"  # what it learns from: one of classifiers.STATISTICS
    copies: bool = False  # whether it also learns from low-pass filtered copies
    lacking: Callable[[Segments], str] = lambda _: ""  # what segments lack for it, "" for nothing


def decision_trees(sk: Any, seed: int, _rows: int) -> Any:
    """Return AdaBoost; decision stumps, its default, are too weak for ten genres."""
    tree = sk.tree.DecisionTreeClassifier(max_depth=3)
    return sk.ensemble.AdaBoostClassifier(tree, n_estimators=100, random_state=seed)


def nearest_neighbours(sk: Any, _seed: int, rows: int) -> Any:
    """Return a classifier by five neighbours, or fewer; trees are slow in many dimensions."""
    return sk.neighbors.KNeighborsClassifier(n_neighbors=min(5, rows), algorithm="brute")


def kernel_ridge(_sk: Any, seed: int, _rows: int) -> Any:
    from genre.classifiers import kernel_ridge

    return kernel_ridge.pipeline(seed)


CLASSIFIERS: dict[str, Classifier] = {
    # The default of 100 steps is seldom enough.
    "logistic": Classifier(lambda sk, *_: sk.linear_model.LogisticRegression(max_iter=1000)),
    "one-vs-rest": Classifier(
        lambda sk, *_: sk.multiclass.OneVsRestClassifier(
            sk.linear_model.LogisticRegression(max_iter=1000)
        )
    ),
    "ridge": Classifier(lambda sk, seed, _: sk.linear_model.RidgeClassifier(random_state=seed)),
    "linear-svm": Classifier(lambda sk, seed, _: sk.svm.LinearSVC(random_state=seed)),
    # So that it predicts the genre of the highest value.
    "rbf-svm": Classifier(lambda sk, *_: sk.svm.SVC(break_ties=True)),
    # With fewer rows than columns a covariance needs shrinkage (Ledoit and Wolf 2004).
    "lda": Classifier(
        lambda sk, *_: sk.discriminant_analysis.LinearDiscriminantAnalysis(
            solver="lsqr", shrinkage="auto"
        )
    ),
    "qda": Classifier(
        lambda sk, *_: sk.discriminant_analysis.QuadraticDiscriminantAnalysis(
            solver="eigen", shrinkage="auto"
        )
    ),
    "naive-bayes": Classifier(lambda sk, *_: sk.naive_bayes.GaussianNB()),
    "knn": Classifier(nearest_neighbours),
    "random-forest": Classifier(
        lambda sk, seed, _: sk.ensemble.RandomForestClassifier(random_state=seed, n_jobs=-1)
    ),
    "adaboost": Classifier(decision_trees),
    "mlp": Classifier(lambda sk, seed, _: sk.neural_network.MLPClassifier(random_state=seed)),
    "kernel-ridge": Classifier(
        kernel_ridge,
        statistics="spectrogram",
        copies=True,
        lacking=spectrogram_statistics.lacking,
    ),
}


def untrained(name: str, seed: int, rows: int) -> Pipeline:
    """Return a classifier as an untrained pipeline, to learn from so many rows."""
    import sklearn
    from sklearn import pipeline
    from sklearn.preprocessing import StandardScaler

    made = CLASSIFIERS[name].make(sklearn, seed, rows)
    is_whole = isinstance(made, pipeline.Pipeline)
    return made if is_whole else pipeline.make_pipeline(StandardScaler(), made)
