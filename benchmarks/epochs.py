"""Train a network in a process of its own and print as JSON what its epochs took.

    python -m benchmarks.epochs --data output/mfcc.json --network lstm --way ours

The benchmarks of training call it, for a setting of TensorFlow holds for a whole process. Its last
line is {"epochs": [seconds, ...], "read": seconds, "loss": validation loss, "accuracy": ...,
"peak": MiB}.
"""

import argparse
import functools
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import tensorflow

import config
from benchmarks import measure, peak
from genre import cli, networks
from genre.datasets import TRAIN, VALIDATION, Segments, segment_file, splits, take
from genre.networks.layers import build
from genre.training import fit
from genre.training.recipe import Recipe

WAYS = ("ours", "fit", "bare")


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.parser(__doc__)
    add = parser.add_argument
    add("--data", type=Path, required=True, help="segment file")
    add("--network", choices=networks.NETWORKS, required=True)
    add(
        "--way",
        choices=WAYS,
        default="ours",
        help="ours: as the training scripts do; fit: Keras's fit of the same network and no more; "
        "bare: fit of its layers, without our normalisation (default: %(default)s)",
    )
    add("--epochs", type=cli.count, default=3, help="(default: %(default)s)")
    add("--batch-size", type=cli.count, default=config.BATCH_SIZE, help="(default: %(default)s)")
    add("--times", type=cli.count, default=1, help="repeat the data (default: %(default)s)")
    add("--in-memory", action="store_true", help="frames as an array (default: as they are read)")
    add("--unroll", action="store_true", help="LSTM's loop as one graph (default: a loop)")
    add("--jit-compile", action="store_true", help="compile by XLA (default: Keras decides)")
    add("--threads", type=cli.count, help="of TensorFlow (default: it decides)")
    return parser.parse_args(argv)


def configure(arguments: argparse.Namespace) -> None:
    """Set for this process what the options ask for and the training scripts do not offer."""
    if arguments.unroll:
        keras.layers.LSTM = functools.partial(keras.layers.LSTM, unroll=True)
    if arguments.jit_compile:
        keras.Model.compile = functools.partialmethod(keras.Model.compile, jit_compile=True)
    if arguments.threads:
        tensorflow.config.threading.set_intra_op_parallelism_threads(arguments.threads)
        tensorflow.config.threading.set_inter_op_parallelism_threads(arguments.threads)


def plain_fit(
    segments: Segments, split: splits.Split, arguments: argparse.Namespace
) -> tuple[dict[str, list[float]], list[float]]:
    """Train as plainly as Keras can and return the history, and what each epoch took."""
    keras.utils.set_random_seed(config.SEED)
    layers = networks.choose(arguments.network).for_one_feature()
    if arguments.way == "fit":
        network = build(layers, segments, split.parts == TRAIN)
    else:
        network = networks.plain(layers, segments.frames.shape[1:], len(segments.mapping))
    network.compile(
        optimizer=keras.optimizers.Adam(config.LEARNING_RATE),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    train, validation = (
        (take(segments.frames, rows), segments.labels[rows])
        for rows in (np.flatnonzero(split.parts == part) for part in (TRAIN, VALIDATION))
    )
    seconds: list[float] = []
    fitted = network.fit(
        *train,
        validation_data=validation,
        batch_size=arguments.batch_size,
        epochs=arguments.epochs,
        callbacks=[fit.clock(seconds)],
        verbose=0,
    )
    return fitted.history, seconds


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    configure(arguments)
    started = time.perf_counter()
    segments = segment_file.read(arguments.data)
    if arguments.in_memory:
        segments = replace(segments, frames=segments.frames[:])
    read = time.perf_counter() - started
    if arguments.times > 1:
        segments = measure.tiled(segments, arguments.times)
    split = splits.split(segments, "track", seed=config.SEED)
    if arguments.way == "ours":
        run = fit.fit(
            networks.choose(arguments.network).for_one_feature(),
            segments,
            split,
            Recipe(epochs=arguments.epochs, batch_size=arguments.batch_size),
            seed=config.SEED,
        )
        history, seconds = run.curves, run.epoch_seconds
    else:
        history, seconds = plain_fit(segments, split, arguments)
    answer = {"epochs": seconds, "read": read, "peak": peak.so_far() / peak.MEBIBYTE}
    answer |= {"loss": history["val_loss"][-1], "accuracy": history["val_accuracy"][-1]}
    print(json.dumps(answer))
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
