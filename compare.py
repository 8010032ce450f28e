"""Compare networks and classifiers on one data set and one split, as a Markdown table.

    python compare.py
    python compare.py --data output/mel.h5 --split artist --repeats 3 --models all
    python compare.py --models cnn "cnn frequency --block resnet" "lstm --cell gru" "baseline knn"

A model is called what its card calls it: the training script, the architecture or classifier if
it is not the script's own, and its options. A row stands as soon as its model is trained, so that
an interrupted comparison leaves what it has found. Nothing is saved.
"""

import argparse
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from statistics import mean, median
from typing import NamedTuple

import lazy_loader as lazy

import cnn
import lstm
import mlp
from genre import classifiers, cli, datasets, evaluation, executor, networks
from genre.classifiers import statistics
from genre.cli import options
from genre.datasets import segment_file, splits
from genre.errors import TrainingError
from genre.reporting import card, text
from genre.training import fit, protocol

np = lazy.load("numpy")

SCRIPTS = {"mlp": mlp, "cnn": cnn, "lstm": lstm}
RECIPES = {"cnn": cnn.RECIPES}
DEFAULT = [*SCRIPTS, card.BASELINE]
ALL = "all"
TIMED_TRACKS = 20  # of the test part, at most, that a prediction is timed on
COLUMNS = (
    *("model", "per segment", "per track", "macro F1", "parameters", "training, s"),
    *("an epoch, s", "a track's prediction, ms"),
)


class Trained(NamedTuple):
    """What came of training a model once or several times."""

    runs: Sequence[fit.Run | classifiers.Fitted]
    judge: evaluation.Judge  # the first run's
    parameters: int | str = ""
    epoch_seconds: float | str = ""


Statistics = Callable[[], "np.ndarray"]  # those of the segments, (segments, statistics)
# From the segments, the seeds and splits of the runs, and the command line's changes of a recipe.
Train = Callable[
    [datasets.Segments, list[tuple[int, splits.Split]], argparse.Namespace, Statistics], Trained
]


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.parser(__doc__)
    options.add_data_argument(parser)
    parser.add_argument(
        "--models",
        nargs="+",
        metavar="MODEL",
        default=DEFAULT,
        help=f"such as cnn, 'lstm crnn' or 'baseline knn'; {card.BASELINE} are all twelve "
        f"classifiers, {ALL} are these and every architecture of the training scripts "
        f"(default: {' '.join(DEFAULT)})",
    )
    options.add_training_arguments(parser, cnn.RECIPES)
    return parser.parse_args(argv)


def spelled_out(models: Iterable[str]) -> Iterator[str]:
    """Yield each model's words, those of `all` and of `baseline` one by one."""
    for model in models:
        if model == ALL:
            for name, script in SCRIPTS.items():
                _, *others = script.ARCHITECTURES
                yield from (name, *(f"{name} {other}" for other in others))
        if model in (ALL, card.BASELINE):
            yield from (f"{card.BASELINE} {name}" for name in classifiers.NAMES)
        elif model != ALL:
            yield model


def choose(model: str) -> tuple[str, Train]:
    """Return what a model is called on its card, and the function that trains it.

    Raises TrainingError where the words mean no model.
    """
    script, *words = model.split() or [""]
    if script == card.BASELINE:
        parser = parser_of(model)
        parser.add_argument("classifier", choices=classifiers.NAMES)
        name = parser.parse_args(words).classifier
        return f"{script} {name}", partial(train_classifier, name)
    chosen = architecture_of(model)
    return chosen.title, partial(train_network, chosen)


def architecture_of(model: str) -> networks.Architecture:
    """Return the architecture that a model's words mean; raises TrainingError where none."""
    script, *words = model.split() or [""]
    parser = parser_of(model)
    if script not in SCRIPTS:
        parser.error(f"a model begins with {', '.join(SCRIPTS)} or {card.BASELINE}")
    known = SCRIPTS[script].ARCHITECTURES
    if len(known) > 1:
        parser.add_argument("architecture", nargs="?", choices=known, default=next(iter(known)))
    SCRIPTS[script].add_options(parser)
    recipes = RECIPES.get(script, {})
    return networks.choose(script, known, parser.parse_args(words), recipes)


def parser_of(model: str) -> argparse.ArgumentParser:
    """Return a parser of a model's words, which raises TrainingError for wrong ones."""

    def refuse(reason: str) -> None:
        raise TrainingError(f"--models {model!r}: {reason}")

    parser = argparse.ArgumentParser(add_help=False)
    parser.error = refuse
    return parser


def train_network(
    chosen: networks.Architecture,
    segments: datasets.Segments,
    runs_to_do: list[tuple[int, splits.Split]],
    arguments: argparse.Namespace,
    _: Statistics,
) -> Trained:
    """Train a network once for every run, by its own recipe as the command line changes it."""
    recipe, runs = chosen.recipe.changed(arguments), []
    for number, (seed, split) in enumerate(runs_to_do, start=1):
        cli.say(f"run {number} of {len(runs_to_do)}")
        runs.append(fit.train(chosen.layers, segments, split, recipe, seed=seed))
    # The first epoch, in which TensorFlow builds its graph, is another matter.
    epochs = [seconds for run in runs for seconds in run.epoch_seconds[1:] or run.epoch_seconds]
    network = runs[0].network
    return Trained(runs, evaluation.judge_of(network), network.count_params(), median(epochs))


def train_classifier(
    name: str,
    segments: datasets.Segments,
    runs_to_do: list[tuple[int, splits.Split]],
    _: argparse.Namespace,
    statistics: Statistics,
) -> Trained:
    """Train a classifier once for every run."""
    rows = statistics()
    runs = [classifiers.fit(name, rows, segments, split, seed=seed) for seed, split in runs_to_do]
    model, n_genres = runs[0].model, len(segments.mapping)
    judge = classifiers.judge_of(model, segments.feature, segments.settings, n_genres)
    return Trained(runs, judge)


def time_prediction(
    judge: evaluation.Judge, segments: datasets.Segments, split: splits.Split
) -> float:
    """Return the median time to judge a test track's segments, in milliseconds."""
    tested = segments.track_index[split.parts == datasets.TEST]
    tracks = [
        datasets.take(segments.frames, np.flatnonzero(segments.track_index == track))
        for track in np.unique(tested)[:TIMED_TRACKS]
    ]
    took = []
    for warm in (False, True):  # a network's first call for a number of segments is slow
        for frames in tracks:
            started = time.perf_counter()
            judge(frames)
            if warm:
                took.append(time.perf_counter() - started)
    return 1000 * median(took)


def row(title: str, trained: Trained, segments: datasets.Segments) -> list[str]:
    """Return a model's row of the table."""
    runs = trained.runs
    measures = evaluation.measures([run.predictions for run in runs], segments.mapping)
    times = (
        mean(run.seconds for run in runs),
        trained.epoch_seconds,
        time_prediction(trained.judge, segments, runs[0].split),
    )
    scores = [text.with_spread(measures, name) for name in evaluation.MEASURES]
    parameters = f"{trained.parameters:,}" if trained.parameters else ""
    return [title, *scores, parameters, *(f"{value:#.3g}" if value else "" for value in times)]


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    models = dict(map(choose, spelled_out(arguments.models)))
    segments = segment_file.read(arguments.data)
    runs_to_do = protocol.plan(segments, arguments)
    frames, bands = segments.frames.shape[1:]
    print(f"{arguments.data.name}: {segments.feature}, segments of {frames} frames, {bands} bands")
    print(protocol.describe_test(segments, runs_to_do, arguments), end="\n\n")
    print_row(COLUMNS)
    print_row(["---"] * len(COLUMNS))
    failed = 0
    of_segments = cache(
        partial(statistics.statistics, segments.frames, segments.feature, segments.settings)
    )
    for title, train in models.items():
        cli.say(title)
        try:
            trained = train(segments, runs_to_do, arguments, of_segments)
        except TrainingError as error:  # the others may
            failed += 1
            cli.say(f"{title}: {error}")
        else:
            print_row(row(title, trained, segments))
    if failed == len(models):
        raise TrainingError("none of the models can learn from this data")
    print()
    for note in protocol.notes(split for _, split in runs_to_do):
        print(f"note: {note}")
    print(f"times on {executor.cores()} cores; a prediction is of all segments of a track")
    return cli.SOME_FAILED if failed else cli.DONE


def print_row(cells: Sequence[str]) -> None:
    print("|", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    cli.run(main)
