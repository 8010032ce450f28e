"""Measure a Dask cluster on this machine: its speed, and how it grows (on Linux).

    python -m benchmarks.cluster --dataset gtzan_mini --times 10
    python -m benchmarks.cluster --growth 1000 10000 100000 --runs 1

The first command compares preprocess.py on two workers of a cluster with preprocess.py in two
processes of its own. Both files are the same, byte for byte, or the benchmark fails. The second
one sends so many made-up tracks of a second through a new cluster, with a feature that costs
nothing: the time for a track and the memory should not grow with the number of tracks.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from benchmarks import measure
from genre import cli, executor
from genre.errors import GenreError
from genre.features import Track
from genre.songs.folder import find

WORKERS = 2
FRAMES = (1, 44, 13)  # of a made-up track: a segment of a second, as MFCCs
HERE, CLUSTER = "processes here", "workers of a cluster"
SPEED_COLUMNS = (f"preprocess.py, {WORKERS}", "tracks", "s", "CPU s of the script", "of the time")
GROWTH_COLUMNS = ("tracks", "ms a track", "this process's peak, MiB", "the scheduler's peak, MiB")


class Scheduler(NamedTuple):
    """A running scheduler that has its workers."""

    file: Path  # its scheduler file
    process: subprocess.Popen

    def peak(self) -> float:
        """Return the most memory that it has had, in MiB."""
        return measure.peak_of(self.process.pid)


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = measure.parser(__doc__)
    add = parser.add_argument
    measure.add_songs(parser, required=False)
    add(
        "--growth",
        type=cli.count,
        nargs="+",
        metavar="N",
        default=[],
        help="numbers of made-up tracks (default: none)",
    )
    arguments = parser.parse_args(argv)
    if not arguments.dataset and not arguments.growth:
        parser.error("name songs with --dataset, or numbers of tracks with --growth")
    return arguments


@contextmanager
def running() -> Iterator[Scheduler]:
    """Give the scheduler of a new cluster on this machine."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        file = folder / "scheduler.json"
        log = stack.enter_context(open(folder / "log", "wb"))

        def start(kind: str, *options: str) -> subprocess.Popen:
            command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *options]
            process = subprocess.Popen(
                [*command, "--scheduler-file", file, "--host", "127.0.0.1", "--no-dashboard"],
                env=os.environ | {"PYTHONPATH": str(measure.ROOT)},
                cwd=folder,
                stdout=log,
                stderr=log,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        scheduler = start("scheduler", "--port", "0")
        while not file.exists():
            if scheduler.poll() is not None:
                raise GenreError("the scheduler does not start; is Dask installed?")
            time.sleep(0.05)
        for _ in range(WORKERS):
            start("worker", "--nthreads", "1", "--no-nanny")
        wait_for_workers(file)
        yield Scheduler(file, scheduler)


def wait_for_workers(file: Path) -> None:
    from distributed import Client

    with Client(scheduler_file=str(file)) as client:
        client.wait_for_workers(WORKERS)


def speed(songs: Path, folder: Path, runs: int) -> Iterator[list[object]]:
    """Yield the rows of preprocess.py here and on a cluster."""
    n_songs = len(find(songs).songs)
    with running() as scheduler:
        where = {HERE: ("--workers", WORKERS), CLUSTER: ("--cluster", scheduler.file)}
        outputs = {name: folder / f"{number}.json" for number, name in enumerate(where)}
        ways = {
            name: partial(
                measure.process,
                *("preprocess.py", "--dataset", songs, "--output", outputs[name], *options),
            )
            for name, options in where.items()
        }
        used = measure.usages(ways, runs)
    if outputs[HERE].read_bytes() != outputs[CLUSTER].read_bytes():
        raise GenreError("the cluster's segment file is another")
    for name, found in used.items():
        share = found.seconds / used[HERE].seconds
        yield [name, n_songs, found.seconds, found.cpu_seconds, share]


def growth(n_tracks: int, runs: int) -> list[object]:
    """Return the row of so many made-up tracks."""
    found = []
    for _ in range(runs):
        with running() as scheduler:
            seconds, peak = measure.call(send, scheduler.file, n_tracks)
            found.append((seconds / n_tracks * 1e3, peak, scheduler.peak()))
    return [n_tracks, *map(median, zip(*found, strict=True))]


def send(cluster: str, n_tracks: int) -> tuple[float, float]:
    """Send made-up tracks through a cluster; return the seconds and this process's peak in MiB."""
    with executor.opened(cluster=cluster) as pool:
        started = time.perf_counter()
        results = executor.ordered(pool, made_up, range(n_tracks))
        for number, track in enumerate(results):
            if track.frames[0, 0, 0] != number:
                raise GenreError("the results are not in order")
        return time.perf_counter() - started, measure.own_peak()


def made_up(number: int) -> Track:
    """Return frames that cost nothing."""
    return Track(np.full(FRAMES, number, dtype=np.float32))


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    if arguments.dataset:
        found: list[list[object]] = []
        for times in arguments.times:
            with measure.songs(arguments.dataset, times) as (songs, folder):
                found += speed(songs, folder, arguments.runs)
        measure.table(SPEED_COLUMNS, found)
    if arguments.growth:
        measure.table(
            GROWTH_COLUMNS, (growth(number, arguments.runs) for number in arguments.growth)
        )
    measure.machine(arguments.runs)
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
