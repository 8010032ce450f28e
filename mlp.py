"""Train a multilayer perceptron, which sees a segment as one long row of numbers.

    python mlp.py
    python mlp.py --data output/mine.json --output output/mine-mlp --epochs 100

The network reads a segment as a whole, with no notion of time: the simplest of the three.
"""

from collections.abc import Sequence

import lazy_loader as lazy

import config
from genre import cli, experiment

keras = lazy.load("keras")


def build_mlp(shape: tuple[int, int], n_genres: int) -> "keras.Model":
    """Return the network for segments of `shape` (frames, coefficients).

    L2 and dropout hold back a network that has more weights than GTZAN has numbers to learn from.
    """
    layers = keras.layers
    network = keras.Sequential([keras.Input(shape), layers.Normalization(name="normalization")])
    network.add(layers.Flatten())
    for units in (512, 256, 64):
        network.add(
            layers.Dense(units, activation="relu", kernel_regularizer=keras.regularizers.L2(0.001))
        )
        network.add(layers.Dropout(0.3))
    network.add(layers.Dense(n_genres, activation="softmax"))
    return network


def main(argv: Sequence[str] | None = None) -> int:
    return experiment.main(
        build_mlp, script="mlp", output=config.MLP_PATH, description=__doc__, argv=argv
    )


if __name__ == "__main__":
    cli.run(main)
