"""Measure an epoch of each network as the training scripts do it, against the plainest Keras fit.

    python -m benchmarks.training --data output/mfcc.json
    python -m benchmarks.training --data output/mfcc.json --times 10 --networks lstm

"same network" is Keras's fit and nothing else, of our network with its normalisation; "bare layers"
leaves the normalisation out as well. All start from one seed and see the same validation part. The
first epoch, in which TensorFlow builds its graph, is left out.
"""

import argparse
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks import epochs, measure
from genre import cli

COLUMNS = (
    "network",
    "ours, s an epoch",
    "same network, s",
    "bare layers, s",
    "ours / same network",
    "ours / bare layers",
    "validation loss, ours",
    "same network",
)


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = measure.parser(__doc__)
    add_data(parser, epochs=4)
    parser.add_argument(
        "--networks",
        choices=epochs.NETWORKS,
        nargs="+",
        default=list(epochs.NETWORKS),
        help=f"to train (default: {' '.join(epochs.NETWORKS)})",
    )
    return parser.parse_args(argv)


def add_data(parser: argparse.ArgumentParser, *, epochs: int) -> None:
    """Add the options that say what a run trains on."""
    parser.add_argument("--data", type=Path, metavar="FILE", required=True, help="segment file")
    parser.add_argument(
        "--times",
        type=cli.count,
        metavar="N",
        default=1,
        help="how often its segments are in the data (default: %(default)s)",
    )
    parser.add_argument(
        "--epochs",
        type=cli.whole_number(2),
        metavar="N",
        default=epochs,
        help="of a run (default: %(default)s)",
    )


def run(arguments: argparse.Namespace, *options: object) -> dict:
    """Run benchmarks.epochs on the data."""
    data = ("--data", arguments.data.resolve(), "--times", arguments.times)
    length = ("--epochs", arguments.epochs)
    return measure.answer("-m", "benchmarks.epochs", *data, *length, *options)


def epoch(runs: Sequence[dict]) -> float:
    """Return the median over runs of the median over a run's epochs but the first, in seconds."""
    return median(median(one["epochs"][1:]) for one in runs)


def rows(arguments: argparse.Namespace) -> Iterator[list[object]]:
    """Yield a row for each network."""
    for network in arguments.networks:
        ways = {
            way: partial(run, arguments, "--network", network, "--way", way) for way in epochs.WAYS
        }
        runs = measure.in_turn(ways, arguments.runs)
        ours, same, bare = (epoch(runs[way]) for way in epochs.WAYS)
        losses = [f"{runs[way][-1]['loss']:.6f}" for way in ("ours", "fit")]
        yield [network, ours, same, bare, ours / same, ours / bare, *losses]


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    measure.table(COLUMNS, rows(arguments))
    measure.machine(arguments.runs)
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
