"""The ONNX file of a network: written after training, and run for every prediction.

ONNX Runtime starts in a fraction of TensorFlow's time and memory.
"""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from genre import onnx_session
from genre.environment import load_keras
from genre.errors import ModelError
from genre.model import onnx_graph

INPUT = "frames"
STEP = 32  # segments in one run, so that memory does not grow with their number


@dataclass(frozen=True)
class OnnxNetwork:
    """A network that ONNX Runtime runs."""

    session: Any  # onnxruntime.InferenceSession
    shape: tuple[int, int]  # (frames, bands) of a segment
    n_genres: int

    def __call__(self, frames: np.ndarray) -> np.ndarray:
        """Return the genres' probabilities, (segments, genres), for (segments, frames, bands)."""
        name = self.session.get_inputs()[0].name
        frames = np.asarray(frames, dtype=np.float32)
        results = [np.zeros((0, self.n_genres), dtype=np.float32)]
        for start in range(0, len(frames), STEP):
            results += self.session.run(None, {name: frames[start : start + STEP]})
        return np.concatenate(results)


def export(network: Any, path: Path) -> None:
    """Write a Keras network, with its normalisation, as an ONNX file."""
    keras = load_keras()

    for layer in network.layers:
        if isinstance(layer, keras.layers.Normalization):
            # As tensors these would become inputs of the ONNX graph; as arrays they are constants.
            layer.mean, layer.variance = np.asarray(layer.mean), np.asarray(layer.variance)
    shape = network.input_shape[1:]
    network(np.zeros((1, *shape), dtype=np.float32))  # Keras exports a network only after a call
    signature = [keras.InputSpec(shape=(None, *shape), dtype="float32", name=INPUT)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # Keras's own, about NumPy
        network.export(path, format="onnx", input_signature=signature, verbose=False)
    path.write_bytes(onnx_graph.canonical(path.read_bytes()))


def load(path: Path) -> OnnxNetwork:
    """Load an ONNX file as `from_bytes` does; raises OSError when it cannot be read."""
    return from_bytes(path.read_bytes(), path)


def from_bytes(content: bytes, path: Path) -> OnnxNetwork:
    """Load the content of an ONNX file, to be run on one thread; `path` is named in errors.

    Raises ModelError when it is no network of ours, when it needs operators that are not ONNX's
    own, or when it keeps data in other files.
    """
    try:
        session = onnx_session.session(content)
    except ValueError as error:
        raise ModelError(f"{path}: {error}") from None
    shapes = [each.shape for each in (*session.get_inputs(), *session.get_outputs())]
    if [len(shape) for shape in shapes] != [3, 2] or not all(
        isinstance(side, int) for shape in shapes for side in shape[1:]
    ):
        raise ModelError(f"{path}: not a network that names genres of segments")
    (_, *shape), (_, n_genres) = shapes
    return OnnxNetwork(session, tuple(shape), n_genres)


def largest_difference(network: Any, path: Path, frames: np.ndarray) -> float:
    """Return how far the probabilities of a Keras network and of its ONNX file differ at most."""
    of_file = load(path)(frames)
    of_keras = [
        np.asarray(network(frames[start : start + STEP], training=False))
        for start in range(0, len(frames), STEP)
    ]
    return float(np.abs(of_file - np.concatenate(of_keras)).max())
