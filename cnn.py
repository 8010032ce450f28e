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


def build_cnn(shape: tuple[int, int], n_genres: int) -> "keras.Model":
    """Return the network for segments of `shape` (frames, coefficients).

    Each convolution looks for small patterns; each pooling halves both sides, so that the next
    one sees twice as far.
    """
    layers = keras.layers
    network = keras.Sequential([keras.Input(shape), layers.Normalization(name="normalization")])
    network.add(layers.Reshape((*shape, 1)))  # one channel, as a grey picture
    for kernel, pool in ((3, 3), (3, 3), (2, 2)):
        network.add(layers.Conv2D(32, kernel, padding="same", activation="relu"))
        network.add(layers.MaxPooling2D(pool, strides=2, padding="same"))
        network.add(layers.BatchNormalization(momentum=0.9))
    network.add(layers.Flatten())
    network.add(layers.Dense(64, activation="relu"))
    network.add(layers.Dropout(0.3))
    network.add(layers.Dense(n_genres, activation="softmax"))
    return network


def main(argv: Sequence[str] | None = None) -> int:
    return experiment.main(
        build_cnn, script="cnn", output=config.CNN_PATH, description=__doc__, argv=argv
    )


if __name__ == "__main__":
    cli.run(main)
