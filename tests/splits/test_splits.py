"""Which part a track or a segment belongs to, by property on made-up data."""

import contextlib
import dataclasses

import numpy as np
import pytest
from helpers import made_up_segments
from hypothesis import given, settings
from hypothesis import strategies as st

from genre import splits
from genre.errors import SplitError
from genre.segments import Segments
from genre.splits import split_file

PARTS = ("train", "validation", "test")
GENRES = st.lists(st.integers(3, 25), min_size=2, max_size=6)
SEEDS = st.integers(0, 2**32 - 1)


def genres_in(segments: Segments, parts: np.ndarray, part: str) -> set[int]:
    return set(segments.labels[parts == part].tolist())


def tracks_in(segments: Segments, parts: np.ndarray, part: str) -> set[int]:
    return set(segments.track_index[parts == part].tolist())


def with_copies(tracks_in_genre: list[int], recordings: list[int], artists: list[str]) -> Segments:
    """Return data in which the tracks of one recording hold the same frames."""
    segments = made_up_segments(tracks_in_genre, segments_per_track=2, shape=(1, 2))
    order = np.argsort(segments.track_index, kind="stable")
    track_index = segments.track_index[order]
    recording = np.array(recordings)[track_index]
    frames = np.stack([recording, np.arange(len(track_index)) % 2], axis=1)[:, np.newaxis]
    return dataclasses.replace(
        segments,
        track_index=track_index,
        labels=segments.labels[order],
        frames=frames.astype(np.float32),
        artists=artists,
    )


@st.composite
def data(draw: st.DrawFn) -> Segments:
    """Draw data with many copies and few artists, some of which are unknown."""
    tracks_in_genre = draw(st.lists(st.integers(3, 9), min_size=2, max_size=4))
    n_tracks = sum(tracks_in_genre)
    recordings = st.lists(st.integers(0, n_tracks), min_size=n_tracks, max_size=n_tracks)
    artists = st.lists(st.sampled_from(["", *"ABCDEFGH"]), min_size=n_tracks, max_size=n_tracks)
    return with_copies(tracks_in_genre, draw(recordings), draw(artists))


def sides(segments: Segments, of_track: list, split: splits.Split) -> dict[object, set[str]]:
    """Return the parts in which each value of `of_track` stands, unknown ones left out."""
    found: dict[object, set[str]] = {}
    for track, part in zip(segments.track_index, split.parts, strict=True):
        if of_track[track] != "":
            found.setdefault(of_track[track], set()).add(part)
    return found


@pytest.mark.parametrize("name", ["track", "artist"])
@settings(max_examples=40, deadline=None)
@given(segments=data(), n_folds=st.integers(2, 4), seed=SEEDS)
def test_no_track_copy_or_artist_stands_on_two_sides(name, segments, n_folds, seed):
    dealt = []
    with contextlib.suppress(SplitError):  # a part would be empty: so few groups are there
        dealt.append(splits.split(segments, name, seed=seed))
    with contextlib.suppress(SplitError):
        dealt += splits.folds(segments, name, n_folds=n_folds, seed=seed)
    kept_together = [list(range(len(segments.tracks))), segments.same_recording.tolist()]
    if name == "artist":
        kept_together.append(segments.artists)
    for split in dealt:
        assert not genres_in(segments, split.parts, "") & genres_in(segments, split.parts, "train")
        for of_track in kept_together:
            assert all(len(it - {""}) <= 1 for it in sides(segments, of_track, split).values())
        assert not [note for note in split.notes if "leaks" in note]


@pytest.mark.parametrize("name", ["track", "artist", "segment"])
@settings(max_examples=20, deadline=None)
@given(segments=data(), n_folds=st.integers(2, 4), seed=SEEDS)
def test_folds_test_every_segment_once_if_its_genre_can_be_divided(name, segments, n_folds, seed):
    try:
        dealt = splits.folds(segments, name, n_folds=n_folds, seed=seed, validation_one_in=None)
    except SplitError:
        return
    assert len(dealt) == n_folds
    tested = np.sum([split.parts == "test" for split in dealt], axis=0)
    assert tested.max() == 1
    for split in dealt:  # what is tested has been trained on
        assert genres_in(segments, split.parts, "test") <= genres_in(segments, split.parts, "train")
    alone = len(set(segments.same_recording.tolist())) == len(segments.tracks)
    if name == "track" and alone:
        np.testing.assert_array_equal(tested, 1)


def test_duplicates_are_named_with_the_split_and_leak_where_a_list_parts_them(tmp_path):
    recordings = [*range(8), 0, *range(8, 14), 1]  # 8 is a copy of 0, 15 of 1
    segments = with_copies([10, 6], recordings, [])
    assert segments.same_recording.tolist() == [*range(8), 0, *range(9, 15), 1]
    split = splits.split(segments, "track", seed=0)
    assert split.notes == [
        "duplicates of other tracks (the same recording, whole or in part): 2; every split keeps "
        "them in one part: genre0/8.wav = genre0/0.wav",
        "duplicates under another genre: genre1/15.wav = genre0/1.wav",
    ]
    parts = np.where(segments.track_index == 8, "test", "train")
    split_file.write(segments, parts, tmp_path / "s.csv")
    assert splits.split(segments, str(tmp_path / "s.csv"), seed=0).notes[0] == (
        "this split leaks: duplicates of test tracks are in training: genre0/8.wav"
    )
    given = dataclasses.replace(segments, parts=[*["train"] * 8, "test", *["train"] * 7])
    assert "duplicates of test tracks" in splits.split(given, "given", seed=0).notes[0]


def test_a_genre_of_one_recording_trains_and_is_said_to_be_missing():
    segments = with_copies([12, 4], [*range(12), *[99] * 4], [])
    split = splits.split(segments, "track", seed=0)
    assert set(split.parts[segments.labels == 1].tolist()) == {"train"}
    assert "genre1: only trained on and in no score, for lack of a second recording" in split.notes
    few = with_copies([8, 4], [*[0] * 4, *[1] * 4, *[9] * 4], [])
    with pytest.raises(SplitError, match=r"validation part \(duplicates of other tracks"):
        splits.split(few, "track", seed=0)
    with pytest.raises(SplitError, match="no genre has two different tracks"):
        splits.split(with_copies([8, 4], [*[0] * 8, *[9] * 4], []), "track", seed=0)


@settings(max_examples=40, deadline=None)
@given(tracks_in_genre=GENRES, segments_per_track=st.integers(1, 4), seed=SEEDS)
def test_every_track_is_in_one_part(tracks_in_genre, segments_per_track, seed):
    segments = made_up_segments(
        tracks_in_genre, segments_per_track=segments_per_track, shape=(1, 1), seed=seed
    )
    split = splits.split(segments, "track", seed=seed)
    by_part = splits.tracks_by_part(segments, split.parts)
    assert all(by_part.values())
    assert sorted(track for tracks in by_part.values() for track in tracks) == sorted(
        segments.tracks
    )


@pytest.mark.parametrize("name", ["track", "segment"])
@settings(max_examples=40, deadline=None)
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
        ([], "has no parts of its own"),
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


def test_an_artist_who_is_alone_in_a_genre_trains_in_the_others_too():
    segments = dataclasses.replace(made_up_segments([8, 8]), artists=[*"AABBCCDD", *"AAAAAAAA"])
    for seed in range(10):
        split = splits.split(segments, "artist", seed=seed)
        assert sides_of_artists(segments, split.parts)[0] == ("A", "train")
        only_trained_on = "genre1: only trained on and in no score, for lack of a second artist"
        assert only_trained_on in split.notes
        assert len(sides_of_artists(segments, split.parts)) == 4


def test_folds_of_rare_genres_are_tested_as_far_as_they_can_be():
    segments = dataclasses.replace(
        made_up_segments([6, 2, 1]), artists=[*"ABCDEF", *"AB", "C"], also=np.array([[0, 1]])
    )
    with pytest.raises(SplitError, match="at least 3 tracks; genre2 has 1"):
        splits.folds(segments, "artist", n_folds=3, seed=0)
    found = splits.folds(segments, "artist", n_folds=3, seed=0, validation_one_in=None, rare=True)
    tested = {label for split in found for label in segments.labels[split.parts == "test"].tolist()}
    assert tested == {0, 1}
    assert found[0].notes == [
        "genre2: only trained on and in no score, for lack of a second artist",
        "1 of 9 tracks have several genres; an answer is right if it names one of them",
    ]


def test_more_folds_than_artists_are_refused():
    segments = dataclasses.replace(made_up_segments([6, 6]), artists=[*"ABCABCABCABC"])
    with pytest.raises(SplitError, match="4 folds need as many artists, not 3"):
        splits.folds(segments, "artist", n_folds=4, seed=0)
