"""The networks of the registry: their layers, their options, and what refuses them."""

import argparse
import functools
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import keras
import numpy as np
import pytest
from helpers import choose, made_up_segments, refusal

import cnn
import config
import lstm
import mlp
from compare import NETWORKS
from genre import networks
from genre.cli import options
from genre.errors import TrainingError
from genre.networks import layers
from genre.segments import segment_file
from genre.training import fit
from genre.training.recipe import Recipe

FUNCTIONS = {
    name: network.function for known in NETWORKS.values() for name, network in known.items()
}
VARIANTS = {
    "mlp without regularization": functools.partial(FUNCTIONS["mlp"], regularization=False),
    "resnet": functools.partial(FUNCTIONS["frequency"], block="resnet"),
    "resnet everywhere": functools.partial(FUNCTIONS["frequency"], block="resnet", block_at="all"),
    "densenet": functools.partial(FUNCTIONS["frequency"], block="densenet"),
    "densenet everywhere": functools.partial(
        FUNCTIONS["frequency"], block="densenet", block_at="all"
    ),
    "gru": functools.partial(FUNCTIONS["lstm"], cell="gru", bidirectional=True, layers=1, units=8),
}
LEAST_FRAMES = {
    **{"frequency": 64, "temporal": 64, "square": 64, "bbnn": 8, "lenet": 4, "wide": 16},
    **{"vgg": 16, "crnn": 16, "parallel": 32},
}


def built(name: str, shape: tuple[int, int] = (130, 13), n_genres: int = 10) -> keras.Model:
    return networks.plain((FUNCTIONS | VARIANTS)[name], shape, n_genres)


def all_layers(network: keras.Model) -> list[keras.Layer]:
    """Return a network's layers, with those inside of others."""
    return list(network._flatten_layers(include_self=False))


def kinds(network: keras.Model) -> list[str]:
    return [type(layer).__name__ for layer in all_layers(network)]


def bytes_read() -> int:
    """Return how many bytes this process has read from files."""
    return int(Path("/proc/self/io").read_text().split()[1])


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="Linux counts what is read")
def test_frames_on_the_disk_are_read_twice_before_the_first_epoch(tmp_path):
    """Once to check and hash the file, and once to measure what they are normalised by."""
    path, network = tmp_path / "data.h5", FUNCTIONS["linear"]
    segment_file.write(made_up_segments([300, 300], shape=(130, 13)), path)
    few = made_up_segments([1, 1])
    layers.build(network, few, np.full(6, True))  # reads much of TensorFlow
    before = bytes_read()
    segments = segment_file.read(path)
    assert bytes_read() - before < 1.2 * path.stat().st_size
    layers.build(network, segments, np.full(len(segments.labels), True))
    assert bytes_read() - before < 2.4 * path.stat().st_size


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_network_takes_few_and_many_bands(name):
    for shape in ((94, 1), (130, 33), (130, 384)):
        assert built(name, shape, 7).output_shape == (None, 7)


def test_basic_has_the_parameters_worked_out_by_hand():
    convolutions = (9 * 1 * 32 + 32) + (9 * 32 * 32 + 32) + (4 * 32 * 32 + 32)
    batch_norms = 3 * 4 * 32
    flat = 17 * 2 * 32  # 130 and 13, halved and rounded up three times
    dense = (flat * 64 + 64) + (64 * 10 + 10)
    assert built("basic").count_params() == convolutions + batch_norms + dense == 84426


def test_lenet_has_the_parameters_worked_out_by_hand():
    convolutions = (9 * 1 * 6 + 6) + (9 * 6 * 16 + 16)
    flat = 32 * 3 * 16  # 130 and 13, halved and rounded down twice
    dense = (flat * 120 + 120) + (120 * 84 + 84) + (84 * 10 + 10)
    assert built("lenet").count_params() == convolutions + dense == 196394


@pytest.mark.parametrize("shape", [(130, 13), (647, 128)])
def test_bbnn_has_the_parameters_of_its_authors(shape):
    network = built("bbnn", shape)
    seen = (32, 32 + 128, 32 + 128 + 128)  # maps that each block is given
    convolutions = 9 * 1 * 32 + 32
    convolutions += sum(4 * (maps * 32 + 32) + (9 + 25) * 32 * 32 + 2 * 32 for maps in seen)
    convolutions += (32 + 3 * 128) * 32 + 32
    batch_norms = 4 * (32 + sum(4 * maps + 2 * 32 for maps in seen) + (32 + 3 * 128) + 32)
    dense = 32 * 10 + 10
    assert convolutions + dense == 180458  # what the paper calls 0.18 million
    assert network.count_params() == convolutions + batch_norms + dense == 190826


@pytest.mark.parametrize("n_bands", [13, 128])
def test_vgg_has_the_parameters_worked_out_by_hand(n_bands):
    maps = (1, 12, 24, 24, 48, 48, 96, 96)
    convolutions = sum(9 * before * after + after for before, after in pairwise(maps))
    batch_norms = 4 * sum(maps[1:])
    dense = 2 * 96 * 10 + 10  # of the mean and of the maximum over time
    parameters = built("vgg", (130, n_bands)).count_params()
    assert parameters == convolutions + batch_norms + dense == 167074


def test_recurrent_networks_have_the_parameters_worked_out_by_hand():
    lstms = 4 * (13 * 64 + 64 * 64 + 64) + 4 * (64 * 64 + 64 * 64 + 64)
    dense = (64 * 64 + 64) + (64 * 10 + 10)
    assert built("lstm").count_params() == lstms + dense == 57802
    grus = 2 * 3 * (13 * 8 + 8 * 8 + 2 * 8)  # in each direction; Keras's GRU has two biases
    assert built("gru").count_params() == grus + (16 * 64 + 64) + (64 * 10 + 10)


def test_linear_is_one_layer():
    assert built("linear", (1, 200)).count_params() == 200 * 10 + 10


@pytest.mark.parametrize(
    ("name", "last", "first"),
    [
        ("frequency", (None, 1, 40, 32), (5, 1, 1, 16)),  # one value of each band and map
        ("temporal", (None, 1, 1, 512), (5, 1, 40, 64)),  # all bands at once
        ("square", (None, 1, 1, 256), (3, 3, 1, 8)),
    ],
)
def test_convolutions_are_pooled_to_what_is_promised(name, last, first):
    network = built(name, (200, 40))
    flat = [type(layer).__name__ for layer in network.layers].index("Flatten")
    assert network.layers[flat - 1].output.shape == last
    kernel = next(each for each in network.layers if isinstance(each, keras.layers.Conv2D)).kernel
    assert kernel.shape == first


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
def test_blocks_replace_convolutions(name, convolutions, joins):
    found = kinds(built(name))
    assert found.count("Conv2D") == convolutions
    assert found.count("Add" if "resnet" in name else "Concatenate") == joins


def test_branches_see_one_feature_each():
    segments = made_up_segments([3, 3], shape=(20, 13 + 128))
    joined = replace(segments, feature="mfcc+mel")
    layers = choose("cnn", "branches").layers(joined)
    network = networks.plain(layers, (20, 13 + 128), 2)
    keras.utils.set_random_seed(0)
    found = [layer for layer in network.layers if isinstance(layer, keras.layers.Flatten)][:2]
    of_each = keras.Model(network.input, [layer.output for layer in found])
    frames = np.random.default_rng(0).normal(size=(2, 20, 13 + 128)).astype(np.float32)
    changed = frames.copy()
    changed[:, :, 13:] += 1
    (mfcc, mel), (same, other) = of_each(frames), of_each(changed)
    np.testing.assert_array_equal(mfcc, same)
    assert not np.allclose(mel, other)


def test_an_mlp_without_regularization_has_none():
    for name, n_losses in (("mlp", 3), ("mlp without regularization", 0)):
        network = built(name, (9, 4), 3)
        assert len(network.losses) == kinds(network).count("Dropout") == n_losses


@pytest.mark.parametrize("name", ["basic", "vgg", "bbnn", "lstm", "gru", "crnn", "parallel"])
def test_layers_suit_small_data_and_gpus(name):
    network = built(name)
    fit.set_batch_norm_momentum(network, 0.9)
    for layer in all_layers(network):
        if isinstance(layer, keras.layers.BatchNormalization):
            assert layer.momentum == 0.9
        if isinstance(layer, (keras.layers.LSTM, keras.layers.GRU)):  # what cuDNN's kernels need
            assert layer.activation is keras.activations.tanh
            assert layer.recurrent_activation is keras.activations.sigmoid
            assert (layer.recurrent_dropout, layer.unroll, layer.use_bias) == (0, False, True)
            assert getattr(layer, "reset_after", True)


# The registry and the command line


@pytest.mark.parametrize("name", LEAST_FRAMES)
def test_segments_too_short_for_a_network_are_refused(name):
    least = LEAST_FRAMES[name]
    built(name, (least, 4))
    with pytest.raises(TrainingError) as refused:
        built(name, (least - 1, 4))
    assert f"segments of {least - 1} frames are too short for {name}" in str(refused.value)
    assert f" {least} frames " in str(refused.value)


def test_too_short_segments_are_refused_before_any_work(run, tmp_path):
    data = tmp_path / "short.json"
    segment_file.write(made_up_segments([4, 4], shape=(7, 4)), data)
    arguments = ("--data", data, "--output", tmp_path / "network", "--architecture", "bbnn")
    for more in ((), ("--summary",)):
        assert "too short for bbnn" in refusal(run(cnn, *arguments, *more))
    assert not (tmp_path / "network").exists()


def test_options_of_another_network_are_refused_in_a_line(run):
    line = refusal(run(cnn, "--block", "resnet"))
    assert line == "cnn.py: --block is an option of frequency, not of basic"


@pytest.mark.parametrize(
    ("script", "option", "said"),
    [
        ("lstm", "cell", "kind of the recurrent layers (default: lstm; crnn and parallel: gru)"),
        ("lstm", "bidirectional", "read the frames backwards, too (default: no; parallel: yes)"),
        (
            "cnn",
            "dropout",
            "of lenet: fraction of dense units left out at each step (default: 0.3)",
        ),
    ],
)
def test_help_says_whose_an_option_is_and_each_default(script, option, said):
    parser = argparse.ArgumentParser()
    options.add_own_options(parser, NETWORKS[script])
    (action,) = (each for each in parser._actions if each.dest == option)
    assert action.help == said
    assert action.default is None


@pytest.mark.parametrize(
    ("option", "value"), [("--maps", 0), ("--maps", "x"), ("--dropout", 1), ("--block", "other")]
)
def test_options_that_cannot_be_read_are_refused(option, value, run):
    ended = run(cnn, option, value)
    assert (ended.status, ended.out) == (2, "")
    assert f"argument {option}: " in ended.err


def test_a_network_has_a_recipe_that_options_change():
    parser = argparse.ArgumentParser()
    options.add_recipe_arguments(parser, NETWORKS["cnn"])
    asked = ["--epochs", "3", "--no-augment", "--label-smoothing", "0"]
    vgg = NETWORKS["cnn"]["vgg"]
    for network, expected in ((NETWORKS["cnn"]["basic"], Recipe()), (vgg, Recipe(**vgg.recipe))):
        assert options.recipe(network, parser.parse_args([])) == expected
        changes = {"epochs": 3, "augment": False, "label_smoothing": 0}
        changed = options.recipe(network, parser.parse_args(asked))
        assert changed == expected.changed(**changes)
        assert changed.epochs == 3
    said = " ".join(parser.format_help().split())
    assert "(default: 60; vgg: 80)" in said
    assert "(default: adam; vgg: adamw)" in said


@pytest.mark.parametrize(
    ("script", "name", "given", "title", "account"),
    [
        ("mlp", None, {"regularization": None}, "mlp", {"name": "mlp", "regularization": True}),
        (
            "mlp",
            None,
            {"regularization": False},
            "mlp --no-regularization",
            {"name": "mlp", "regularization": False},
        ),
        (
            "lstm",
            "lstm",
            {"cell": "lstm", "bidirectional": True, "layers": 1},  # the cell is the usual one
            "lstm --bidirectional --layers 1",
            {"name": "lstm", "cell": "lstm", "bidirectional": True, "layers": 1, "units": 64},
        ),
        (
            "cnn",
            "frequency",
            {"block": "densenet"},
            "cnn frequency --block densenet",
            {"name": "frequency", "block": "densenet", "block_at": "second"},
        ),
    ],
)
def test_a_title_names_what_differs_from_the_defaults(script, name, given, title, account):
    chosen = choose(script, name, given)
    assert (chosen.title, chosen.card_fields) == (title, account)


def test_a_summary_needs_no_data(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ended = run(lstm, "--architecture", "crnn", "--summary")
    assert (ended.status, ended.err) == (0, "")
    first, *table = ended.out.splitlines()
    assert first == "lstm crnn, for segments of 130 frames by 13 bands, 10 genres"
    assert any(f"Total params: {built('crnn').count_params():,} " in line for line in table)
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
