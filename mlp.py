"""Train a multilayer perceptron, which reads a segment as one vector.

    python mlp.py
    python mlp.py --data output/mine.json --output output/mine-mlp --epochs 100
    python mlp.py --no-regularization --output output/overfit
    python mlp.py --data output/musicnn.h5 --architecture linear --output output/linear

It is the simplest kind of network here: it does not know which values are neighbours in time. It
has three hidden layers of 512, 256 and 64 units, with L2 and dropout. `linear` has no hidden layer:
it is logistic regression with L2, for embeddings. Both are in genre/networks/dense.py.
"""

from collections.abc import Sequence

import config
from genre import cli


def main(argv: Sequence[str] | None = None) -> int:
    from genre.cli import training

    return training.main("mlp", output=config.MLP_PATH, description=__doc__, argv=argv)


if __name__ == "__main__":
    cli.run(main)
