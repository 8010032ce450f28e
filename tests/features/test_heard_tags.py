"""Tags of a song: where they stand in an embedding, and which of them are shown."""

import numpy as np
import pytest

from genre.features import musicnn, tags


def embeddings(first: float, second: float) -> np.ndarray:
    """Return embeddings of two segments in which both networks hear one tag, "jazz"."""
    names = list(musicnn.PARTS)
    found = np.full((2, musicnn.VALUES), -9.0)
    for part, logit in (("musicnn_tags", first), ("vgg_tags", second)):
        start = sum(musicnn.PARTS[name] for name in names[: names.index(part)])
        found[:, start + tags.NAMES.index("jazz")] = logit
    return found


def test_there_are_fifty_tags_with_how_usual_each_is():
    assert len(set(tags.NAMES)) == 50
    assert tags.USUAL.keys() == set(tags.NAMES)


def test_a_tags_probability_is_the_mean_of_segments_and_networks():
    found = tags.of_embeddings(embeddings(0.0, np.log(3)))
    assert found["jazz"] == pytest.approx((0.5 + 0.75) / 2)
    assert max(found.values()) == found["jazz"] and found["rock"] < 0.001


def test_strengths_are_deviations_from_the_mean():
    mean, deviation = np.full(musicnn.VALUES, -1.0), np.full(musicnn.VALUES, 2.0)
    found = tags.standardised(embeddings(3.0, 5.0), mean, deviation)
    np.testing.assert_allclose(found[:, tags.NAMES.index("jazz")], (2 + 3) / 2)
    np.testing.assert_allclose(found[:, tags.NAMES.index("rock")], -4)


def test_tags_that_say_something_are_shown_the_most_probable_first():
    usual = dict(tags.USUAL)
    assert tags.shown(usual) == []
    heard = usual | {"folk": 0.5, "acoustic": 0.6, "sad": 0.09}
    assert tags.shown(heard) == ["acoustic", "folk"]
    assert len(tags.shown(dict.fromkeys(tags.NAMES, 0.9))) == tags.MOST
    assert tags.shown({}) == []
