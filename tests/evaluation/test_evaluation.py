"""Joining the segments of a track, against cases worked out by hand."""

import numpy as np
import pytest

from genre import evaluation

# Two genres, three tracks; the segments of tracks 4 and 9 stand mixed.
PREDICTIONS = evaluation.Predictions(
    probabilities=np.array(
        [[0.6, 0.4], [0.9, 0.1], [0.6, 0.4], [0.8, 0.2], [0.45, 0.55], [0.1, 0.9]]
    ),
    labels=np.array([1, 0, 1, 1, 0, 1]),
    track_index=np.array([9, 4, 9, 7, 4, 9]),
)


@pytest.mark.parametrize(
    ("how", "joined"),
    [("mean", [0.4, 0.3, 0.3]), ("max", [0.9, 0.6, 0.7]), ("min", [0.1, 0.1, 0.0])],
)
def test_segments_are_joined_genre_by_genre(how, joined):
    segments = np.array([[0.9, 0.1, 0.0], [0.2, 0.6, 0.2], [0.1, 0.2, 0.7]])
    np.testing.assert_allclose(evaluation.join(segments, how), joined)


def test_tracks_are_joined_in_the_order_of_their_index():
    by_track, true_genre = evaluation.join_tracks(PREDICTIONS)
    np.testing.assert_allclose(by_track, [[0.675, 0.325], [0.8, 0.2], [1.3 / 3, 1.7 / 3]])
    assert true_genre.tolist() == [0, 1, 1]


def test_a_track_of_several_genres_has_the_label_of_the_likeliest():
    shares = np.eye(2)[np.array([0, 1] * 5)]
    shares[4], shares[7] = [0.5, 0.5], [0.5, 0.5]  # track 9 is of genre 1 alone
    found = evaluation.with_likeliest_label(PREDICTIONS, shares)
    assert found.labels.tolist() == [1, 0, 1, 0, 0, 1]  # those of the tracks 9, 4, 9, 7, 4 and 9
    np.testing.assert_array_equal(found.probabilities, PREDICTIONS.probabilities)
