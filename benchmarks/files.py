"""Measure the segment file, .json and .h5, against the course's: size, writing, reading.

    python -m benchmarks.files --data output/mfcc.json
    python -m benchmarks.files --data output/mfcc.json --times 10

Reading ends with the frames as an array in memory.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from benchmarks import course, measure
from genre import cli
from genre.datasets import Segments, segment_file

COLUMNS = (
    "file",
    "MB",
    "of the course's size",
    "write, s",
    "times as fast",
    "read, s",
    "times as fast",
    "max. difference",
)


class Way(NamedTuple):
    """How segments are written to a file, and frames read from it."""

    path: Path
    write: Callable[[], object]
    read: Callable[[], np.ndarray]


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = measure.parser(__doc__)
    parser.add_argument("--data", type=Path, metavar="FILE", required=True, help="segment file")
    parser.add_argument(
        "--times",
        type=cli.count,
        metavar="N",
        default=1,
        help="how often its segments stand in the files that are measured (default: %(default)s)",
    )
    return parser.parse_args(argv)


def ours(segments: Segments, path: Path) -> Way:
    """Return our way for a suffix."""
    return Way(
        path,
        partial(segment_file.write, segments, path),
        lambda: np.asarray(segment_file.read(path).frames[:]),
    )


def theirs(segments: Segments, path: Path) -> Way:
    """Return the course's way: the lists are made as songs come, so before the time is taken."""
    data = {
        "mapping": segments.mapping,
        "labels": segments.labels.tolist(),
        "mfcc": segments.frames.tolist(),
    }
    return Way(path, partial(course.write, data, path), lambda: course.read(path)[0])


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    segments = measure.tiled(segment_file.read(arguments.data), arguments.times)
    with tempfile.TemporaryDirectory() as folder:
        ways = {
            "the course's .json": theirs(segments, Path(folder, "course.json")),
            ".json": ours(segments, Path(folder, "ours.json")),
            ".h5": ours(segments, Path(folder, "ours.h5")),
        }

        def medians(action: str) -> dict[str, float]:
            timed = {
                name: partial(measure.seconds, getattr(way, action)) for name, way in ways.items()
            }
            took = measure.in_turn(timed, arguments.runs)
            return {name: median(runs) for name, runs in took.items()}

        written, read = medians("write"), medians("read")
        size = {name: way.path.stat().st_size / 1e6 for name, way in ways.items()}
        reference, *_ = ways
        measure.table(
            COLUMNS,
            (
                [
                    name,
                    size[name],
                    size[name] / size[reference],
                    written[name],
                    written[reference] / written[name],
                    read[name],
                    read[reference] / read[name],
                    f"{np.abs(way.read() - segments.frames).max():.1e}",
                ]
                for name, way in ways.items()
            ),
        )
    print(f"\n{len(segments.tracks)} tracks, {segments.frames.nbytes / 1e6:.1f} MB as an array.")
    measure.machine(arguments.runs)
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
