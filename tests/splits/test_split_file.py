"""A split as a CSV file: written, read back, and matched to other names of the same tracks."""

import numpy as np
import pytest
from helpers import made_up_segments
from hypothesis import given, settings
from hypothesis import strategies as st

from genre import splits
from genre.errors import SplitError
from genre.splits import split_file


@pytest.fixture
def segments():
    return made_up_segments([4, 4], segments_per_track=2, shape=(1, 1))


def write(path, *lines):
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), name=st.sampled_from(["track", "segment"]))
def test_a_split_written_and_given_again_is_the_same(tmp_path_factory, seed, name):
    segments = made_up_segments([4, 6, 5], segments_per_track=3, shape=(1, 1), seed=seed)
    path = tmp_path_factory.mktemp("split") / "split.csv"
    split = splits.split(segments, name, seed=seed)
    split_file.write(segments, split.parts, path)
    again = splits.split(segments, str(path), seed=0)
    np.testing.assert_array_equal(again.parts, split.parts)


def test_tracks_have_a_row_each_unless_their_segments_are_parted(segments, tmp_path):
    for name, columns, rows in (("track", "track,part", 8), ("segment", "track,segment,part", 16)):
        path = tmp_path / f"{name}.csv"
        split_file.write(segments, splits.split(segments, name, seed=0).parts, path)
        lines = path.read_text(encoding="utf-8").splitlines()
        assert (lines[0], len(lines) - 1) == (columns, rows)


@pytest.mark.parametrize(
    "name", ["genre0/0.wav", "genre0/0.mp3", "genre0/0", "music/old/genre0/0.au", "0.flac"]
)
def test_names_match_whatever_their_suffix_and_folder(segments, tmp_path, name):
    listed = split_file.read(segments, write(tmp_path / "s.csv", "track,part", f"{name},test"))
    np.testing.assert_array_equal(listed.parts == "test", segments.track_index == 0)
    assert listed.lacking == []


def test_what_the_data_or_the_list_lacks_is_counted(segments, tmp_path):
    rows = [
        "genre0/0.wav,train",
        "genre0/1.wav,validation",
        "genre1/5.wav,test",
        "no/such.wav,test",
    ]
    split = splits.split(segments, str(write(tmp_path / "s.csv", "track,part", *rows)), seed=0)
    assert split.notes[:2] == [
        "1 listed tracks are not in the data",
        "5 tracks of the data are in no part and left out",
    ]
    assert np.sum(split.parts == "") == 10


def test_a_part_that_is_empty_is_named(segments, tmp_path):
    path = write(tmp_path / "s.csv", "track,part", "genre0/0.wav,train", "genre0/1.wav,validation")
    with pytest.raises(SplitError, match="none of the data is in the test part"):
        splits.split(segments, str(path), seed=0)


def test_a_list_can_do_without_a_validation_part(segments, tmp_path):
    path = write(tmp_path / "s.csv", "track,part", "genre0/0.wav,train", "genre0/1.wav,test")
    split = splits.split(segments, str(path), seed=0)
    assert {*split.parts} == {"train", "test", ""}
    assert not [note for note in split.notes if "validation" in note]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([], "columns track,part"),
        (["track,part"], "columns track,part"),
        (["name,part", "a,test"], "columns track,part"),
        (["track,part", "genre0/0.wav,dev"], "line 2: part 'dev' is none of"),
        (["track,part", "genre0/0.wav,test", "genre0/0.au,train"], "line 3: .*in another part"),
        (["track,segment,part", "genre0/0.wav,first,train"], "line 2: "),
    ],
)
def test_what_is_no_split_is_refused(segments, tmp_path, lines, problem):
    with pytest.raises(SplitError, match=problem):
        split_file.read(segments, write(tmp_path / "s.csv", *lines))


def test_a_name_that_can_mean_two_tracks_is_refused(segments, tmp_path):
    twins = segments.__class__(**{**vars(segments), "tracks": ["a/x.wav", "b/x.wav", *"cdefgh"]})
    with pytest.raises(SplitError, match=r"x\.wav can mean 2 tracks"):
        split_file.read(twins, write(tmp_path / "s.csv", "track,part", "x.wav,test"))


def test_tracks_that_differ_in_their_suffix_alone_are_two(segments, tmp_path):
    tracks = ["a/x.wav", "a/x.mp3", *(f"b/{i}.wav" for i in range(6))]
    twins = segments.__class__(**{**vars(segments), "tracks": tracks})
    path = tmp_path / "s.csv"
    parts = np.where(twins.track_index == 1, "test", "train")
    split_file.write(twins, parts, path)
    np.testing.assert_array_equal(split_file.read(twins, path).parts, parts)
    in_front = split_file.read(twins, write(path, "track,part", "old/a/x.mp3,test"))
    np.testing.assert_array_equal(in_front.parts == "test", twins.track_index == 1)
    for name in ("a/x.au", "old/a/x.au", "x.mp3"):
        with pytest.raises(split_file.AmbiguousError, match=f"{name} can mean 2 tracks"):
            split_file.read(twins, write(path, "track,part", f"{name},test"))


def test_what_cannot_be_told_is_known_from_what_is_no_list(segments, tmp_path):
    twins = segments.__class__(**{**vars(segments), "tracks": ["a/x.wav", "b/x.wav", *"cdefgh"]})
    for rows in (["x.wav,test"], ["old/c,test", "new/c,train"]):
        with pytest.raises(split_file.AmbiguousError):
            split_file.read(twins, write(tmp_path / "s.csv", "track,part", *rows))


def test_a_missing_file_is_refused(segments, tmp_path):
    with pytest.raises(SplitError, match="No such file"):
        splits.split(segments, str(tmp_path / "none.csv"), seed=0)
