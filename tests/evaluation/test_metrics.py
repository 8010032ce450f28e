"""Scores, against cases worked out by hand and scikit-learn's."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

from genre.evaluation import Predictions, concatenated, metrics

# Two genres, three tracks; the segments of tracks 4 and 9 stand mixed.
PREDICTIONS = Predictions(
    probabilities=np.array(
        [[0.6, 0.4], [0.9, 0.1], [0.6, 0.4], [0.8, 0.2], [0.45, 0.55], [0.1, 0.9]]
    ),
    labels=np.array([1, 0, 1, 1, 0, 1]),
    track_index=np.array([9, 4, 9, 7, 4, 9]),
)


def test_scores_by_hand():
    scores = metrics.score(PREDICTIONS, ["jazz", "rock"])
    assert scores.segment_accuracy == pytest.approx(2 / 6, abs=1e-4)  # the second and the last
    assert scores.segments == 6
    # 4 is right; 7 is wrong; 9 is right by mean, though two of its three segments are wrong.
    assert scores.track_accuracy == pytest.approx(2 / 3, abs=1e-4)
    assert scores.tracks == 3
    assert scores.confusion == [[1, 0], [1, 1]]
    # F1 of jazz: one found of one, one named wrongly; of rock: one found of two.
    assert scores.macro_f1 == pytest.approx(2 / 3, abs=1e-4)
    jazz, rock = scores.genres["jazz"], scores.genres["rock"]
    assert (jazz.precision, jazz.recall, jazz.tracks) == (0.5, 1.0, 1)
    assert (rock.precision, rock.recall, rock.tracks) == (1.0, 0.5, 2)
    # Of the two pairs of a jazz and a rock track, the jazz track is more jazz than rock in one.
    assert jazz.roc_area == rock.roc_area == 0.5


def test_a_genre_without_a_track_under_test_has_no_scores():
    probabilities = np.hstack([PREDICTIONS.probabilities, np.zeros((6, 1))])
    scores = metrics.score(
        PREDICTIONS._replace(probabilities=probabilities), ["jazz", "rock", "ska"]
    )
    assert scores.genres["ska"].recall is None
    assert scores.genres["ska"].roc_area is None
    assert scores.macro_f1 == pytest.approx(2 / 3, abs=1e-4)
    assert scores.confusion == [[1, 0, 0], [1, 1, 0], [0, 0, 0]]


def test_scores_are_scikit_learns():
    rng = np.random.default_rng(3)
    labels = np.repeat(rng.integers(0, 3, 30), 4)
    track_index = np.repeat(np.arange(30), 4)
    probabilities = rng.dirichlet([1, 1, 1], len(labels)) + np.eye(3)[labels] * 0.2
    tested = Predictions(probabilities, labels, track_index)
    result = metrics.score(tested, ["a", "b", "c"])
    by_track = probabilities.reshape(30, 4, 3).mean(axis=1)
    assert result.track_accuracy == pytest.approx(
        accuracy_score(labels[::4], by_track.argmax(axis=1)), abs=1e-4
    )
    for label, name in enumerate("abc"):
        area = roc_auc_score(labels[::4] == label, by_track[:, label])
        assert result.genres[name].roc_area == pytest.approx(area, abs=1e-4)


def test_an_accuracy_of_few_tracks_has_a_wide_interval():
    # Wilson's formula: (p + z^2 / 2n +- z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n).
    assert metrics.wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert metrics.wilson(10, 10) == pytest.approx((10 / (10 + 1.959964**2), 1))


def test_tracks_of_one_artist_are_not_independent():
    right = np.repeat([True, False, True, True], 25)
    alone = metrics.interval(right, np.arange(100))
    assert alone == metrics.wilson(75, 100)
    by_four = metrics.interval(right, np.repeat(np.arange(4), 25))
    assert by_four[0] < alone[0] and by_four[1] > alone[1]
    mixed = metrics.interval(np.tile([True, False, True, True], 25), np.repeat(np.arange(25), 4))
    assert mixed == metrics.wilson(19, 25)  # all artists are alike: their number is what counts


def test_an_interval_of_artists_is_that_of_many_draws():
    # With two artists of equal size, a quarter of the draws has both times the first.
    right, groups = np.repeat([True, False], 10), np.repeat([0, 1], 10)
    assert metrics.interval(right, groups) == (0, 1)
    # A normal approximation of 200 artists, half of whom have two tracks right and half none.
    right, groups = np.repeat([True, False], 200), np.repeat(np.arange(200), 2)
    low, high = metrics.interval(right, groups)
    assert (low, high) == pytest.approx((0.5 - 1.96 * 0.0354, 0.5 + 1.96 * 0.0354), abs=0.01)


def test_scores_have_the_interval_of_the_groups_of_their_tracks():
    groups = np.array([0, 0, 0, 0, 5, 5, 5, 5, 5, 5])
    alone = metrics.score(PREDICTIONS, ["jazz", "rock"]).track_interval
    together = metrics.score(PREDICTIONS, ["jazz", "rock"], groups).track_interval
    assert alone[0] < alone[1] and alone != together


def test_macro_f1_of_folds_is_that_of_their_predictions_together():
    names = ["jazz", "rock"]
    jazz = Predictions(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 0]), np.array([0, 1]))
    rock = Predictions(np.array([[0.1, 0.9], [0.2, 0.8]]), np.array([1, 1]), np.array([2, 3]))
    together = concatenated([jazz, rock])
    runs = metrics.measures([jazz, rock], names)
    pooled = metrics.score(together, names)
    # jazz: 1 of 1 named right, 1 of 2 found; rock: 2 of 3, and 2 of 2.
    assert pooled.macro_f1 == pytest.approx((2 / 3 + 0.8) / 2, abs=1e-4)
    assert metrics.spread(runs, pooled)["macro_f1"]["mean"] == pooled.macro_f1
    assert metrics.spread(runs)["macro_f1"]["mean"] == pytest.approx((2 / 3 + 1) / 2, abs=1e-4)
