"""A model's folder: its files belong together, and what was there before is kept."""

import hashlib
import shutil

import keras
import numpy as np
import pytest
from helpers import made_up_segments, read_card, refusal

import mlp
from genre.errors import ModelError
from genre.experiments import learners
from genre.model import onnx_file
from genre.segments import segment_file


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "made-up.h5"
    segment_file.write(made_up_segments([6, 6]), path)
    return path


SMALL = ("--architecture", "linear", "--epochs", "1")


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    """A small network."""
    folder = tmp_path_factory.mktemp("trained") / "net"
    assert mlp.main(["--data", f"{data}", "--output", f"{folder}", *SMALL]) == 0
    return folder


@pytest.fixture
def net(trained, tmp_path):
    """The small network in tmp_path/net."""
    return shutil.copytree(trained, tmp_path / "net")


@pytest.fixture
def train(data, run, tmp_path):
    """Train such a network into tmp_path/net, and return how that ended."""

    def train(*arguments):
        ended = run(mlp, "--data", data, "--output", tmp_path / "net", *SMALL, *arguments)
        assert ended.status == 0, ended.err
        return ended

    return train


def content(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_both_files_of_a_network_are_saved_and_are_the_cards(net, data):
    card = read_card(net)
    assert set(card["files"]) == {"model.keras", "model.onnx"}
    for name, digest in card["files"].items():
        assert digest == hashlib.sha256((net / name).read_bytes()).hexdigest()
    assert 0 <= card["onnx_difference"] < 1e-5
    frames = segment_file.read(data).frames[:]
    network = keras.saving.load_model(net / "model.keras")
    by_onnx = onnx_file.load(net / "model.onnx")(frames)
    np.testing.assert_allclose(by_onnx, network.predict(frames, verbose=0), atol=1e-5)


def test_files_that_differ_replace_nothing(net, run, data, tmp_path, monkeypatch):
    before = content(net)
    monkeypatch.setattr(onnx_file, "largest_difference", lambda *_: 2e-5)
    ended = run(mlp, "--data", data, "--output", net, *SMALL)
    assert ended.status == 2
    assert "differ by 2e-05 between Keras and ONNX Runtime" in ended.err.splitlines()[-1]
    assert content(net) == before
    assert not (tmp_path / "net-before").exists()


def test_a_difference_that_is_not_a_number_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_file, "largest_difference", lambda *_: float("nan"))
    inputs = keras.Input((3, 2))
    network = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(inputs)))
    with pytest.raises(ModelError, match="differ by nan"):
        learners.write_network(network, made_up_segments([2, 2], shape=(3, 2)), tmp_path)


def test_what_was_there_is_kept_once_and_the_last_line_says_both_scores(train, tmp_path):
    net, before = tmp_path / "net", tmp_path / "net-before"
    first = train("--augment").out.splitlines()[-1]
    assert first == f"network, card and pictures in {net}"
    old = content(net)
    assert "augmented.png" in old
    last = train("--seed", 1).out.splitlines()[-1]
    assert content(before) == old
    scores = [read_card(each)["scores"]["track_accuracy"] for each in (net, before)]
    assert last == (
        f"network, card and pictures in {net} ({scores[0]:.3f} per track); the earlier model "
        f"({scores[1]:.3f} per track) is kept in {before}"
    )
    assert "augmented.png" not in content(net)
    second = content(net)
    train("--seed", 2)
    assert content(before) == second  # without the picture of the first


def test_overwrite_keeps_nothing(net, train, tmp_path):
    assert train("--overwrite").out.splitlines()[-1].endswith(f"pictures in {net}")
    assert not (tmp_path / "net-before").exists()


def test_notes_stand_at_the_top_of_the_readme_and_survive_a_training(net, train):
    notes = net / "NOTES.md"
    notes.write_text("Trained for a *talk*.\n", encoding="utf-8")
    train()
    assert notes.read_text(encoding="utf-8") == "Trained for a *talk*.\n"
    title, _, paragraph, *_ = (net / "README.md").read_text(encoding="utf-8").split("\n")
    assert title.startswith("# mlp linear")
    assert paragraph == "Trained for a *talk*."


@pytest.mark.parametrize("place", ["net", "net-before"])
def test_other_work_in_the_folder_is_not_lost(place, run, data, tmp_path):
    (tmp_path / place).mkdir()
    (tmp_path / place / "README.md").write_text("mine")
    line = refusal(run(mlp, "--data", data, "--output", tmp_path / "net"))
    assert line.endswith(f"{place}: holds a README.md but no model; give another --output")
