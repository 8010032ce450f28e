"""Which differences between models are too large to be due to chance.

Models that were tested on the same tracks are compared track by track, by McNemar's exact test
(Q. McNemar, "Note on the sampling error of the difference between correlated proportions or
percentages", Psychometrika 12, 1947), which T. Dietterich recommends for classifiers
("Approximate statistical tests for comparing supervised classification learning algorithms",
Neural Computation 10, 1998).
"""

import numpy as np

LEVEL = 0.05  # a difference with a smaller p-value is not due to chance


def mcnemar(first: np.ndarray, second: np.ndarray) -> float:
    """Return the probability that two equally good models differ this much by chance.

    `first` and `second` say which tracks each model predicts right, (tracks,) of bool. Only the
    tracks that just one of them predicts right matter: by chance, each has half of these.
    """
    from scipy.stats import binomtest

    only_first, only_second = int(np.sum(first & ~second)), int(np.sum(second & ~first))
    if not only_first + only_second:
        return 1.0
    return float(binomtest(only_first, only_first + only_second).pvalue)


def holm(p_values: list[float]) -> list[float]:
    """Return p-values corrected for their number.

    S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6, 1979.
    """
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    corrected = np.empty(len(p_values))
    corrected[order] = np.maximum.accumulate(np.array(p_values)[order] * factors)
    return np.minimum(corrected, 1).tolist()


def against_first(right: dict[str, np.ndarray]) -> dict[str, float]:
    """Return for every model except the first the p-value of its difference to the first.

    `right` says for each model which tracks it predicts right, (tracks,) of bool: the same tracks
    in the same order. The p-values are corrected for the number of models.
    """
    (_, first), *others = right.items()
    corrected = holm([mcnemar(first, other) for _, other in others])
    return {name: value for (name, _), value in zip(others, corrected, strict=True)}
