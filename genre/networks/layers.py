"""The parts that networks are built of; a picture is (segments, frames, bands, maps)."""

from collections.abc import Callable
from typing import Any

import numpy as np

from genre import features
from genre.environment import load_keras
from genre.errors import TrainingError
from genre.segments import Segments, in_batches

Tensor = Any  # keras.KerasTensor; Keras itself is imported when a network is built
# A network's layers: from normalised frames, (segments, frames, bands), and the number of genres
# to the genres' probabilities, (segments, genres).
Layers = Callable[[Tensor, int], Tensor]


def build(layers: Layers, segments: Segments, chosen: np.ndarray) -> Any:
    """Return an untrained network, a keras.Model, that normalises its input first.

    It removes a segment's level, so that loudness alone does not change the answer. Then it scales
    each band to mean 0 and variance 1, as measured on the `chosen` segments, a mask. Bands that do
    not vary there are not scaled: rounding would become large differences.
    """
    keras = load_keras()
    import tensorflow

    frames = keras.Input(segments.frames.shape[1:])
    levelled = features.without_level(frames, segments.levels, keras.ops)
    measured = keras.layers.Normalization()
    measured.build(levelled.shape)
    remove_level = keras.Model(frames, levelled)
    rows = np.flatnonzero(chosen)
    measured.adapt(
        tensorflow.data.Dataset.from_generator(
            lambda: (remove_level(part) for part in in_batches(segments.frames, rows)),
            output_signature=tensorflow.TensorSpec((None, *levelled.shape[1:])),
        )
    )
    mean, variance = (np.asarray(each).ravel() for each in (measured.mean, measured.variance))
    normalization = keras.layers.Normalization(
        name="normalization", mean=mean, variance=features.scale(mean, np.sqrt(variance)) ** 2
    )
    return keras.Model(frames, layers(normalization(levelled), len(segments.mapping)))


def need_frames(frames: Tensor, least: int, network: str) -> None:
    """Raise TrainingError if segments have fewer frames than a network pools into one."""
    if frames.shape[1] < least:
        raise TrainingError(
            f"segments of {frames.shape[1]} frames are too short for {network}, which pools "
            f"{least} frames into one: make longer segments or choose another --architecture"
        )


def picture(frames: Tensor) -> Tensor:
    """Return frames as a picture with one map, like a grey image."""
    from keras import layers

    return layers.Reshape((*frames.shape[1:], 1))(frames)


def convolution(
    x: Tensor, maps: int, kernel: int | tuple[int, int], activation: str = "relu"
) -> Tensor:
    """Return a convolution of a picture, of the same size, with batch normalisation."""
    from keras import layers

    x = layers.Conv2D(maps, kernel, padding="same")(x)
    return layers.Activation(activation)(layers.BatchNormalization()(x))


def pool(x: Tensor, frames: int | None, bands: int | None, *, average: bool = False) -> Tensor:
    """Return the maximum, or the average, over every `frames` frames and `bands` bands.

    None means all. If fewer bands are left, all of them are pooled, so that features of few bands
    can be used, too.
    """
    from keras import layers

    _, n_frames, n_bands, _ = x.shape
    layer = layers.AveragePooling2D if average else layers.MaxPooling2D
    return layer((frames or n_frames, min(bands or n_bands, n_bands)))(x)


def classify(x: Tensor, units: tuple[int, ...], n_genres: int, *, dropout: float = 0.3) -> Tensor:
    """Return the genres' probabilities, after dense layers of `units` with dropout."""
    from keras import layers

    x = layers.Flatten()(x)
    for size in units:
        x = layers.Dense(size, activation="relu")(x)
        x = layers.Dropout(dropout)(x)
    return layers.Dense(n_genres, activation="softmax")(x)
