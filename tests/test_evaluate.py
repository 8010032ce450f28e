"""evaluate.py: the scores of a saved network on data that fits it, and the refusal of others."""

import dataclasses
import shutil

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

import evaluate
from genre import evaluation
from genre.datasets import segment_file, split_file, splits
from genre.reporting import card


@pytest.fixture
def segments(segments_path):
    return segment_file.read(segments_path)


def number(out: str, what: str) -> float:
    (line,) = [line for line in out.splitlines() if line.startswith(what)]
    return float(line.removeprefix(what).split()[0])


def test_the_test_part_of_the_networks_own_split_scores_as_its_card_says(
    run, network, segments_path, tmp_path
):
    ended = run(
        evaluate,
        *("--model", network, "--data", segments_path),
        *("--split", network / split_file.NAME, "--output", tmp_path),
    )
    scores = card.read(network).scores
    assert ended.status == 0
    assert number(ended.out, "accuracy per segment") == pytest.approx(
        scores["segment_accuracy"], abs=6e-4
    )
    assert number(ended.out, "accuracy per track") == pytest.approx(
        scores["track_accuracy"], abs=6e-4
    )
    assert "trained on" not in ended.out
    assert {path.name for path in tmp_path.iterdir()} == {"confusion.png", "roc.png"}


def test_all_tracks_are_scored_and_the_trained_ones_counted(
    run, network, segments_path, segments, tmp_path
):
    ended = run(evaluate, "--model", network, "--data", segments_path, "--output", tmp_path)
    n_trained = card.read(network).split["train"]["tracks"]
    assert ended.status == 0
    assert f"({len(segments.tracks)} tracks)" in ended.out
    assert f"trained on {n_trained} of these tracks" in ended.out


def test_a_track_counts_that_was_trained_on_in_part(
    run, network, segments_path, segments, tmp_path
):
    folder = shutil.copytree(network, tmp_path / "network")
    split = splits.split(segments, "segment", seed=0)
    split_file.write(segments, split.parts, folder / split_file.NAME)
    of_part = (
        set(segments.track_index[split.parts == part].tolist()) for part in ("train", "test")
    )
    n_both = len(set.intersection(*of_part))
    arguments = ("--model", folder, "--data", segments_path, "--split", folder / split_file.NAME)
    assert f"trained on {n_both} of these tracks" in run(evaluate, *arguments).out


def test_pictures_go_beside_the_network_by_default(run, network, segments_path, tmp_path):
    copy = shutil.copytree(network, tmp_path / "network")
    assert run(evaluate, "--model", copy / "model.keras", "--data", segments_path).status == 0
    assert (copy / "evaluation" / "roc.png").stat().st_size > 0


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda s: {"feature": "mel"}, "feature"),
        (lambda s: {"settings": s.settings | {"hop_length": 256}}, "settings"),
        (lambda s: {"mapping": [*s.mapping[:-1], "zydeco"]}, "genres"),
    ],
)
def test_data_that_differ_from_the_card_are_refused_in_a_line(
    run, network, segments, tmp_path, change, what
):
    other = dataclasses.replace(segments, **change(segments))
    segment_file.write(other, tmp_path / "other.h5")
    ended = run(evaluate, "--model", network, "--data", tmp_path / "other.h5")
    assert ended.status == 2 and ended.out == ""
    assert ended.err.count("\n") == 1
    assert f"its {what} " in ended.err and "other.h5" in ended.err


def test_scores_are_scikit_learns():
    rng = np.random.default_rng(3)
    labels = np.repeat(rng.integers(0, 3, 30), 4)
    track_index = np.repeat(np.arange(30), 4)
    probabilities = rng.dirichlet([1, 1, 1], len(labels)) + np.eye(3)[labels] * 0.2
    tested = evaluation.Predictions(probabilities, labels, track_index)
    result = evaluation.score(tested, ["a", "b", "c"])
    by_track = probabilities.reshape(30, 4, 3).mean(axis=1)
    assert result["track_accuracy"] == pytest.approx(
        accuracy_score(labels[::4], by_track.argmax(axis=1)), abs=1e-4
    )
    for label, name in enumerate("abc"):
        area = roc_auc_score(labels[::4] == label, by_track[:, label])
        assert result["genres"][name]["roc_area"] == pytest.approx(area, abs=1e-4)


def test_a_genre_without_tracks_has_no_scores_and_does_not_count():
    labels = np.array([0, 0, 2, 2])
    probabilities = np.eye(3)[[0, 0, 2, 0]]
    tested = evaluation.Predictions(probabilities, labels, np.arange(4))
    result = evaluation.score(tested, ["a", "b", "c"])
    assert result["genres"]["b"] == {
        "precision": None,
        "recall": None,
        "f1": None,
        "roc_area": None,
        "tracks": 0,
    }
    assert result["macro_f1"] == pytest.approx((2 * 2 / (3 + 2) + 2 * 1 / (1 + 2)) / 2, abs=1e-4)
    assert result["confusion"] == [[2, 0, 0], [0, 0, 0], [1, 0, 1]]
