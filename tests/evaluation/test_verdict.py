"""The verdict on a song: sure, either or open, by limits that are fitted on probabilities."""

import numpy as np
import pytest

from genre.evaluation import verdict
from genre.evaluation.verdict import Limits, Verdict

LIMITS = Limits(sure=0.7, either=0.8, farthest=0.6, against=0.5)
NOTHING_AGAINST = np.array([-1.0, -1.0, -1.0])


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ([0.2, 0.7, 0.1], Verdict("sure", (1,), 0.7)),
        ([0.69999, 0.2, 0.10001], Verdict("sure", (0,), 0.7)),  # rounding decides nothing
        ([0.3, 0.5, 0.2], Verdict("either", (1, 0), 0.8)),
        ([0.4, 0.35, 0.25], Verdict("open", (), 0.4, "not likely enough")),
    ],
)
def test_the_verdict_goes_by_the_limits(probabilities, expected):
    assert verdict.of_song(np.array(probabilities), LIMITS) == expected
    assert verdict.of_song(np.array(probabilities), LIMITS, 0.59, NOTHING_AGAINST) == expected


def test_a_song_that_is_unlike_all_or_whose_tags_disagree_is_open():
    sure = np.array([0.9, 0.06, 0.04])
    assert verdict.of_song(sure, LIMITS, 0.6).reason == "unlike the training songs"
    assert verdict.of_song(sure, LIMITS, 0.1, np.array([0.5, 0, 0])).reason == "tags disagree"
    assert verdict.of_song(sure, LIMITS, 0.1, np.array([0.4, 9, 9])).name == "sure"
    without = LIMITS._replace(farthest=None, against=None)
    assert verdict.of_song(sure, without, 2.0, np.array([9, 0, 0])).name == "sure"


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ([0.2, 0.1, 0.7], Verdict("open", (), 0.7, "none of the genres")),
        ([0.5, 0.1, 0.4], Verdict("open", (), 0.5, "none of the genres")),
        ([0.5, 0.4, 0.1], Verdict("either", (0, 1), 0.9)),
        ([0.4, 0.25, 0.35], Verdict("open", (), 0.4, "not likely enough")),
        ([0.75, 0.05, 0.2], Verdict("sure", (0,), 0.75)),
    ],
)
def test_songs_of_the_genre_other_are_open(probabilities, expected):
    other = verdict.other_label(["blues", "jazz", "Other"])
    assert other == 2
    assert verdict.of_song(np.array(probabilities), LIMITS._replace(other=other)) == expected
    assert verdict.other_label(["blues", "jazz"]) is None


def test_a_limit_is_the_lowest_with_which_the_mean_reaches_the_aim():
    # Means from the highest on: 1, 0.9375, 0.875, 0.78125.
    confidence, right = np.array([0.75, 1, 0.875, 0.5]), np.full(4, True)
    assert verdict.lowest_limit(confidence, right, 0.875) == 0.75
    assert verdict.lowest_limit(confidence, right, 0.93) == 0.875
    assert verdict.lowest_limit(confidence, right, 0.5) == 0.5
    assert verdict.lowest_limit(confidence[[0, 3]], right[:2], 0.8) == verdict.NEVER
    assert verdict.lowest_limit(np.zeros(0), np.zeros(0, bool), 0.9) == verdict.NEVER


def test_equal_probabilities_are_admitted_together_and_only_if_enough_are_right():
    # As of k nearest neighbours: many have a probability of 1, and one in seven of these is wrong.
    confidence = np.array([1.0] * 7 + [0.8] * 3)
    right = np.array([True] * 6 + [False] + [True] * 3)
    assert verdict.lowest_limit(confidence, right, 0.94) == 0.8  # 9 of 10 are right
    assert verdict.lowest_limit(confidence[:7], right[:7], 0.94) == verdict.NEVER
    assert verdict.of_song(np.array([1.0, 0]), Limits(verdict.NEVER, verdict.NEVER)).name == "open"


def test_the_limit_for_either_is_fitted_on_the_songs_that_are_not_sure():
    sure, even = [0.96, 0.03, 0.01], [0.5, 0.4, 0.1]
    probabilities = np.array([sure] * 5 + [even] * 5 + [[0.4, 0.3, 0.3]])
    limits = verdict.fit(probabilities, np.zeros(11, int))
    assert limits == (0.96, 0.9)
    counts = [verdict.of_song(row, Limits(*limits)).name for row in probabilities]
    assert [counts.count(name) for name in ("sure", "either", "open")] == [5, 5, 1]


def test_one_in_ten_known_tracks_is_far():
    assert verdict.farthest(np.linspace(0, 1, 101)) == pytest.approx(0.9)
