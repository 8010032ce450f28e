"""Train scikit-learn's classifiers on statistics of segments, or on a table of features.

    python baseline.py
    python baseline.py --data output/mel.h5 --split artist --folds 5
    python baseline.py --data features_30_sec.csv --split artist
    python baseline.py --data fma_metadata/features.csv --fma fma_metadata/tracks.csv --split given
    python baseline.py --classifier random-forest --output output/forest

What a network must beat. All twelve are compared, or one is saved for predict.py and evaluate.py.
They see of each segment the mean and the deviation of every band, and how much it changes from
frame to frame.
"""

import argparse
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from statistics import mean

import lazy_loader as lazy

import config
from genre import classifiers, cli, datasets, evaluation
from genre.classifiers import statistics
from genre.cli import options
from genre.datasets import feature_table, fma, splits
from genre.errors import TrainingError
from genre.files import check_folder
from genre.reporting import card, figures, text
from genre.training import protocol

np = lazy.load("numpy")

SCRIPT = "baseline"
PICTURE = "baselines.png"


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.parser(__doc__)
    add = parser.add_argument
    add(
        "--data",
        type=Path,
        metavar="FILE",
        default=config.DATA_PATH,
        help="segment file of preprocess.py, or a table of features: a .csv file with the columns "
        "filename and label, all others being features, such as Kaggle's of GTZAN "
        "(default: %(default)s)",
    )
    add(
        "--fma",
        type=Path,
        metavar="CSV",
        help="FMA's tracks.csv, where --data is FMA's features.csv (default: --data names the "
        "genres itself)",
    )
    add("--subset", choices=fma.SUBSETS, help=f"of FMA (default: {fma.SUBSETS[0]})")
    add(
        "--classifier",
        choices=classifiers.NAMES,
        help="train this one and save it (default: compare all and save none)",
    )
    add(
        "--output",
        type=Path,
        metavar="DIR",
        default=config.BASELINE_PATH,
        help="folder for the classifier, its card and pictures, or for the picture of all "
        "(default: %(default)s)",
    )
    options.add_split_arguments(parser)
    arguments = parser.parse_args(argv, argparse.Namespace(command=cli.command(parser, argv)))
    if arguments.fma and arguments.data.suffix != feature_table.SUFFIX:
        parser.error("--fma needs --data, FMA's features.csv")
    if arguments.subset and not arguments.fma:
        parser.error("--subset is for --fma")
    return arguments


def read(arguments: argparse.Namespace) -> datasets.Segments:
    """Return the segments of the data, or the rows of the table, that the command line names."""
    if arguments.fma:
        subset = arguments.subset or fma.SUBSETS[0]
        return feature_table.read_fma(arguments.data, arguments.fma, subset=subset)
    return feature_table.read_data(arguments.data)


def train(
    name: str,
    rows: "np.ndarray",
    segments: datasets.Segments,
    runs_to_do: list[tuple[int, splits.Split]],
) -> list[classifiers.Fitted]:
    """Train a classifier once for every run, and say how long it took."""
    runs = [classifiers.fit(name, rows, segments, split, seed=seed) for seed, split in runs_to_do]
    cli.say(f"{name}: {sum(run.seconds for run in runs):.2f} s")
    return runs


def save(
    name: str,
    runs: list[classifiers.Fitted],
    segments: datasets.Segments,
    arguments: argparse.Namespace,
) -> None:
    """Save the first run's classifier with the scores of all, and print them."""
    first, tested = runs[0], protocol.pool(runs, arguments)
    content = classifiers.to_bytes(first.model)
    the_card = card.Card(
        script=SCRIPT,
        title=f"{SCRIPT} {name}",
        architecture={"name": name, "estimator": " ".join(repr(first.model[-1]).split())},
        training={
            "seed": first.seed,
            "folds": arguments.folds or 0,
            "seconds": round(first.seconds, 1),
        },
        weights_sha256=sha256(content).hexdigest(),
        **protocol.describe_data(segments, runs, runs[0], tested, arguments),
    )
    with protocol.saving(the_card, segments, first, tested, arguments.output) as unfinished:
        (unfinished / card.CLASSIFIER_FILE).write_bytes(content)
    protocol.print_results(the_card, arguments.output, what="classifier")


def compare(
    trained: dict[str, list[classifiers.Fitted]],
    segments: datasets.Segments,
    runs_to_do: list[tuple[int, splits.Split]],
    arguments: argparse.Namespace,
) -> None:
    """Print a table of what the classifiers reached, and draw their ROC curves."""
    results, curves = {}, {}
    for name, runs in trained.items():
        of_genres = evaluation.roc_curves(protocol.pool(runs, arguments), segments.mapping)
        if of_genres:
            curves[name] = evaluation.macro_roc(of_genres)
        results[name] = {
            "measures": evaluation.measures([run.predictions for run in runs], segments.mapping),
            "roc_area": curves[name][-1] if of_genres else None,
            "seconds": mean(run.seconds for run in runs),
        }
    heading = protocol.describe_test(segments, runs_to_do, arguments)
    picture = arguments.output / PICTURE
    figures.roc(curves, f"mean over the genres\n{heading}", picture, what="classifier")
    print(heading, end="\n\n")
    print(text.ranking(results), end="\n\n")
    for note in protocol.notes(split for _, split in runs_to_do):
        print(f"note: {note}")
    print(f"ROC curves in {picture}; --classifier NAME saves one of them")


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    segments = read(arguments)
    runs_to_do = protocol.plan(segments, arguments)
    (protocol.check_output if arguments.classifier else check_folder)(arguments.output)
    for _, split in runs_to_do if arguments.folds else runs_to_do[:1]:
        protocol.describe(segments, split)
    rows = statistics.statistics(segments.frames, segments.feature, segments.settings)
    if arguments.classifier:
        runs = train(arguments.classifier, rows, segments, runs_to_do)
        save(arguments.classifier, runs, segments, arguments)
        return cli.DONE
    trained = {}
    for name in classifiers.NAMES:
        try:
            trained[name] = train(name, rows, segments, runs_to_do)
        except TrainingError as error:  # the others may
            cli.say(str(error))
    if not trained:
        raise TrainingError("none of the classifiers can learn from this data")
    compare(trained, segments, runs_to_do, arguments)
    return cli.DONE if len(trained) == len(classifiers.NAMES) else cli.SOME_FAILED


if __name__ == "__main__":
    cli.run(main)
