"""Store a trained classifier as a skops file; reading such a file runs no code from it."""

import zipfile

import numpy as np
from sklearn.pipeline import Pipeline
from skops import io

from genre.classifiers.estimators import CLASSIFIERS, untrained

# The types that our files hold, apart from those that skops trusts by itself.
TRUSTED = (
    "genre.classifiers.kernel_ridge.ImportanceWeights",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.tree._tree.Tree",  # _check_trees checks its numbers
)


def to_bytes(model: Pipeline) -> bytes:
    """Return a trained classifier as the content of a skops file."""
    return io.dumps(model, compression=zipfile.ZIP_DEFLATED)


def from_bytes(content: bytes, n_genres: int) -> Pipeline:
    """Return the classifier in the content of a skops file.

    Raises ValueError or TypeError if it is not one of ours, or not for `n_genres` genres.
    """
    model = io.loads(content, trusted=list(TRUSTED))
    if not isinstance(model, Pipeline) or _step_types(model) not in [
        _step_types(untrained(name, seed=0, rows=1)) for name in CLASSIFIERS
    ]:
        raise ValueError("it holds no classifier of baseline.py")
    if not np.isin(model.classes_, np.arange(n_genres)).all():
        raise ValueError("it has other genres")
    _check_trees(model)
    return model


def _step_types(model: Pipeline) -> list[type]:
    return [type(step) for _, step in model.steps]


def _check_trees(model: Pipeline) -> None:
    """Raise ValueError for a tree that would read outside its memory, or loop for ever.

    scikit-learn follows a tree's numbers without checking them.
    """
    for each in getattr(model[-1], "estimators_", []):
        if not hasattr(each, "tree_"):
            continue
        tree = each.tree_
        inner = np.flatnonzero(tree.children_left != -1)
        children = np.stack([tree.children_left[inner], tree.children_right[inner]])
        if (children <= inner).any() or (children >= tree.node_count).any():
            raise ValueError("a branch of a tree leads to a wrong node")
        if not np.isin(tree.feature[inner], np.arange(model.n_features_in_)).all():
            raise ValueError("a tree uses a column that does not exist")
