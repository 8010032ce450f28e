"""musicnn's two networks for the Million Song Dataset as Keras layers, and their weights.

The layers follow J. Pons, O. Nieto, M. Prockup, E. Schmidt, A. Ehmann and X. Serra, "End-to-end
learning for music audio tagging at scale" (ISMIR 2018), and the graphs in the checkpoints. The
package's own code builds another VGG than the one that was trained: its pooling differs.
"""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from genre.features import front_end
from genre.features import musicnn as feature

Weights = dict[str, np.ndarray]  # by the checkpoint's names
Tensor = keras.KerasTensor

DESCRIBED = front_end.read(feature.DESCRIPTION)
N_MELS, SHORTEST = DESCRIBED.mel.n_mels, DESCRIBED.shortest
N_TAGS = 50
EPSILON = 1e-3  # of the batch normalisation


class Checkpoint:
    """Makes layers with the weights of a checkpoint.

    TensorFlow 1 numbers the layers of each kind in the order in which they are made: "conv2d",
    "conv2d_1" and so on. The networks below make them in that order.
    """

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self._names = {kind: _numbered(kind) for kind in ("conv2d", "dense", "batch_normalization")}

    def convolution(
        self, x: Tensor, size: tuple[int, int], *, padding: str = "valid", name: str | None = None
    ) -> Tensor:
        """Return a convolution with ReLU, and its batch normalisation."""
        kernel, bias = self._take(name or next(self._names["conv2d"]), "kernel", "bias")
        layer = layers.Conv2D(kernel.shape[-1], size, padding=padding, activation="relu")
        return self.normalization(_with_weights(layer, x, [kernel, bias]))

    def normalization(self, x: Tensor) -> Tensor:
        name = next(self._names["batch_normalization"])
        weights = self._take(name, "gamma", "beta", "moving_mean", "moving_variance")
        return _with_weights(layers.BatchNormalization(epsilon=EPSILON), x, weights)

    def dense(self, x: Tensor, activation: str | None = None) -> Tensor:
        kernel, bias = self._take(next(self._names["dense"]), "kernel", "bias")
        layer = layers.Dense(kernel.shape[-1], activation=activation)
        return _with_weights(layer, x, [kernel, bias])

    def _take(self, layer: str, *names: str) -> list[np.ndarray]:
        return [self.weights[f"{layer}/{name}"] for name in names]


def musicnn(frames: Tensor, weights: Weights) -> dict[str, Tensor]:
    """Return what musicnn makes of log-mel frames, (segments, frames, 96): see features.musicnn.

    Tall filters look for timbre and long ones for rhythm, all at any pitch. Three convolutions over
    time follow. Of all of them the maximum and the mean over time are taken.
    """
    checkpoint = Checkpoint(weights)
    x = checkpoint.normalization(_as_image(frames))

    def timbral(height: float) -> Tensor:
        padded = layers.ZeroPadding2D(((3, 3), (0, 0)))(x)
        return ops.max(checkpoint.convolution(padded, (7, int(height * N_MELS))), axis=2)

    def temporal(length: int) -> Tensor:
        return ops.max(checkpoint.convolution(x, (length, 1), padding="same"), axis=2)

    def middle(maps: Tensor) -> Tensor:
        padded = layers.ZeroPadding2D(((3, 3), (0, 0)))(_as_image(maps))
        return ops.squeeze(checkpoint.convolution(padded, (7, maps.shape[2])), axis=2)

    front = [timbral(0.4), timbral(0.7), temporal(128), temporal(64), temporal(32)]
    front = ops.concatenate(front, axis=2)
    first = middle(front)
    second = first + middle(first)
    third = second + middle(second)
    maps = ops.concatenate([front, first, second, third], axis=2)
    pooled = ops.stack([ops.max(maps, axis=1), ops.mean(maps, axis=1)], axis=2)
    pooled = checkpoint.normalization(layers.Flatten()(pooled))
    hidden = checkpoint.normalization(checkpoint.dense(pooled, "relu"))
    return {
        "musicnn_pooled": pooled,
        "musicnn_hidden": hidden,
        "musicnn_tags": checkpoint.dense(hidden),
    }


def vgg(frames: Tensor, weights: Weights) -> dict[str, Tensor]:
    """Return what the VGG makes of log-mel frames, (segments, frames, 96): see features.musicnn.

    It was trained on 187 frames, of which its last pooling leaves two. Here that pooling slides
    over time, and the tags are those of its mean, so that segments may have any length from
    SHORTEST on.
    """
    last = _vgg_maps(frames, Checkpoint(weights))
    steps = layers.MaxPooling2D((4, 4), strides=(1, 4))(last)
    steps = ops.squeeze(steps, axis=2)
    mean = ops.mean(steps, axis=1)
    kernel = weights["dense/kernel"]
    kernel = kernel.reshape(2, -1, N_TAGS).sum(axis=0)  # of both steps, which are the mean here
    tags = _with_weights(layers.Dense(N_TAGS), mean, [kernel, weights["dense/bias"]])
    return {
        "vgg_mean": mean,
        "vgg_max": ops.max(steps, axis=1),
        "vgg_tags": tags,
        "vgg_pooled": ops.concatenate([ops.max(last, (1, 2)), ops.mean(last, (1, 2))], axis=1),
    }


def vgg_as_trained(frames: Tensor, weights: Weights) -> Tensor:
    """Return the tags of the VGG as it was trained, on 187 frames, to compare with its graph."""
    checkpoint = Checkpoint(weights)
    x = layers.MaxPooling2D((4, 4))(_vgg_maps(frames, checkpoint))
    return checkpoint.dense(layers.Flatten()(x))


def front_end(musicnn_weights: Weights, vgg_weights: Weights) -> keras.Model:
    """Return the network from log-mel frames to embeddings, (segments, values)."""
    frames = keras.Input((None, N_MELS))
    parts = musicnn(frames, musicnn_weights) | vgg(frames, vgg_weights)
    return keras.Model(frames, ops.concatenate(list(parts.values()), axis=1))


def write(network: keras.Model, path: Path) -> None:
    """Write the front end as an ONNX file, which takes "frames" of any number."""
    network(np.zeros((1, SHORTEST, N_MELS), np.float32))  # Keras exports none before a call
    signature = [keras.InputSpec(shape=(None, None, N_MELS), dtype="float32", name="frames")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # Keras's own, about NumPy
        network.export(path, format="onnx", input_signature=signature, verbose=False)


def read_weights(folder: Path) -> Weights:
    """Return the weights of a checkpoint in a folder of the package, without the optimizer's."""
    import tensorflow

    with tempfile.TemporaryDirectory() as copy:
        prefix = Path(copy, "checkpoint")  # the package's files have none, which is not read
        for suffix in (".index", ".data-00000-of-00001"):
            shutil.copy(folder / suffix, prefix.with_suffix(suffix))
        reader = tensorflow.train.load_checkpoint(str(prefix))
        names = reader.get_variable_to_shape_map()
        return {name: reader.get_tensor(name) for name in names if "Adam" not in name}


def _vgg_maps(frames: Tensor, checkpoint: Checkpoint) -> Tensor:
    x = checkpoint.normalization(_as_image(frames))
    for number, pool in enumerate([(4, 1), (1, 4), (2, 2), (2, 2)], start=1):
        x = checkpoint.convolution(x, (3, 3), padding="same", name=f"{number}CNN")
        x = layers.MaxPooling2D(pool)(x)
    return checkpoint.convolution(x, (3, 3), padding="same", name="5CNN")


def _as_image(x: Tensor) -> Tensor:
    return ops.expand_dims(x, axis=3)


def _numbered(kind: str) -> Iterator[str]:
    yield kind
    number = 0
    while True:
        number += 1
        yield f"{kind}_{number}"


def _with_weights(layer: Any, x: Tensor, weights: list[np.ndarray]) -> Tensor:
    y = layer(x)
    layer.set_weights(weights)
    return y
