"""Training a network: what is kept, what it learns, what the scripts print, write and refuse."""

import csv
import hashlib
import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from helpers import (
    Run,
    calibrated,
    choose,
    made_up_segments,
    read_card,
    refusal,
    separable_segments,
    shell,
)

import cnn
import config
import lstm
import mlp
from genre import splits
from genre.errors import TrainingError
from genre.segments import Segments, segment_file
from genre.training import fit
from genre.training.recipe import Recipe, optimizer

MLP = choose("mlp").layers(made_up_segments([2, 2]))


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


# A network that a script trained in a shell


@pytest.fixture(scope="module")
def trained(segments_path, tmp_path_factory) -> tuple[Path, Run]:
    folder = tmp_path_factory.mktemp("networks") / "cnn"
    arguments = ("--data", segments_path, "--output", folder, "--epochs", 2, "--seed", 3)
    return folder, shell("cnn.py", *arguments)


@pytest.fixture(scope="module")
def folder(trained) -> Path:
    return trained[0]


@pytest.fixture(scope="module")
def segments(segments_path) -> Segments:
    return segment_file.read(segments_path)


def test_scores_go_to_stdout_and_progress_to_stderr(trained):
    folder, run = trained
    assert run.status == 0
    assert re.search(r"accuracy per segment +[01]\.\d{3} +\(\d+ segments\)", run.out)
    assert re.search(r"accuracy per track +[01]\.\d{3} +\(\d+ tracks; 95 % interval ", run.out)
    assert run.out.splitlines()[-1] == f"network, card and pictures in {folder}"
    assert re.search(r"\nepoch [12] of 2 is kept: accuracy [01]\.\d\d on training and ", run.out)
    assert run.err.count("Epoch ") == 2
    for noise in ("WARNING", "Warning", "cuda", "TensorFlow", "onnx", "Saved"):
        assert noise not in run.out + run.err
    assert "leak" not in run.out + run.err
    assert not [path.name for path in folder.iterdir() if path.name.startswith(".")]


def test_the_card_says_what_was_trained_on_what(folder, segments, segments_path):
    card = read_card(folder)
    assert card["script"] == card["title"] == "cnn"
    assert card["architecture"] == {"name": "basic"}
    assert (card["mapping"], card["feature"]) == (segments.mapping, "mfcc")
    assert card["settings"] == segments.settings
    digest = hashlib.sha256(segments_path.read_bytes()).hexdigest()
    assert card["data"] == {"file": "mfcc.json", "sha256": digest}
    assert card["training"]["seed"] == card["split"]["seed"] == 3
    assert card["training"]["epochs"] == card["training"]["epochs_run"] == 2
    assert card["training"]["batch_size"] == config.BATCH_SIZE
    assert card["training"]["weight_decay"] == config.WEIGHT_DECAY
    assert card["protocol"]["test_one_in"] == config.TEST_ONE_IN
    assert card["versions"]["genre"].startswith("1.")
    packages = {"python", "keras", "tensorflow", "scipy", "PyWavelets", "onnxruntime"}
    assert packages <= set(card["versions"])


def test_the_card_says_which_tracks_are_in_which_part(folder):
    split, parts = read_card(folder)["split"], tracks_of_parts(folder)
    assert sum(map(len, parts.values())) == len(set().union(*parts.values())) == 40
    for part, tracks in parts.items():
        lines = "".join(f"{track}\n" for track in sorted(tracks))
        assert split[part] == {
            "segments": 2 * len(tracks),
            "tracks": len(tracks),
            "tracks_sha256": hashlib.sha256(lines.encode()).hexdigest(),
        }


def test_the_features_are_normalised_by_the_training_part_alone(folder, segments):
    network = keras.saving.load_model(folder / "model.keras", safe_mode=True)
    layer = network.get_layer("normalization")
    fitted = np.stack([np.squeeze(values) for values in (layer.mean, layer.variance)])
    parts = tracks_of_parts(folder)

    def moments(tracks: set[str]) -> np.ndarray:
        frames = segments.frames[chosen(segments, tracks)].astype(np.float64)
        frames[:, :, 0] -= frames[:, :, 0].mean(axis=1, keepdims=True)  # the segment's level
        return np.stack([frames.mean(axis=(0, 1)), frames.var(axis=(0, 1))])

    np.testing.assert_allclose(fitted, moments(parts["train"]), rtol=1e-3, atol=1e-3)
    for more in (parts["train"] | parts["validation"], set(segments.tracks)):
        assert not np.allclose(fitted, moments(more), rtol=1e-3, atol=1e-3)


def test_the_scores_are_those_of_the_saved_network_on_the_test_part(folder, segments):
    network = keras.saving.load_model(folder / "model.keras", safe_mode=True)
    assert not network.compiled  # the optimizer's state would triple the file
    under_test = chosen(segments, tracks_of_parts(folder)["test"])
    probabilities = calibrated(network.predict(segments.frames[under_test], verbose=0), folder)
    labels, index = segments.labels[under_test], segments.track_index[under_test]
    right = [
        probabilities[index == track].mean(axis=0).argmax() == labels[index == track][0]
        for track in set(index.tolist())
    ]
    scores = read_card(folder)["scores"]
    by_segment = np.mean(probabilities.argmax(axis=1) == labels)
    assert scores["segment_accuracy"] == pytest.approx(by_segment, abs=1e-4)
    assert scores["track_accuracy"] == pytest.approx(np.mean(right), abs=1e-4)


def test_the_same_seed_gives_the_same_network(folder, segments_path, run, tmp_path, monkeypatch):
    monkeypatch.setattr(config, "N_MFCC", 20)  # of the next preprocessing, not of this data
    arguments = ("--data", segments_path, "--output", tmp_path, "--epochs", 2, "--seed", 3)
    assert run(cnn, *arguments).status == 0  # in this process, after other networks
    cards = [read_card(each) for each in (folder, tmp_path)]
    for key in ("scores", "split", "settings", "calibration"):
        assert cards[0][key] == cards[1][key]
    loaded = [keras.saving.load_model(each / "model.keras") for each in (folder, tmp_path)]
    for ours, theirs in zip(*(network.get_weights() for network in loaded), strict=True):
        np.testing.assert_array_equal(ours, theirs)


# Training itself


@pytest.fixture(scope="module")
def random_segments() -> Segments:
    """Segments that are quickly learnt by heart, with nothing else to learn."""
    return made_up_segments([12] * 4)


@pytest.mark.parametrize(
    ("script", "apart", "augment"), [("mlp", 30, True), ("cnn", 6, False), ("lstm", 6, False)]
)
def test_networks_learn_what_can_be_told_apart(script, apart, augment):
    data = separable_segments([8] * 3, apart=apart)
    split = splits.split(data, "track", seed=1)
    layers = choose(script).layers(data)
    recipe = Recipe(
        epochs=10, batch_size=8, learning_rate=0.003, schedule="cosine", augment=augment
    )
    run = fit.fit(layers, data, split, recipe, seed=1)
    under_test = split.parts == "test"
    probabilities = fit.predictor(run.network)(data.frames[under_test])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert np.mean(probabilities.argmax(axis=1) == data.labels[under_test]) > 0.8


def test_another_seed_gives_another_network(random_segments):
    split = splits.split(random_segments, "track", seed=1)
    layers, recipe = choose("mlp", "linear").layers(random_segments), Recipe(epochs=1)
    first, second = (
        fit.fit(layers, random_segments, split, recipe, seed=seed).network.get_weights()[-2]
        for seed in (0, 1)
    )
    assert not np.array_equal(first, second)


def test_training_stops_early_and_keeps_the_best_weights(random_segments):
    split = splits.split(random_segments, "track", seed=1)
    run = fit.fit(MLP, random_segments, split, Recipe(epochs=60, learning_rate=0.002), seed=1)
    losses = run.curves["val_loss"]
    assert len(losses) == run.best_epoch + Recipe.patience < 60
    assert losses[run.best_epoch - 1] == min(losses)
    run.network.compile(loss="sparse_categorical_crossentropy")
    validation = split.parts == "validation"
    frames, labels = random_segments.frames[validation], random_segments.labels[validation]
    loss = run.network.evaluate(frames, labels, verbose=0)
    assert loss == pytest.approx(min(losses), abs=1e-3)
    assert loss < losses[-1] - 0.01


def test_a_schedule_ends_at_nothing_and_keeps_the_last_weights(random_segments, monkeypatch):
    split = splits.split(random_segments, "track", seed=42)
    recipe = Recipe(
        epochs=4, learning_rate=0.002, optimizer="adamw", schedule="cosine", label_smoothing=0.1
    )
    made = []

    def remembered(recipe: Recipe, *, steps: int) -> keras.Optimizer:
        made.append(optimizer(recipe, steps=steps))
        return made[0]

    monkeypatch.setattr(fit, "optimizer", remembered)
    run = fit.fit(MLP, random_segments, split, recipe, seed=42)
    assert run.best_epoch == len(run.curves["loss"]) == 4
    assert float(made[0].learning_rate) == pytest.approx(0, abs=1e-9)
    validation = split.parts == "validation"
    probabilities = fit.predictor(run.network)(random_segments.frames[validation]).astype(float)
    smooth = 0.9 * np.eye(4)[random_segments.labels[validation]] + 0.1 / 4
    by_hand = -(smooth * np.log(probabilities)).sum(axis=1).mean()
    penalty = sum(float(loss) for loss in run.network.losses)  # of large weights
    assert run.curves["val_loss"][-1] == pytest.approx(by_hand + penalty, rel=1e-3)


def test_without_a_validation_part_only_a_schedule_tells_when_to_end():
    data = made_up_segments([8, 8])
    split = splits.everything(data)
    with pytest.raises(TrainingError, match="needs --schedule cosine"):
        fit.fit(MLP, data, split, Recipe(epochs=1), seed=1)
    run = fit.fit(MLP, data, split, Recipe(epochs=1, schedule="cosine"), seed=1)
    assert run.best_epoch == 1


def test_class_weights_are_scikit_learns():
    from sklearn.utils.class_weight import compute_class_weight

    labels = np.array([0] * 7 + [1] * 2 + [3])
    expected = compute_class_weight("balanced", classes=np.array([0, 1, 3]), y=labels)
    found = fit.class_weights(labels, 4)
    np.testing.assert_allclose(found[[0, 1, 3]], expected, rtol=1e-6)


def test_class_weights_are_those_of_the_genres_in_each_segment():
    data = made_up_segments([12, 4])
    split = splits.split(data, "track", seed=1)
    weights = fit.class_weights(data.labels[split.parts == "train"], 2)
    _, labels, of_each = fit.batches(data, split, "train", Recipe(class_weights=True), 1)[0]
    np.testing.assert_allclose(of_each, weights[labels])
    mixed = Recipe(class_weights=True, augment=True)
    _, shares, of_each = fit.batches(data, split, "train", mixed, 1)[0]
    np.testing.assert_allclose(of_each, shares @ weights)


def test_tracks_count_the_same_however_many_segments_they_have():
    track_index = np.array([0, 0, 0, 1, 2, 2])
    trained = np.array([True, True, True, True, False, False])
    weights = fit.track_weights(track_index, trained)
    np.testing.assert_allclose(weights[:4], [2 / 3, 2 / 3, 2 / 3, 2])
    labels = np.array([0, 0, 0, 1])
    # Each genre has one track here, so it takes no more to make the genres count the same.
    np.testing.assert_allclose(fit.class_weights(labels, 2, weights[:4]), [1, 1])


@pytest.mark.parametrize("weighted", [{"track_weights": True}, {"class_weights": True}])
def test_the_weights_of_each_part_keep_the_scale_of_its_loss(weighted):
    data = made_up_segments([12, 4], segments_per_track=10)
    split = splits.split(data, "track", seed=1)
    for part in ("train", "validation"):
        of_part = fit.batches(data, split, part, Recipe(**weighted), 1)
        weights = np.concatenate([of_part[number][2] for number in range(len(of_part))])
        assert weights.mean() == pytest.approx(1)


def test_a_batch_has_the_weights_of_its_segments():
    data = made_up_segments([12, 4])
    parts = np.full(len(data.labels), "train", dtype="<U10")
    parts[1 : np.sum(data.track_index == data.track_index[0])] = ""
    split = splits.Split("some", parts, [])
    recipe = Recipe(track_weights=True, class_weights=True, batch_size=len(parts))
    _, labels, of_each = fit.batches(data, split, "train", recipe, 1)[0]
    assert len(np.unique(of_each)) > 2
    by_genre = np.bincount(labels, weights=of_each)
    assert by_genre == pytest.approx([by_genre[0]] * 2)


def test_a_track_of_several_genres_is_of_each_in_equal_shares():
    data = replace(made_up_segments([3, 3, 2]), also=np.array([[0, 1], [0, 2]]))
    parts = np.full(len(data.labels), "train", dtype="<U10")
    split = splits.Split("some", parts, [])
    recipe = Recipe(class_weights=True, batch_size=len(parts))
    _, shares, of_each = fit.batches(data, split, "train", recipe, 1)[0]
    assert sorted(shares.max(axis=1)) == pytest.approx([1 / 3] * 3 + [1] * 21)
    by_genre = fit.class_weights(np.repeat([0, 1, 2], [21, 30, 21]), 3)  # 7, 10 and 7 thirds
    np.testing.assert_allclose(of_each, shares @ by_genre, rtol=1e-6)
    layers, one_epoch = choose("mlp", "linear").layers(data), Recipe(epochs=1, schedule="cosine")
    assert np.isfinite(fit.fit(layers, data, split, one_epoch, seed=1).curves["loss"]).all()


def test_a_track_of_more_weight_counts_more():
    data = made_up_segments([2, 2])
    data = replace(data, weights=np.array([3, 1, 1, 1], dtype=np.float32))
    split = splits.everything(data)
    _, _, of_each = fit.batches(data, split, "train", Recipe(batch_size=12), 1)[0]
    assert sorted(of_each) == pytest.approx([2 / 3] * 9 + [2] * 3)
    both = Recipe(batch_size=12, class_weights=True)
    _, labels, of_each = fit.batches(data, split, "train", both, 1)[0]
    assert np.bincount(labels, weights=of_each) == pytest.approx([6, 6])


def test_class_weights_help_a_rare_genre():
    data = separable_segments([30, 4], apart=1)
    split = splits.split(data, "track", seed=1)
    found = {}
    for weighted in (False, True):
        recipe = Recipe(epochs=3, schedule="cosine", class_weights=weighted)
        run = fit.fit(MLP, data, split, recipe, seed=1)
        found[weighted] = fit.predictor(run.network)(data.frames)[:, 1].mean()
    assert found[True] > found[False] + 0.1


def test_a_network_from_ctrl_c_is_not_saved_and_a_line_says_so(run, tmp_path, monkeypatch):
    data = tmp_path / "made-up.json"
    segment_file.write(made_up_segments([4, 4]), data)

    def interrupted(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(fit, "fit", interrupted)
    arguments = ("--data", data, "--output", tmp_path / "mlp")
    ended = run(mlp, *arguments)
    assert ended.status == 130
    assert ended.err.splitlines()[-2:] == [
        "nothing is saved; --checkpoint-every N saves networks during training",
        "mlp.py: interrupted",
    ]
    ended = run(mlp, *arguments, "--checkpoint-every", 1)
    assert "--resume continues from them" in ended.err.splitlines()[-2]
    assert not (tmp_path / "mlp").exists()


# What is refused, and what is warned of


def test_the_segment_split_says_that_it_leaks(run, tmp_path):
    data = tmp_path / "made-up.json"
    segment_file.write(made_up_segments([6, 6]), data)
    arguments = ("--data", data, "--output", tmp_path / "mlp", "--epochs", 1)
    ended = run(mlp, *arguments, "--architecture", "linear", "--split", "segment")
    assert ended.status == 0
    assert "this split leaks" in ended.out
    split = read_card(tmp_path / "mlp")["split"]
    assert (split["name"], len(split["notes"])) == ("segment", 1)
    assert split["train"]["tracks"] + split["test"]["tracks"] > 12


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "no such file; preprocess.py writes it"),
        ("labels, mapping", "not a segment file, or damaged"),
        ([4, 2], "genre1 has 2"),
    ],
)
def test_data_that_cannot_be_used_is_refused_in_a_line(content, reason, run, tmp_path):
    data = tmp_path / "data.json"
    if isinstance(content, str):
        data.write_text(content)
    elif content:
        segment_file.write(made_up_segments(content), data)
    assert reason in refusal(run(lstm, "--data", data, "--output", tmp_path / "lstm"))
    assert not (tmp_path / "lstm").exists()


def test_a_learning_rate_that_is_too_large_is_refused_in_a_line(run, tmp_path):
    data = tmp_path / "made-up.json"
    segment_file.write(made_up_segments([4, 4]), data)
    arguments = ("--data", data, "--output", tmp_path / "mlp", "--epochs", 2)
    ended = run(mlp, *arguments, "--learning-rate", "1e30")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.splitlines()[-1].endswith("the learning rate of 1e+30 is too large")
    assert not (tmp_path / "mlp").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--epochs", "0"),
        ("--batch-size", "1.5"),
        *(("--learning-rate", value) for value in ("0", "nan", "inf", "fast")),
        ("--seed", "-1"),
        ("--label-smoothing", "1"),
        ("--optimizer", "nonsense"),
        ("--split", "nonsense"),
        ("--summary", "130"),
        ("--nonsense",),
    ],
)
def test_wrong_options_are_refused(arguments, run, tmp_path):
    ended = run(mlp, "--output", tmp_path / "mlp", *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("usage: mlp.py")
    assert not (tmp_path / "mlp").exists()
