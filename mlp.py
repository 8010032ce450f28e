"""Train a multilayer perceptron, which sees a segment as one long row of numbers.

    python mlp.py
    python mlp.py --data output/mine.json --output output/mine-mlp --epochs 100
    python mlp.py --no-regularization --output output/overfit

The network reads a segment as a whole, with no notion of time: the simplest of the three.
"""

import argparse
from collections.abc import Sequence

import lazy_loader as lazy

import config
from genre import cli
from genre.training import experiment

keras = lazy.load("keras")


def mlp(
    frames: "keras.KerasTensor", n_genres: int, *, regularization: bool = True
) -> "keras.KerasTensor":
    """Return each genre's probability for normalised frames, (segments, frames, coefficients).

    L2 and dropout hold back a network that has more weights than GTZAN has numbers to learn from;
    without them it shows what overfitting is.
    """
    layers = keras.layers
    x = layers.Flatten()(frames)
    for units in (512, 256, 64):
        small_weights = keras.regularizers.L2(0.001) if regularization else None
        x = layers.Dense(units, activation="relu", kernel_regularizer=small_weights)(x)
        if regularization:
            x = layers.Dropout(0.3)(x)
    return layers.Dense(n_genres, activation="softmax")(x)


ARCHITECTURES = {"mlp": mlp}


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--no-regularization",
        action="store_false",
        default=None,
        dest="regularization",
        help="leave out L2 and dropout, to see the network overfit (default: both)",
    )


def main(argv: Sequence[str] | None = None) -> int:
    return experiment.main(
        ARCHITECTURES,
        script="mlp",
        output=config.MLP_PATH,
        description=__doc__,
        add_options=add_options,
        argv=argv,
    )


if __name__ == "__main__":
    cli.run(main)
