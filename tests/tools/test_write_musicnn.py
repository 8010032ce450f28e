"""The networks of the front end, against the graphs that musicnn's authors saved with the weights.

They are in the Python package musicnn 0.1.0, whose folder MUSICNN_PACKAGE names:

    pip install --no-deps --target DIR musicnn==0.1.0
    MUSICNN_PACKAGE=DIR/musicnn pytest tests/tools
"""

import os
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from genre.features import musicnn
from tools import write_musicnn as command

FRAMES = 187  # that the saved graphs take


@pytest.fixture(scope="module")
def package() -> Path:
    if "MUSICNN_PACKAGE" not in os.environ:
        pytest.skip("MUSICNN_PACKAGE names no folder of the package musicnn")
    return Path(os.environ["MUSICNN_PACKAGE"])


@pytest.fixture(scope="module")
def frames() -> np.ndarray:
    power = np.random.default_rng(0).gamma(1, 10, (3, FRAMES, 96))
    return np.log10(1 + power).astype(np.float32)


def saved_graph(folder: Path, weights: dict[str, np.ndarray], frames: np.ndarray) -> np.ndarray:
    """Return the tags' logits by the graph that is saved with a checkpoint."""
    import tensorflow

    v1 = tensorflow.compat.v1
    meta = v1.MetaGraphDef.FromString((folder / ".meta").read_bytes())
    nodes = [node.name for node in meta.graph_def.node if node.op == "BiasAdd"]
    logits = [name for name in nodes if "gradients" not in name][-1]
    graph_def = v1.graph_util.extract_sub_graph(meta.graph_def, [logits])
    for node in graph_def.node:
        node.attr.pop("_output_shapes", None)  # which today's TensorFlow finds inconsistent
    with tensorflow.Graph().as_default() as graph, v1.Session() as session:
        v1.import_graph_def(graph_def, name="")
        values = {}
        for operation in graph.get_operations():
            if operation.type.startswith("Variable"):
                name = operation.name.removeprefix("model/")
                values[f"{operation.name}/read:0"] = weights[name]
            elif operation.type.startswith("Placeholder"):
                (tensor,) = operation.outputs
                values[tensor] = False if tensor.dtype == tensorflow.bool else frames
        return session.run(f"{logits}:0", values)


def test_musicnn_has_the_tags_of_the_saved_graph(package, frames):
    import keras

    from tools import musicnn_networks as networks

    weights = networks.read_weights(package / "MSD_musicnn")
    network_input = keras.Input(frames.shape[1:])
    tags = networks.musicnn(network_input, weights)["musicnn_tags"]
    wanted = saved_graph(package / "MSD_musicnn", weights, frames)
    assert np.ptp(wanted) > 1
    np.testing.assert_allclose(keras.Model(network_input, tags)(frames), wanted, atol=1e-4)


def test_the_vgg_has_the_tags_of_the_saved_graph(package, frames):
    import keras

    from tools import musicnn_networks as networks

    weights = networks.read_weights(package / "MSD_vgg")
    network_input = keras.Input(frames.shape[1:])
    tags = networks.vgg_as_trained(network_input, weights)
    wanted = saved_graph(package / "MSD_vgg", weights, frames)
    assert np.ptp(wanted) > 1
    np.testing.assert_allclose(keras.Model(network_input, tags)(frames), wanted, atol=1e-4)


def test_the_file_of_the_feature_is_what_the_command_writes(package, frames, run, tmp_path):
    path = tmp_path / "written.onnx"
    assert run(command, package, path).status == 0
    embeddings = [
        onnxruntime.InferenceSession(file).run(None, {"frames": frames})[0]
        for file in (path, musicnn.DESCRIPTION.with_suffix(".onnx"))
    ]
    assert embeddings[0].shape == (3, musicnn.VALUES)
    np.testing.assert_allclose(*embeddings, atol=1e-4)


def test_a_folder_that_is_not_the_package_is_refused(run, tmp_path):
    ended = run(command, tmp_path, tmp_path / "written.onnx")
    assert ended.status == 2
    assert "name the folder of the package musicnn 0.1.0" in ended.err
    (tmp_path / "MSD_musicnn").mkdir()
    (tmp_path / "MSD_musicnn" / command.DATA).write_bytes(b"other weights")
    ended = run(command, tmp_path, tmp_path / "written.onnx")
    assert ended.status == 2
    assert "not the weights of musicnn 0.1.0" in ended.err
    assert not (tmp_path / "written.onnx").exists()
