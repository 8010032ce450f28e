"""Compare networks and classifiers on one data set and one split.

    python compare.py
    python compare.py --data output/mel.h5 --split artist --folds 5 --models all --output all.csv
    python compare.py --models cnn "cnn frequency --block resnet" "lstm --cell gru" "baseline knn"
    python compare.py --models cnn mlp "baseline knn" --reference "baseline knn" --folds 5
    python compare.py --repeats 3 --cluster tcp://10.0.0.1:8786

A model is named as on its card: the training script, then the network or classifier if it is not
the script's default, then its options. At the end a table in Markdown is printed, the best model
first, and which models are better than others by more than chance. With --reference, column p is
the probability that chance alone makes so large a difference to that model. No model is saved.
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import cnn
import lstm
import mlp
from genre import cli, executor, networks
from genre.classifiers.estimators import CLASSIFIERS
from genre.cli import options, training
from genre.errors import TrainingError
from genre.experiments import comparison
from genre.experiments.learners import ClassifierLearner, Learner, NetworkLearner
from genre.experiments.protocol import plan
from genre.experiments.run import Trial, trial
from genre.files import check_place
from genre.segments import segment_file

BASICS = {"mlp": mlp.mlp, "cnn": cnn.basic, "lstm": lstm.lstm}
NETWORKS = {script: networks.of_script(script, basic) for script, basic in BASICS.items()}
BASELINE, ALL = "baseline", "all"  # each means several models
DEFAULT = (*NETWORKS, BASELINE)


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
        "--reference",
        metavar="MODEL",
        help="test each model against this one, which has to be chosen before the scores are known "
        "(default: test all pairs)",
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
    every_network = {name: it for known in NETWORKS.values() for name, it in known.items()}
    options.add_recipe_arguments(parser, every_network)
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
            for script, (_, *others) in NETWORKS.items():
                yield from (script, *(f"{script} {other}" for other in others))
        if model in (ALL, BASELINE):
            yield from (f"{BASELINE} {name}" for name in CLASSIFIERS)
        else:
            yield model


def choose(model: str, arguments: argparse.Namespace) -> Learner:
    """Return a model, a network with the recipe of the command line.

    Raises TrainingError if there is no such model.
    """
    script, *words = model.split() or [""]

    def refuse(reason: str) -> None:
        raise TrainingError(f"--models {model!r}: {reason}")

    known = {**NETWORKS, BASELINE: CLASSIFIERS}.get(script)
    if known is None:
        refuse(f"a model's name begins with {', '.join(NETWORKS)} or {BASELINE}")
    name = words.pop(0) if words and not words[0].startswith("-") else None
    if name not in (None, *known):
        refuse(f"{name!r} is not one of {', '.join(known)}")
    parser = argparse.ArgumentParser(add_help=False)
    parser.error = refuse
    if script == BASELINE:
        parser.parse_args(words)  # refuses any
        return ClassifierLearner(name=name)
    options.add_own_options(parser, known)
    own = options.own_options(known, parser.parse_args(words))
    chosen = networks.choose(script, known, name, own)
    alone = arguments.workers == 1 and not arguments.cluster
    return NetworkLearner(
        script=script,
        chosen=chosen,
        recipe=options.recipe(chosen.network, arguments),
        show_progress=alone and not arguments.quiet,
    )


def chosen_models(arguments: argparse.Namespace) -> dict[str, Learner]:
    """Return the models that the command line asks for, each once, by their titles."""
    models = [choose(model, arguments) for model in spelled_out(arguments.models)]
    by_title = {learner.title: learner for learner in models}
    if arguments.reference:
        reference = choose(arguments.reference, arguments).title
        if reference not in by_title:
            raise TrainingError(f"--reference {arguments.reference!r} is not one of --models")
        arguments.reference = reference
    return by_title


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    models = chosen_models(arguments)
    if arguments.output:
        check_place(arguments.output)
    segments = segment_file.read(arguments.data)
    protocol = options.protocol(arguments, segments)
    planned = plan(segments, protocol)
    learners = training.suited(models.values(), segments, asked=arguments.models)
    trials = [
        Trial(learner, arguments.data, protocol, run.number)
        for learner in learners
        for run in planned
    ]
    with executor.opened(workers=arguments.workers, cluster=arguments.cluster) as pool:
        found = executor.ordered(pool, trial, trials)
        results = training.collect(learners, len(planned), found, quiet=arguments.quiet)
    if arguments.reference not in (None, *results):
        raise TrainingError(f"--reference {arguments.reference!r} cannot learn from this data")

    frames, bands = segments.frames.shape[1:]
    print(f"{arguments.data.name}: {segments.feature}, segments of {frames} frames, {bands} bands")
    picture = arguments.output.with_suffix(".png") if arguments.output else None
    rows = training.report(
        results, segments, planned, protocol, picture=picture, reference=arguments.reference
    )
    if arguments.output:
        comparison.write_csv(rows, arguments.output)
        print(f"table in {arguments.output}, picture in {picture}")
    return cli.DONE if len(results) == len(learners) else cli.SOME_FAILED


if __name__ == "__main__":
    cli.run(main)
