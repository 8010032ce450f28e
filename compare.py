"""Compare networks and classifiers on one data set and one split.

    python compare.py
    python compare.py --data output/mel.h5 --split artist --folds 5 --models all --output all.csv
    python compare.py --models cnn "cnn frequency --block resnet" "lstm --cell gru" "baseline knn"
    python compare.py --repeats 3 --cluster tcp://10.0.0.1:8786

A model is named as on its card: the training script, then the network or classifier if it is not
the script's default, then its options. At the end a table in Markdown is printed, the best model
first. Column p: the probability that chance alone makes a difference to the best model this large.
No model is saved.
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from pathlib import Path

from genre import classifiers, cli, executor, networks
from genre.cli import options, training
from genre.errors import TrainingError
from genre.experiments import comparison, model_folder, trial
from genre.experiments import protocol as experiment
from genre.experiments.trial import Outcome, Trial
from genre.files import check_place
from genre.segments import Segments, segment_file
from genre.training.recipe import Recipe

BASELINE, ALL = "baseline", "all"  # each means several models
DEFAULT = (*networks.NETWORKS, BASELINE)

Model = networks.Architecture | str  # a network, or the name of a classifier


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.parser(__doc__)
    add = parser.add_argument
    options.add_data_argument(parser)
    add(
        "--models",
        nargs="+",
        metavar="MODEL",
        default=DEFAULT,
        help=f"such as cnn, 'lstm crnn' or 'baseline knn'; {BASELINE} means all classifiers, {ALL} "
        f"all classifiers and all networks (default: {' '.join(DEFAULT)})",
    )
    add(
        "--output",
        type=table_path,
        metavar="FILE.csv",
        help="write the table to this file, and a picture of it beside (default: only print it)",
    )
    add(
        "--workers",
        type=cli.count,
        metavar="N",
        default=1,
        help="processes that train at the same time (default: %(default)s)",
    )
    add(
        "--cluster",
        metavar="ADDRESS",
        help="train on the workers of the Dask scheduler at this address (default: here)",
    )
    add("--quiet", action="store_true", help="print no progress (default: print it)")
    options.add_split_arguments(parser)
    options.add_recipe_arguments(parser)
    return parser.parse_args(argv)


def table_path(text: str) -> Path:
    """Read an argument that is the path of a .csv file."""
    if not text.endswith(".csv"):
        raise argparse.ArgumentTypeError(f"{text!r} does not end in .csv")
    return Path(text)


def spelled_out(models: Iterable[str]) -> Iterator[str]:
    """Yield each model, with `all` and `baseline` replaced by the models that they mean."""
    for model in models:
        if model == ALL:
            for script, (_, *others) in networks.NETWORKS.items():
                yield from (script, *(f"{script} {other}" for other in others))
        if model in (ALL, BASELINE):
            yield from (f"{BASELINE} {name}" for name in classifiers.NAMES)
        else:
            yield model


def choose(model: str) -> tuple[str, Model]:
    """Return the name that a model has on its card, and the model.

    Raises TrainingError if there is no such model.
    """
    script, *words = model.split() or [""]

    def refuse(reason: str) -> None:
        raise TrainingError(f"--models {model!r}: {reason}")

    known = {**networks.NETWORKS, BASELINE: classifiers.NAMES}.get(script)
    if known is None:
        refuse(f"a model's name begins with {', '.join(networks.NETWORKS)} or {BASELINE}")
    name = words.pop(0) if words and not words[0].startswith("-") else None
    if name not in (None, *known):
        refuse(f"{name!r} is not one of {', '.join(known)}")
    parser = argparse.ArgumentParser(add_help=False)
    parser.error = refuse
    if script == BASELINE:
        parser.parse_args(words)  # refuses any
        return f"{BASELINE} {name}", name
    options.add_own_options(parser, script)
    chosen = networks.choose(script, name, options.own_options(script, parser.parse_args(words)))
    return chosen.title, chosen


def suited(models: dict[str, Model], asked: Sequence[str], segments: Segments) -> dict[str, Model]:
    """Return the models without the classifiers that need other data, unless asked for by name."""
    kept = {}
    for title, model in models.items():
        try:
            if isinstance(model, str) and title not in asked:
                classifiers.check(model, segments)
        except TrainingError as error:
            cli.say(f"left out: {error}")
        else:
            kept[title] = model
    return kept


def train_all(
    trials: dict[str, list[Trial]], pool: Executor, *, quiet: bool
) -> dict[str, list[Outcome]]:
    """Return the outcomes of each model's trials; a model that cannot learn is left out."""
    runs = [(title, each) for title, of_model in trials.items() for each in of_model]
    outcomes: dict[str, list[Outcome]] = {title: [] for title in trials}
    found = executor.ordered(pool, trial.run, [each for _, each in runs])
    for (title, each), outcome in zip(runs, found, strict=True):
        number = each.number + 1
        if isinstance(outcome, Outcome):
            outcomes[title].append(outcome)
            if not quiet:
                count = len(trials[title])
                cli.say(f"{title}, run {number} of {count}: trained in {outcome.seconds:.1f} s")
        elif number == 1:
            cli.say(f"{title}: {outcome}")
    return {title: of_model for title, of_model in outcomes.items() if of_model}


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    models = dict(map(choose, spelled_out(arguments.models)))
    if arguments.output:
        check_place(arguments.output)
    segments, protocol = segment_file.read(arguments.data), options.protocol(arguments)
    planned = experiment.plan(segments, protocol)
    models = suited(models, arguments.models, segments)
    alone = arguments.workers == 1 and not arguments.cluster
    trials = {
        title: [
            Trial(
                model,
                arguments.data,
                protocol,
                number,
                recipe=recipe_of(model, arguments),
                show_progress=alone and not arguments.quiet,
            )
            for number in range(len(planned))
        ]
        for title, model in models.items()
    }
    with executor.opened(workers=arguments.workers, cluster=arguments.cluster) as pool:
        outcomes = train_all(trials, pool, quiet=arguments.quiet)
    if not outcomes:
        raise TrainingError("none of the models can learn from this data")

    measures = comparison.measures_of(outcomes, segments.mapping)
    tested = comparison.tested(outcomes, measures, folds=bool(protocol.folds))
    rows = comparison.table(outcomes, measures, comparison.p_values(tested))
    frames, bands = segments.frames.shape[1:]
    print(f"{arguments.data.name}: {segments.feature}, segments of {frames} frames, {bands} bands")
    heading = training.test_heading(segments, planned, protocol)
    print(heading, comparison.markdown(rows), comparison.chance(tested), sep="\n\n")
    for note in model_folder.notes(split for _, split in planned):
        print(f"note: {note}")
    for note in comparison.unconverged(
        {title: all(run.converged for run in outcomes[title]) for title in measures}
    ):
        print(f"note: {note}")
    if arguments.output:
        comparison.write_csv(rows, arguments.output)
        picture = arguments.output.with_suffix(".png")
        comparison.picture(measures, heading, picture)
        print(f"table in {arguments.output}, picture in {picture}")
    return cli.DONE if len(outcomes) == len(models) else cli.SOME_FAILED


def recipe_of(model: Model, arguments: argparse.Namespace) -> Recipe | None:
    """Return a network's recipe, changed as the command line says; None for a classifier."""
    return None if isinstance(model, str) else options.recipe(model.network, arguments)


if __name__ == "__main__":
    cli.run(main)
