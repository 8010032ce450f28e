"""Which part a track or a segment belongs to, by property on made-up data."""

import numpy as np
import pytest
from helpers import made_up_segments
from hypothesis import given
from hypothesis import strategies as st

from genre import splits
from genre.dataset import Segments
from genre.errors import SplitError

PARTS = ("train", "validation", "test")
GENRES = st.lists(st.integers(3, 25), min_size=2, max_size=6)
SEEDS = st.integers(0, 2**32 - 1)


def genres_in(segments: Segments, parts: np.ndarray, part: str) -> set[int]:
    return set(segments.labels[parts == part].tolist())


def tracks_in(segments: Segments, parts: np.ndarray, part: str) -> set[int]:
    return set(segments.track_index[parts == part].tolist())


@given(tracks_in_genre=GENRES, segments_per_track=st.integers(1, 4), seed=SEEDS)
def test_no_track_stands_on_two_sides(tracks_in_genre, segments_per_track, seed):
    segments = made_up_segments(
        tracks_in_genre, segments_per_track=segments_per_track, shape=(1, 1), seed=seed
    )
    parts = splits.split(segments, "track", seed=seed).parts
    assert set(parts.tolist()) == set(PARTS)
    train, validation, test = (tracks_in(segments, parts, part) for part in PARTS)
    assert not train & validation and not train & test and not validation & test
    assert len(train | validation | test) == sum(tracks_in_genre)


@pytest.mark.parametrize("name", ["track", "segment"])
@given(tracks_in_genre=GENRES, seed=SEEDS)
def test_every_part_has_every_genre(name, tracks_in_genre, seed):
    segments = made_up_segments(tracks_in_genre, shape=(1, 1), seed=seed)
    parts = splits.split(segments, name, seed=seed).parts
    for part in PARTS:
        assert genres_in(segments, parts, part) == set(range(len(tracks_in_genre)))


@pytest.mark.parametrize(("name", "per_track"), [("track", 3), ("segment", 1)])
def test_the_shares_are_those_of_the_configuration(name, per_track):
    segments = made_up_segments([12] * 10, segments_per_track=3)
    n = len(segments.labels)
    parts = splits.split(segments, name, seed=0).parts
    assert np.sum(parts == "test") == n // 4
    assert abs(np.sum(parts == "validation") - (n - n // 4) // 5) <= per_track
    for genre in range(10):
        in_test = np.sum((parts == "test") & (segments.labels == genre))
        assert abs(in_test - 9) <= per_track  # a quarter of its 36 segments


def test_the_segment_split_uses_every_segment_and_parts_tracks():
    segments = made_up_segments([10] * 4, segments_per_track=10)
    parts = splits.split(segments, "segment", seed=0).parts
    assert parts.shape == segments.labels.shape
    assert set(parts.tolist()) == set(PARTS)
    assert tracks_in(segments, parts, "train") & tracks_in(segments, parts, "test")


def test_only_the_segment_split_is_said_to_leak():
    segments = made_up_segments([6] * 3)
    assert any("leak" in note for note in splits.split(segments, "segment", seed=0).notes)
    assert not splits.split(segments, "track", seed=0).notes


@pytest.mark.parametrize("name", ["track", "segment"])
def test_the_seed_decides(name):
    segments = made_up_segments([8] * 3)
    first, same, other = (splits.split(segments, name, seed=seed).parts for seed in (7, 7, 8))
    np.testing.assert_array_equal(first, same)
    assert (first != other).any()


def test_a_genre_with_too_few_tracks_is_named():
    with pytest.raises(SplitError, match=r"3 tracks; genre1 has 2"):
        splits.split(made_up_segments([8, 2, 8]), "track", seed=0)
    with pytest.raises(SplitError, match=r"3 segments; genre0 has 2"):
        splits.split(made_up_segments([2, 8], segments_per_track=1), "segment", seed=0)
