"""What stands around an architecture's layers in every network: the level and the normalisation."""

from collections.abc import Callable, Iterator

import lazy_loader as lazy
import numpy as np

from genre import features
from genre.datasets import Index, Segments, pieces

keras = lazy.load("keras")
tensorflow = lazy.load("tensorflow")

# The layers that make a network: from normalised frames, (segments, frames, coefficients), and the
# number of genres to their probabilities, (segments, genres).
Layers = Callable[["keras.KerasTensor", int], "keras.KerasTensor"]


def build(layers: Layers, segments: Segments, chosen: np.ndarray) -> "keras.Model":
    """Return an untrained network, its normalisation fitted to the chosen segments, a mask.

    First the segment's level is taken away, so that loudness alone does not change the answer,
    then each coefficient is brought to mean 0 and variance 1.
    """
    frames = keras.Input(segments.frames.shape[1:])
    level_free = without_level(frames, segments)
    normalization = keras.layers.Normalization(name="normalization")
    network = keras.Model(frames, layers(normalization(level_free), len(segments.mapping)))
    level_of = keras.Model(frames, level_free)
    normalization.adapt(
        tensorflow.data.Dataset.from_generator(
            lambda: on(level_of, segments, chosen),
            output_signature=tensorflow.TensorSpec((None, *level_of.output_shape[1:])),
        )
    )
    return network


def on(
    model: "keras.Model",
    segments: Segments,
    chosen: np.ndarray,
    change: Callable[[np.ndarray], np.ndarray] = np.asarray,
) -> Iterator[np.ndarray]:
    """Yield what a model makes of the chosen segments, a mask, piece by piece.

    `change` is applied to the frames of each piece before.
    """
    for frames in pieces(segments.frames, np.flatnonzero(chosen)):
        yield np.asarray(model(change(frames), training=False))  # predict would compile it


def without_level(frames: "keras.KerasTensor", index: Index) -> "keras.KerasTensor":
    """Take from frames what a change of volume adds to them, where the feature has such a thing.

    It adds the same number of decibels to every band of every frame, and to MFCCs, which are
    sums over the bands, the same number to the first coefficient alone.
    """
    ops, parts = keras.ops, []
    levels = features.levels(index.feature, index.settings, frames.shape[2])
    for level, part in features.by_level(frames, levels):
        if level == "all":
            part -= ops.mean(part, axis=(1, 2), keepdims=True)
        elif level == "first":
            first = part[:, :, :1] - ops.mean(part[:, :, :1], axis=1, keepdims=True)
            part = ops.concatenate([first, part[:, :, 1:]], axis=2)
        parts.append(part)
    return ops.concatenate(parts, axis=2) if len(parts) > 1 else parts[0]
