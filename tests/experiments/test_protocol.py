"""Folds, repeats and refits, and what the card says of them."""

import shlex

import numpy as np
import pytest
from helpers import made_up_segments, read_card, refusal
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import mlp
from genre.experiments.protocol import Protocol, plan
from genre.segments import segment_file
from genre.songs import TEST, TRAIN, VALIDATION


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "made-up.h5"
    segment_file.write(made_up_segments([6, 5, 7]), path)
    return path


def train(run, data, folder, *arguments):
    words = [str(it) for it in ("--data", data, "--output", folder, "--epochs", 2, *arguments)]
    ended = run(mlp, *words, "--architecture", "linear")  # the fastest
    assert ended.status == 0, ended.err
    saved = read_card(folder)
    assert shlex.split(saved["command"]) == ["python", "mlp.py", *words, "--architecture", "linear"]
    return ended.out, saved


# The plan


def test_folds_test_everything_once():
    segments = made_up_segments([6, 5, 7])
    planned = plan(segments, Protocol(folds=3, seed=5))
    assert [run.seed for run in planned] == [5, 5, 5]
    tested = np.sum([split.parts == TEST for _, _, split in planned], axis=0)
    np.testing.assert_array_equal(tested, 1)
    assert all((split.parts == VALIDATION).any() for _, _, split in planned)


def test_repeats_share_a_split_and_count_seeds_up():
    planned = plan(made_up_segments([6, 5, 7]), Protocol(repeats=3, seed=5))
    assert [run.seed for run in planned] == [5, 6, 7]
    assert len({split.parts.tobytes() for _, _, split in planned}) == 1


def test_a_refit_is_on_all_tracks_after_folds_without_a_validation_part():
    protocol = Protocol(folds=3, refit=True)
    planned = plan(made_up_segments([6, 5, 7]), protocol, needs_validation=False)
    assert [run.number for run in planned] == [1, 2, 3, 4]
    assert {*planned[-1].split.parts} == {TRAIN}
    assert not any((run.split.parts == VALIDATION).any() for run in planned)
    folds = plan(made_up_segments([6, 5, 7]), Protocol(folds=3), needs_validation=False)
    assert all((run.split.parts == VALIDATION).any() for run in folds)


@pytest.mark.parametrize("arguments", [("--schedule", "cosine"), ("--folds", 3)])
def test_a_refit_needs_folds_and_a_schedule(arguments, run, data, tmp_path):
    ended = run(mlp, "--data", data, "--output", tmp_path / "mlp", "--refit", *arguments)
    assert "--refit needs --folds and, for a network, --schedule cosine" in refusal(ended)
    assert not (tmp_path / "mlp").exists()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--folds", 6), "every genre needs at least 6 tracks; genre1 has 5"),
        (("--folds", 3, "--split", "filtered"), "--folds needs segment, track, artist"),
        (("--split", "artist"), "are not GTZAN's"),
        (("--folds", 1), "not a whole number from 2"),
        (("--folds", 2, "--repeats", 2), "not allowed with"),
    ],
)
def test_what_cannot_be_split_is_refused(run, data, tmp_path, arguments, problem):
    ended = run(mlp, "--data", data, "--output", tmp_path / "mlp", *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert problem in ended.err
    assert not (tmp_path / "mlp").exists()


# The card


def test_the_card_of_folds_says_what_each_of_them_reached(run, data, tmp_path):
    out, saved = train(run, data, tmp_path / "mlp", "--folds", 3)
    assert [out.count(f"run {number}: ") for number in (1, 2, 3, 4)] == [1, 1, 1, 0]
    assert sum(each["segments"] for each in saved["runs"]) == 3 * 18
    assert (saved["scores"]["segments"], saved["scores"]["tracks"]) == (3 * 18, 18)
    assert saved["training"]["folds"] == 3
    for measure, spread in saved["spread"].items():
        values = [each[measure] for each in saved["runs"]]
        of_all = saved["scores"]["macro_f1"] if measure == "macro_f1" else np.mean(values)
        assert spread["mean"] == pytest.approx(of_all, abs=1e-4)
        assert spread["std"] == pytest.approx(np.std(values, ddof=1), abs=1e-4)
    mean, std = saved["spread"]["track_accuracy"].values()
    assert f"{mean:.3f} ± {std:.3f} per track" in out


def test_a_refit_has_the_scores_and_the_calibration_of_the_folds(run, data, tmp_path):
    options = ("--folds", 2, "--schedule", "cosine", "--refit")
    _, saved = train(run, data, tmp_path / "mlp", *options)
    assert saved["training"]["refit"] is True
    assert saved["split"]["train"]["tracks"] == 18
    assert saved["split"]["test"]["tracks"] == 0
    assert (saved["scores"]["tracks"], len(saved["runs"])) == (18, 2)
    assert saved["calibration"]["tracks"] == 18


def test_repeats_score_and_save_the_first_run(run, data, tmp_path):
    _, once = train(run, data, tmp_path / "once", "--seed", 5)
    _, saved = train(run, data, tmp_path / "mlp", "--repeats", 2, "--seed", 5)
    assert [each["seed"] for each in saved["runs"]] == [5, 6]
    assert saved["split"] == once["split"]
    assert saved["scores"] == once["scores"]
    text = (tmp_path / "mlp" / "README.md").read_text(encoding="utf-8")
    assert f"`{saved['command']}` on {saved['created']}" in text
    assert "- run 2: " in text


def logged(folder) -> list[int]:
    """Return the epochs, from 0, whose loss TensorBoard shows."""
    events = EventAccumulator(f"{folder}").Reload()
    return [event.step for event in events.Tensors("epoch_loss")]


def test_tensorboard_logs_each_run(run, data, tmp_path):
    folder = tmp_path / "mlp"
    train(run, data, folder, "--tensorboard", "--repeats", 2, "--schedule", "constant")
    for number in (1, 2):
        for part in ("train", "validation"):
            assert logged(folder / f"tensorboard/run-{number}" / part) == [0, 1]
    train(run, data, folder, "--tensorboard", "--epochs", 1)  # replaces the earlier logs
    assert logged(folder / "tensorboard/run-1/train") == [0]
