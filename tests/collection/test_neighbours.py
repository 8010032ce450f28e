"""The most similar songs of every song: those that comparing all of them gives."""

import numpy as np
import pytest

from genre.collection import neighbours


@pytest.mark.parametrize("count", [2, 11, neighbours.GROUP, 3 * neighbours.GROUP - 5])
def test_the_neighbours_are_the_nearest_songs_best_first(count, monkeypatch):
    monkeypatch.setattr(neighbours, "COMPARED", 7 * count)  # seven songs at a time
    vectors = np.random.default_rng(0).normal(size=(count, 5)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = np.concatenate(list(neighbours.nearest(vectors, 10)))
    similarity = vectors @ vectors.T
    np.fill_diagonal(similarity, -np.inf)
    expected = np.argsort(-similarity, axis=1)[:, : min(10, count - 1)]
    assert found.shape == expected.shape
    np.testing.assert_allclose(
        np.take_along_axis(similarity, found, axis=1),
        np.take_along_axis(similarity, expected, axis=1),
        rtol=1e-6,
    )
