"""Checkpoints, and trainings that resume from them."""

import errno
import json
import shutil

import keras
import numpy as np
import pytest
from helpers import choose, made_up_segments, read_card, refusal

import config
import mlp
from genre import splits
from genre.segments import segment_file
from genre.training import fit
from genre.training.checkpoints import Checkpoints
from genre.training.recipe import Recipe

SEGMENTS = made_up_segments([6, 6, 6])
SPLIT = splits.split(SEGMENTS, "track", seed=1)
CNN, LINEAR = choose("cnn").layers(SEGMENTS), choose("mlp", "linear").layers(SEGMENTS)


def train(layers, epochs: int, kept: Checkpoints | None = None, **options) -> fit.Trained:
    how = {"epochs": epochs, "batch_size": 8, "learning_rate": 0.002} | options
    return fit.fit(layers, SEGMENTS, SPLIT, Recipe(**how), seed=1, watch=fit.Watch(kept=kept))


def checkpoints(folder, every: int | None, *, resume: bool) -> Checkpoints:
    return Checkpoints(folder, every, resume, identity={})


def assert_same(run: fit.Trained, other: fit.Trained) -> None:
    assert run.curves == other.curves
    for weights, others in zip(run.network.weights, other.network.weights, strict=True):
        np.testing.assert_array_equal(weights.numpy(), others.numpy())


def test_a_resumed_training_is_the_same_as_an_unbroken_one(tmp_path):
    options = {"optimizer": "sgd", "augment": True}
    unbroken = train(CNN, 5, **options)
    train(CNN, 3, checkpoints(tmp_path, 2, resume=False), **options)
    resumed = train(CNN, 5, checkpoints(tmp_path, None, resume=True), **options)
    assert len(resumed.curves["loss"]) == 5
    assert_same(resumed, unbroken)


def test_a_schedule_goes_on_where_it_was(tmp_path):
    options = {"optimizer": "adamw", "schedule": "cosine", "label_smoothing": 0.1}
    unbroken = train(LINEAR, 5, checkpoints(tmp_path, 2, resume=False), **options)
    resumed = train(LINEAR, 5, checkpoints(tmp_path, None, resume=True), **options)
    assert len(resumed.curves["loss"]) == 5
    assert len(resumed.epoch_seconds) == 1  # the fifth alone
    assert_same(resumed, unbroken)


def test_patience_is_not_renewed(tmp_path):
    def run(epochs: int, name: str, every: int | None) -> fit.Trained:
        kept = checkpoints(tmp_path / name, every, resume=every is None)
        return train(LINEAR, epochs, kept, patience=3, learning_rate=0.1)

    unbroken = run(60, "whole", 1)
    epochs = len(unbroken.curves["loss"])
    assert epochs == unbroken.best_epoch + 3 < 60
    run(epochs - 1, "part", epochs - 1)
    for name in ("part", "whole"):  # the last epoch is left, or none is
        assert_same(run(60, name, None), unbroken)


# The command line


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
    card = read_card(folder)
    del card["created"], card["command"], card["training"]["seconds"]
    del card["files"], card["onnx_difference"]
    return card


def test_checkpoints_can_be_loaded(kept):
    files = [path.name for path in sorted((kept / "checkpoints/run-1").iterdir())]
    assert files == ["epoch-0002.keras", "last.npz"]
    network = keras.saving.load_model(kept / "checkpoints/run-1/epoch-0002.keras")
    assert network.predict(SEGMENTS.frames[:5], verbose=0).shape == (5, 3)


def test_each_run_of_several_resumes_by_itself(data, folder, run):
    before = card_without_times(folder)
    shutil.rmtree(folder / "checkpoints/run-2")
    arguments = ("--data", data, "--output", folder, "--epochs", 3, "--repeats", 2)
    ended = run(mlp, *arguments, "--resume")
    assert ended.status == 0
    assert "run 1 continues after epoch 2\nrun 2 begins\n" in ended.err
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
        (("--seed", 1), "(split parts: "),
        (("--batch-size", 5), "(training batch_size: 32 then, 5 now)"),
        (("--augment",), "(training augment: False then, True now)"),
        (("--no-regularization",), "(architecture regularization: True then, False now)"),
        (("--architecture", "linear"), "(architecture name: mlp then, linear now)"),
        (("--split", "segment"), "(split name: track then, segment now)"),
        (("--epochs", 1), "2 epochs are done already, more than --epochs 1"),
    ],
)
def test_another_training_is_not_resumed(data, folder, run, arguments, problem):
    line = refusal(run(mlp, "--data", data, "--output", folder, "--resume", *arguments))
    assert problem in line


@pytest.mark.parametrize("name", ["WEIGHT_DECAY", "PATIENCE", "BATCH_NORM_MOMENTUM"])
def test_other_constants_are_not_resumed(data, folder, run, name, monkeypatch):
    before = getattr(config, name)
    monkeypatch.setattr(config, name, before / 2)
    line = refusal(run(mlp, "--data", data, "--output", folder, "--resume"))
    assert f"(training {name.lower()}: {before} then, {before / 2} now)" in line


def test_other_data_are_not_resumed(folder, run, tmp_path):
    segment_file.write(made_up_segments([6, 6, 6], seed=2), tmp_path / "other.h5")
    ended = run(mlp, "--data", tmp_path / "other.h5", "--output", folder, "--resume")
    assert "(data: " in refusal(ended)


def test_where_nothing_was_kept_nothing_is_resumed(data, run, tmp_path):
    ended = run(mlp, "--data", data, "--output", tmp_path / "mlp", "--resume")
    assert "checkpoints: nothing to resume" in refusal(ended)
    assert not (tmp_path / "mlp").exists()


def spoilt(arrays: dict, **facts) -> dict:
    return arrays | {"facts": json.dumps(json.loads(arrays["facts"].item()) | facts)}


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda arrays: spoilt(arrays, epoch="two"), "not a checkpoint, or damaged"),
        (lambda arrays: spoilt(arrays, curves=None), "not a checkpoint, or damaged"),
        (lambda arrays: {"other": np.zeros(3)}, "not a checkpoint, or damaged"),
        (lambda arrays: arrays | {"variables-5": np.zeros(3)}, "of another network"),
    ],
)
def test_a_checkpoint_that_is_not_whole_is_refused(data, folder, run, spoil, problem):
    file = folder / "checkpoints/run-1/last.npz"
    with np.load(file) as content:
        arrays = spoil(dict(content))
    np.savez(file, **arrays)
    ended = run(mlp, "--data", data, "--output", folder, "--resume")
    assert (ended.status, ended.out) == (2, "")
    last = ended.err.splitlines()[-1]
    assert last.startswith(f"mlp.py: {file}: ")
    assert problem in last


@pytest.mark.parametrize("length", [0, -1000])
def test_a_checkpoint_cut_off_is_refused(data, folder, run, length):
    file = folder / "checkpoints/run-1/last.npz"
    file.write_bytes(file.read_bytes()[:length])
    ended = run(mlp, "--data", data, "--output", folder, "--resume")
    assert f"{file}: not a checkpoint, or damaged" in refusal(ended)


def test_a_checkpoint_that_may_not_be_read_is_not_called_broken(data, folder, run, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied", "last.npz")

    monkeypatch.setattr(
        "genre.training.checkpoints.open", refuse, raising=False
    )  # root may read all files
    ended = run(mlp, "--data", data, "--output", folder, "--resume")
    assert refusal(ended) == "mlp.py: last.npz: Permission denied"
