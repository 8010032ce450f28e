"""What the benchmarks share: runs in turn, processes measured, Markdown tables, made-up data."""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple, TypeVar

import numpy as np
from tqdm import tqdm

from genre import cli
from genre.errors import GenreError
from genre.segments import Segments
from genre.songs.folder import find

Result = TypeVar("Result")
ROOT = Path(__file__).parents[1]
PACKAGES = ("numpy", "librosa", "keras", "tensorflow", "onnxruntime")
CALL = """\
import importlib, json, sys
module, function, arguments = sys.argv[1:]
print(json.dumps(getattr(importlib.import_module(module), function)(*json.loads(arguments))))
"""


class Usage(NamedTuple):
    """What a process and those that it started took; of many runs, the median of each."""

    seconds: float  # by the clock
    cpu_seconds: float  # user and system, on all cores
    peak: float  # MiB of memory at most, in the largest of the processes


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with the option that all benchmarks have."""
    parser = cli.parser(description)
    parser.add_argument(
        "--runs",
        type=cli.count,
        metavar="N",
        default=5,
        help="of each kind, in turn; the tables hold their medians (default: %(default)s)",
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


def usages(ways: Mapping[str, Callable[[], Usage]], runs: int) -> dict[str, Usage]:
    """Return the medians of what each way used, run in turn."""
    found = in_turn(ways, runs)
    return {
        name: Usage(*map(median, zip(*all_runs, strict=True))) for name, all_runs in found.items()
    }


def seconds(function: Callable, *arguments: object) -> float:
    """Call a function and return how long it took."""
    started = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - started


def process(*command: object, output: Path | None = None, folder: Path = ROOT) -> Usage:
    """Run a Python process in a checkout's folder, with its stdout in a file if one is named.

    Raises GenreError with its last line on stderr when it fails.
    """
    usage = [sys.executable, ROOT / "benchmarks" / "usage.py", output or os.devnull, *command]
    return Usage(**json.loads(_run(usage, folder)))


def call(function: Callable[..., Result], *arguments: Any) -> Result:
    """Call a function of a module in a process of its own; arguments and result as in JSON."""
    module = sys.modules[function.__module__].__spec__.name  # which is not "__main__"
    words = (module, function.__name__, json.dumps(arguments, default=str))
    return json.loads(_run([sys.executable, "-c", CALL, *words], ROOT).splitlines()[-1])


def own_peak() -> float:
    """Return the most memory that this process has had, in MiB."""
    return peak_of(os.getpid())


def peak_of(process_id: int) -> float:
    """Return the most memory that a running process has had, in MiB, as Linux tells it."""
    status = Path(f"/proc/{process_id}/status").read_text(encoding="utf-8")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def _run(command: Sequence[object], folder: Path) -> str:
    """Run a process and return its stdout."""
    ended = subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd=folder)
    if ended.returncode:
        last = ended.stderr.strip().splitlines()[-1:]
        raise GenreError(f"a measured process ended with {ended.returncode}", *last)
    return ended.stdout


@contextmanager
def one_core() -> Iterator[None]:
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
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    load = f", load {os.getloadavg()[1]:.1f}" if hasattr(os, "getloadavg") else ""
    print(
        f"\nMedians of {runs} runs, {os.cpu_count()} cores{load}, {platform.machine()}, "
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


def add_songs(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add the options that say which songs are used, and how often."""
    add = parser.add_argument
    add("--dataset", type=Path, metavar="DIR", required=required, help="folder of genre folders")
    add_times(parser, "how many times the songs are linked")


def add_times(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the option that says how large the data is in each row of the table."""
    parser.add_argument(
        "--times",
        type=cli.count,
        nargs="+",
        metavar="N",
        default=[1],
        help=f"{what}, for each row of the table (default: 1)",
    )


@contextmanager
def songs(dataset: Path, times: int) -> Iterator[tuple[Path, Path]]:
    """Give a folder of linked songs, and one to write to, for as long as the block runs."""
    with tempfile.TemporaryDirectory() as name:
        yield linked(dataset, Path(name, "songs"), times), Path(name)


def tiled(segments: Segments, times: int) -> Segments:
    """Return segments in memory, so many times, each time as tracks of other names."""
    tracks = segments.tracks
    return replace(
        segments,
        tracks=[f"{number}/{track}" for number in range(times) for track in tracks],
        artists=[*segments.artists] * times,
        parts=[*segments.parts] * times,
        recordings=None,  # each time they count as other songs
        pitch_shift=None if (it := segments.pitch_shift) is None else np.tile(it, times),
        altered=None if (it := segments.altered) is None else np.tile(it, times),
        labels=np.tile(segments.labels, times),
        track_index=np.concatenate([segments.track_index + i * len(tracks) for i in range(times)]),
        frames=np.tile(segments.frames[:], (times, 1, 1)),
    )
