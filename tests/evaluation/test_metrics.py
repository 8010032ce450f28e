"""Scores, against cases worked out by hand and scikit-learn's."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

from genre.evaluation import Predictions, metrics

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
