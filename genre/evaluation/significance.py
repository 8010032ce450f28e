"""Which differences between models are too large to be due to chance.

Models that were tested on the same tracks are compared track by track, by McNemar's exact test
(Q. McNemar, "Note on the sampling error of the difference between correlated proportions or
percentages", Psychometrika 12, 1947), which T. Dietterich recommends for classifiers
("Approximate statistical tests for comparing supervised classification learning algorithms",
Neural Computation 10, 1998).

Several runs of a model on the same tracks are one observation a track: in how many runs it is
right. The runs are not further tracks. If two models are equally good, then on each track the
difference of their numbers could as well have the other sign. The p-value is the fraction of all
ways to choose the signs in which the sum is at least as far from 0 as the one observed (R. A.
Fisher, "The Design of Experiments", 1935, section 21; E. W. Noreen, "Computer-intensive Methods for
Testing Hypotheses", 1989). With one run this is McNemar's test.
"""

from itertools import combinations

import numpy as np

LEVEL = 0.05  # a difference with a smaller p-value is not due to chance


def mcnemar(first: np.ndarray, second: np.ndarray) -> float:
    """Return the probability that two equally good models differ this much by chance.

    `first` and `second` say how often each model predicts each track right, (tracks,): a number of
    runs, the same for both models, or a bool. Only the tracks on which the two differ matter.
    """
    differences = np.asarray(first, int) - np.asarray(second, int)
    observed = abs(differences.sum())
    probabilities = _of_sums(np.abs(differences))
    sums = 2 * np.arange(len(probabilities)) - np.abs(differences).sum()
    return float(min(probabilities[np.abs(sums) >= observed].sum(), 1))


def _of_sums(sizes: np.ndarray) -> np.ndarray:
    """Return how probable each sum of whole numbers is if their signs are random.

    `sizes` are the numbers without signs. The sums go from minus their total to their total in
    steps of 2. Equal sizes give a binomial distribution; different ones are independent.
    """
    from scipy.stats import binom

    probabilities = np.ones(1)
    for size, count in enumerate(np.bincount(sizes)):
        if size and count:
            of_size = np.zeros(size * count + 1)
            of_size[::size] = binom.pmf(np.arange(count + 1), count, 0.5)
            probabilities = np.convolve(probabilities, of_size)
    return probabilities


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


def all_pairs(right: dict[str, np.ndarray]) -> dict[tuple[str, str], float]:
    """Return the p-value of the difference between the models of each pair.

    `right` says for each model how often it predicts each track right, as in `mcnemar`: the same
    tracks in the same order. The p-values are corrected for the number of pairs, so they hold for
    the best model too, which is chosen on these tracks. A pair's names are in the order of `right`.
    """
    return _corrected(right, list(combinations(right, 2)))


def against(reference: str, right: dict[str, np.ndarray]) -> dict[str, float]:
    """Return for every other model the p-value of its difference to the reference.

    The reference has to be chosen before anybody knows which model is best: the p-values are
    corrected for the number of other models only. `right` is as in `all_pairs`.
    """
    found = _corrected(right, [(reference, name) for name in right if name != reference])
    return {name: p_value for (_, name), p_value in found.items()}


def _corrected(
    right: dict[str, np.ndarray], pairs: list[tuple[str, str]]
) -> dict[tuple[str, str], float]:
    p_values = holm([mcnemar(right[first], right[second]) for first, second in pairs])
    return dict(zip(pairs, p_values, strict=True))
