"""Files of one recording, by their embeddings."""

import numpy as np

from genre.collection import similar


def test_songs_that_are_almost_equal_are_one_recording(monkeypatch):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(6, 50)).astype(np.float32)
    vectors[3] = 2 * vectors[1] + 0.01 * rng.normal(size=50)
    vectors[5] = vectors[3]
    vectors[4] = 0
    for block in (1000, 2):
        monkeypatch.setattr(similar, "AT_ONCE", block)
        assert similar.same_recording(vectors).tolist() == [0, 1, 2, 1, 4, 1]
