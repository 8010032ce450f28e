"""The ONNX files of networks: the same probabilities as Keras gives, and nothing unsafe."""

import os
import subprocess
import sys

import keras
import numpy as np
import onnx
import pytest
from helpers import ROOT, choose, made_up_segments
from onnx import TensorProto, helper

from compare import NETWORKS
from genre.errors import ModelError
from genre.model import onnx_file
from genre.networks.layers import build

SEGMENTS = made_up_segments([4, 4, 4], shape=(64, 6))
NAMES = [(script, name) for script, known in NETWORKS.items() for name in known]


def built(script: str, name: str | None = None) -> keras.Model:
    layers = choose(script, name).layers(SEGMENTS)
    return build(layers, SEGMENTS, np.full(len(SEGMENTS.labels), True))


@pytest.mark.parametrize(("script", "name"), NAMES)
def test_every_network_that_was_saved_gives_the_same_probabilities(script, name, tmp_path):
    path = tmp_path / "model.onnx"
    network = built(script, name)
    network.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    onnx_file.export(loaded, path)
    assert onnx_file.largest_difference(network, path, SEGMENTS.frames) < 1e-5


def test_the_file_depends_on_the_network_alone(tmp_path):
    network = built("lstm", "crnn")
    network.save(tmp_path / "model.keras")
    program = (
        "import sys, pathlib\n"
        "from genre.environment import load_keras\n"
        "from genre.model import onnx_file\n"
        "network = load_keras().saving.load_model(sys.argv[1])\n"
        "onnx_file.export(network, pathlib.Path(sys.argv[2]))"
    )
    written = []
    for seed in ("1", "2"):  # of the hashes of text
        path = tmp_path / f"{seed}.onnx"
        command = [sys.executable, "-c", program, tmp_path / "model.keras", path]
        subprocess.run(command, cwd=ROOT, check=True, env=os.environ | {"PYTHONHASHSEED": seed})
        written.append(path.read_bytes())
    assert written[0] == written[1]


def test_any_number_of_segments_is_predicted(tmp_path):
    onnx_file.export(built("mlp"), tmp_path / "model.onnx")
    loaded = onnx_file.load(tmp_path / "model.onnx")
    assert (loaded.shape, loaded.n_genres) == ((64, 6), 3)
    together = loaded(SEGMENTS.frames)
    assert len(together) == 36  # more than in one run
    assert loaded(SEGMENTS.frames[:0]).shape == (0, 3)
    one_by_one = [loaded(SEGMENTS.frames[i : i + 1]) for i in range(36)]
    np.testing.assert_allclose(together, np.concatenate(one_by_one), atol=1e-6)


def test_a_difference_is_found(tmp_path):
    path = tmp_path / "model.onnx"
    network = built("mlp")
    onnx_file.export(network, path)
    before = onnx_file.load(path)(SEGMENTS.frames)
    network.set_weights([1.01 * weights for weights in network.get_weights()])
    after = np.asarray(network(SEGMENTS.frames))
    expected = np.abs(after - before).max()
    found = onnx_file.largest_difference(network, path, SEGMENTS.frames)
    assert found == pytest.approx(expected, rel=1e-3)
    assert found > 1e-4


def graph(node: onnx.NodeProto, initializers=(), *, ranks=(3, 2)) -> bytes:
    """Return an ONNX file of one operator from x to y."""
    value = helper.make_tensor_value_info
    inputs, outputs = (
        [value(name, TensorProto.FLOAT, [None, 5, 3][:rank])]
        for name, rank in zip("xy", ranks, strict=True)
    )
    made = helper.make_graph([node], "made-up", inputs, outputs, initializer=initializers)
    domains = [helper.make_opsetid("", 15), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(made, opset_imports=domains, ir_version=8).SerializeToString()


def external() -> TensorProto:
    tensor = TensorProto(name="axis", dims=[1], data_type=TensorProto.INT64)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")
    return tensor


def in_a_branch(node: onnx.NodeProto) -> onnx.NodeProto:
    """Return an If, which holds the operator in a graph of its own."""
    branch = helper.make_graph([node], "branch", [], [helper.make_empty_tensor_value_info("y")])
    return helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)


FUSED = helper.make_node("FusedConv", ["x"], ["y"], domain="com.microsoft")
SUM = helper.make_node("ReduceSum", ["x", "axis"], ["y"], keepdims=0)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "not a network that can be loaded"),
        (b"not an ONNX file", "not an ONNX file"),
        (graph(FUSED), "needs the operator 'FusedConv'"),
        (graph(in_a_branch(FUSED)), "needs the operator 'FusedConv'"),
        (graph(SUM, [external()]), "keeps data in another file"),
        (graph(helper.make_node("NoSuch", ["x"], ["y"])), "not a network that can be loaded"),
        (graph(helper.make_node("Relu", ["x"], ["y"]), ranks=(3, 3)), "not a network that names"),
    ],
)
def test_other_files_are_refused_in_a_line(content, problem, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError) as refused:
        onnx_file.load(path)
    (line,) = str(refused.value).splitlines()
    assert line.startswith(f"{path}: ")
    assert problem in line
