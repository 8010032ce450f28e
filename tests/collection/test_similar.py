"""Similar songs: which are nearest, which are left out as copies, and the way between two."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest

from genre.collection import similar, store
from genre.features import Track


def direction(degrees: float) -> np.ndarray:
    return np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))], np.float32)


@pytest.fixture
def kept() -> Iterator[store.Store]:
    with store.opened(None) as opened:
        yield opened


def places(folder: Path, kept: store.Store, vectors: Iterable[np.ndarray]) -> list[int]:
    """Keep songs with these embeddings; return their places."""
    frames = [Track(3 * vector[np.newaxis, np.newaxis]) for vector in vectors]
    songs = [folder / f"{number}" for number in range(len(frames))]
    for song in songs:
        song.write_text(song.name)
    list(store.tracks(kept, songs, "kind", lambda unknown: (frames[int(s.name)] for s in unknown)))
    return store.places(kept, songs, "kind")


def at_angles(folder: Path, kept: store.Store, *degrees: float) -> list[int]:
    return places(folder, kept, map(direction, degrees))


def test_the_nearest_songs_come_first_with_their_cosine(kept, tmp_path):
    held = at_angles(tmp_path, kept, 0, 90, 60, 180)
    question = 2 * direction(0)[np.newaxis]
    found = similar.nearest(kept, "kind", held[1:], question, 2)
    assert [each.place for each in found] == [held[2], held[1]]
    np.testing.assert_allclose([each.similarity for each in found], [0.5, 0], atol=1e-3)
    # The three pairs of these songs are 30, 90 and 120 degrees apart.
    assert round(found[0].percentile) == 67
    assert len(similar.nearest(kept, "kind", held, question, 10)) == 3  # 0 is the song itself


def test_several_songs_are_one_question_in_equal_shares(kept, tmp_path):
    held = at_angles(tmp_path, kept, 20, 50, 80)
    songs = np.stack([10 * direction(0), direction(100)])
    assert similar.nearest(kept, "kind", held, songs, 1)[0].place == held[1]


def test_copies_are_left_out(kept, tmp_path):
    held = at_angles(tmp_path, kept, 1, 30, 31, 60)
    found = similar.nearest(kept, "kind", held, direction(0)[np.newaxis], 10)
    assert [each.place for each in found] == [held[1], held[3]]


def test_a_way_goes_through_songs_between(kept, tmp_path):
    held = at_angles(tmp_path, kept, 0, 62, 28, 90, 105, 270)
    found = similar.way(kept, "kind", held, direction(0), direction(90), 2)
    assert [each.place for each in found] == [held[2], held[1]]
    expected = np.cos(np.radians([28, 34]))
    np.testing.assert_allclose([each.similarity for each in found], expected, atol=1e-3)


def test_a_search_finds_what_comparing_everything_finds(kept, tmp_path):
    vectors = np.random.default_rng(0).normal(size=(600, 40)).astype(np.float32)
    held = places(tmp_path, kept, vectors)
    units = similar.unit(vectors)
    found = similar.nearest(kept, "kind", held, vectors[7:8], 10)
    assert [each.place for each in found] == np.argsort(-(units @ units[7]))[1:11].tolist()
