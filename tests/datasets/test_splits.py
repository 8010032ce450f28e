"""Which part a track or a segment belongs to, by property on made-up data."""

import contextlib
import dataclasses

import numpy as np
import pytest
from helpers import made_up_segments
from hypothesis import given, settings
from hypothesis import strategies as st

from genre.datasets import Segments, split_file, splits
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


def test_whatever_its_name_a_split_that_leaks_says_so(tmp_path):
    segments = made_up_segments([6] * 3, segments_per_track=3)
    listed = str(tmp_path / "listed.csv")
    for name, leaks in (("track", 0), ("segment", 1)):
        split = splits.split(segments, name, seed=0)
        assert split.notes == leaks * [splits.LEAKS]
        split_file.write(segments, split.parts, tmp_path / "listed.csv")
        assert splits.split(segments, listed, seed=0).notes == split.notes
    single = made_up_segments([6] * 3, segments_per_track=1)  # of which none can leak
    assert not splits.split(single, "segment", seed=0).notes


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


def test_the_parts_that_the_data_brings_are_given():
    parts = ["train", "test", "validation", "", "test", "train"]
    segments = dataclasses.replace(made_up_segments([3, 3]), parts=parts)
    split = splits.split(segments, "given", seed=0)
    assert split.parts.tolist() == [parts[track] for track in segments.track_index]
    assert split.notes[0] == "1 tracks of the data are in no part and left out"
    assert split.notes[1:] == ["no genre1 in the validation part"]


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ([], "brings no parts"),
        (["train", "validation"] * 3, "none of the data is in the test part"),
    ],
)
def test_data_without_parts_of_its_own_are_refused(parts, problem):
    segments = dataclasses.replace(made_up_segments([3, 3]), parts=parts)
    with pytest.raises(SplitError, match=problem):
        splits.split(segments, "given", seed=0)


def test_given_parts_are_not_folded():
    segments = dataclasses.replace(
        made_up_segments([3, 3]), parts=["train", "validation", "test"] * 2
    )
    with pytest.raises(SplitError, match="split given is fixed"):
        splits.folds(segments, "given", n_folds=2, seed=0)


def sides_of_artists(segments: Segments, parts: np.ndarray) -> list[tuple[str, str]]:
    """Return in which parts each of the artists named in the data stands."""
    artist_of_segment = [segments.artists[track] for track in segments.track_index]
    pairs = set(zip(artist_of_segment, parts.tolist(), strict=True))
    return sorted((artist, part) for artist, part in pairs if artist)


@settings(max_examples=100, deadline=None)
@given(
    tracks_in_genre=st.lists(st.integers(3, 12), min_size=2, max_size=4),
    names=st.sampled_from(["A", "AB", "ABC", "ABCDEFGH", ["", *"ABCDEF"]]),
    n_folds=st.integers(2, 4),
    seed=SEEDS,
)
def test_the_artists_that_the_data_names_stand_on_one_side(tracks_in_genre, names, n_folds, seed):
    artists = np.random.default_rng(seed).choice(list(names), sum(tracks_in_genre)).tolist()
    segments = made_up_segments(tracks_in_genre, segments_per_track=2, shape=(1, 1))
    segments = dataclasses.replace(segments, artists=artists)
    dealt = []
    with contextlib.suppress(SplitError):  # a part would be empty: so few artists are there
        dealt.append(splits.split(segments, "artist", seed=seed))
    with contextlib.suppress(SplitError):
        dealt += splits.folds(segments, "artist", n_folds=n_folds, seed=seed)
    for split in dealt:
        artists = [artist for artist, _ in sides_of_artists(segments, split.parts)]
        assert len(artists) == len(set(artists))


def test_an_artist_who_is_alone_in_a_genre_trains_in_the_others_too():
    segments = dataclasses.replace(made_up_segments([8, 8]), artists=[*"AABBCCDD", *"AAAAAAAA"])
    for seed in range(10):
        split = splits.split(segments, "artist", seed=seed)
        assert sides_of_artists(segments, split.parts)[0] == ("A", "train")
        assert "no genre1 in the test part" in split.notes
        assert len(sides_of_artists(segments, split.parts)) == 4


def test_more_folds_than_artists_are_refused():
    segments = dataclasses.replace(made_up_segments([6, 6]), artists=[*"ABCABCABCABC"])
    with pytest.raises(SplitError, match="4 folds need as many artists, not 3"):
        splits.folds(segments, "artist", n_folds=4, seed=0)


def test_folds_by_the_datas_own_artists_test_every_track_once():
    artists = [*"AABBCCDDEE", *"FFGGHHII", "", ""]
    segments = dataclasses.replace(made_up_segments([10, 10]), artists=artists)
    tested = [
        track
        for split in splits.folds(segments, "artist", n_folds=5, seed=1)
        for track in np.unique(segments.track_index[split.parts == "test"]).tolist()
    ]
    assert sorted(tested) == list(range(20))
