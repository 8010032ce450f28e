"""What tags say of genres: which genre they name, and which other music they hear."""

import numpy as np
import pytest

from genre.evaluation import tag_evidence
from genre.features import tags

MAPPING = ["classical", "hiphop", "metal", "reggae"]


def strengths(**of_tags: float) -> np.ndarray:
    """Return the strengths of all tags in one segment, 0 but for those that are given."""
    names = {name.replace("-", "").replace(" ", "_"): i for i, name in enumerate(tags.NAMES)}
    values = np.zeros((1, len(tags.NAMES)))
    for name, strength in of_tags.items():
        values[0, names[name]] = strength
    return values


def test_a_tag_names_the_genre_of_its_name_however_it_is_written():
    named = tag_evidence.of_segments(strengths(HipHop=2, metal=1), MAPPING).named
    np.testing.assert_array_equal(named, [[0, 2, 1, 0]])


def test_other_music_is_against_a_genre_as_far_as_its_own_tags_are_weaker():
    found = tag_evidence.of_segments(strengths(punk=2, heavy_metal=1.5, instrumental=1), MAPPING)
    np.testing.assert_allclose(found.against, [[1, 2, 0.5, tag_evidence.NO_EVIDENCE]])
    # A kind of music that the model knows is no other music.
    known = tag_evidence.of_segments(strengths(punk=2), ["metal", "punk"]).against
    np.testing.assert_allclose(known, [[0, -2]])


def test_tags_support_the_genres_that_they_name():
    even = np.array([[0.5, 0.5], [0.0, 1.0]])
    supported = tag_evidence.supported(even, np.array([[2.0, 0.0], [9.0, 0.0]]), 0.5)
    e = np.exp(1)
    np.testing.assert_allclose(supported, [[e / (1 + e), 1 / (1 + e)], [0, 1]])
    assert supported.sum(axis=1) == pytest.approx(1)
