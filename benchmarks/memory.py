"""Measure the peak memory of preprocess.py and of reading its file (on Linux).

    python -m benchmarks.memory --dataset gtzan_mini --times 1 10

Each is a process of its own; what the bare interpreter takes with the same imports is taken off,
and the rest is compared with the size of the array of frames. Of preprocess.py the process that
collects and writes is measured; with --workers 1 it extracts the features, too. Reading .h5 is
shown with the frames left on disk, too.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks import measure, peak
from genre import cli
from genre.datasets import segment_file

COLUMNS = ("tracks", "array, MiB", "what", "imports, MiB", "above them, MiB", "of the array")


def read(argv: Sequence[str]) -> None:
    """Read the segment file that the one argument names."""
    segment_file.read(Path(argv[0]))


def read_array(argv: Sequence[str]) -> None:
    """Read the segment file that the one argument names, the frames into an array."""
    np.asarray(segment_file.read(Path(argv[0])).frames[:])


def read_course(argv: Sequence[str]) -> None:
    """Read the course's file that the one argument names."""
    from benchmarks import course

    course.read(Path(argv[0]))


def rows(songs: Path, folder: Path, runs: int) -> Iterator[list[object]]:
    """Yield a row for everything that is measured on a folder of songs."""
    ours = {suffix: folder / f"ours{suffix}" for suffix in (segment_file.JSON, segment_file.HDF5)}
    theirs = folder / "course.json"
    measured = partial(peak.above_imports, "benchmarks.memory")
    ways: dict[str, Callable[[], peak.Peak]] = {}
    for suffix, path in ours.items():
        command = ("preprocess", "main", "--dataset", songs, "--output", path)
        ways[f"preprocess.py to {suffix}"] = partial(peak.above_imports, *command)
        ways[f"the same with --workers 1 ({suffix})"] = partial(
            peak.above_imports, *command, "--workers", 1
        )
        ways[f"{suffix} into an array"] = partial(measured, "read_array", path)
    ways[".h5, frames left on disk"] = partial(measured, "read", ours[segment_file.HDF5])
    ways["the course's way to .json"] = partial(
        peak.above_imports, "benchmarks.course", "main", "--dataset", songs, "--output", theirs
    )
    ways["the course's .json into an array"] = partial(measured, "read_course", theirs)
    peaks = measure.in_turn(ways, runs)
    segments = segment_file.read(ours[segment_file.HDF5])
    size = np.prod(segments.frames.shape) * segments.frames.dtype.itemsize / 2**20
    for name, found in peaks.items():
        imports = median(one.imports for one in found)
        above = median(one.above for one in found)
        yield [len(segments.tracks), float(size), name, imports, above, above / size]


def main(argv: Sequence[str] | None = None) -> int:
    measure.on_songs(__doc__, argv, COLUMNS, rows)
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
