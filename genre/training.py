"""What every training script does: read the data, split it, fit, score on the test part, save."""

import argparse
import contextlib
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lazy_loader as lazy
import numpy as np

import config
from genre import backend, card, cli, dataset, evaluation, plots, splits
from genre.files import sha256, sha256_of_lines

keras = lazy.load("keras")
tensorflow = lazy.load("tensorflow")

# Builds an uncompiled network whose layer "normalization" is still to be fitted:
# (shape of a segment's frames, number of genres) -> network.
Build = Callable[[tuple[int, int], int], "keras.Model"]


def parse_arguments(
    description: str | None, output: Path, argv: Sequence[str] | None
) -> argparse.Namespace:
    parser = cli.parser(description)
    add = parser.add_argument
    add(
        "--data",
        type=Path,
        metavar="FILE",
        default=config.MFCC_PATH,
        help="segment file of preprocess.py (default: %(default)s)",
    )
    add(
        "--output",
        type=Path,
        metavar="DIR",
        default=output,
        help="folder for the network, its card and pictures (default: %(default)s)",
    )
    add(
        "--split",
        choices=splits.SPLITS,
        default="track",
        help="; ".join(f"{name}: {text}" for name, text in splits.SPLITS.items())
        + " (default: %(default)s)",
    )
    add(
        "--epochs",
        type=cli.positive_int,
        metavar="N",
        default=config.EPOCHS,
        help="at most; training stops early when the validation loss no longer falls "
        "(default: %(default)s)",
    )
    add(
        "--batch-size",
        type=cli.positive_int,
        metavar="N",
        default=config.BATCH_SIZE,
        help="segments a step (default: %(default)s)",
    )
    add(
        "--learning-rate",
        type=cli.positive_float,
        metavar="X",
        default=config.LEARNING_RATE,
        help="Adam's step (default: %(default)s)",
    )
    add(
        "--seed",
        type=cli.whole_number,
        metavar="N",
        default=config.SEED,
        help="of the split, the weights and the batches (default: %(default)s)",
    )
    return parser.parse_args(argv)


def main(
    build: Build,
    *,
    script: str,
    output: Path,
    description: str | None,
    argv: Sequence[str] | None = None,
) -> int:
    """Train the network that `build` returns, as the command line says, and save it."""
    arguments = parse_arguments(description, output, argv)
    segments = dataset.read(arguments.data)
    parts = splits.split(segments, arguments.split, seed=arguments.seed)
    describe_data(segments, parts, arguments.split)
    started = time.perf_counter()
    network, curves = fit(build, segments, parts, arguments)
    seconds = time.perf_counter() - started
    scores = score(network, segments, parts == splits.TEST)
    best_epoch = int(np.argmin(curves["val_loss"])) + 1
    the_card = card.Card(
        schema=card.SCHEMA,
        script=script,
        mapping=segments.mapping,
        feature=segments.feature,
        settings=segments.settings,
        data={"file": arguments.data.name, "sha256": sha256(arguments.data)},
        split=describe_split(segments, parts, arguments),
        training={
            "seed": arguments.seed,
            "batch_size": arguments.batch_size,
            "learning_rate": arguments.learning_rate,
            "epochs": arguments.epochs,
            "epochs_run": len(curves["loss"]),
            "best_epoch": best_epoch,
            "seconds": round(seconds, 1),
        },
        scores=scores._asdict() | {"confusion": scores.confusion.tolist()},
        weights_sha256=card.weights_digest(network),
        versions=card.versions(),
    )
    card.save(network, the_card, arguments.output)
    plots.history(curves, best_epoch, arguments.output / "history.png")
    title = f"{script}, {scores.n_tracks} test tracks, split by {arguments.split}"
    plots.confusion(scores.confusion, segments.mapping, title, arguments.output / "confusion.png")
    report(scores, arguments)
    return cli.DONE


def fit(
    build: Build, segments: dataset.Segments, parts: np.ndarray, arguments: argparse.Namespace
) -> tuple["keras.Model", dict[str, list[float]]]:
    """Return the network with the best weights on the validation part, and Keras's history."""
    backend.load()
    keras.utils.set_random_seed(arguments.seed)
    tensorflow.config.experimental.enable_op_determinism()
    network = build(segments.frames.shape[1:], len(segments.mapping))
    train, validation = parts == splits.TRAIN, parts == splits.VALIDATION
    network.get_layer("normalization").adapt(segments.frames[train])
    network.compile(
        optimizer=keras.optimizers.Adam(arguments.learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    stop_early = keras.callbacks.EarlyStopping(
        "val_loss", patience=config.PATIENCE, restore_best_weights=True
    )
    with contextlib.redirect_stdout(sys.stderr):  # where progress goes; Keras prints to stdout
        history = network.fit(
            segments.frames[train],
            segments.labels[train],
            validation_data=(segments.frames[validation], segments.labels[validation]),
            batch_size=arguments.batch_size,
            epochs=arguments.epochs,
            callbacks=[stop_early],
            verbose=1 if sys.stderr.isatty() else 2,  # a moving bar, or a line for each epoch
        )
    return network, history.history


def score(
    network: "keras.Model", segments: dataset.Segments, chosen: np.ndarray
) -> evaluation.Scores:
    """Score a network on the chosen segments, a mask of (segments,)."""
    probabilities = network.predict(segments.frames[chosen], verbose=0)
    return evaluation.score(probabilities, segments.labels[chosen], segments.track_index[chosen])


def describe_data(segments: dataset.Segments, parts: np.ndarray, split: str) -> None:
    """Say on stderr what the network learns from."""
    counts = ", ".join(f"{np.sum(parts == part)} {part}" for part in splits.PARTS)
    cli.say(
        f"{len(segments.frames)} segments of {len(segments.tracks)} tracks, "
        f"{len(segments.mapping)} genres; split by {split}: {counts}"
    )


def describe_split(
    segments: dataset.Segments, parts: np.ndarray, arguments: argparse.Namespace
) -> dict[str, Any]:
    """Return the card's account of the split: each part's size and its tracks' digest."""
    account: dict[str, Any] = {"name": arguments.split, "seed": arguments.seed}
    for part in splits.PARTS:
        tracks = [segments.tracks[i] for i in np.unique(segments.track_index[parts == part])]
        account[part] = {
            "segments": int(np.sum(parts == part)),
            "tracks": len(tracks),
            "tracks_sha256": sha256_of_lines(tracks),
        }
    return account


def report(scores: evaluation.Scores, arguments: argparse.Namespace) -> None:
    """Print the test scores, and where the network is."""
    for what, accuracy, count in (
        ("segment", scores.segment_accuracy, scores.n_segments),
        ("track", scores.track_accuracy, scores.n_tracks),
    ):
        print(f"test accuracy per {what:8} {accuracy:.3f} ({count} {what}s)")
    if arguments.split == "segment":
        print(splits.LEAKS)
    print(f"network and card in {arguments.output}")
