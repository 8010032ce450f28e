"""Networks kept along the way, and trainings that go on from there."""

import json
import shutil

import keras
import numpy as np
import pytest
from helpers import made_up_segments, refusal

import cnn
import config
import mlp
from genre.datasets import segment_file, splits
from genre.training import fit
from genre.training.checkpoints import Checkpoints
from genre.training.recipe import Recipe

SEGMENTS = made_up_segments([6, 6, 6])
SPLIT = splits.split(SEGMENTS, "track", seed=1)


def train(layers, epochs: int, kept: Checkpoints | None = None, **options) -> fit.Run:
    how = {"epochs": epochs, "batch_size": 8, "learning_rate": 0.002} | options
    return fit.train(layers, SEGMENTS, SPLIT, Recipe(**how), seed=1, kept=kept)


def checkpoints(folder, every: int, *, resume: bool) -> Checkpoints:
    return Checkpoints(folder, every, resume, identity={})


def assert_same(run: fit.Run, other: fit.Run) -> None:
    assert run.curves == other.curves
    for weights, others in zip(run.network.weights, other.network.weights, strict=True):
        np.testing.assert_array_equal(weights.numpy(), others.numpy())
    np.testing.assert_array_equal(run.predictions.probabilities, other.predictions.probabilities)


@pytest.mark.parametrize(
    ("layers", "options"), [(mlp.mlp, {}), (cnn.cnn, {"optimizer": "sgd", "augment": True})]
)
def test_a_resumed_training_is_the_same_as_an_unbroken_one(layers, options, tmp_path):
    unbroken = train(layers, 5, **options)
    train(layers, 3, checkpoints(tmp_path, 2, resume=False), **options)
    resumed = train(layers, 5, checkpoints(tmp_path, None, resume=True), **options)
    assert len(resumed.curves["loss"]) == 5
    assert_same(resumed, unbroken)


def test_a_schedule_goes_on_where_it_was(tmp_path):
    options = {"optimizer": "adamw", "schedule": "cosine", "label_smoothing": 0.1}
    unbroken = train(mlp.mlp, 5, checkpoints(tmp_path, 2, resume=False), **options)
    resumed = train(mlp.mlp, 5, checkpoints(tmp_path, None, resume=True), **options)
    assert len(resumed.curves["loss"]) == 5
    assert len(resumed.epoch_seconds) == 1  # the fifth alone
    assert_same(resumed, unbroken)


def test_patience_is_not_renewed(tmp_path, monkeypatch):
    monkeypatch.setattr(config, "PATIENCE", 3)
    unbroken = train(mlp.mlp, 60)
    epochs = len(unbroken.curves["loss"])
    assert epochs == unbroken.best_epoch + 3 < 60
    train(mlp.mlp, epochs - 1, checkpoints(tmp_path / "a", epochs - 1, resume=False))
    assert_same(train(mlp.mlp, 60, checkpoints(tmp_path / "a", None, resume=True)), unbroken)
    train(mlp.mlp, 60, checkpoints(tmp_path / "b", epochs, resume=False))  # kept when it stops
    assert_same(train(mlp.mlp, 60, checkpoints(tmp_path / "b", None, resume=True)), unbroken)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "made-up.h5"
    segment_file.write(SEGMENTS, path)
    return path


@pytest.fixture(scope="module")
def kept(data, tmp_path_factory):
    """The folder of a network of three epochs, two runs, kept after every second epoch."""
    folder = tmp_path_factory.mktemp("kept") / "mlp"
    arguments = ["--data", data, "--output", folder, "--epochs", 3, "--checkpoint-every", 2]
    assert mlp.main([str(argument) for argument in [*arguments, "--repeats", 2]]) == 0
    return folder


@pytest.fixture
def folder(kept, tmp_path):
    return shutil.copytree(kept, tmp_path / "mlp")


def card_without_times(folder) -> dict:
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    del card["created"], card["command"], card["training"]["seconds"]
    return card


def test_networks_along_the_way_can_be_loaded(kept):
    files = [path.name for path in sorted((kept / "checkpoints/run-1").iterdir())]
    assert files == ["epoch-0002.keras", "last.npz"]
    network = keras.saving.load_model(kept / "checkpoints/run-1/epoch-0002.keras")
    assert network.predict(SEGMENTS.frames[:5], verbose=0).shape == (5, 3)


def test_each_run_of_several_goes_on_by_itself(data, folder, run):
    before = card_without_times(folder)
    shutil.rmtree(folder / "checkpoints/run-2")
    arguments = ("--data", data, "--output", folder, "--epochs", 3, "--repeats", 2)
    ended = run(mlp, *arguments, "--resume")
    assert ended.status == 0
    assert "run 1 goes on after epoch 2\nrun 2 begins\n" in ended.err
    assert "Epoch 3/3" in ended.err
    assert card_without_times(folder) == before


def test_a_training_anew_leaves_no_network_of_an_earlier_one(data, folder, run):
    arguments = ("--data", data, "--output", folder, "--epochs", 1, "--seed", 7)
    assert run(mlp, *arguments, "--checkpoint-every", 1).status == 0
    files = sorted((folder / "checkpoints/run-1").glob("*.keras"))
    assert [path.name for path in files] == ["epoch-0001.keras"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--seed", 1), "began with seed 42, this one has 1"),
        (("--batch-size", 5), "began with batch size 32, this one has 5"),
        (("--learning-rate", 0.1), "began with learning rate 0.0005, this one has 0.1"),
        (("--optimizer", "sgd"), "began with optimizer adam, this one has sgd"),
        (("--augment",), "began with augmentation none, this one has {"),
        (("--no-regularization",), "began with architecture mlp, this one has mlp --no-reg"),
        (("--split", "segment"), "began with split track of SHA-256 "),
        (("--epochs", 1), "2 epochs are done already, more than --epochs 1"),
    ],
)
def test_another_training_is_not_resumed(data, folder, run, arguments, problem):
    ended = run(mlp, "--data", data, "--output", folder, "--resume", *arguments)
    assert problem in refusal(ended)


def test_other_data_are_not_resumed(folder, run, tmp_path):
    segment_file.write(made_up_segments([6, 6, 6], seed=2), tmp_path / "other.h5")
    ended = run(mlp, "--data", tmp_path / "other.h5", "--output", folder, "--resume")
    assert "began with data of SHA-256 " in refusal(ended)


def test_where_nothing_was_kept_nothing_is_resumed(data, run, tmp_path):
    ended = run(mlp, "--data", data, "--output", tmp_path / "mlp", "--resume")
    assert "checkpoints: nothing to resume" in refusal(ended)
    assert not (tmp_path / "mlp").exists()


@pytest.mark.parametrize("length", [0, 100, -1000])
def test_a_checkpoint_cut_off_is_refused(data, folder, run, length):
    file = folder / "checkpoints/run-1/last.npz"
    file.write_bytes(file.read_bytes()[:length])
    ended = run(mlp, "--data", data, "--output", folder, "--resume")
    assert f"{file}: not a whole checkpoint" in refusal(ended)


def test_a_checkpoint_of_other_layers_is_refused(data, folder, run):
    file = folder / "checkpoints/run-1/last.npz"
    with np.load(file) as content:
        arrays = dict(content)
    arrays["variables-5"] = np.zeros(3)
    np.savez(file, **arrays)
    ended = run(mlp, "--data", data, "--output", folder, "--resume")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.splitlines()[-1] == (f"mlp.py: {file}: of another network; leave out --resume")
