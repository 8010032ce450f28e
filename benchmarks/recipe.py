"""Cross-validate a network and its recipe, on what a split gives to training and validation.

    python -m benchmarks.recipe --data mel.h5 --split split.csv --model "cnn square" --epochs 80

Networks are chosen by this, so the split's test part is not looked at. The folds keep artists apart
as a split's own validation part may not, and several partitions into folds are taken: which
artists are together moves the accuracy by several points. A row of benchmarks/RECIPE.md comes out.
"""

import argparse
import shlex
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev

import lazy_loader as lazy
import numpy as np

import cnn
import compare
import config
from benchmarks import measure
from genre import cli, evaluation, networks
from genre.classifiers import kernel, kernel_statistics
from genre.cli import options
from genre.datasets import TEST, TRAIN, VALIDATION, Segments, segment_file, splits, take
from genre.evaluation import calibration
from genre.training import fit
from genre.training.recipe import Recipe

keras = lazy.load("keras")

KERNEL = "kernel"
COLUMNS = ("per track", "loss", "calibration error", "parameters", "a fold, s", "command")


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.parser(__doc__)
    add = parser.add_argument
    add("--data", type=Path, metavar="FILE", required=True, help="segment file")
    add(
        "--model",
        required=True,
        help=f"as compare.py names it, such as 'cnn square', or '{KERNEL}' for the kernel machine "
        "by itself",
    )
    add(
        "--without",
        choices=range(1, 1 + len(kernel_statistics.STATISTICS)),
        type=int,
        metavar="N",
        help="leave out the kernel machine's statistics of that number",
    )
    add("--partitions", type=cli.count, metavar="N", default=2, help="(default: %(default)s)")
    add(
        "--set",
        type=constant,
        nargs="+",
        metavar="NAME=X",
        default=[],
        help="other values of constants of config.py, such as MIXUP_ALPHA=0.4",
    )
    add(
        "--split",
        type=splits.known,
        metavar="NAME|CSV",
        required=True,
        help="whose training and validation part are folded",
    )
    add("--folds", type=cli.whole_number(2), metavar="K", default=3, help="(default: %(default)s)")
    add("--seed", type=cli.seed, metavar="N", default=config.SEED, help="(default: %(default)s)")
    options.add_recipe_arguments(parser, cnn.RECIPES)
    parser.set_defaults(schedule="cosine")
    return parser.parse_args(argv)


def constant(text: str) -> tuple[str, float]:
    """Read an argument such as MIXUP_ALPHA=0.4."""
    name, _, value = text.partition("=")
    if name.lower() in Recipe._fields:
        raise argparse.ArgumentTypeError(f"{name!r} has an option of its own")
    if not isinstance(getattr(config, name, None), int | float):
        raise argparse.ArgumentTypeError(f"{name!r} is no number of config.py")
    return name, int(value) if value.isdecimal() else float(value)


def without_test(segments: Segments, split: splits.Split) -> Segments:
    """Return the segments of the training and the validation part, in memory."""
    rows = np.flatnonzero(np.isin(split.parts, (TRAIN, VALIDATION)))
    tracks, track_index = np.unique(segments.track_index[rows], return_inverse=True)
    return replace(
        segments,
        tracks=[segments.tracks[i] for i in tracks],
        artists=[segments.artists[i] for i in tracks] if segments.artists else [],
        parts=[],
        labels=segments.labels[rows],
        track_index=track_index,
        pitch_shift=None if segments.pitch_shift is None else segments.pitch_shift[rows],
        frames=take(segments.frames, rows),
    )


def model(arguments: argparse.Namespace) -> tuple[str, Callable[..., "keras.Model"]]:
    """Return what the command line's model is called, and what trains it on a split."""
    if arguments.model == KERNEL:
        return KERNEL, train_kernel
    chosen = compare.architecture_of(arguments.model)
    recipe = chosen.recipe.changed(arguments)

    def train(segments: Segments, split: splits.Split, *, seed: int) -> "keras.Model":
        return fit.train(chosen.layers, segments, split, recipe, seed=seed).network

    return chosen.title, train


def train_kernel(segments: Segments, split: splits.Split, *, seed: int) -> "keras.Model":
    """Return a kernel machine that judges beside a network which has no opinion."""
    frames = keras.Input(segments.frames.shape[1:])
    even = keras.layers.Dense(len(segments.mapping), "softmax", kernel_initializer="zeros")
    network = keras.Model(frames, even(keras.layers.Flatten()(frames)))
    return kernel.beside(network, segments, split.parts == TRAIN, seed=seed)


def held_out(
    train: Callable[..., "keras.Model"],
    segments: Segments,
    *,
    n_folds: int,
    seed: int,
) -> tuple[evaluation.Predictions, int]:
    """Return what networks make of all segments, each trained on the folds without its artist.

    With it comes how many parameters each of them has.
    """
    tested = []
    # By a schedule nothing is chosen on a validation part, so there is none.
    for split in splits.folds(segments, "artist", n_folds=n_folds, seed=seed, validation=False):
        network = train(segments, split, seed=seed)
        judge = evaluation.judge_of(network)
        tested.append(evaluation.predict(judge, segments, split.parts == TEST))
    return evaluation.pool(tested), network.count_params()


def scores(predictions: evaluation.Predictions) -> tuple[float, float, float]:
    """Return accuracy, loss and expected calibration error of the tracks."""
    by_track, labels = evaluation.join_tracks(predictions)
    accuracy = float(np.mean(by_track.argmax(axis=1) == labels))
    judged = (by_track, labels)
    return accuracy, calibration.loss(*judged), calibration.expected_error(*judged)


def said(arguments: argparse.Namespace) -> list[str]:
    """Return those words of the recipe that differ from the defaults here."""
    defaults, words = parse_arguments(["--data", "", "--split", "track", "--model", ""]), []
    for name in Recipe._fields:
        if (value := getattr(arguments, name)) != getattr(defaults, name):
            words += networks.as_typed(name, value).split()
    if arguments.without:
        words += ["--without", f"{arguments.without}"]
    for name, value in arguments.set:
        words += ["--set", f"{name}={value:g}"]
    return words


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    title, train = model(arguments)
    segments = segment_file.read(arguments.data)
    segments = without_test(segments, splits.split(segments, arguments.split, seed=arguments.seed))
    for name, value in arguments.set:
        setattr(config, name, value)
    if arguments.without:
        del kernel_statistics.STATISTICS[arguments.without - 1]
    found, started = [], time.perf_counter()
    for number in range(arguments.partitions):
        seed = arguments.seed + number
        folds, parameters = held_out(train, segments, n_folds=arguments.folds, seed=seed)
        found.append(scores(folds))
        cli.say("partition {}: accuracy {:.3f}, loss {:.3f}, error {:.3f}".format(seed, *found[-1]))
    seconds = (time.perf_counter() - started) / (arguments.partitions * arguments.folds)
    accuracies, losses, errors = zip(*found, strict=True)
    spread = f" ± {stdev(accuracies):.3f}" if len(found) > 1 else ""
    row = (
        f"{mean(accuracies):.3f}{spread}",
        *(f"{mean(losses):.3f}", f"{mean(errors):.3f}"),
        *(f"{parameters:,}", f"{seconds:.0f}"),
        f"`{shlex.join(['--model', title, *said(arguments)])}`",
    )
    measure.table(COLUMNS, [row])
    print(
        f"\n{len(segments.tracks)} tracks, {arguments.folds} folds apart by artist, "
        f"{arguments.partitions} partitions from seed {arguments.seed}"
    )
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
