"""evaluate.py: the scores of a saved network on data that fits it, and the refusal of others."""

import dataclasses
import json
import shutil

import pytest

import evaluate
from genre import splits
from genre.model import card
from genre.segments import segment_file
from genre.splits import split_file


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
        scores.segment_accuracy, abs=6e-4
    )
    assert number(ended.out, "accuracy per track") == pytest.approx(scores.track_accuracy, abs=6e-4)
    assert "trained on" not in ended.out
    assert {path.name for path in tmp_path.iterdir()} == {"confusion.png", "roc.png", "scores.json"}
    written = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    assert written["scores"]["track_accuracy"] == scores.track_accuracy


def test_all_tracks_are_scored_and_the_trained_ones_counted(
    run, network, segments_path, segments, tmp_path
):
    ended = run(evaluate, "--model", network, "--data", segments_path, "--output", tmp_path)
    n_trained = card.read(network).split.train.tracks
    assert ended.status == 0
    assert f"({len(segments.tracks)} tracks; 95 % interval " in ended.out
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


def test_results_go_beside_the_network_and_earlier_ones_are_kept(
    run, network, segments_path, tmp_path
):
    copy = shutil.copytree(network, tmp_path / "network")
    arguments = ("--model", copy / "model.onnx", "--data", segments_path)
    place, before = copy / "evaluation", copy / "evaluation-before"
    first = run(evaluate, *arguments)
    assert first.out.endswith(f"scores and pictures in {place}\n")
    earlier = (place / "scores.json").read_bytes()
    accuracy = json.loads(earlier)["scores"]["track_accuracy"]
    split = ("--split", copy / split_file.NAME)
    second = run(evaluate, *arguments, *split)
    assert second.out.endswith(
        f"the earlier evaluation ({accuracy:.3f} per track) is kept in {before}\n"
    )
    assert (before / "scores.json").read_bytes() == earlier
    assert {path.name for path in before.iterdir()} == {path.name for path in place.iterdir()}
    third = run(evaluate, *arguments, "--overwrite")
    assert "kept" not in third.out and (before / "scores.json").read_bytes() == earlier
    assert (place / "scores.json").read_bytes() == earlier


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda s: {"feature": "mel"}, "feature mel, but the model was trained on mfcc"),
        (
            lambda s: {"settings": s.settings | {"hop_length": 256}},
            "settings hop_length 256, but the model was trained on hop_length 512",
        ),
        (lambda s: {"mapping": [*s.mapping[:-1], "zydeco"]}, "reggae, zydeco, but the model"),
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
    assert what in ended.err and "other.h5" in ended.err
