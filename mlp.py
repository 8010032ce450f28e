"""Train a multilayer perceptron, which sees a segment as one long row of numbers.

    python mlp.py
    python mlp.py --data output/mine.json --output output/mine-mlp --epochs 100
    python mlp.py --no-regularization --output output/overfit
    python mlp.py --data output/musicnn.h5 --architecture linear --output output/linear

The network reads a segment as a whole, with no notion of time: the simplest of the three. It has
three dense layers of 512, 256 and 64 units, with L2 and dropout. `linear` has none of them: it is
logistic regression, for embeddings. Both are in genre/networks/dense.py.
"""

from collections.abc import Sequence

import config
from genre import cli


def main(argv: Sequence[str] | None = None) -> int:
    from genre.cli import training

    return training.main("mlp", output=config.MLP_PATH, description=__doc__, argv=argv)


if __name__ == "__main__":
    cli.run(main)
