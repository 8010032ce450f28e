"""The files of predictions: exact, in the order of the data, and read again."""

import csv
from pathlib import Path

import numpy as np
import pytest
from helpers import made_up_segments

from genre.errors import TrainingError
from genre.evaluation import Predictions, join_tracks
from genre.experiments import comparison, predictions_file

SEGMENTS = made_up_segments([3, 3], segments_per_track=2)


def predictions(seed: int, tracks: list[int]) -> Predictions:
    rows = np.flatnonzero(np.isin(SEGMENTS.track_index, tracks))
    probabilities = np.random.default_rng(seed).dirichlet([1, 1], len(rows))
    return Predictions(probabilities, SEGMENTS.labels[rows], SEGMENTS.track_index[rows])


def test_each_probability_is_there_to_the_last_digit(tmp_path):
    tested = [predictions(seed, [1, 4, 5]) for seed in (0, 1)]
    path = tmp_path / "new" / "predictions.csv"
    predictions_file.write(tested, SEGMENTS, path)
    with open(path, encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["run"], row["track"]) for row in rows] == [
        (run, SEGMENTS.tracks[track]) for run in "12" for track in (1, 4, 5)
    ]
    by_track, labels = map(np.concatenate, zip(*map(join_tracks, tested), strict=True))
    written = [[float(row[genre]) for genre in SEGMENTS.mapping] for row in rows]
    np.testing.assert_array_equal(written, by_track)
    assert [row["genre"] for row in rows] == [SEGMENTS.mapping[label] for label in labels]
    assert [row["predicted"] for row in rows] == [
        SEGMENTS.mapping[label] for label in by_track.argmax(axis=1)
    ]
    np.testing.assert_array_equal(predictions_file.right(path, SEGMENTS), comparison.right(tested))


def test_a_file_has_a_name_that_says_what_is_in_it():
    row = {"data": "mel.h5", "split": "out/split.csv", "model": "cnn frequency --block resnet"}
    path = predictions_file.path_of(row | {"conditions": "1f2e"}, Path("kept"))
    assert path == Path("kept/mel_split_cnn-frequency-block-resnet_1f2e.csv")


@pytest.mark.parametrize(
    "text", ["", "run,track\n", "run,track,genre,predicted,genre0,genre1\n1,2\n", "\x00\xff"]
)
def test_another_file_is_refused(text, tmp_path):
    path = tmp_path / "other.csv"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(TrainingError, match=r"other.csv: not predictions of compare.py"):
        predictions_file.right(path, SEGMENTS)
