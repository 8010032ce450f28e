"""Train a multilayer perceptron, which reads a segment as one vector.

    python mlp.py
    python mlp.py --data output/mine.json --output output/mine-mlp --epochs 100
    python mlp.py --no-regularization --output output/overfit
    python mlp.py --data output/musicnn.h5 --architecture linear --output output/linear

It is the simplest kind of network here: it does not know which values are neighbours in time.
`linear` has no hidden layer: it is logistic regression with L2, for embeddings, in
genre/networks/dense.py.
"""

from collections.abc import Sequence
from typing import Annotated

import config
from genre import cli
from genre.networks.layers import Tensor


def mlp(
    frames: Tensor,
    n_genres: int,
    *,
    regularization: Annotated[bool, "use L2 and dropout; without them the network overfits"] = True,
) -> Tensor:
    """Three dense layers.

    `frames` are normalised, (segments, frames, bands). L2 and dropout regularise a network that has
    more weights than GTZAN has values to learn from.
    """
    from keras import layers, regularizers

    x = layers.Flatten()(frames)
    for units in (512, 256, 64):
        small_weights = regularizers.L2(0.001) if regularization else None
        x = layers.Dense(units, activation="relu", kernel_regularizer=small_weights)(x)
        if regularization:
            x = layers.Dropout(0.3)(x)
    return layers.Dense(n_genres, activation="softmax")(x)


def main(argv: Sequence[str] | None = None) -> int:
    from genre.cli import training

    return training.main("mlp", mlp, output=config.MLP_PATH, description=__doc__, argv=argv)


if __name__ == "__main__":
    cli.run(main)
