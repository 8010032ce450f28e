"""The three training scripts: what they print, write, learn and refuse."""

import csv
import hashlib
import importlib
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import pytest
from helpers import (
    GTZAN,
    NETWORKS,
    Run,
    calibrated,
    made_up_segments,
    read_card,
    refusal,
    shell,
)

import config
import mlp
from genre.datasets import Segments, segment_file, splits
from genre.errors import TrainingError
from genre.training import fit
from genre.training.recipe import Recipe, optimizer

PNG = b"\x89PNG\r\n\x1a\n"


class Trained(NamedTuple):
    """A network that its script trained in a shell."""

    script: str
    folder: Path
    run: Run

    @property
    def card(self) -> dict:
        return read_card(self.folder)

    @property
    def network(self) -> keras.Model:
        return keras.saving.load_model(self.folder / "model.keras", safe_mode=True)


def tracks_of_parts(folder: Path) -> dict[str, set[str]]:
    """Return the tracks that a network's split.csv lists in each part."""
    tracks = defaultdict(set)
    with open(folder / "split.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            tracks[row["part"]].add(row["track"])
    return tracks


def chosen(segments: Segments, tracks: set[str]) -> np.ndarray:
    """Return which of the segments are of these tracks, (segments,) bool."""
    return np.isin(np.array(segments.tracks)[segments.track_index], list(tracks))


@pytest.fixture(scope="module", params=NETWORKS)
def trained(request, segments_path, tmp_path_factory) -> Trained:
    folder = tmp_path_factory.mktemp("networks") / request.param
    arguments = ("--data", segments_path, "--output", folder, "--epochs", 2, "--seed", 3)
    return Trained(request.param, folder, shell(f"{request.param}.py", *arguments))


@pytest.fixture(scope="module")
def segments(segments_path) -> Segments:
    return segment_file.read(segments_path)


@pytest.fixture
def made_up_file(tmp_path) -> Path:
    """A segment file of random frames: quick to learn by heart, and nothing else to be learnt."""
    path = tmp_path / "made-up.json"
    segment_file.write(made_up_segments([12] * 4), path)
    return path


def test_what_is_saved_is_the_network_without_its_optimizers_state(trained):
    assert not trained.network.compiled
    size = (trained.folder / "model.keras").stat().st_size
    assert size < 1.1 * 4 * trained.network.count_params() + 50_000


def test_scores_are_printed_and_files_written(trained):
    assert trained.run.status == 0
    assert re.search(r"accuracy per segment +[01]\.\d{3} +\(\d+ segments\)", trained.run.out)
    assert re.search(r"accuracy per track +[01]\.\d{3} +\(\d+ tracks\)", trained.run.out)
    assert str(trained.folder) in trained.run.out
    assert "epoch" not in trained.run.out.lower()  # progress goes to stderr, and nothing else
    assert trained.run.err.count("Epoch ") == 2
    for noise in ("WARNING", "Warning", "cuda", "TensorFlow"):
        assert noise not in trained.run.err
    assert "leak" not in trained.run.out + trained.run.err
    for picture in ("history.png", "confusion.png"):
        assert (trained.folder / picture).read_bytes().startswith(PNG)
    assert not [path.name for path in trained.folder.iterdir() if path.name.startswith(".")]


def test_the_card_says_what_a_prediction_and_a_reader_need(trained, segments, segments_path):
    card = trained.card
    assert card["script"] == card["title"] == trained.script
    assert card["mapping"] == segments.mapping
    assert card["feature"] == "mfcc"
    assert card["settings"] == GTZAN.to_dict()
    digest = hashlib.sha256(segments_path.read_bytes()).hexdigest()
    assert card["data"] == {"file": "mfcc.json", "sha256": digest}
    assert card["training"]["seed"] == 3
    assert card["training"]["epochs"] == card["training"]["epochs_run"] == 2
    assert card["training"]["batch_size"] == config.BATCH_SIZE
    assert card["training"]["learning_rate"] == config.LEARNING_RATE
    assert {"python", "keras", "tensorflow", "librosa"} <= set(card["versions"])


def test_the_card_says_which_tracks_are_in_which_part(trained):
    split = trained.card["split"]
    assert split["name"] == "track"
    assert split["seed"] == 3
    parts = tracks_of_parts(trained.folder)
    assert sum(map(len, parts.values())) == len(set().union(*parts.values())) == 40
    for part, tracks in parts.items():
        lines = "".join(f"{track}\n" for track in sorted(tracks))
        assert split[part] == {
            "segments": 2 * len(tracks),
            "tracks": len(tracks),
            "tracks_sha256": hashlib.sha256(lines.encode()).hexdigest(),
        }


def test_the_features_are_normalised_by_the_training_part_alone(trained, segments):
    layer = trained.network.get_layer("normalization")
    fitted = np.stack([np.squeeze(values) for values in (layer.mean, layer.variance)])
    parts = tracks_of_parts(trained.folder)

    def moments(tracks: set[str]) -> np.ndarray:
        frames = segments.frames[chosen(segments, tracks)].astype(np.float64)
        frames[:, :, 0] -= frames[:, :, 0].mean(axis=1, keepdims=True)  # the segment's level
        return np.stack([frames.mean(axis=(0, 1)), frames.var(axis=(0, 1))])

    np.testing.assert_allclose(fitted, moments(parts["train"]), rtol=1e-3, atol=1e-3)
    for more in (parts["train"] | parts["validation"], set(segments.tracks)):
        assert not np.allclose(fitted, moments(more), rtol=1e-3, atol=1e-3)


def test_the_scores_are_those_of_the_saved_network_on_the_test_part(trained, segments):
    under_test = chosen(segments, tracks_of_parts(trained.folder)["test"])
    raw = trained.network.predict(segments.frames[under_test], verbose=0)
    probabilities = calibrated(raw, trained.folder)
    labels, index = segments.labels[under_test], segments.track_index[under_test]
    by_segment = np.mean(probabilities.argmax(axis=1) == labels)
    right = [
        probabilities[index == track].mean(axis=0).argmax() == labels[index == track][0]
        for track in set(index.tolist())
    ]
    scores = trained.card["scores"]
    assert scores["segment_accuracy"] == pytest.approx(by_segment, abs=1e-4)
    assert scores["track_accuracy"] == pytest.approx(np.mean(right), abs=1e-4)
    assert f"{by_segment:.3f}" in trained.run.out
    assert f"{np.mean(right):.3f}" in trained.run.out


def test_the_same_seed_gives_the_same_network(trained, segments_path, run, tmp_path, monkeypatch):
    monkeypatch.setattr(config, "N_MFCC", 20)  # of the next preprocessing, not of this data
    script = importlib.import_module(trained.script)
    arguments = ("--data", segments_path, "--output", tmp_path, "--epochs", 2, "--seed", 3)
    assert run(script, *arguments).status == 0  # in this process, after other networks
    card = read_card(tmp_path)
    assert card["weights_sha256"] == trained.card["weights_sha256"]
    assert card["scores"] == trained.card["scores"]
    assert card["split"] == trained.card["split"]
    assert card["settings"] == trained.card["settings"]
    saved = [
        keras.saving.load_model(folder / "model.keras") for folder in (tmp_path, trained.folder)
    ]
    for ours, theirs in zip(*(network.get_weights() for network in saved), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_another_seed_gives_another_network(made_up_file, run, tmp_path):
    cards = []
    for seed in (0, 1):
        folder = tmp_path / str(seed)
        arguments = ("--data", made_up_file, "--output", folder, "--epochs", 1, "--seed", seed)
        assert run(mlp, *arguments).status == 0
        cards.append(read_card(folder))
    assert cards[0]["weights_sha256"] != cards[1]["weights_sha256"]
    assert cards[0]["split"]["test"] != cards[1]["split"]["test"]


def test_the_segment_split_says_that_it_leaks(made_up_file, run, tmp_path):
    arguments = ("--data", made_up_file, "--output", tmp_path / "mlp", "--epochs", 1)
    by_track = run(mlp, *arguments, "--split", "track")
    assert "leak" not in by_track.out + by_track.err
    by_segment = run(mlp, *arguments, "--split", "segment")
    assert by_segment.status == 0
    assert "this split leaks" in by_segment.out
    card = read_card(tmp_path / "mlp")
    assert card["split"]["name"] == "segment"
    assert sum(card["split"][part]["segments"] for part in ("train", "validation", "test")) == 144
    assert card["split"]["train"]["tracks"] + card["split"]["test"]["tracks"] > 48


def test_training_stops_early_and_keeps_the_best_weights(made_up_file, run, tmp_path):
    folder = tmp_path / "mlp"
    arguments = ("--epochs", 60, "--learning-rate", 0.002)
    ended = run(mlp, "--data", made_up_file, "--output", folder, *arguments)
    losses = [float(loss) for loss in re.findall(r"val_loss: ([\d.]+)", ended.err)]
    done = read_card(folder)["training"]
    assert done["epochs_run"] == len(losses) == done["best_epoch"] + config.PATIENCE < 60
    assert losses[done["best_epoch"] - 1] == min(losses)

    network = keras.saving.load_model(folder / "model.keras", compile=False)
    network.compile(loss="sparse_categorical_crossentropy")
    data = segment_file.read(made_up_file)
    validation = chosen(data, tracks_of_parts(folder)["validation"])
    loss = network.evaluate(data.frames[validation], data.labels[validation], verbose=0)
    assert loss == pytest.approx(min(losses), abs=1e-3)
    assert loss < losses[-1] - 0.01


def test_a_schedule_ends_at_nothing_and_keeps_the_last_weights(
    made_up_file, run, tmp_path, monkeypatch
):
    arguments = ("--epochs", 12, "--learning-rate", 0.002, "--schedule", "cosine")
    options = ("--optimizer", "adamw", "--label-smoothing", 0.1)
    run(mlp, "--data", made_up_file, "--output", tmp_path, *arguments, *options)
    done = read_card(tmp_path)["training"]
    assert (done["epochs_run"], done["best_epoch"]) == (12, 12)
    assert (done["optimizer"], done["schedule"], done["label_smoothing"]) == (
        "adamw",
        "cosine",
        0.1,
    )
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "optimizer adamw, learning rate 0.002 (cosine), label smoothing 0.1" in text

    data = segment_file.read(made_up_file)
    split = splits.split(data, "track", seed=42)
    recipe = Recipe(
        epochs=12, learning_rate=0.002, optimizer="adamw", schedule="cosine", label_smoothing=0.1
    )
    made = []

    def remembered(recipe: Recipe, *, steps: int) -> keras.Optimizer:
        made.append(optimizer(recipe, steps=steps))
        return made[0]

    monkeypatch.setattr(fit, "optimizer", remembered)
    again = fit.train(mlp.mlp, data, split, recipe, seed=42)
    assert float(made[0].learning_rate) == pytest.approx(0, abs=1e-9)
    saved = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    for weights, others in zip(saved.weights, again.network.weights, strict=True):
        np.testing.assert_array_equal(weights.numpy(), others.numpy())
    validation = split.parts == "validation"
    probabilities = saved.predict(data.frames[validation], verbose=0).astype(float)
    smooth = 0.9 * np.eye(4)[data.labels[validation]] + 0.1 / 4
    by_hand = -(smooth * np.log(probabilities)).sum(axis=1).mean()
    penalty = sum(float(loss) for loss in again.network.losses)  # of large weights
    assert again.curves["val_loss"][-1] == pytest.approx(by_hand + penalty, rel=1e-3)


def test_without_a_validation_part_only_a_schedule_tells_when_to_end():
    data = made_up_segments([8, 8])
    split = splits.split(data, "track", seed=1)
    split = split._replace(parts=np.where(split.parts == "validation", "train", split.parts))
    with pytest.raises(TrainingError, match="needs --schedule cosine"):
        fit.train(mlp.mlp, data, split, Recipe(epochs=1), seed=1)
    run = fit.train(mlp.mlp, data, split, Recipe(2, schedule="cosine"), seed=1)
    assert run.best_epoch == 2
    assert run.calibration["temperature"] == 1


LAYERS = {
    "mlp": [
        *("Normalization", "Flatten"),
        *("Dense 512", "Dropout", "Dense 256", "Dropout", "Dense 64", "Dropout", "Dense 10"),
    ],
    "cnn": [
        *("Normalization", "Reshape"),
        *("Conv2D 32 (3, 3)", "MaxPooling2D", "BatchNormalization"),
        *("Conv2D 32 (3, 3)", "MaxPooling2D", "BatchNormalization"),
        *("Conv2D 32 (2, 2)", "MaxPooling2D", "BatchNormalization"),
        *("Flatten", "Dense 64", "Dropout", "Dense 10"),
    ],
    "lstm": ["Normalization", "LSTM 64", "LSTM 64", "Dense 64", "Dropout", "Dense 10"],
}


def outline(layer: keras.Layer) -> str:
    """Return a layer's kind, with its size where it has one."""
    sizes = map(layer.get_config().get, ("filters", "units", "kernel_size"))
    return " ".join(str(part) for part in (type(layer).__name__, *sizes) if part)


def test_the_networks_are_those_described(trained):
    network = trained.network
    layers = network.layers[network.layers.index(network.get_layer("normalization")) :]
    assert list(map(outline, layers)) == LAYERS[trained.script]
    assert layers[-1].activation is keras.activations.softmax
    if trained.script == "mlp":
        assert all(layer.kernel_regularizer for layer in layers[2:-1:2])


def test_data_that_cannot_be_used_is_refused_in_a_line(run, tmp_path):
    whole = tmp_path / "whole.json"
    segment_file.write(made_up_segments([4, 4]), whole)
    content = json.loads(whole.read_text())
    spoilt = {
        "cut off": whole.read_text()[:-100],
        "other": "labels, mapping",
        "schema": json.dumps(content | {"schema": 2}),
        "lengths": json.dumps(content | {"labels": content["labels"][:-1]}),
        "keyless": json.dumps({key: content[key] for key in content if key != "tracks"}),
    }
    for name, text in spoilt.items():
        (tmp_path / f"{name}.json").write_text(text)
    segment_file.write(made_up_segments([4, 2]), tmp_path / "two tracks.json")
    for name, reason in {
        "missing": "no such file; preprocess.py writes it",
        "cut off": "not a whole segment file",
        "other": "not a whole segment file",
        "schema": "schema 2",
        "lengths": "differ in length",
        "keyless": "'tracks' is missing",
        "two tracks": "genre1 has 2",
    }.items():
        ended = run(mlp, "--data", tmp_path / f"{name}.json", "--output", tmp_path / "mlp")
        assert reason in refusal(ended)
        assert not (tmp_path / "mlp").exists()


def test_a_learning_rate_that_leads_nowhere_is_refused_in_a_line(made_up_file, run, tmp_path):
    arguments = ("--data", made_up_file, "--output", tmp_path / "mlp", "--epochs", 2)
    ended = run(mlp, *arguments, "--learning-rate", "1e30")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.splitlines()[-1].startswith("mlp.py: ")
    assert not (tmp_path / "mlp").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        *(("--epochs", value) for value in ("0", "-1", "1.5", "many")),
        *(("--batch-size", value) for value in ("0", "-8")),
        *(("--learning-rate", value) for value in ("0", "-0.1", "nan", "inf", "fast")),
        *(("--seed", value) for value in ("-1", "x", "1" * 20)),
        *(("--checkpoint-every", value) for value in ("0", "-1", "x")),
        ("--optimizer", "nonsense"),
        ("--split", "nonsense"),
        ("--nonsense",),
    ],
)
def test_wrong_options_are_refused(arguments, made_up_file, run, tmp_path):
    ended = run(mlp, "--data", made_up_file, "--output", tmp_path / "mlp", *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("usage: mlp.py")
    assert not (tmp_path / "mlp").exists()
