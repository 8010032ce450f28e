"""Which models of a comparison differ, with several runs and with folds."""

import numpy as np

from genre.evaluation import Predictions
from genre.experiments import comparison
from genre.experiments.run import Result


def result(right: list[bool], first_track: int = 0) -> Result:
    """Return the result of a run that predicts these tracks, of a segment each."""
    labels = np.zeros(len(right), dtype=int)
    probabilities = np.where(np.array(right)[:, np.newaxis], [[0.9, 0.1]], [[0.2, 0.8]])
    predictions = Predictions(probabilities, labels, first_track + np.arange(len(right)))
    return Result(None, predictions, {}, None, {})


def test_repeats_count_on_the_same_tracks_and_folds_side_by_side():
    runs = [result([True, False, True]), result([True, False, False])]
    np.testing.assert_array_equal(comparison.right(runs, folds=False), [2, 0, 1])
    folds = [result([True, False]), result([True], first_track=2)]
    np.testing.assert_array_equal(comparison.right(folds, folds=True), [1, 0, 1])


def test_times_have_two_digits_and_no_exponent():
    row = dict.fromkeys(comparison.HEADINGS)
    rows = [row | {"model": "a", "training_seconds": it} for it in (0.0123, 1.23, 12.3, 1230.0)]
    cells = [line.split("|")[2].strip() for line in comparison.markdown(rows).splitlines()[2:]]
    assert cells == ["0.012", "1.2", "12", "1230"]


def test_only_pairs_that_differ_by_more_than_chance_are_named():
    rights = {"a": np.full(20, 1), "b": np.full(20, 1), "c": np.full(20, 0)}
    first, *better = comparison.differences(rights).splitlines()
    assert first.startswith("Better by more than chance (exact test on 20 tracks")
    assert better[-2:] == ["a: better than c", "b: better than c"]
    alike = comparison.differences({"a": np.full(20, 1), "b": np.full(20, 1)})
    assert alike.startswith("No model differs from another one by more than chance")
