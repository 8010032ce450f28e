"""Measure an epoch as the training scripts do it, against Keras's plain fit (on Linux).

    python -m benchmarks.training --data output/mfcc.json
    python -m benchmarks.training --data output/mfcc.json --times 200 --networks mlp --epochs 2

The plain fit trains the same network, with its normalisation, from an array in memory. Both begin
with the same seed and see the same validation part. The first epoch, in which TensorFlow builds its
graph, is left out. With --times the segments stand so many times in an .h5 file, from which the
training scripts read each batch.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

import config
from benchmarks import measure
from compare import NETWORKS
from genre import cli, environment, networks, splits
from genre.networks.layers import Layers, build
from genre.segments import Segments, segment_file, take
from genre.songs import TRAIN, VALIDATION
from genre.training import fit
from genre.training.recipe import Recipe

COLUMNS = (
    "network",
    "segments",
    "ours, s an epoch",
    "plain fit, s an epoch",
    "times as fast",
    "ours, peak MiB",
    "plain fit, peak MiB",
    "validation loss, ours",
    "plain fit",
)


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = measure.parser(__doc__)
    add = parser.add_argument
    add("--data", type=Path, metavar="FILE", required=True, help="segment file")
    add(
        "--times",
        type=cli.count,
        metavar="N",
        default=1,
        help="how often its segments are in the data (default: %(default)s)",
    )
    add(
        "--epochs",
        type=cli.whole_number(2),
        metavar="N",
        default=4,
        help="of a run (default: %(default)s)",
    )
    add(
        "--networks",
        choices=NETWORKS,
        nargs="+",
        default=list(NETWORKS),
        help=f"to train (default: {' '.join(NETWORKS)})",
    )
    return parser.parse_args(argv)


def ours(data: str, network: str, epochs: int) -> dict[str, Any]:
    """Train as the scripts do, in this process; return what is measured."""
    environment.prepare()
    segments, split, layers = prepared(data, network)
    recipe = Recipe(epochs=epochs)
    run = fit.fit(
        layers, segments, split, recipe, seed=config.SEED, watch=fit.Watch(progress=False)
    )
    return measured(run.epoch_seconds, run.curves)


def plain_fit(data: str, network: str, epochs: int) -> dict[str, Any]:
    """Train by Keras's fit alone, in this process; return what is measured."""
    import keras

    segments, split, layers = prepared(data, network)
    keras.utils.set_random_seed(config.SEED)
    model = build(layers, segments, split.parts == TRAIN)
    fit.set_batch_norm_momentum(model, Recipe.batch_norm_momentum)
    model.compile(
        optimizer=keras.optimizers.Adam(config.LEARNING_RATE),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    (frames, labels), validation = (
        (take(segments.frames, rows), segments.labels[rows])
        for rows in (np.flatnonzero(split.parts == part) for part in (TRAIN, VALIDATION))
    )
    seconds: list[float] = []
    fitted = model.fit(
        frames,
        labels,
        validation_data=validation,
        batch_size=config.BATCH_SIZE,
        epochs=epochs,
        callbacks=[fit.clock(seconds)],
        verbose=0,
    )
    return measured(seconds, fitted.history)


def prepared(data: str, network: str) -> tuple[Segments, splits.Split, Layers]:
    segments = segment_file.read(Path(data))
    split = splits.split(segments, "track", seed=config.SEED)
    script = network if network in NETWORKS else "mlp"  # which has `linear`, too
    chosen = networks.choose(script, NETWORKS[script], None if script == network else network)
    layers = chosen.layers(segments)
    return segments, split, layers


def measured(epoch_seconds: Sequence[float], curves: dict[str, list[float]]) -> dict[str, float]:
    _, *later = epoch_seconds
    return {"epoch": median(later), "peak": measure.own_peak(), "loss": curves["val_loss"][-1]}


def rows(data: Path, arguments: argparse.Namespace) -> Iterator[list[object]]:
    """Yield a row for each network."""
    n_segments = len(segment_file.read(data).labels)
    for network in arguments.networks:
        found = measure.in_turn(
            {
                way.__name__: partial(measure.call, way, data, network, arguments.epochs)
                for way in (ours, plain_fit)
            },
            arguments.runs,
        )
        epochs, peaks, losses = (
            [median(run[what] for run in runs) for runs in found.values()]
            for what in ("epoch", "peak", "loss")
        )
        shown = [f"{loss:.4f}" for loss in losses]
        yield [network, n_segments, *epochs, epochs[1] / epochs[0], *peaks, *shown]


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    with tempfile.TemporaryDirectory() as folder:
        data = arguments.data.resolve()
        if arguments.times > 1:
            segments = measure.tiled(segment_file.read(data), arguments.times)
            data = Path(folder, f"tiled{segment_file.HDF5}")
            segment_file.write(segments, data)
            del segments
        measure.table(COLUMNS, rows(data, arguments))
    measure.machine(arguments.runs)
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
