"""Try what could make the LSTM faster on a CPU: batch size, unrolling, XLA, threads.

    python -m benchmarks.lstm --data output/mfcc.json

A row for each change to what lstm.py does. A larger batch takes fewer steps an epoch, so that its
accuracy after as many epochs is another; the other changes should leave it as it is.
"""

import argparse
from collections.abc import Sequence
from functools import partial
from statistics import median

from benchmarks import measure, training
from genre import cli

UNCHANGED = "lstm.py"
CHANGES: dict[str, tuple[object, ...]] = {
    "batch-64": ("--batch-size", 64),
    "batch-128": ("--batch-size", 128),
    "batch-256": ("--batch-size", 256),
    "unroll": ("--unroll",),
    "jit-compile": ("--jit-compile",),
    "unroll+jit-compile": ("--unroll", "--jit-compile"),
    "1-thread": ("--threads", 1),
    "2-threads": ("--threads", 2),
    "plain-fit": ("--way", "fit"),
}
COLUMNS = ("change", "s an epoch", "times as fast", "first epoch, s", "accuracy", "loss")


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = measure.parser(__doc__)
    training.add_data(parser, epochs=4)
    parser.add_argument(
        "--changes",
        choices=CHANGES,
        nargs="+",
        metavar="NAME",
        default=list(CHANGES),
        help=f"to try (default: {' '.join(CHANGES)})",
    )
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    changes = {UNCHANGED: ()} | {name: CHANGES[name] for name in arguments.changes}
    ways = {
        name: partial(training.run, arguments, "--network", "lstm", *options)
        for name, options in changes.items()
    }
    runs = measure.in_turn(ways, arguments.runs)
    took = {name: training.epoch(found) for name, found in runs.items()}
    measure.table(
        COLUMNS,
        (
            [
                name,
                took[name],
                took[UNCHANGED] / took[name],
                median(one["epochs"][0] for one in found),
                f"{found[-1]['accuracy']:.3f}",
                f"{found[-1]['loss']:.6f}",
            ]
            for name, found in runs.items()
        ),
    )
    print(f"\nAccuracy and loss are those of the validation part after {arguments.epochs} epochs.")
    measure.machine(arguments.runs)
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
