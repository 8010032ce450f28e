"""Which models of a comparison differ, with several runs and with folds, and a model's figures."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers import choose, made_up_segments

from genre.evaluation import Predictions
from genre.experiments import comparison, results_file
from genre.experiments.comparison import Entry, Table
from genre.experiments.learners import ClassifierLearner, NetworkLearner
from genre.experiments.protocol import Protocol, plan
from genre.experiments.run import Result
from genre.training.recipe import Recipe


def predictions(right: list[bool], first_track: int = 0) -> Predictions:
    """Return predictions of tracks of a segment each, with 0.9 for what is right, 0.8 if wrong."""
    labels = np.zeros(len(right), dtype=int)
    probabilities = np.where(np.array(right)[:, np.newaxis], [[0.9, 0.1]], [[0.2, 0.8]])
    return Predictions(probabilities, labels, first_track + np.arange(len(right)))


def result(right: list[bool], first_track: int = 0, seconds: float = 1.0) -> Result:
    return Result(None, predictions(right, first_track), {}, None, {"seconds": seconds})


def a_table(protocol: Protocol, name: str = "a.h5") -> Table:
    segments = replace(made_up_segments([6, 6]), digest="0" * 64)
    return Table(
        data=Path(f"data/{name}"),
        segments=segments,
        protocol=protocol,
        planned=plan(segments, protocol),
        learners=[],
    )


KNN = ClassifierLearner(name="knn")


def test_repeats_count_on_the_same_tracks_and_folds_side_by_side():
    runs = [result([True, False, True]), result([True, False, False])]
    tested = comparison.tested_in(runs, Protocol(repeats=2))
    np.testing.assert_array_equal(comparison.right(tested), [2, 0, 1])
    folds = [result([True, False]), result([True], first_track=2)]
    tested = comparison.tested_in(folds, Protocol(folds=2))
    np.testing.assert_array_equal(comparison.right(tested), [1, 0, 1])


def test_a_row_has_the_means_of_repeats_and_the_figures_of_folds_together():
    runs = [result([True, False], seconds=1), result([True, True], seconds=2)]
    row, right = comparison.entry(a_table(Protocol(repeats=2)), KNN, runs)
    assert right.tolist() == [2, 1]
    assert (row["repeats"], row["folds"], row["tracks"]) == (2, None, 2)
    assert row["track_accuracy"] == 0.75
    assert row["track_accuracy_std"] == pytest.approx(0.5 / 2**0.5, abs=1e-4)
    assert row["track_accuracy_runs"] == "0.5 1.0"
    assert row["training_seconds"] == 1.5
    # The losses of the runs are those of 0.9 and 0.2, and of 0.9 and 0.9.
    assert row["log_loss"] == pytest.approx(-(3 * np.log(0.9) + np.log(0.2)) / 4, abs=1e-4)
    # Run 1: 0.1 too little at 0.9 of one track, 0.8 too much of the other. Run 2: 0.1 too little.
    assert row["calibration_error"] == pytest.approx(((0.1 + 0.8) / 2 + 0.1) / 2, abs=1e-4)
    folds = [result([True, False]), result([True, True], first_track=2)]
    row, right = comparison.entry(a_table(Protocol(folds=2)), KNN, folds)
    assert right.tolist() == [1, 0, 1, 1]
    assert (row["repeats"], row["folds"], row["tracks"]) == (None, 2, 4)
    assert row["log_loss"] == pytest.approx(-(3 * np.log(0.9) + np.log(0.2)) / 4, abs=1e-4)


def test_the_conditions_of_a_row_are_all_that_decides_its_figures():
    network = NetworkLearner(script="mlp", chosen=choose("mlp"))
    seen = [
        comparison.conditions(table, learner)["conditions"]
        for table in (
            a_table(Protocol()),
            a_table(Protocol(seed=1)),
            a_table(Protocol(folds=3)),
            a_table(Protocol(repeats=2)),
            a_table(Protocol(split="segment")),
        )
        for learner in (
            KNN,
            ClassifierLearner(name="lda"),
            network,
            NetworkLearner(script="mlp", chosen=choose("mlp"), recipe=Recipe(patience=3)),
        )
    ]
    assert len(set(seen)) == len(seen) == 20
    again = comparison.conditions(a_table(Protocol(), "renamed.h5"), network)
    assert again["conditions"] == seen[2]
    assert (again["data"], again["optimizer"], again["epochs"]) == ("renamed.h5", "adam", 60)
    assert comparison.conditions(a_table(Protocol()), KNN)["epochs"] is None


def test_a_row_is_read_as_it_was_written(tmp_path):
    row, _ = comparison.entry(a_table(Protocol()), KNN, [result([True, False])])
    path = tmp_path / "table.csv"
    other = row | {"conditions": "1e5", "model": 'a, "b"', "p": 3}
    results_file.add(row, path)
    results_file.add(other, path)
    assert results_file.read(path) == [row, {key: other[key] for key in results_file.COLUMNS}]
    assert set(row) == set(results_file.COLUMNS)
    results_file.add(row | {"seed": 5}, path)  # of the same conditions, so it is replaced
    assert [each["seed"] for each in results_file.read(path)] == [42, 5]
    assert json.loads(json.dumps(row)) == row


def test_the_best_is_the_first_and_a_reference_has_no_p():
    rows = [
        {"model": name, "track_accuracy": 0.5, "macro_f1": f1, "segment_accuracy": 0.4}
        for name, f1 in (("a", 0.2), ("b", 0.4), ("c", 0.3))
    ]
    rights = {name: np.full(20, name == "b") for name in "abc"}
    ranked = comparison.best_first([Entry(row, rights[row["model"]]) for row in rows])
    assert [row["model"] for row, _ in ranked] == ["b", "c", "a"]
    with_p = comparison.with_p([row for row, _ in ranked], "b", comparison.rights(ranked))
    assert with_p[0]["p"] is None
    assert with_p[1]["p"] == with_p[2]["p"] < 1e-4


def test_only_pairs_that_differ_by_more_than_chance_are_named():
    rights = {"a": np.full(20, 1), "b": np.full(20, 1), "c": np.full(20, 0)}
    first, *better = comparison.differences(rights).splitlines()
    assert first.startswith("Better by more than chance (exact test on 20 tracks")
    assert better[-2:] == ["a: better than c", "b: better than c"]
    alike = comparison.differences({"a": np.full(20, 1), "b": np.full(20, 1)})
    assert alike.startswith("No model differs from another one by more than chance")
