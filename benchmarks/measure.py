"""What the benchmarks share: ways taken in turn, processes timed, Markdown tables, made-up data."""

import argparse
import importlib.util
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import NamedTuple, TypeVar

import numpy as np
from tqdm import tqdm

from genre import cli
from genre.datasets import Segments
from genre.datasets.folder import find
from genre.errors import GenreError

Result = TypeVar("Result")
ROOT = Path(__file__).parents[1]
PACKAGES = ("numpy", "librosa", "tensorflow", "keras", "h5py", "orjson")


class Usage(NamedTuple):
    """What a process took."""

    seconds: float  # by the clock on the wall
    cpu_seconds: float  # of all cores, in it and in the processes that it waited for


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the option that all benchmarks have."""
    parser = cli.parser(description)
    parser.add_argument(
        "--runs",
        type=cli.count,
        metavar="N",
        default=5,
        help="of each way, taken in turn; the table holds their medians (default: %(default)s)",
    )
    return parser


def in_turn(ways: Mapping[str, Callable[[], Result]], runs: int) -> dict[str, list[Result]]:
    """Return what each way gave in each run: A B A B ..., so that noise hits all of them."""
    results: dict[str, list[Result]] = {name: [] for name in ways}
    with tqdm(total=runs * len(ways), unit="run", disable=None) as bar:
        for _ in range(runs):
            for name, way in ways.items():
                bar.set_description(name)
                results[name].append(way())
                bar.update()
    return results


def medians(usages: Mapping[str, Sequence[Usage]]) -> dict[str, float]:
    """Return each way's median of the seconds on the wall."""
    return {name: median(usage.seconds for usage in runs) for name, runs in usages.items()}


def seconds(function: Callable, *arguments: object) -> float:
    """Call a function and return how long it took."""
    started = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - started


def process(*command: object, output: Path | None = None) -> Usage:
    """Run a Python process from the project's folder, with its stdout in a file if one is named.

    Raises GenreError with its last words when it fails.
    """
    with open(output or os.devnull, "wb") as stdout:
        started = time.perf_counter()
        child = subprocess.Popen(
            [sys.executable, *map(str, command)], stdout=stdout, stderr=subprocess.PIPE, cwd=ROOT
        )
        words = child.stderr.read()
        _, status, usage = os.wait4(child.pid, 0)
        elapsed = time.perf_counter() - started
    child.stderr.close()
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        last = words.decode(errors="replace").strip().splitlines()[-1:]
        raise GenreError(f"{command[:2]} ended with {child.returncode}", *last)
    return Usage(elapsed, usage.ru_utime + usage.ru_stime)


def answer(*command: object, question: str = "") -> dict:
    """Run a Python process as `process` does and return the JSON on its last line of stdout.

    A question goes to its stdin.
    """
    command = [sys.executable, *map(str, command)]
    ended = subprocess.run(command, input=question, capture_output=True, text=True, cwd=ROOT)
    if ended.returncode:
        last = ended.stderr.strip().splitlines()[-1:]
        raise GenreError(f"{command[1:3]} ended with {ended.returncode}", *last)
    return json.loads(ended.stdout.splitlines()[-1])


@contextmanager
def one_core():
    """Keep this process on one core, and the libraries that count cores to one thread."""
    from threadpoolctl import threadpool_limits

    pinned = hasattr(os, "sched_setaffinity")  # not on macOS and Windows
    if pinned:
        allowed = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {max(allowed)})
    try:
        with threadpool_limits(1):
            yield
    finally:
        if pinned:
            os.sched_setaffinity(0, allowed)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a Markdown table, each row as soon as it is known; floats with three digits or more."""
    print("|", " | ".join(columns), "|")
    print("|", " | ".join("---" for _ in columns), "|")
    for row in rows:
        print("|", " | ".join(map(_cell, row)), "|", flush=True)


def _cell(value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:#.3g}"


def machine(runs: int) -> None:
    """Print what a reader must know of the figures: how many runs, on what."""
    installed = [name for name in PACKAGES if importlib.util.find_spec(name)]
    packages = ", ".join(f"{name} {version(name)}" for name in installed)
    print(
        f"\nMedians of {runs} runs, {os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}, {packages}"
    )


def linked(source: Path, folder: Path, times: int) -> Path:
    """Link a data set's songs so many times under other names in a folder; return the folder."""
    for song in find(source).songs:
        for number in range(times):
            link = folder / song.genre / f"{song.path.stem}.{number}{song.path.suffix}"
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(song.path.resolve())
    return folder


def on_songs(
    description: str | None,
    argv: Sequence[str] | None,
    columns: Sequence[str],
    rows: Callable[[Path, Path, int], Iterable[Sequence[object]]],
) -> None:
    """Read a benchmark's command line and print its table, of songs linked so many times.

    `rows` gives those of one folder of songs, with a folder to write to and the number of runs.
    """
    command_line = parser(description)
    add = command_line.add_argument
    add("--dataset", type=Path, required=True, help="folder of genre folders")
    add(
        "--times",
        type=cli.count,
        nargs="+",
        metavar="N",
        default=[1],
        help="how many times the songs are linked, for each part of the table (default: 1)",
    )
    arguments = command_line.parse_args(argv)
    found: list[Sequence[object]] = []
    for times in arguments.times:
        with tempfile.TemporaryDirectory() as folder:
            songs = linked(arguments.dataset, Path(folder, "songs"), times)
            found += rows(songs, Path(folder), arguments.runs)
    table(columns, found)
    machine(arguments.runs)


def tiled(segments: Segments, times: int) -> Segments:
    """Return segments in memory, so many times, each time as tracks of other names."""
    tracks = segments.tracks
    return replace(
        segments,
        tracks=[f"{number}/{track}" for number in range(times) for track in tracks],
        artists=[*segments.artists] * times,
        parts=[*segments.parts] * times,
        pitch_shift=None if (it := segments.pitch_shift) is None else np.tile(it, times),
        labels=np.tile(segments.labels, times),
        track_index=np.concatenate([segments.track_index + i * len(tracks) for i in range(times)]),
        frames=np.tile(segments.frames[:], (times, 1, 1)),
    )
