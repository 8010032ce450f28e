"""Measure preprocess.py as a whole process against the course's way, from songs to the file.

    python -m benchmarks.pipeline --dataset Data/genres_original
    python -m benchmarks.pipeline --dataset gtzan_mini --times 1 10

With --times the songs are linked so many times under other names, to see how time grows.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import course, measure
from genre import cli
from genre.datasets import segment_file

COLUMNS = (
    "tracks",
    "file",
    "course's way, s",
    "preprocess.py, s",
    "times as fast",
    "tracks a second",
    "CPU s / s",
    "max. difference",
    "labels",
)


def rows(songs: Path, folder: Path, runs: int) -> Iterator[list[object]]:
    """Yield a row for each suffix of the segment file."""
    theirs = folder / "course.json"
    ours = [folder / f"ours{suffix}" for suffix in (segment_file.JSON, segment_file.HDF5)]
    ways = {
        path.suffix: partial(measure.process, "preprocess.py", "--dataset", songs, "--output", path)
        for path in ours
    }
    command = ("-m", "benchmarks.course", "--dataset", songs, "--output", theirs)
    usages = measure.in_turn({"course": partial(measure.process, *command)} | ways, runs)
    seconds = measure.medians(usages)
    frames, labels = course.read(theirs)
    for path in ours:
        segments = segment_file.read(path)
        took, last = seconds[path.suffix], usages[path.suffix][-1]
        yield [
            len(segments.tracks),
            path.suffix,
            seconds["course"],
            took,
            seconds["course"] / took,
            len(segments.tracks) / took,
            last.cpu_seconds / last.seconds,
            f"{np.abs(segments.frames[:] - frames).max():.1e}",
            "equal" if np.array_equal(segments.labels, labels) else "differ",
        ]


def main(argv: Sequence[str] | None = None) -> int:
    measure.on_songs(__doc__, argv, COLUMNS, rows)
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
