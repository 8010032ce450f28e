"""Every architecture of the training scripts: shapes, sizes, learning, options and refusals."""

import argparse
import functools
import json
import re
from itertools import pairwise

import keras
import numpy as np
import pytest
from helpers import made_up_segments, refusal

import cnn
import compare
import config
import evaluate
import lstm
import mlp
import predict
from genre import networks
from genre.cli import options
from genre.datasets import segment_file
from genre.networks import vgg
from genre.training.recipe import Recipe

SCRIPTS = {"mlp": mlp, "cnn": cnn, "lstm": lstm}
KNOWN = mlp.ARCHITECTURES | cnn.ARCHITECTURES | lstm.ARCHITECTURES
# Every architecture with the options that change its layers.
VARIANTS = KNOWN | {
    "mlp without regularization": functools.partial(mlp.mlp, regularization=False),
    "resnet": functools.partial(KNOWN["frequency"], block="resnet"),
    "resnet everywhere": functools.partial(KNOWN["frequency"], block="resnet", block_at="all"),
    "densenet": functools.partial(KNOWN["frequency"], block="densenet"),
    "densenet everywhere": functools.partial(KNOWN["frequency"], block="densenet", block_at="all"),
    "gru": functools.partial(lstm.lstm, cell="gru", bidirectional=True, layers=3, units=16),
    "crnn of lstm": functools.partial(KNOWN["crnn"], cell="lstm", bidirectional=True, layers=1),
    "parallel of lstm": functools.partial(
        KNOWN["parallel"], cell="lstm", bidirectional=False, layers=2
    ),
}
# Frames and bands of the features: chroma, MFCC, mel, STFT, CQT, tempogram, contrast, one value.
SHAPES = [
    *((94, 12), (130, 13), (130, 128), (130, 513), (1292, 84)),
    *((130, 384), (130, 33), (94, 7), (130, 1)),
]
LEAST_FRAMES = {
    **{"frequency": 64, "temporal": 64, "square": 64, "bbnn": 8, "lenet": 4, "wide": 16},
    **{"vgg": 16, "crnn": 16, "parallel": 32},
}


def all_layers(network: keras.Model) -> list[keras.Layer]:
    """Return a network's layers, with those inside of others."""
    return list(network._flatten_layers(include_self=False))


def kinds(network: keras.Model) -> list[str]:
    return [type(layer).__name__ for layer in all_layers(network)]


@pytest.mark.parametrize("name", KNOWN)
def test_every_architecture_takes_every_feature(name):
    for shape in SHAPES:
        network = networks.build(KNOWN[name], shape, 7)
        assert network.output_shape == (None, 7), shape


@pytest.mark.parametrize("name", KNOWN)
def test_every_architecture_learns_what_can_be_told_apart(name):
    rng = np.random.default_rng(0)
    labels = np.arange(24) % 3
    n_frames = max(16, LEAST_FRAMES.get(name, 0))
    frames = rng.normal(0, 1, (24, n_frames, 12)).astype(np.float32)
    for genre in range(3):  # other bands are loud in each
        frames[labels == genre, :, 4 * genre : 4 * genre + 4] += 1.5
    keras.utils.set_random_seed(0)
    network = networks.build(KNOWN[name], (n_frames, 12), 3)
    adam = keras.optimizers.Adam(0.003)
    network.compile(adam, loss="sparse_categorical_crossentropy", jit_compile=False)
    for _ in range(40):
        network.train_on_batch(frames, labels)
    probabilities = keras.ops.convert_to_numpy(network(frames))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert np.mean(probabilities.argmax(axis=1) == labels) > 0.8  # a third by chance


@pytest.mark.parametrize("name", VARIANTS)
def test_every_architecture_is_read_safely_as_it_was_saved(name, tmp_path):
    network = networks.build(VARIANTS[name], (94, 12), 3)
    network.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    frames = np.random.default_rng(0).normal(0, 1, (2, 94, 12)).astype(np.float32)
    np.testing.assert_array_equal(*(np.asarray(each(frames)) for each in (network, loaded)))


def test_basic_has_the_parameters_worked_out_by_hand():
    network = networks.build(cnn.cnn, (130, 13), 10)
    convolutions = (9 * 1 * 32 + 32) + (9 * 32 * 32 + 32) + (4 * 32 * 32 + 32)
    batch_norms = 3 * 4 * 32
    flat = 17 * 2 * 32  # 130 and 13, halved and rounded up three times
    dense = (flat * 64 + 64) + (64 * 10 + 10)
    assert network.count_params() == convolutions + batch_norms + dense == 84426


def test_lenet_has_the_parameters_worked_out_by_hand():
    network = networks.build(KNOWN["lenet"], (130, 13), 10)
    convolutions = (9 * 1 * 6 + 6) + (9 * 6 * 16 + 16)
    flat = 32 * 3 * 16  # 130 and 13, halved and rounded down twice
    dense = (flat * 120 + 120) + (120 * 84 + 84) + (84 * 10 + 10)
    assert network.count_params() == convolutions + dense == 196394


@pytest.mark.parametrize("shape", [(130, 13), (647, 128)])
def test_bbnn_has_the_parameters_of_its_authors(shape):
    network = networks.build(KNOWN["bbnn"], shape, 10)
    seen = (32, 32 + 128, 32 + 128 + 128)  # maps that each block is handed
    convolutions = 9 * 1 * 32 + 32
    convolutions += sum(4 * (maps * 32 + 32) + (9 + 25) * 32 * 32 + 2 * 32 for maps in seen)
    convolutions += (32 + 3 * 128) * 32 + 32
    batch_norms = 4 * (32 + sum(4 * maps + 2 * 32 for maps in seen) + (32 + 3 * 128) + 32)
    dense = 32 * 10 + 10
    assert convolutions + dense == 180458  # what the paper calls 0.18 million
    assert network.count_params() == convolutions + batch_norms + dense == 190826
    trainable = sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
    assert trainable == convolutions + batch_norms // 2 + dense == 185642


@pytest.mark.parametrize("n_bands", [13, 128])
def test_vgg_has_the_parameters_worked_out_by_hand(n_bands):
    network = networks.build(KNOWN["vgg"], (130, n_bands), 10)
    maps = (1, 12, 24, 24, 48, 48, 96, 96)
    convolutions = sum(9 * before * after + after for before, after in pairwise(maps))
    batch_norms = 4 * sum(maps[1:])
    dense = 2 * 96 * 10 + 10  # of the mean and of the maximum over time
    assert network.count_params() == convolutions + batch_norms + dense == 167074


def test_recurrent_networks_have_the_parameters_worked_out_by_hand():
    network = networks.build(lstm.lstm, (130, 13), 10)
    lstms = 4 * (13 * 64 + 64 * 64 + 64) + 4 * (64 * 64 + 64 * 64 + 64)
    dense = (64 * 64 + 64) + (64 * 10 + 10)
    assert network.count_params() == lstms + dense == 57802
    layers = functools.partial(lstm.lstm, cell="gru", bidirectional=True, layers=1, units=8)
    network = networks.build(layers, (130, 13), 10)
    grus = 2 * 3 * (13 * 8 + 8 * 8 + 2 * 8)  # in each direction; Keras's GRU has two biases
    assert network.count_params() == grus + (16 * 64 + 64) + (64 * 10 + 10)


@pytest.mark.parametrize("name", ["frequency", "temporal", "square"])
def test_convolutions_are_pooled_to_what_is_promised(name):
    network = networks.build(KNOWN[name], (200, 40), 5)
    shapes = [layer.output.shape for layer in network.layers]
    before = shapes[[type(layer).__name__ for layer in network.layers].index("Flatten") - 1]
    assert (
        before
        == {
            "frequency": (None, 1, 40, 32),  # one value of each band and map
            "temporal": (None, 1, 1, 512),
            "square": (None, 1, 1, 256),
        }[name]
    )
    first = next(layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D))
    assert (
        first.kernel.shape
        == {
            "frequency": (5, 1, 1, 16),
            "temporal": (5, 1, 40, 64),  # all bands at once
            "square": (3, 3, 1, 8),
        }[name]
    )


@pytest.mark.parametrize(
    ("name", "convolutions", "joins"),
    [
        ("frequency", 4, 0),
        ("resnet", 3 + 3, 1),
        ("resnet everywhere", 4 * 3, 4),
        ("densenet", 3 + 3, 2),
        ("densenet everywhere", 4 * 3, 8),
    ],
)
def test_blocks_take_the_place_of_convolutions(name, convolutions, joins):
    found = kinds(networks.build(VARIANTS[name], (130, 13), 10))
    assert found.count("Conv2D") == convolutions
    assert found.count("Add" if "resnet" in name else "Concatenate") == joins


def test_an_mlp_without_regularization_has_none():
    for name, n_losses in (("mlp", 3), ("mlp without regularization", 0)):
        network = networks.build(VARIANTS[name], (9, 4), 3)
        assert len(network.losses) == kinds(network).count("Dropout") == n_losses


def test_dropout_is_that_asked_for():
    layers = functools.partial(KNOWN["lenet"], dropout=0.5)
    network = networks.build(layers, (130, 13), 10)
    rates = [layer.rate for layer in network.layers if isinstance(layer, keras.layers.Dropout)]
    assert rates == [0.5, 0.5]


@pytest.mark.parametrize("name", VARIANTS)
def test_small_data_and_gpus_are_thought_of(name):
    recurrent = (keras.layers.LSTM, keras.layers.GRU)
    for layer in all_layers(networks.build(VARIANTS[name], (130, 13), 10)):
        if isinstance(layer, keras.layers.BatchNormalization):
            assert layer.momentum == 0.9
        if isinstance(layer, recurrent):  # what cuDNN's kernels ask for
            assert layer.activation is keras.activations.tanh
            assert layer.recurrent_activation is keras.activations.sigmoid
            assert (layer.recurrent_dropout, layer.unroll, layer.use_bias) == (0, False, True)
            assert getattr(layer, "reset_after", True)


# The command line


@pytest.mark.parametrize("name", LEAST_FRAMES)
def test_segments_too_short_for_a_network_are_refused_in_a_line(name, run, tmp_path):
    least = LEAST_FRAMES[name]
    networks.build(KNOWN[name], (least, 4), 2)
    data = tmp_path / "short.json"
    segment_file.write(made_up_segments([4, 4], shape=(least - 1, 4)), data)
    script = cnn if name in cnn.ARCHITECTURES else lstm
    arguments = ("--data", data, "--output", tmp_path / "network", "--architecture", name)
    for more in ((), ("--summary",)):
        line = refusal(run(script, *arguments, *more))
        assert f"segments of {least - 1} frames are too short for {name}" in line
        assert f" {least} frames " in line
    assert not (tmp_path / "network").exists()


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--block", "resnet"), "--block is an option of frequency, not of basic"),
        (
            ("--architecture", "bbnn", "--dropout", 0),
            "--dropout is an option of lenet, not of bbnn",
        ),
        (
            ("--architecture", "lenet", "--block-at", "all"),
            "--block-at is an option of frequency, not of lenet",
        ),
    ],
)
def test_options_of_another_architecture_are_refused_in_a_line(arguments, line, run):
    assert refusal(run(cnn, *arguments)) == f"cnn.py: {line}"


@pytest.mark.parametrize("script", [cnn, lstm])
def test_help_says_each_default_as_it_is(script):
    parser = argparse.ArgumentParser()
    script.add_options(parser)
    said = {action.dest: action.help for action in parser._actions}
    for name, layers in script.ARCHITECTURES.items():
        for option, default in networks.options(layers).items():
            usual, *others = re.search(r"\(default: (.*)\)", said[option])[1].split("; of ")
            unusual = {}
            for names, value in (other.split(": ") for other in others):
                unusual |= dict.fromkeys(names.split(" and "), value)
            words = {True: "yes", False: "no"}[default] if isinstance(default, bool) else default
            assert unusual.get(name, usual) == str(words)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("cnn", Recipe()),
        ("cnn vgg", vgg.RECIPE),
        ("mlp", Recipe()),
    ],
)
def test_an_architecture_has_a_recipe_that_options_change(words, expected):
    recipe = compare.architecture_of(words).recipe
    assert recipe == expected
    parser = argparse.ArgumentParser()
    options.add_training_arguments(parser, cnn.RECIPES)
    assert recipe.changed(parser.parse_args([])) == expected
    asked = parser.parse_args(["--epochs", "3", "--no-augment", "--label-smoothing", "0"])
    changes = {"epochs": 3, "augment": False, "label_smoothing": 0}
    assert recipe.changed(asked) == expected._replace(**changes)
    said = " ".join(parser.format_help().split())
    assert "(default: 60; of vgg: 80)" in said
    assert "(default: adam; of vgg: adamw)" in said


def test_what_is_given_as_it_is_by_default_is_not_named():
    given = {"cell": "lstm", "bidirectional": True, "layers": 1}
    arguments = argparse.Namespace(architecture="lstm", **given, units=None)
    chosen = networks.choose("lstm", lstm.ARCHITECTURES, arguments)
    assert chosen.title == "lstm --bidirectional --layers 1"
    assert chosen.account == {"name": "lstm", **given, "units": 64}


@pytest.mark.parametrize("name", KNOWN)
def test_a_summary_needs_no_data(name, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    script = next(script for script in SCRIPTS.values() if name in script.ARCHITECTURES)
    choice = () if script is mlp else ("--architecture", name)
    ended = run(script, *choice, "--summary")
    assert (ended.status, ended.err) == (0, "")
    first, *table = ended.out.splitlines()
    title = script.__name__ if name in ("mlp", "basic", "lstm") else f"{script.__name__} {name}"
    assert first == f"{title}, for segments of 130 frames by 13 bands, 10 genres"
    count = networks.build(KNOWN[name], (130, 13), 10).count_params()
    assert any(f"Total params: {count:,} " in line for line in table)
    assert list(tmp_path.iterdir()) == []


def test_a_summary_is_of_the_shape_asked_for_or_of_the_data(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "made-up.json"
    segment_file.write(made_up_segments([4, 4, 4]), data)
    ended = run(cnn, "--data", data, "--summary")
    assert ended.out.startswith("cnn, for segments of 9 frames by 4 bands, 3 genres\n")
    ended = run(cnn, "--data", data, "--summary", "40x20")
    assert ended.out.startswith("cnn, for segments of 40 frames by 20 bands, 10 genres\n")
    config.DATA_PATH.parent.mkdir()
    segment_file.write(made_up_segments([4, 4]), config.DATA_PATH)
    assert "9 frames by 4 bands, 2 genres" in run(lstm, "--summary").out
    assert "no such file" in refusal(run(mlp, "--data", "missing.json", "--summary"))


@pytest.mark.parametrize(
    ("script", "arguments", "title", "account"),
    [
        (
            cnn,
            ("--architecture", "frequency", "--block", "densenet"),
            "cnn frequency --block densenet",
            {"name": "frequency", "block": "densenet", "block_at": "second"},
        ),
        (cnn, ("--architecture", "lenet"), "cnn lenet", {"name": "lenet", "dropout": 0.3}),
        (
            lstm,
            ("--architecture", "parallel", "--no-bidirectional", "--units", 8),
            "lstm parallel --no-bidirectional --units 8",
            {"name": "parallel", "cell": "gru", "bidirectional": False, "layers": 1, "units": 8},
        ),
        (
            mlp,
            ("--no-regularization",),
            "mlp --no-regularization",
            {"name": "mlp", "regularization": False},
        ),
    ],
)
def test_a_saved_network_says_what_it_is_and_works(
    script, arguments, title, account, run, segments_path, corpus, tmp_path
):
    folder = tmp_path / "network"
    training = ("--data", segments_path, "--output", folder, "--epochs", 1)
    ended = run(script, *training, *arguments)
    assert ended.status == 0
    assert ended.out.startswith(f"{title}, test part of split track\n")
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    assert (card["script"], card["title"]) == (script.__name__, title)
    assert card["architecture"] == account
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {title}: 10 genres from mfcc\n")
    assert all(f"{option} {value}" in text for option, value in account.items())

    song = next(corpus.rglob("*.wav"))
    ended = run(predict, "--model", folder, "--input", song, "--count", 1)
    assert (ended.status, ended.err) == (0, "")
    its_split = ("--split", folder / "split.csv")
    ended = run(evaluate, "--model", folder, "--data", segments_path, *its_split)
    assert ended.status == 0
    assert f"accuracy per track    {card['scores']['track_accuracy']:.3f}" in ended.out


def test_a_card_that_names_no_architecture_is_read(network, run, segments_path, tmp_path):
    folder = tmp_path / "older"
    folder.mkdir()
    content = json.loads((network / "card.json").read_text(encoding="utf-8"))
    del content["title"], content["architecture"]
    (folder / "card.json").write_text(json.dumps(content), encoding="utf-8")
    (folder / "model.keras").write_bytes((network / "model.keras").read_bytes())
    (folder / "split.csv").write_bytes((network / "split.csv").read_bytes())
    ended = run(evaluate, "--model", folder, "--data", segments_path)
    assert ended.status == 0
    for spoilt in ({"title": 5}, {"architecture": "bbnn"}):
        (folder / "card.json").write_text(json.dumps(content | spoilt), encoding="utf-8")
        assert "not a network's card" in refusal(
            run(evaluate, "--model", folder, "--data", segments_path)
        )
