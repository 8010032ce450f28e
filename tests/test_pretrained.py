"""The network that comes with the code: its folder, and that predict.py takes it by itself."""

import csv
import io

import numpy as np
import pytest
from helpers import noise
from soundfile import write

import config
import predict
from genre.datasets import gtzan
from genre.reporting import card

FOLDER = config.PRETRAINED_PATH
GENRES = sorted({track.split(".")[0] for track in gtzan.table()})


@pytest.fixture(scope="module")
def loaded() -> tuple[card.Model, card.Card]:
    return card.load(FOLDER)


def test_it_is_small_and_says_how_it_was_made(loaded):
    _, the_card = loaded
    assert (FOLDER / card.MODEL_FILE).stat().st_size <= 4e6
    assert the_card.command.startswith("python cnn.py --architecture vgg ")
    assert "--refit" in the_card.command
    assert the_card.mapping == GENRES
    assert the_card.calibrated.temperature > 0
    assert 0 < the_card.calibrated.threshold < 1
    assert the_card.calibration["error_after"] < 0.05
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    for fact in (
        "research",
        f"accuracy per track {the_card.scores['track_accuracy']:.3f}",
        the_card.command,
    ):
        assert fact in text


def test_it_has_never_seen_the_test_list():
    with (FOLDER / "split.csv").open(encoding="utf-8", newline="") as file:
        tracks = {gtzan.name(row["track"]) for row in csv.DictReader(file)}
    listed = gtzan.table()
    assert len(tracks) == 640
    assert {listed[track].part for track in tracks} == {"train", "validation"}


def test_predict_takes_it_by_itself(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # wherever it is called from
    write(tmp_path / "song.wav", noise(6), 22050)
    ended = run(predict, "--input", "song.wav", "--format", "csv")
    assert (ended.status, ended.err) == (0, "")
    (row,) = csv.DictReader(io.StringIO(ended.out))
    shares = [float(row[genre]) for genre in GENRES]
    assert np.sum(shares) == pytest.approx(1, abs=1e-3)


def test_volume_does_not_change_its_mind(run, tmp_path):
    samples = noise(6)
    for name, level in (("loud", 1.0), ("soft", 0.1)):
        write(tmp_path / f"{name}.wav", samples * level, 22050, subtype="FLOAT")
    answers = [
        run(predict, "--input", tmp_path / f"{name}.wav", "--count", 1).out.split()[1:]
        for name in ("loud", "soft")
    ]
    assert answers[0] == answers[1]


def test_it_knows_genres_of_real_songs(run, real_data):
    songs = sorted((real_data / "songs").iterdir())
    ended = run(predict, "--input", *songs, "--format", "csv", "--whole")
    assert ended.status == 0
    rows = list(csv.DictReader(io.StringIO(ended.out)))
    assert len(rows) == 11
    right = [row for row in rows if max(GENRES, key=lambda genre: float(row[genre])) in row["song"]]
    assert len(right) >= 6  # seven where it was trained
