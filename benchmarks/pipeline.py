"""Measure preprocess.py as a whole process against the course's way, from songs to the file.

    python -m benchmarks.pipeline --dataset Data/genres_original
    python -m benchmarks.pipeline --dataset gtzan_mini --times 1 10

With --times the songs are linked so many times under other names, to see how time and memory grow.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import course, measure
from genre import cli
from genre.segments import segment_file

COLUMNS = (
    "tracks",
    "file",
    "course's way, s",
    "preprocess.py, s",
    "times as fast",
    "course's peak, MiB",
    "preprocess.py's peak, MiB",
    "array, MiB",
    "max. difference",
    "labels",
)


def rows(songs: Path, folder: Path, runs: int) -> Iterator[list[object]]:
    """Yield a row for each suffix of the segment file."""
    theirs = folder / "course.json"
    ours = [folder / f"ours{suffix}" for suffix in (segment_file.JSON, segment_file.HDF5)]
    command = ("-m", "benchmarks.course", "--dataset", songs, "--output", theirs)
    ways = {"course": partial(measure.process, *command)} | {
        path.suffix: partial(measure.process, "preprocess.py", "--dataset", songs, "--output", path)
        for path in ours
    }
    used = measure.usages(ways, runs)
    reference = used["course"]
    frames, labels = course.read(theirs)
    for path in ours:
        segments, found = segment_file.read(path), used[path.suffix]
        yield [
            len(segments.tracks),
            path.suffix,
            reference.seconds,
            found.seconds,
            reference.seconds / found.seconds,
            reference.peak,
            found.peak,
            np.float32(frames).nbytes / 2**20,
            f"{np.abs(segments.frames[:] - frames).max():.1e}",
            "equal" if np.array_equal(segments.labels, labels) else "differ",
        ]


def main(argv: Sequence[str] | None = None) -> int:
    parser = measure.parser(__doc__)
    measure.add_songs(parser)
    arguments = parser.parse_args(argv)
    found: list[list[object]] = []
    for times in arguments.times:
        with measure.songs(arguments.dataset, times) as (songs, folder):
            found += rows(songs, folder, arguments.runs)
    measure.table(COLUMNS, found)
    measure.machine(arguments.runs)
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
