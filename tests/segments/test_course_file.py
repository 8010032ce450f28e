"""The file of Velardo's course: mapping, labels and mfcc."""

import json

import numpy as np
import pytest
from helpers import GTZAN

import cnn
from genre import splits
from genre.errors import DatasetError, SplitError
from genre.segments import segment_file


def write(path, runs, *, mapping=("rock", "blues"), shape=(130, 13), n_frames=None):
    """Write a file with runs of rows, each (label, number of rows)."""
    labels = [label for label, length in runs for _ in range(length)]
    frames = np.random.default_rng(0).normal(size=(n_frames or len(labels), *shape)).round(3)
    content = {"mapping": list(mapping), "labels": labels, "mfcc": frames.tolist()}
    path.write_text(json.dumps(content, indent=4))
    return content


def test_ten_rows_each_are_taken_for_a_track_and_that_is_said(tmp_path, caplog):
    content = write(tmp_path / "data_10.json", [(0, 30), (1, 40)])
    segments = segment_file.read(tmp_path / "data_10.json")
    assert segments.mapping == ["blues", "rock"]
    assert segments.labels.tolist() == [1] * 30 + [0] * 40
    assert segments.track_index.tolist() == np.repeat(range(7), 10).tolist()
    assert segments.tracks[0] == "rock/00000" and segments.tracks[6] == "blues/00006"
    assert segments.feature == "mfcc"
    assert segments.settings == GTZAN.to_dict()
    np.testing.assert_array_equal(segments.frames, np.array(content["mfcc"], np.float32))
    assert len(segments.digest) == 64
    (line,) = caplog.messages
    assert "the course's file" in line and "every 10 rows are taken for one track" in line
    parts = splits.split(segments, "track", seed=0).parts
    assert set(parts) == {"train", "validation", "test"}


def test_where_tens_do_not_fit_only_segments_can_be_split(tmp_path, caplog):
    write(tmp_path / "data_10.json", [(0, 30), (1, 39)])
    segments = segment_file.read(tmp_path / "data_10.json")
    assert "only --split segment" in caplog.text
    for name in ("track", "artist"):
        with pytest.raises(SplitError, match="does not say which segments are of one track"):
            splits.split(segments, name, seed=0)
        with pytest.raises(SplitError, match="does not say which segments are of one track"):
            splits.folds(segments, name, n_folds=3, seed=0)
    assert set(splits.split(segments, "segment", seed=0).parts) == {"train", "validation", "test"}


def test_a_network_is_trained_by_the_split_that_the_file_can_have(tmp_path, run):
    path, output = tmp_path / "data_10.json", tmp_path / "network"
    write(path, [(0, 20), (1, 19)])
    arguments = ("--data", path, "--output", output, "--epochs", 1)
    ended = run(cnn, *arguments)
    assert ended.status == 0
    assert "cnn, test part of split segment" in ended.out
    assert "note: this split leaks: the file does not say" in ended.out
    assert "expect much lower scores for new songs" in ended.out
    ended = run(cnn, *arguments, "--split", "track")
    assert ended.status == 2
    assert "only --split segment can be used" in ended.err.splitlines()[-1]


@pytest.mark.parametrize(
    "mapping", [("genres/rock", "genres/blues"), ("D:\\genres\\rock", "D:\\genres\\blues\\")]
)
def test_genres_may_be_paths(mapping, tmp_path):
    write(tmp_path / "data.json", [(0, 10), (1, 10)], mapping=mapping)
    assert segment_file.read(tmp_path / "data.json").mapping == ["blues", "rock"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"shape": (259, 13)}, r"shape \(259, 13\); the course's have \(130, 13\)"),
        ({"mapping": ("a/rock", "b/rock")}, "mapping holds a name twice"),
        ({"mapping": ("rock",)}, "mapping"),
        ({"runs": [(0, 10), (2, 10)]}, "do not match"),
        ({"n_frames": 19}, "do not match"),
    ],
)
def test_another_file_is_refused_in_a_line(changes, reason, tmp_path):
    write(tmp_path / "data.json", **({"runs": [(0, 10), (1, 10)]} | changes))
    with pytest.raises(DatasetError, match=reason) as caught:
        segment_file.read(tmp_path / "data.json")
    assert str(caught.value).startswith(f"{tmp_path / 'data.json'}: not a segment file, or damaged")
