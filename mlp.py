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


def mlp(frames: "keras.KerasTensor", n_genres: int) -> "keras.KerasTensor":
    """Return each genre's probability for normalised frames, (segments, frames, coefficients).

    L2 and dropout hold back a network that has more weights than GTZAN has numbers to learn from.
    """
    layers = keras.layers
    x = layers.Flatten()(frames)
    for units in (512, 256, 64):
        small_weights = keras.regularizers.L2(0.001)
        x = layers.Dense(units, activation="relu", kernel_regularizer=small_weights)(x)
        x = layers.Dropout(0.3)(x)
    return layers.Dense(n_genres, activation="softmax")(x)


def main(argv: Sequence[str] | None = None) -> int:
    return experiment.main(
        mlp, script="mlp", output=config.MLP_PATH, description=__doc__, argv=argv
    )


if __name__ == "__main__":
    cli.run(main)
