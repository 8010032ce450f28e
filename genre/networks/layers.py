"""What the architectures are put together from; a picture is (segments, frames, bands, maps)."""

import lazy_loader as lazy

import config
from genre.errors import TrainingError

keras = lazy.load("keras")


def need_frames(frames: "keras.KerasTensor", least: int, architecture: str) -> None:
    """Raise TrainingError where segments have fewer frames than a network pools into one."""
    if frames.shape[1] < least:
        raise TrainingError(
            f"segments of {frames.shape[1]} frames are too short for {architecture}, which pools "
            f"{least} frames into one: make longer segments or choose another architecture"
        )


def picture(frames: "keras.KerasTensor") -> "keras.KerasTensor":
    """Return frames as a picture with one map, as a grey one."""
    return keras.layers.Reshape((*frames.shape[1:], 1))(frames)


def convolution(
    x: "keras.KerasTensor", maps: int, kernel: int | tuple[int, int], activation: str = "relu"
) -> "keras.KerasTensor":
    """Return a convolution of a picture, of the same size, with batch normalisation."""
    x = keras.layers.Conv2D(maps, kernel, padding="same")(x)
    return keras.layers.Activation(activation)(batch_norm(x))


def batch_norm(x: "keras.KerasTensor") -> "keras.KerasTensor":
    return keras.layers.BatchNormalization(momentum=config.BATCH_NORM_MOMENTUM)(x)


def pool(
    x: "keras.KerasTensor", frames: int | None, bands: int | None, *, average: bool = False
) -> "keras.KerasTensor":
    """Return the maximum over every so many frames and bands of a picture; None is all there are.

    Or their average. Where fewer bands are left they are all pooled, so that features of few bands
    pass, too.
    """
    _, n_frames, n_bands, _ = x.shape
    layer = keras.layers.AveragePooling2D if average else keras.layers.MaxPooling2D
    return layer((frames or n_frames, min(bands or n_bands, n_bands)))(x)


def genres(
    x: "keras.KerasTensor", units: tuple[int, ...], n_genres: int, *, dropout: float = 0.3
) -> "keras.KerasTensor":
    """Return each genre's probability, after dense layers of so many units."""
    x = keras.layers.Flatten()(x)
    for size in units:
        x = keras.layers.Dense(size, activation="relu")(x)
        x = keras.layers.Dropout(dropout)(x)
    return keras.layers.Dense(n_genres, activation="softmax")(x)
