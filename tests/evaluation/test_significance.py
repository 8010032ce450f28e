"""Tests of chance, against values worked out by hand."""

import numpy as np
import pytest

from genre.evaluation import significance


def right(*counts: int) -> np.ndarray:
    """Return so many right tracks, then so many wrong ones, and so on."""
    return np.repeat(np.arange(len(counts)) % 2 == 0, counts)


def test_only_tracks_that_one_model_alone_predicts_right_count():
    # One model alone is right on 5 tracks, the other alone on none: 2 / 2**5.
    first, second = right(45, 55), right(40, 60)
    assert significance.mcnemar(first, second) == pytest.approx(1 / 16)
    assert significance.mcnemar(second, first) == pytest.approx(1 / 16)
    assert significance.mcnemar(first, first) == 1


def test_several_p_values_are_corrected_for_their_number():
    # The smallest counts three times, the next twice, and none becomes smaller than one before it.
    assert significance.holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert significance.holm([0.6, 0.7]) == [1, 1]
    assert significance.holm([]) == []


def test_several_runs_of_the_same_tracks_are_one_observation_a_track():
    # Differences of 2, 1 and 1 runs: 2 of the 8 ways to choose signs give 4 or -4.
    first, second = np.array([3, 2, 1, 1]), np.array([1, 1, 0, 1])
    assert significance.mcnemar(first, second) == pytest.approx(2 / 8)
    # 2 - 1 + 1: sums of 2 or more, up or down, are given by 2 + 1 + 1, 2 - 1 + 1 and 2 + 1 - 1.
    assert significance.mcnemar(first, np.array([1, 3, 0, 1])) == pytest.approx(6 / 8)
    tripled = significance.mcnemar(3 * right(45, 55), 3 * right(40, 60))
    assert tripled == pytest.approx(significance.mcnemar(right(45, 55), right(40, 60)))


def test_all_pairs_are_tested_and_corrected_for_their_number():
    models = {"best": right(60, 40), "worst": right(10, 90), "next": right(57, 43)}
    found = significance.all_pairs(models)
    assert list(found) == [("best", "worst"), ("best", "next"), ("worst", "next")]
    assert found["best", "worst"] < 1e-9
    assert found["best", "next"] == pytest.approx(0.25)  # 2 / 2**3, the last of three
    assert significance.all_pairs({"alone": right(3, 4)}) == {}


def test_models_are_tested_against_a_reference():
    models = {"a": right(60, 40), "b": right(54, 46), "c": right(57, 43)}
    # 2 / 2**6 is corrected for two, not for three pairs.
    assert significance.against("a", models) == pytest.approx({"b": 2 * 2 / 2**6, "c": 0.25})
    assert set(significance.against("c", models)) == {"a", "b"}


def test_equally_good_models_seldom_look_different():
    rng = np.random.default_rng(0)
    tables = [{name: rng.random(100) < 0.7 for name in range(13)} for _ in range(100)]
    smallest = [min(significance.all_pairs(table).values()) for table in tables]
    assert np.mean(np.array(smallest) < significance.LEVEL) <= 0.05
