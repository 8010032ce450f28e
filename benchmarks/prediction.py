"""Measure predict.py on many songs against preprocess.py, which does the same but the network.

    python -m benchmarks.prediction --model output/cnn --dataset gtzan_mini --times 1 10

The model should be a network of MFCCs, which preprocess.py computes. With --times the songs are
linked so many times under other names. The share is that of preprocess.py's songs a second.
"""

import argparse
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from benchmarks import measure
from genre import cli
from genre.songs.folder import find

COLUMNS = ("process", "songs", "s", "CPU s", "songs a second", "share", "share by CPU s")


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = measure.parser(__doc__)
    parser.add_argument(
        "--model", type=Path, metavar="PATH", required=True, help="folder of a trained network"
    )
    measure.add_songs(parser)
    return parser.parse_args(argv)


def rows(model: Path, songs: Path, folder: Path, runs: int) -> Iterator[list[object]]:
    """Yield the rows of the two scripts on a folder of songs."""
    n_songs = len(find(songs).songs)
    extract = ("preprocess.py", "--dataset", songs, "--output", folder / "segments.json")
    predict = ("predict.py", "--model", model.resolve(), "--format", "csv", "--no-store")
    ways = {"preprocess.py": extract, "predict.py": (*predict, "--input", songs)}
    used = measure.usages(
        {name: partial(measure.process, *command) for name, command in ways.items()}, runs
    )
    reference = used["preprocess.py"]
    for name, found in used.items():
        shares = [
            reference.seconds / found.seconds,
            reference.cpu_seconds / found.cpu_seconds,
        ]
        yield [name, n_songs, found.seconds, found.cpu_seconds, n_songs / found.seconds, *shares]


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    found: list[list[object]] = []
    for times in arguments.times:
        with measure.songs(arguments.dataset, times) as (songs, folder):
            found += rows(arguments.model, songs, folder, arguments.runs)
    measure.table(COLUMNS, found)
    measure.machine(arguments.runs)
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
