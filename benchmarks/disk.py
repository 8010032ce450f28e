"""Measure the training on segment files that grow, to many times the memory it takes (on Linux).

    python -m benchmarks.disk --data output/mfcc.json --times 1 10 100 --runs 1
    python -m benchmarks.disk --data output/musicnn.json --network linear --times 1 100 800 --runs 1

The segments stand so many times in an .h5 file, from which an epoch reads each once. The last
column says how long it takes only to read them.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks import measure, training
from genre import cli
from genre.segments import Segments, blocks, segment_file

COLUMNS = (
    "segments",
    "file, MB",
    "peak of training, MiB",
    "an epoch, s",
    "segments a second",
    "reading alone, s",
)
NETWORKS = ("mlp", "linear", "cnn", "lstm")
EPOCHS = 2  # the second is measured: in the first TensorFlow builds its graph


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = measure.parser(__doc__)
    add = parser.add_argument
    add("--data", type=Path, metavar="FILE", required=True, help="segment file")
    measure.add_times(parser, "how often its segments are in the data")
    add(
        "--network",
        choices=NETWORKS,
        default="cnn",
        help="to train (default: %(default)s)",
    )
    return parser.parse_args(argv)


def write_tiled(segments: Segments, times: int, path: Path) -> None:
    """Write the segments so many times; in memory they are once."""
    frameless = replace(segments, frames=np.empty((len(segments.labels), 0, 0)))
    with segment_file.writing(path) as (append, finish):
        for _ in range(times):
            for frames in blocks(segments.frames):
                append(frames)
        finish(measure.tiled(frameless, times))


def read(frames: np.ndarray) -> None:
    """Read all frames, and keep none."""
    for _ in blocks(frames):
        pass


def rows(arguments: argparse.Namespace) -> Iterator[list[object]]:
    """Yield a row for each number of times."""
    for times in arguments.times:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"tiled{segment_file.HDF5}")
            segments = segment_file.read(arguments.data)
            write_tiled(segments, times, path)
            n_segments = times * len(segments.labels)
            del segments
            frames = segment_file.read(path).frames
            found = measure.in_turn(
                {
                    "train": partial(measure.call, training.ours, path, arguments.network, EPOCHS),
                    "read": partial(measure.seconds, read, frames),
                },
                arguments.runs,
            )
            epoch, peak = (
                median(run[what] for run in found["train"]) for what in ("epoch", "peak")
            )
            size = path.stat().st_size / 1e6
            yield [n_segments, size, peak, epoch, n_segments / epoch, median(found["read"])]


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    measure.table(COLUMNS, rows(arguments))
    measure.machine(arguments.runs)
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
