"""Train a convolutional network, which reads a segment as a picture of time by coefficient.

    python cnn.py
    python cnn.py --data output/mine.json --output output/mine-cnn --epochs 100
    python cnn.py --architecture frequency --block densenet --output output/frequency
    python cnn.py --architecture bbnn --summary

The basic network looks for the same small patterns wherever they are in the segment. The networks
in genre/networks/convolutional.py come from the literature.
"""

from collections.abc import Sequence

import config
from genre import cli
from genre.networks.layers import Tensor


def basic(frames: Tensor, n_genres: int) -> Tensor:
    """Three convolutions, each with a pooling and batch normalisation, then a dense layer.

    `frames` are normalised, (segments, frames, bands). Each convolution detects small patterns.
    Each pooling halves both sides of the picture, so that the next convolution covers twice the
    time and twice the bands.
    """
    from keras import layers

    x = layers.Reshape((*frames.shape[1:], 1))(frames)  # a picture with one map, like a grey image

    x = layers.Conv2D(32, (3, 3), padding="same", activation="relu")(x)
    x = layers.MaxPooling2D((3, 3), strides=2, padding="same")(x)
    x = layers.BatchNormalization()(x)

    x = layers.Conv2D(32, (3, 3), padding="same", activation="relu")(x)
    x = layers.MaxPooling2D((3, 3), strides=2, padding="same")(x)
    x = layers.BatchNormalization()(x)

    x = layers.Conv2D(32, (2, 2), padding="same", activation="relu")(x)
    x = layers.MaxPooling2D((2, 2), strides=2, padding="same")(x)
    x = layers.BatchNormalization()(x)

    x = layers.Flatten()(x)
    x = layers.Dense(64, activation="relu")(x)
    x = layers.Dropout(0.3)(x)
    return layers.Dense(n_genres, activation="softmax")(x)


def main(argv: Sequence[str] | None = None) -> int:
    from genre.cli import training

    return training.main("cnn", basic, output=config.CNN_PATH, description=__doc__, argv=argv)


if __name__ == "__main__":
    cli.run(main)
