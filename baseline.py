"""Train scikit-learn's classifiers on statistics of segments, or on a table of features.

    python baseline.py
    python baseline.py --data output/mel.h5 --split artist --folds 5
    python baseline.py --data features_30_sec.csv --split artist
    python baseline.py --data fma_metadata/features.csv --fma fma_metadata/tracks.csv --split given
    python baseline.py --classifier random-forest --output output/forest

These are the baselines that a network must beat. All are compared, or one is saved for predict.py
and evaluate.py. They learn from the mean and the standard deviation of each band of a segment, and
from how much the band changes from frame to frame. kernel-ridge learns from more statistics, which
need a spectrogram in decibels, such as the one of preprocess.py --feature mel.
"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from statistics import mean
from typing import Any

import config
from genre import classifiers, cli
from genre.cli import options, training
from genre.errors import TrainingError
from genre.evaluation import metrics
from genre.experiments import comparison, model_folder, results
from genre.experiments import protocol as experiment
from genre.experiments.protocol import Protocol
from genre.experiments.results import Result
from genre.files import check_folder, sha256
from genre.model import card
from genre.reporting import text
from genre.segments import Segments, feature_table
from genre.songs import fma
from genre.splits import Split

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
    add(
        "--classifier",
        choices=classifiers.NAMES,
        help="train this classifier and save it (default: compare all and save none)",
    )
    add(
        "--output",
        type=Path,
        metavar="DIR",
        default=config.BASELINE_PATH,
        help="folder for the classifier, its card and pictures, or for the picture that compares "
        "all (default: %(default)s)",
    )
    add(
        "--overwrite",
        action="store_true",
        help="replace an earlier model in that folder (default: move it to DIR-before)",
    )
    options.add_split_arguments(parser)
    arguments = parser.parse_args(argv, argparse.Namespace(command=cli.command(parser, argv)))
    if arguments.fma and arguments.data.suffix.lower() != feature_table.SUFFIX:
        parser.error("--fma needs --data, FMA's features.csv")
    if arguments.subset and not arguments.fma:
        parser.error("--subset is for --fma")
    return arguments


def read(arguments: argparse.Namespace) -> Segments:
    """Return the segments of the file, or the rows of the table, that the command line names."""
    if arguments.fma:
        subset = arguments.subset or fma.SUBSETS[0]
        return feature_table.read_fma(arguments.data, arguments.fma, subset=subset)
    return feature_table.read_data(arguments.data)


def train(
    name: str, examples: classifiers.Examples, runs: list[tuple[int, Split]]
) -> tuple[list[classifiers.Fitted], list[Result]]:
    """Train and test a classifier once for every run."""
    segments, trained, found = examples.segments, [], []
    for seed, split in runs:
        fitted = classifiers.fit(name, examples, split, seed=seed)
        function = partial(classifiers.probabilities, fitted.model, n_genres=len(segments.mapping))
        found.append(results.of_run(function, examples.with_statistics(name), split, seed=seed))
        trained.append(fitted)
    cli.say(f"{name}: {sum(run.seconds for run in trained):.2f} s")
    return trained, found


def save(
    name: str,
    examples: classifiers.Examples,
    runs: list[tuple[int, Split]],
    arguments: argparse.Namespace,
) -> None:
    """Train a classifier in every run; save the first run's model with the scores of all runs."""
    from genre.model import skops_file

    segments = examples.segments
    trained, found = train(name, examples, runs)
    first, tested = trained[0], results.pooled(found, folds=bool(arguments.folds))

    def write(folder: Path) -> dict[str, Any]:
        (folder / card.CLASSIFIER_FILE).write_bytes(skops_file.to_bytes(first.model))
        return {"files": {card.CLASSIFIER_FILE: sha256(folder / card.CLASSIFIER_FILE)}}

    fields = model_folder.card_fields(
        segments,
        found,
        found[0],
        tested,
        data=arguments.data,
        command=arguments.command,
    )
    fields |= {
        "script": SCRIPT,
        "title": f"{SCRIPT} {name}",
        "architecture": {"name": name, "estimator": classifiers.estimator(first.model)},
        "training": {
            "seed": first.seed,
            "folds": arguments.folds or 0,
            "seconds": round(first.seconds, 1),
            "converged": all(run.converged for run in trained),
        },
        "protocol": asdict(options.protocol(arguments)),
        "versions": card.versions(),
    }
    saved = model_folder.save(
        write,
        fields,
        segments,
        found[0],
        tested,
        arguments.output,
        overwrite=arguments.overwrite,
    )
    print(model_folder.summary(saved, what="classifier"))
    print_unconverged({name: trained})


def compare(
    examples: classifiers.Examples, runs: list[tuple[int, Split]], protocol: Protocol, folder: Path
) -> int:
    """Train all classifiers, print a table of their scores, the best first, and draw it."""
    segments, trained, found, failed = examples.segments, {}, {}, 0
    for name in suited(segments):
        try:
            trained[name], found[name] = train(name, examples, runs)
        except TrainingError as error:  # other classifiers may be able to learn from this data
            failed += 1
            cli.say(str(error))
    if not trained:
        raise TrainingError("none of the classifiers can learn from this data")
    measures = comparison.best_first(
        {
            name: metrics.measures([result.predictions for result in of_runs], segments.mapping)
            for name, of_runs in found.items()
        }
    )
    tested = {name: results.pooled(found[name], folds=bool(protocol.folds)) for name in measures}
    table = {}
    for name, of_runs in measures.items():
        areas = [area for *_, area in metrics.roc_curves(tested[name], segments.mapping).values()]
        table[name] = {
            "measures": of_runs,
            "roc_area": mean(areas) if areas else None,
            "seconds": mean(run.seconds for run in trained[name]),
        }
    heading = training.test_heading(segments, runs, protocol)
    comparison.picture(measures, heading, folder / PICTURE)
    print(heading, text.ranking(table), sep="\n\n", end="\n\n")
    print(comparison.chance(tested))
    for note in model_folder.notes(split for _, split in runs):
        print(f"note: {note}")
    print_unconverged(trained)
    print(f"picture in {folder / PICTURE}; --classifier NAME saves one of them")
    return cli.SOME_FAILED if failed else cli.DONE


def suited(segments: Segments) -> list[str]:
    """Return the classifiers that can use these segments; log the classifiers that are left out."""
    names = []
    for name in classifiers.NAMES:
        try:
            classifiers.check(name, segments)
        except TrainingError as error:
            cli.say(f"left out: {error}")
        else:
            names.append(name)
    return names


def print_unconverged(trained: dict[str, list[classifiers.Fitted]]) -> None:
    converged = {name: all(run.converged for run in runs) for name, runs in trained.items()}
    for note in comparison.unconverged(converged):
        print(f"note: {note}")


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    protocol = options.protocol(arguments)
    segments = read(arguments)
    runs = experiment.plan(segments, protocol)
    (model_folder.check if arguments.classifier else check_folder)(arguments.output)
    for _, split in runs if protocol.folds else runs[:1]:
        training.say_split(segments, split)
    examples = classifiers.Examples(segments, seed=protocol.seed)
    if arguments.classifier:
        save(arguments.classifier, examples, runs, arguments)
        return cli.DONE
    return compare(examples, runs, protocol, arguments.output)


if __name__ == "__main__":
    cli.run(main)
