"""Train a convolutional network, which sees a segment as a picture of time by coefficient.

    python cnn.py
    python cnn.py --data output/mine.json --output output/mine-cnn --epochs 100
    python cnn.py --architecture frequency --block densenet --output output/frequency
    python cnn.py --architecture bbnn --summary

Patterns count wherever in the segment they stand. The basic network stands in cnn.py; those of
the literature stand in genre/convolutional.py, genre/bbnn.py and genre/vgg.py.
"""

import argparse
from collections.abc import Sequence

import lazy_loader as lazy

import config
from genre import cli
from genre.networks import convolutional, vgg
from genre.networks.bbnn import bbnn
from genre.training import experiment

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


ARCHITECTURES = {
    "basic": cnn,
    "frequency": convolutional.frequency,
    "temporal": convolutional.temporal,
    "square": convolutional.square,
    "bbnn": bbnn,
    "lenet": convolutional.lenet,
    "wide": convolutional.wide,
    "vgg": vgg.vgg,
}
RECIPES = {"vgg": vgg.RECIPE}  # of those that are not trained in the usual way


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--block",
        choices=convolutional.BLOCKS,
        help="of frequency: what stands for a convolution (default: basic)",
    )
    add(
        "--block-at",
        choices=convolutional.BLOCK_AT,
        help="of frequency: for which of its four convolutions the block stands (default: second)",
    )
    add(
        "--maps",
        type=cli.whole_number(1, 256),
        metavar="N",
        help="of vgg: of its first convolution, each stage has twice as many (default: 12)",
    )
    add(
        "--dropout",
        type=cli.share,
        metavar="X",
        help="of lenet: the share of dense units left out at each step (default: 0.3)",
    )


def main(argv: Sequence[str] | None = None) -> int:
    return experiment.main(
        ARCHITECTURES,
        script="cnn",
        output=config.CNN_PATH,
        description=__doc__,
        add_options=add_options,
        recipes=RECIPES,
        argv=argv,
    )


if __name__ == "__main__":
    cli.run(main)
