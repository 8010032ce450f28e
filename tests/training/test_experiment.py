"""Folds, repeats and the cards that tell of them."""

import json
import shlex

import keras
import numpy as np
import pytest
from helpers import made_up_segments, refusal
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import config
import mlp
from genre.datasets import segment_file, split_file
from genre.reporting import card

TIMES = ("created", "seconds")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "made-up.h5"
    segment_file.write(made_up_segments([6, 5, 7]), path)
    return path


def train(run, data, folder, *arguments):
    words = [str(it) for it in ("--data", data, "--output", folder, "--epochs", 2, *arguments)]
    ended = run(mlp, *words)
    assert ended.status == 0
    saved = json.loads((folder / card.CARD_FILE).read_text(encoding="utf-8"))
    assert shlex.split(saved["command"]) == ["python", "mlp.py", *words]
    return ended.out, saved


@pytest.mark.parametrize("split", ["track", "segment"])
def test_folds_test_everything_once(run, data, tmp_path, split):
    out, saved = train(run, data, tmp_path / "mlp", "--folds", 3, "--split", split)
    assert [out.count(f"run {number}: ") for number in (1, 2, 3, 4)] == [1, 1, 1, 0]
    assert sum(each["segments"] for each in saved["runs"]) == 3 * 18
    assert (saved["scores"]["segments"], saved["scores"]["tracks"]) == (3 * 18, 18)
    assert np.sum(saved["scores"]["confusion"]) == 18
    assert saved["training"]["folds"] == 3


def test_the_spread_is_that_of_the_runs(run, data, tmp_path):
    out, saved = train(run, data, tmp_path / "mlp", "--folds", 4)
    for measure, spread in saved["spread"].items():
        values = [each[measure] for each in saved["runs"]]
        assert spread["mean"] == pytest.approx(np.mean(values), abs=1e-4)
        assert spread["std"] == pytest.approx(np.std(values, ddof=1), abs=1e-4)
    mean, std = saved["spread"]["track_accuracy"].values()
    assert f"{mean:.3f} ± {std:.3f} per track" in out


def test_repeats_share_a_split_and_count_seeds_up(run, data, tmp_path):
    _, once = train(run, data, tmp_path / "once", "--seed", 5)
    _, saved = train(run, data, tmp_path / "mlp", "--repeats", 3, "--seed", 5)
    assert [each["seed"] for each in saved["runs"]] == [5, 6, 7]
    assert saved["split"] == once["split"]
    assert saved["weights_sha256"] == once["weights_sha256"]  # the first run is saved
    assert saved["scores"] == once["scores"]


def test_two_runs_differ_in_nothing_but_time(run, data, tmp_path):
    cards = []
    for name in ("first", "second"):
        _, saved = train(run, data, tmp_path / name)
        del saved["created"], saved["command"], saved["training"]["seconds"]
        cards.append(saved)
    assert cards[0] == cards[1]
    assert (
        len({(tmp_path / name / split_file.NAME).read_bytes() for name in ("first", "second")}) == 1
    )


def test_the_card_for_people_says_what_the_card_says(run, data, tmp_path):
    _, saved = train(run, data, tmp_path / "mlp", "--repeats", 2)
    text = (tmp_path / "mlp" / "README.md").read_text(encoding="utf-8")
    assert f"`{saved['command']}` on {saved['created']}" in text
    assert f"accuracy per track {saved['scores']['track_accuracy']:.3f} (" in text
    assert f"| test | {saved['split']['test']['segments']} | " in text
    for fact in (
        saved["data"]["sha256"],
        saved["split"]["train"]["tracks_sha256"],
        f"seed {saved['training']['seed']}",
        f"tensorflow {saved['versions']['tensorflow']}",
        "- run 2: ",
        "| genre1 | ",
    ):
        assert fact in text
    for picture in ("confusion.png", "roc.png", "history.png"):
        assert f"]({picture})" in text
        assert (tmp_path / "mlp" / picture).is_file()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--folds", 6), "every genre needs at least 6 tracks; genre1 has 5"),
        (("--folds", 3, "--split", "filtered"), "folds are dealt by segment, track, artist"),
        (("--split", "artist"), "are not GTZAN's"),
        (("--folds", 1), "not a whole number from 2"),
        (("--folds", 2, "--repeats", 2), "not allowed with"),
    ],
)
def test_what_cannot_be_dealt_is_refused(run, data, tmp_path, arguments, problem):
    ended = run(mlp, "--data", data, "--output", tmp_path / "mlp", *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert problem in ended.err
    assert not (tmp_path / "mlp").exists()


def test_augmentation_is_shown_and_is_no_part_of_the_network(run, data, tmp_path):
    folder = tmp_path / "mlp"
    _, saved = train(run, data, folder, "--augment", "--optimizer", "sgd")
    assert saved["training"]["optimizer"] == "sgd"
    assert saved["training"]["augmentation"]["gain_db"] == config.GAIN_DB
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert "optimizer sgd" in text
    assert "](augmented.png)" in text
    assert (folder / "augmented.png").read_bytes().startswith(b"\x89PNG")
    augmented = keras.saving.load_model(folder / card.MODEL_FILE)

    _, saved = train(run, data, folder)
    assert saved["training"]["augmentation"] == {}
    assert saved["training"]["optimizer"] == "adam"
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert "Augmentation:" not in text
    assert "augmented.png" not in text
    assert not (folder / "augmented.png").exists()
    plain = keras.saving.load_model(folder / card.MODEL_FILE)
    assert [type(layer) for layer in augmented.layers] == [type(layer) for layer in plain.layers]


def test_augmented_segments_teach_a_network_what_plain_ones_do(run, tmp_path):
    segments = made_up_segments([12] * 3, segments_per_track=4)
    segments.frames[:, :, 1:] += 30 * np.eye(3, dtype=np.float32)[segments.labels][:, np.newaxis]
    segment_file.write(segments, tmp_path / "data.h5")
    arguments = ("--augment", "--epochs", 15, "--learning-rate", 0.002)
    _, saved = train(run, tmp_path / "data.h5", tmp_path / "mlp", *arguments)
    assert saved["scores"]["segment_accuracy"] > 0.9


def logged(folder) -> list[int]:
    """Return the epochs, from 0, whose loss TensorBoard shows."""
    events = EventAccumulator(f"{folder}").Reload()
    return [event.step for event in events.Tensors("epoch_loss")]


def test_tensorboard_logs_each_run(run, data, tmp_path):
    folder = tmp_path / "mlp"
    train(run, data, folder, "--tensorboard", "--repeats", 2)
    for number in (1, 2):
        for part in ("train", "validation"):
            assert logged(folder / f"tensorboard/run-{number}" / part) == [0, 1]
    train(run, data, folder, "--tensorboard", "--epochs", 1)  # in the place of the earlier logs
    assert logged(folder / "tensorboard/run-1/train") == [0]


def test_a_recipe_with_shares_is_drawn_and_saved(run, data, tmp_path):
    """Label smoothing and augmentation together, as an architecture's own recipe may have them."""
    options = ("--augment", "--label-smoothing", 0.1, "--kernel-machine")
    _, saved = train(run, data, tmp_path / "mlp", *options)
    assert (tmp_path / "mlp" / "augmented.png").stat().st_size > 1000
    assert saved["training"]["kernel_machine"] is True
    network = keras.saving.load_model(tmp_path / "mlp" / "model.keras", safe_mode=True)
    assert not network.compiled  # the optimizer would triple the file
    text = (tmp_path / "mlp" / "README.md").read_text(encoding="utf-8")
    assert "a kernel machine beside it" in text


@pytest.mark.parametrize(("n_frames", "enough"), [(2, False), (3, True)])
def test_a_kernel_machine_says_before_training_what_it_needs(run, tmp_path, n_frames, enough):
    data = tmp_path / "short.json"
    segment_file.write(made_up_segments([4] * 3, shape=(n_frames, 4)), data)
    if enough:
        train(run, data, tmp_path / "mlp", "--kernel-machine")
        return
    arguments = ("--data", data, "--output", tmp_path / "mlp", "--kernel-machine")
    ended = run(mlp, *arguments)
    assert "a kernel machine needs segments of at least three frames" in ended.err
    assert (ended.status, "Epoch" in ended.err) == (2, False)


@pytest.mark.parametrize("name", ["README.md", split_file.NAME])
def test_other_work_is_not_written_over(run, data, tmp_path, name):
    (tmp_path / name).write_text("mine", encoding="utf-8")
    ended = run(mlp, "--data", data, "--output", tmp_path)
    assert f"holds a {name} but no model; name another --output" in refusal(ended)
    assert (tmp_path / name).read_text(encoding="utf-8") == "mine"


def test_refit_trains_on_all_and_is_scored_and_calibrated_by_the_folds(run, data, tmp_path):
    common = ("--folds", 3, "--schedule", "cosine")
    _, folds = train(run, data, tmp_path / "folds", *common)
    out, saved = train(run, data, tmp_path / "refit", *common, "--refit")
    assert [out.count(f"run {number}: ") for number in (1, 2, 3, 4)] == [1, 1, 1, 0]
    parts = [saved["split"][part]["tracks"] for part in ("train", "validation", "test")]
    assert parts == [18, 0, 0]
    assert (saved["split"]["name"], saved["split"]["notes"]) == ("track", [])
    assert saved["scores"]["tracks"] == sum(each["tracks"] for each in saved["runs"]) == 18
    assert saved["weights_sha256"] != folds["weights_sha256"]
    assert (saved["training"]["refit"], folds["training"]["refit"]) == (True, False)
    assert saved["calibration"]["temperature"] > 0
    assert saved["calibration"]["temperature"] != folds["calibration"]["temperature"]
    text = (tmp_path / "refit" / "README.md").read_text(encoding="utf-8")
    assert "was trained on all tracks once more" in text
    assert "What is in this folder is of run 1." not in text
    listed = (tmp_path / "refit" / split_file.NAME).read_text(encoding="utf-8").splitlines()
    assert len(listed) == 1 + 18
    assert all(line.endswith(",train") for line in listed[1:])


def test_refit_is_what_it_would_be_by_itself(run, data, tmp_path):
    """The folds before it leave no trace in the network of all tracks."""
    common = ("--schedule", "cosine", "--refit")
    cards = [
        train(run, data, tmp_path / str(n), *common, "--folds", n)[1]["weights_sha256"]
        for n in (2, 3)
    ]
    assert cards[0] == cards[1]


@pytest.mark.parametrize("arguments", [("--schedule", "cosine"), ("--folds", 3)])
def test_refit_needs_folds_and_a_schedule(arguments, run, data, tmp_path):
    ended = run(mlp, "--data", data, "--output", tmp_path / "mlp", "--refit", *arguments)
    assert "--refit needs --folds, and --schedule cosine" in refusal(ended)
    assert not (tmp_path / "mlp").exists()
