"""How networks and classifiers alike are trained, scored and saved: runs, card and folder."""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from genre import cli, datasets, evaluation
from genre.classifiers import Fitted
from genre.datasets import split_file, splits
from genre.errors import TrainingError
from genre.files import check_folder, printable, replacing_files, sha256, sha256_of_lines
from genre.reporting import card, figures, text
from genre.training.fit import Run

README_FILE = "README.md"


def check_output(folder: Path) -> None:
    """Raise OSError where a model cannot be saved, TrainingError where other work would be lost."""
    check_folder(folder)
    ours = (folder / card.CARD_FILE).exists()
    for name in (README_FILE, split_file.NAME):
        if not ours and (folder / name).exists():
            raise TrainingError(f"{folder}: holds a {name} but no model; name another --output")


def plan(
    segments: datasets.Segments, arguments: argparse.Namespace, *, validation: bool = True
) -> list[tuple[int, splits.Split]]:
    """Return the seed and the split of every run that the command line asks for.

    Without `validation`, all of a fold that is not tested trains.
    """
    seed, name = arguments.seed, arguments.split
    if arguments.folds:
        folds = splits.folds(
            segments, name, n_folds=arguments.folds, seed=seed, validation=validation
        )
        return [(seed, split) for split in folds]
    split = splits.split(segments, name, seed=seed)
    return [(seed + number, split) for number in range(arguments.repeats)]


def pool(runs: Sequence[Run | Fitted], arguments: argparse.Namespace) -> evaluation.Predictions:
    """Return the predictions to score: of all folds, or of the first of several repeats."""
    return evaluation.pool([run.predictions for run in (runs if arguments.folds else runs[:1])])


def describe(segments: datasets.Segments, split: splits.Split) -> None:
    """Say on stderr what is learnt from, and what to beware of."""
    counts = ", ".join(
        f"{np.sum(split.parts == part)} of {len(tracks)} tracks {part}"
        for part, tracks in splits.tracks_by_part(segments, split.parts).items()
    )
    cli.say(f"{len(segments.mapping)} genres, segments by split {split.name}: {counts}")
    for note in split.notes:
        cli.say(f"note: {note}")


def notes(runs: Iterable[splits.Split]) -> list[str]:
    """Return what to beware of in the splits of several runs, each thing once."""
    return list(dict.fromkeys(note for split in runs for note in split.notes))


def describe_test(
    segments: datasets.Segments,
    runs_to_do: list[tuple[int, splits.Split]],
    arguments: argparse.Namespace,
) -> str:
    """Return of which split, of how many tracks and of which seed the scores of runs are."""
    n_runs, (_, split) = len(runs_to_do), runs_to_do[0]
    several = f", {n_runs} {'folds' if arguments.folds else 'repeats'}" if n_runs > 1 else ""
    tested = np.logical_or.reduce([split.parts == datasets.TEST for _, split in runs_to_do])
    return (
        f"test part of split {split.name}{several}: {tested.sum()} segments, "
        f"{len(np.unique(segments.track_index[tested]))} tracks, seed {arguments.seed}"
    )


def describe_data(
    segments: datasets.Segments,
    runs: Sequence[Run | Fitted],
    kept: Run | Fitted,
    tested: evaluation.Predictions,
    arguments: argparse.Namespace,
) -> dict[str, Any]:
    """Return what every card says: of what data and split the scores are, and the scores.

    `kept` is the run whose network or classifier is saved.
    """
    measures = evaluation.measures([run.predictions for run in runs], segments.mapping)
    return {
        "schema": card.SCHEMA,
        "mapping": segments.mapping,
        "feature": segments.feature,
        "settings": segments.settings,
        "data": {"file": printable(arguments.data.name), "sha256": sha256(arguments.data)},
        "split": describe_split(segments, runs, kept, arguments.seed),
        "scores": evaluation.score(tested, segments.mapping),
        "runs": [{"seed": run.seed} | of_run for run, of_run in zip(runs, measures, strict=True)],
        "spread": evaluation.spread(measures) if len(runs) > 1 else {},
        "calibration": kept.calibration,
        "command": arguments.command,
        "versions": card.versions(),
        "created": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    }


def describe_split(
    segments: datasets.Segments, runs: Sequence[Run | Fitted], kept: Run | Fitted, seed: int
) -> dict[str, Any]:
    """Return the card's account of the split, with the notes on those of all runs.

    For each part it gives the size and the digest of the list of its tracks, in the run kept.
    """
    account: dict[str, Any] = {"name": runs[0].split.name, "seed": seed}
    account["notes"] = notes([run.split for run in runs])
    for part, tracks in splits.tracks_by_part(segments, kept.split.parts).items():
        account[part] = {
            "segments": int(np.sum(kept.split.parts == part)),
            "tracks": len(tracks),
            "tracks_sha256": sha256_of_lines(tracks),
        }
    return account


@contextmanager
def saving(
    the_card: card.Card,
    segments: datasets.Segments,
    run: Run | Fitted,
    tested: evaluation.Predictions,
    folder: Path,
) -> Iterator[Path]:
    """Write a run's card for programs and for people, and its split; then draw the scores.

    What is trained is to be written to the folder given, before anything is put in its place. The
    pictures come last, so that a fault in drawing one does not cost what was trained; those of an
    earlier training, and its model if of the other kind, are gone by then.
    """
    with replacing_files(folder) as unfinished:
        yield unfinished
        card.write(the_card, unfinished)
        (unfinished / README_FILE).write_text(text.readme(the_card), encoding="utf-8")
        split_file.write(segments, run.split.parts, unfinished / split_file.NAME)
        written = {path.name for path in unfinished.iterdir()}
    for name in {*figures.OF_TRAINING, card.MODEL_FILE, card.CLASSIFIER_FILE} - written:
        (folder / name).unlink(missing_ok=True)
    with replacing_files(folder) as unfinished:
        text.pictures(tested, the_card.scores, text.title(the_card), unfinished)


def print_results(the_card: card.Card, folder: Path, *, what: str = "network") -> None:
    """Print the scores, and where what was trained is."""
    if the_card.spread:
        for number, run in enumerate(the_card.runs, start=1):
            print(text.run_line(number, run))
        print(text.spread_line(the_card.spread, len(the_card.runs)), end="\n\n")
    print(text.title(the_card))
    print(text.scores(the_card.scores), end="\n\n")
    for note in the_card.split["notes"]:
        print(f"note: {note}")
    print(f"{what}, card and pictures in {folder}")
