"""Measure segment files, .json and .h5, against the course's: size, writing, reading (on Linux).

    python -m benchmarks.files --data output/mfcc.json
    python -m benchmarks.files --data output/mfcc.json --times 10

Reading ends with the frames as an array in memory. Each file is read in a process of its own. Its
peak memory, less what it had before, is compared with the size of the array.
"""

import argparse
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks import course, measure
from genre import cli
from genre.segments import Segments, segment_file

REFERENCE = "course.json"
COLUMNS = (
    "file",
    "MB",
    "of the course's size",
    "write, s",
    "times as fast",
    "read, s",
    "times as fast",
    "peak of reading / array",
    "max. difference",
)


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


def course_data(segments: Segments) -> dict[str, list]:
    """Return what the course writes: there the lists are made as songs come."""
    return {
        "mapping": segments.mapping,
        "labels": segments.labels.tolist(),
        "mfcc": segments.frames.tolist(),
    }


def frames_of(path: Path) -> np.ndarray:
    """Read a file's frames into an array."""
    if path.name == REFERENCE:
        return course.read(path)[0]
    return np.asarray(segment_file.read(path).frames[:])


def reading(path: str) -> tuple[float, float]:
    """Read a file; return the seconds, and how many MiB more this process had."""
    before = measure.own_peak()
    took = measure.seconds(frames_of, Path(path))
    return took, measure.own_peak() - before


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    segments = measure.tiled(segment_file.read(arguments.data), arguments.times)
    with tempfile.TemporaryDirectory() as name:
        paths = {file: Path(name, file) for file in (REFERENCE, "ours.json", "ours.h5")}
        write = {file: partial(segment_file.write, segments, paths[file]) for file in paths}
        write[REFERENCE] = partial(course.write, course_data(segments), paths[REFERENCE])
        written = measure.in_turn(
            {file: partial(measure.seconds, function) for file, function in write.items()},
            arguments.runs,
        )
        read = measure.in_turn(
            {file: partial(measure.call, reading, path) for file, path in paths.items()},
            arguments.runs,
        )
        took = {file: median(seconds for seconds, _ in runs) for file, runs in read.items()}
        peaks = {file: median(peak for _, peak in runs) for file, runs in read.items()}
        sizes = {file: path.stat().st_size / 1e6 for file, path in paths.items()}
        rows = [
            [
                file,
                sizes[file],
                sizes[file] / sizes[REFERENCE],
                median(written[file]),
                median(written[REFERENCE]) / median(written[file]),
                took[file],
                took[REFERENCE] / took[file],
                peaks[file] / (segments.frames.nbytes / 2**20),
                f"{np.abs(frames_of(path) - segments.frames).max():.1e}",
            ]
            for file, path in paths.items()
        ]
        measure.table(COLUMNS, rows)
    print(f"\n{len(segments.tracks)} tracks, {segments.frames.nbytes / 1e6:.1f} MB as an array.")
    measure.machine(arguments.runs)
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
