"""How far an embedding lies from what a model was trained on."""

import numpy as np
import pytest

from genre.evaluation import distance

# Two genres in four dimensions, apart in the first two.
EMBEDDINGS = np.array([[3.0, 0, 1, 0], [5, 0, -1, 0], [0, 3, 1, 0], [0, 5, -1, 0]])
LABELS = np.array([0, 0, 1, 1])


@pytest.fixture
def centres() -> distance.Centres:
    return fitted(EMBEDDINGS, LABELS, np.ones(4))


def fitted(embeddings, labels, weights) -> distance.Centres:
    """Return the centres of embeddings that come in two batches."""
    columns = embeddings, labels, weights
    return distance.fit(
        zip(*(np.array_split(column, 2) for column in columns), strict=True), n_genres=3
    )


def test_the_centres_are_the_genres_standardised_means(centres):
    standardised = (EMBEDDINGS - EMBEDDINGS.mean(0)) / np.array([*EMBEDDINGS.std(0)[:3], 1])
    means = [standardised[:2].mean(0), standardised[2:].mean(0), np.zeros(4)]
    np.testing.assert_allclose(centres.genres, means, atol=1e-6)


def test_a_segment_counts_by_its_weight(centres):
    twice = fitted(
        np.repeat(EMBEDDINGS, [1, 1, 1, 2], axis=0), np.repeat([0, 1], [2, 3]), np.ones(5)
    )
    weighted = fitted(EMBEDDINGS, LABELS, np.array([1, 1, 1, 2]))
    for one, other in zip(twice, weighted, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert np.abs(twice.genres - centres.genres).max() > 0.1


def test_the_distance_is_that_of_directions(centres):
    towards = centres.mean + centres.deviation * np.array([centres.genres[0], -centres.genres[0]])
    near, far = distance.to_genres(towards, centres)
    assert near[0] == pytest.approx(0, abs=1e-6)
    assert far[0] == pytest.approx(2)
    assert near[2] == 1  # a genre without tracks is in no direction
    np.testing.assert_array_equal(distance.to_genres(centres.mean[np.newaxis], centres), 1)
