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


def test_models_are_tested_against_the_first():
    models = {"best": right(60, 40), "worst": right(10, 90), "next": right(57, 43)}
    found = significance.against_first(models)
    assert set(found) == {"worst", "next"}
    assert found["worst"] < 1e-9
    assert found["next"] == pytest.approx(0.25)  # 2 / 2**3, the last of two
    assert significance.against_first({"alone": right(3, 4)}) == {}
