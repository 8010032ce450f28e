"""Measure training from a large .h5 file: frames left on disk against frames in memory (on Linux).

    python -m benchmarks.scale
    python -m benchmarks.scale --times 1 5 20 --networks mlp cnn lstm

The file is made up, with the shape of GTZAN's segments and so many times as many of them. Each run
is a process that reads the file and trains for one epoch; its peak memory counts everything.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

import config
from benchmarks import epochs, measure
from genre import cli
from genre.datasets import Segments, segment_file
from genre.features.settings import Settings

GTZAN_TRACKS = 1000
N_GENRES = 10
COLUMNS = (
    "segments",
    "array, MiB",
    "network",
    "read, s: memory",
    "disk",
    "epoch, s: memory",
    "disk",
    "disk's speed / memory's",
    "peak, MiB: memory",
    "disk",
)


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = measure.parser(__doc__)
    parser.add_argument(
        "--times",
        type=cli.count,
        nargs="+",
        metavar="N",
        default=[1, 20],
        help="times GTZAN's segments, for each part of the table (default: 1 20)",
    )
    parser.add_argument(
        "--networks",
        choices=epochs.NETWORKS,
        nargs="+",
        default=["mlp", "cnn"],
        help="to train (default: mlp cnn)",
    )
    parser.add_argument(
        "--tracks",
        type=cli.count,
        metavar="N",
        default=GTZAN_TRACKS,
        help="in a data set taken once (default: %(default)s, as in GTZAN)",
    )
    return parser.parse_args(argv)


def made_up(n_tracks: int) -> Segments:
    """Return segments of noise, whose mean differs a little from genre to genre."""
    rng = np.random.default_rng(0)
    labels = np.arange(n_tracks) % N_GENRES
    shape = (config.SEGMENTS_PER_TRACK, config.FRAMES_PER_SEGMENT, config.N_MFCC)
    frames = rng.standard_normal((n_tracks, *shape), dtype=np.float32)
    frames += labels[:, None, None, None].astype(np.float32) / N_GENRES
    return Segments(
        feature="mfcc",
        settings=Settings.from_config().to_dict(),
        mapping=[f"genre{label}" for label in range(N_GENRES)],
        tracks=[f"genre{label}/{i}.wav" for i, label in enumerate(labels)],
        labels=np.repeat(labels, config.SEGMENTS_PER_TRACK),
        track_index=np.repeat(np.arange(n_tracks), config.SEGMENTS_PER_TRACK),
        frames=frames.reshape(-1, *shape[1:]),
    )


def rows(path: Path, networks: Sequence[str], runs: int) -> Iterator[list[object]]:
    """Yield a row for each network, trained on the file at a path."""
    shape = segment_file.read(path).frames.shape
    for network in networks:
        command = ("-m", "benchmarks.epochs", "--data", path, "--network", network, "--epochs", 1)
        found = measure.in_turn(
            {
                "memory": partial(measure.answer, *command, "--in-memory"),
                "disk": partial(measure.answer, *command),
            },
            runs,
        )
        epoch = {way: median(one["epochs"][0] for one in runs) for way, runs in found.items()}
        read = {way: median(one["read"] for one in runs) for way, runs in found.items()}
        peak = {way: median(one["peak"] for one in runs) for way, runs in found.items()}
        yield [
            shape[0],
            float(np.prod(shape) * 4 / 2**20),
            network,
            *read.values(),
            *epoch.values(),
            epoch["memory"] / epoch["disk"],
            *peak.values(),
        ]


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    found = []
    for times in arguments.times:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"made-up{segment_file.HDF5}")
            segment_file.write(made_up(times * arguments.tracks), path)
            found += rows(path, arguments.networks, arguments.runs)
    measure.table(COLUMNS, found)
    measure.machine(arguments.runs)
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
