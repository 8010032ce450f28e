"""Find the songs that are copies of one recording, by their embeddings."""

import numpy as np

from genre.collection.similar import SAME, unit
from genre.segments import duplicates

BLOCK = 1000  # songs that are compared with all at a time


def first_of_each(vectors: np.ndarray) -> np.ndarray:
    """Return for each song the first one of the same recording, (songs,): often the song itself.

    `vectors` are the songs' mean embeddings, (songs, values).
    """
    vectors = unit(vectors)
    groups = np.arange(len(vectors))
    for start in range(0, len(vectors), BLOCK):
        alike = vectors[start : start + BLOCK] @ vectors.T > SAME
        alike[np.arange(len(alike)), start + np.arange(len(alike))] = True  # also one of zeros
        nearest = np.arange(len(vectors))
        nearest[start : start + BLOCK] = alike.argmax(axis=1)
        groups = duplicates.joined(groups, nearest)
    return groups
