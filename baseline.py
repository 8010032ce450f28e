"""Train scikit-learn's classifiers on statistics of segments, or on a table of features.

    python baseline.py
    python baseline.py --data output/mel.h5 --split artist --folds 5
    python baseline.py --data features_30_sec.csv --split artist
    python baseline.py --data fma_metadata/features.csv --fma fma_metadata/tracks.csv --split given
    python baseline.py --classifier random-forest --folds 5 --refit --output output/forest

These are the baselines that a network must beat. All are compared, or one is saved for predict.py
and evaluate.py. They learn from the mean and the standard deviation of each band of a segment, and
from how much the band changes from frame to frame. kernel-ridge learns from more statistics, which
need a spectrogram in decibels, such as the one of preprocess.py --feature mel.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import config
from genre import cli
from genre.classifiers.estimators import CLASSIFIERS
from genre.cli import comparing, options, progress, training
from genre.errors import TrainingError
from genre.experiments.comparison import Table, entry
from genre.experiments.learners import ClassifierLearner
from genre.experiments.protocol import Protocol, Run, plan
from genre.experiments.run import Result, attempt
from genre.files import check_folder
from genre.segments import Segments, feature_table, segment_file
from genre.songs import fma

PICTURE = "baselines.png"


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.parser(__doc__)
    add_data_arguments(parser)
    parser.add_argument(
        "--classifier",
        choices=CLASSIFIERS,
        help="train this classifier and save it (default: compare all and save none)",
    )
    holds = "the classifier, its card and pictures, or for the picture that compares all"
    options.add_output_arguments(parser, config.BASELINE_PATH, holds)
    options.add_split_arguments(parser)
    options.add_refit_argument(parser)
    options.add_cluster_argument(parser)
    arguments = parser.parse_args(argv, argparse.Namespace(command=cli.command(parser, argv)))
    if arguments.fma and arguments.data.suffix.lower() != feature_table.SUFFIX:
        parser.error("--fma needs --data, FMA's features.csv")
    if arguments.subset and not arguments.fma:
        parser.error("--subset is for --fma")
    if arguments.refit and not arguments.classifier:
        parser.error("--refit is for --classifier")
    if arguments.cluster and not (arguments.classifier and segment_file.is_one(arguments.data)):
        parser.error("--cluster is for --classifier and a segment file")
    return arguments


def add_data_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is learnt from."""
    add = parser.add_argument
    add(
        "--data",
        type=Path,
        metavar="FILE",
        default=config.DATA_PATH,
        help="segment file of preprocess.py, or a table of features, such as Kaggle's of GTZAN: a "
        ".csv file with the columns filename and label, where all other columns are features "
        "(default: %(default)s)",
    )
    add(
        "--fma",
        type=Path,
        metavar="CSV",
        help="FMA's tracks.csv, if --data is FMA's features.csv (default: --data holds the genres "
        "itself)",
    )
    add("--subset", choices=fma.SUBSETS, help=f"subset of FMA (default: {fma.SUBSETS[0]})")


def read(arguments: argparse.Namespace) -> Segments:
    """Return the segments of the file, or the rows of the table, that the command line names."""
    if arguments.fma:
        subset = arguments.subset or fma.SUBSETS[0]
        return feature_table.read_fma(arguments.data, arguments.fma, subset=subset)
    return feature_table.read_data(arguments.data)


def attempted(learner: ClassifierLearner, segments: Segments, run: Run) -> Result | str:
    """Train and test a classifier, and show that it is at work: some take more than a minute."""
    with progress.working(f"{learner.title}, run {run.number}"):
        return attempt(learner, segments, run)


def compare(segments: Segments, protocol: Protocol, arguments: argparse.Namespace) -> int:
    """Train all classifiers, print a table of their scores, the best first, and draw it."""
    planned = plan(segments, protocol)
    check_folder(arguments.output)
    for run in planned if protocol.folds else planned[:1]:
        training.say_split(segments, run)
    learners = [ClassifierLearner(name=name) for name in CLASSIFIERS]
    table = Table(
        data=arguments.data,
        segments=segments,
        protocol=protocol,
        planned=planned,
        learners=comparing.suited(learners, segments, arguments.data),
    )
    found = (attempted(learner, segments, run) for learner in table.learners for run in planned)
    entries = [entry(table, *done) for done in comparing.finished(table, found, quiet=False)]
    if not entries:
        raise TrainingError(comparing.NONE_CAN_LEARN)
    comparing.report(table, entries)
    picture = arguments.output / PICTURE
    comparing.draw([(table, entries)], picture)
    print(f"picture in {picture}; --classifier NAME saves one of them")
    return cli.DONE if len(entries) == len(table.learners) else cli.SOME_FAILED


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    segments = read(arguments)
    protocol = options.protocol(arguments, segments, arguments.split)
    if not arguments.classifier:
        return compare(segments, protocol, arguments)
    learner = ClassifierLearner(name=arguments.classifier)
    training.train(learner, segments, protocol, arguments)
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
