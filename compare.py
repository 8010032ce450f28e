"""Compare networks and classifiers on data sets, by one split or several.

    python compare.py
    python compare.py --data output/mel.h5 --split artist --folds 5 --models all --output all.csv
    python compare.py --data output/mfcc.json output/mel.h5 --split track artist --output both.csv
    python compare.py --models cnn "cnn frequency --block resnet" "lstm --cell gru" "baseline knn"
    python compare.py --models cnn mlp "baseline knn" --reference "baseline knn" --folds 5
    python compare.py --repeats 3 --cluster tcp://10.0.0.1:8786

A model is named as on its card: the training script, then the network or classifier if it is not
the script's default, then its options. Each data set is compared by each split. At the end, a table
of each is printed, the best model first, and which models are better than others by more than
chance. With --reference, column p is the probability that chance alone makes so large a difference
to that model. No model is saved.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import cnn
import lstm
import mlp
from genre import cli, executor, networks
from genre.cli import comparing, options
from genre.cli.comparing import Compared
from genre.cli.models import ALL, BASELINE, models_of
from genre.errors import TrainingError
from genre.experiments import comparison, predictions_file, results_file
from genre.experiments.run import trial

BASICS = {"mlp": mlp.mlp, "cnn": cnn.basic, "lstm": lstm.lstm}
NETWORKS = {script: networks.of_script(script, basic) for script, basic in BASICS.items()}
DEFAULT = (*NETWORKS, BASELINE)


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.parser(__doc__)
    options.add_data_argument(parser, several=True)
    add_model_arguments(parser)
    add_output_arguments(parser)
    cli.add_worker_arguments(parser, "train", workers=1)
    options.add_split_arguments(parser, several=True)
    every_network = {name: it for known in NETWORKS.values() for name, it in known.items()}
    options.add_recipe_arguments(parser, every_network)
    arguments = parser.parse_args(argv)
    if len({path.name for path in arguments.data}) < len(arguments.data):
        parser.error("--data names two files of the same name")
    return arguments


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which models are compared."""
    add = parser.add_argument
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


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is written and printed."""
    add = parser.add_argument
    add(
        "--output",
        type=cli.path_ending_in(".csv"),
        metavar="FILE.csv",
        help="write a row to this file as soon as a model is finished, and a picture beside it at "
        "the end (default: only print tables)",
    )
    add(
        "--append",
        action="store_true",
        help="add to the rows of that file, and train no model again whose row it has (default: "
        "the file must not exist yet)",
    )
    add(
        "--predictions",
        type=Path,
        metavar="DIR",
        help="write each model's predictions of the test tracks to a file in this folder "
        "(default: keep none)",
    )
    add(
        "--format",
        choices=comparing.FORMATS,
        default=comparing.MARKDOWN,
        help="how the tables are printed (default: %(default)s)",
    )
    add("--quiet", action="store_true", help="print no progress (default: print it)")


def train(compared: Sequence[Compared], arguments: argparse.Namespace) -> None:
    """Train the models of some tables; write and add the figures of each when it is finished."""
    with executor.opened(workers=arguments.workers, cluster=arguments.cluster) as pool:
        found = executor.ordered(pool, trial, comparing.trials(table for table, _ in compared))
        for table, entries in compared:
            for learner, runs in comparing.finished(table, found, quiet=arguments.quiet):
                entry = comparison.entry(table, learner, runs)
                if arguments.predictions:
                    tested = comparison.tested_in(runs, table.protocol)
                    path = predictions_file.path_of(entry.row, arguments.predictions)
                    predictions_file.write(tested, table.segments, path)
                if arguments.output:
                    results_file.add(entry.row, arguments.output)
                entries.append(entry)


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    models, named = models_of(NETWORKS, arguments)
    comparing.check_places(arguments)
    rows = results_file.read(arguments.output) if arguments.append else []
    tables, complete = comparing.planned(arguments, models)
    titles = {learner.title for table in tables for learner in table.learners}
    if arguments.reference not in (None, *titles):
        raise TrainingError(f"--reference {arguments.reference!r} cannot learn from this data")
    compared = [comparing.resumed(table, rows, arguments.predictions) for table in tables]
    try:
        train(compared, arguments)
    except (KeyboardInterrupt, cli.Terminated):
        if arguments.output:
            cli.say(f"what is finished is in {arguments.output}; --append continues")
        raise
    n_entries = sum(len(entries) for _, entries in compared)
    if not n_entries:
        raise TrainingError(comparing.NONE_CAN_LEARN)
    comparing.report_all(compared, arguments)
    complete &= named <= titles and n_entries == sum(len(table.learners) for table in tables)
    return cli.DONE if complete else cli.SOME_FAILED


if __name__ == "__main__":
    cli.run(main)
