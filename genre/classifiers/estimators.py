"""The registry of classifiers: each by its name, as an untrained pipeline of scikit-learn.

The settings are scikit-learn's defaults, except where a comment gives a reason. They are the same
for all data: there is no search for better ones.
"""

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
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from genre.classifiers import kernel_ridge


def pipelines(seed: int) -> dict[str, Pipeline]:
    """Return every classifier, untrained, by its name."""
    of_bands = {
        "logistic": LogisticRegression(max_iter=1000),  # the default of 100 is seldom enough
        "one-vs-rest": OneVsRestClassifier(LogisticRegression(max_iter=1000)),
        "ridge": RidgeClassifier(random_state=seed),
        "linear-svm": LinearSVC(random_state=seed),
        "rbf-svm": SVC(break_ties=True),  # so that it predicts the genre of the highest value
        # With fewer rows than columns a covariance needs shrinkage (Ledoit and Wolf 2004).
        "lda": LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
        "qda": QuadraticDiscriminantAnalysis(solver="eigen", shrinkage="auto"),
        "naive-bayes": GaussianNB(),
        "knn": KNeighborsClassifier(algorithm="brute"),  # trees are not faster in many dimensions
        "random-forest": RandomForestClassifier(random_state=seed),
        "adaboost": AdaBoostClassifier(  # decision stumps, the default, are too weak for ten genres
            DecisionTreeClassifier(max_depth=3), n_estimators=100, random_state=seed
        ),
        "mlp": MLPClassifier(random_state=seed),
    }
    standardised = {name: make_pipeline(StandardScaler(), it) for name, it in of_bands.items()}
    return standardised | {"kernel-ridge": kernel_ridge.pipeline(seed)}
