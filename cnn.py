"""Train a convolutional network, which sees a segment as a picture of time by coefficient.

    python cnn.py
    python cnn.py --data output/mine.json --output output/mine-cnn --epochs 100

Patterns count wherever in the segment they stand.
"""

from collections.abc import Sequence

import lazy_loader as lazy

import config
from genre import cli, experiment

keras = lazy.load("keras")


def cnn(frames: "keras.KerasTensor", n_genres: int) -> "keras.KerasTensor":
    """Return each genre's probability for normalised frames, (segments, frames, coefficients).

    Each convolution looks for small patterns; each pooling halves both sides, so that the next
    one sees twice as far.
    """
    layers = keras.layers
    x = layers.Reshape((*frames.shape[1:], 1))(frames)  # one channel, as a grey picture
    for kernel, pool in ((3, 3), (3, 3), (2, 2)):
        x = layers.Conv2D(32, kernel, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(pool, strides=2, padding="same")(x)
        x = layers.BatchNormalization(momentum=config.BATCH_NORM_MOMENTUM)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(64, activation="relu")(x)
    x = layers.Dropout(0.3)(x)
    return layers.Dense(n_genres, activation="softmax")(x)


def main(argv: Sequence[str] | None = None) -> int:
    return experiment.main(
        cnn, script="cnn", output=config.CNN_PATH, description=__doc__, argv=argv
    )


if __name__ == "__main__":
    cli.run(main)
