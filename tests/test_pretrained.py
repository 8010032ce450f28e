"""The model that comes with the code: its folder, and that predict.py takes it by itself."""

import csv
import io

import numpy as np
import pytest
from soundfile import write

import genre
import predict
from genre.demo import synth
from genre.model import files
from genre.songs import gtzan

FOLDER = files.PRETRAINED
GENRES = sorted({track.split(".")[0] for track in gtzan.table()})
# What it makes of the made-up jazz of seed 0, 6 s of it.
GOLDEN = {
    "blues": 0.0237,
    "classical": 0.2248,
    "country": 0.0433,
    "disco": 0.0049,
    "hiphop": 0.0056,
    "jazz": 0.6643,
    "metal": 0.0018,
    "pop": 0.0095,
    "reggae": 0.0054,
    "rock": 0.0168,
}


@pytest.fixture(scope="module")
def model() -> genre.Model:
    return genre.load()


def test_it_is_small_and_says_how_it_was_made(model):
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= 5e6
    card = model.card
    assert card.command.startswith("python mlp.py --data output/pretrained.h5 ")
    assert "--class-weights --split artist --folds 3 --refit" in card.command
    assert card.reads == "spread"
    assert card.mapping == GENRES
    sure = card.calibration.verdicts["sure"]
    assert sure.right >= 0.9 and sure.share >= 0.4
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    notes = (FOLDER / "NOTES.md").read_text(encoding="utf-8")
    for fact in (notes.strip(), f"per track {card.scores.track_accuracy:.3f}", card.command):
        assert fact in text


def test_it_has_never_heard_a_track_of_the_test_list():
    with (FOLDER / "split.csv").open(encoding="utf-8", newline="") as file:
        files = [row["track"] for row in csv.DictReader(file)]
    tracks, listed = set(map(gtzan.name, files)), gtzan.table()
    assert (len(files), len(tracks)) == (531, 442)  # some are there as excerpt and as a whole
    assert {listed[track].part for track in tracks} == {"train", "validation"}


def test_its_probabilities_are_those_that_were_recorded(model):
    answer = model.predict((synth.make_track("jazz", 0, seconds=6), 22050))
    assert answer.probabilities == pytest.approx(GOLDEN, abs=1e-3)


def test_predict_takes_it_by_itself(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # wherever it is called from
    write(tmp_path / "song.wav", synth.make_track("rock", 1, seconds=6), 22050)
    ended = run(predict, "song.wav", "--format", "csv", "--no-store")
    assert (ended.status, ended.err) == (0, "")
    (row,) = csv.DictReader(io.StringIO(ended.out))
    assert np.sum([float(row[name]) for name in GENRES]) == pytest.approx(1, abs=1e-3)


def test_volume_changes_no_answer(model):
    samples = synth.make_track("disco", 2, seconds=6)
    loud, soft = (model.predict((samples * level, 22050)) for level in (1.0, 0.1))
    assert soft.probabilities == pytest.approx(loud.probabilities, abs=1e-4)


def test_it_knows_genres_of_real_songs_and_is_seldom_sure_of_a_wrong_one(model, real_data):
    songs = sorted((real_data / "songs").iterdir())
    answers = list(model.predict_many(songs))
    assert len(answers) == 11
    right = [answer.genre in answer.song.split("/")[-1] for answer in answers]
    assert sum(right) >= 5  # six at the time of writing
    sure = [
        is_right
        for is_right, answer in zip(right, answers, strict=True)
        if answer.verdict == "sure"
    ]
    assert sum(sure) >= len(sure) - 1
