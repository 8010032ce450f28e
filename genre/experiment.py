"""What every training script does: read the data, split it, train, score, save and say so."""

import argparse
import hashlib
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from genre import (
    architecture,
    augmentation,
    card,
    checkpoints,
    cli,
    dataset,
    evaluation,
    options,
    plots,
    report,
    segmentfile,
    splitfile,
    splits,
    training,
)
from genre.files import check_folder, printable, replacing_files, sha256, sha256_of_lines
from genre.training import Run, train

README_FILE, LOGS = "README.md", "tensorboard"


def main(
    architectures: architecture.Architectures,
    *,
    script: str,
    output: Path,
    description: str | None,
    add_options: Callable[[argparse.ArgumentParser], None] | None = None,
    argv: Sequence[str] | None = None,
) -> int:
    """Train a network of one of the architectures, as the command line says, and save it.

    `add_options` adds the architectures' own options to the command line, None where not given.
    """
    arguments = options.parse(description, output, argv, architectures, add_options)
    chosen = architecture.choose(script, architectures, arguments)
    if arguments.summary is not None:
        architecture.summarize(chosen, arguments.data, arguments.summary)
        return cli.DONE
    segments = segmentfile.read(arguments.data)
    architecture.check(chosen, segments)
    runs_to_do = plan(segments, arguments)
    check_folder(arguments.output)
    kept = keep(chosen, runs_to_do, arguments)
    runs = []
    for number, (seed, split) in enumerate(runs_to_do, start=1):
        describe(segments, split)
        runs.append(
            train(
                chosen.layers,
                segments,
                split,
                seed=seed,
                epochs=arguments.epochs,
                batch_size=arguments.batch_size,
                learning_rate=arguments.learning_rate,
                optimizer=arguments.optimizer,
                augment=arguments.augment,
                kept=kept[number - 1] if kept else None,
                logs=empty_logs(number, arguments) if arguments.tensorboard else None,
            )
        )
    tested = evaluation.pool([run.predictions for run in (runs if arguments.folds else runs[:1])])
    the_card = describe_runs(script, chosen, segments, runs, tested, arguments)
    save(the_card, segments, runs[0], tested, arguments)
    print_results(the_card, arguments.output)
    return cli.DONE


def plan(
    segments: dataset.Segments, arguments: argparse.Namespace
) -> list[tuple[int, splits.Split]]:
    """Return the seed and the split of every run that the command line asks for."""
    seed, name = arguments.seed, arguments.split
    if arguments.folds:
        folds = splits.folds(segments, name, n_folds=arguments.folds, seed=seed)
        return [(seed, split) for split in folds]
    split = splits.split(segments, name, seed=seed)
    return [(seed + number, split) for number in range(arguments.repeats)]


def keep(
    chosen: architecture.Architecture,
    runs_to_do: list[tuple[int, splits.Split]],
    arguments: argparse.Namespace,
) -> list[checkpoints.Checkpoints]:
    """Return where each run is kept along the way, nothing where none is; say what is resumed.

    Raises TrainingError where what is there cannot be resumed.
    """
    if not (arguments.checkpoint_every or arguments.resume):
        return []
    same = {
        "architecture": chosen.title,
        "data": f"of SHA-256 {sha256(arguments.data)[:16]}",
        "batch size": arguments.batch_size,
        "learning rate": arguments.learning_rate,
        "optimizer": arguments.optimizer,
        "augmentation": augmentation.account() if arguments.augment else "none",
    }
    kept = []
    for number, (seed, split) in enumerate(runs_to_do, start=1):
        digest = hashlib.sha256("\n".join(split.parts).encode()).hexdigest()
        kept.append(
            checkpoints.Checkpoints(
                arguments.output / checkpoints.FOLDER / f"run-{number}",
                arguments.checkpoint_every,
                arguments.resume,
                same | {"seed": seed, "split": f"{split.name} of SHA-256 {digest[:16]}"},
            )
        )
    if arguments.resume:
        for number, epoch in enumerate(checkpoints.check(kept, arguments.epochs), start=1):
            cli.say(
                f"run {number} goes on after epoch {epoch}" if epoch else f"run {number} begins"
            )
    return kept


def empty_logs(number: int, arguments: argparse.Namespace) -> Path:
    """Return the folder for a run's TensorBoard logs, without those of an earlier training."""
    folder = arguments.output / LOGS / f"run-{number}"
    if not arguments.resume and folder.exists():
        shutil.rmtree(folder)
    return folder


def describe(segments: dataset.Segments, split: splits.Split) -> None:
    """Say on stderr what the network learns from, and what to beware of."""
    counts = ", ".join(
        f"{np.sum(split.parts == part)} of {len(tracks)} tracks {part}"
        for part, tracks in splits.tracks_by_part(segments, split.parts).items()
    )
    cli.say(f"{len(segments.mapping)} genres, segments by split {split.name}: {counts}")
    for note in split.notes:
        cli.say(f"note: {note}")


def describe_runs(
    script: str,
    the_architecture: architecture.Architecture,
    segments: dataset.Segments,
    runs: list[Run],
    tested: evaluation.Predictions,
    arguments: argparse.Namespace,
) -> card.Card:
    """Return the card of the first run's network, with the scores of all runs."""
    first = runs[0]
    measures = []
    for run in runs:
        scores = evaluation.score(run.predictions, segments.mapping)
        chosen = {key: scores[key] for key in (*evaluation.MEASURES, "segments", "tracks")}
        measures.append({"seed": run.seed, "epochs_run": len(run.curves["loss"])} | chosen)
    return card.Card(
        schema=card.SCHEMA,
        script=script,
        mapping=segments.mapping,
        feature=segments.feature,
        settings=segments.settings,
        data={"file": printable(arguments.data.name), "sha256": sha256(arguments.data)},
        split=describe_split(segments, runs, arguments.seed),
        training={
            "seed": first.seed,
            "batch_size": arguments.batch_size,
            "learning_rate": arguments.learning_rate,
            "optimizer": arguments.optimizer,
            "augmentation": augmentation.account() if arguments.augment else {},
            "epochs": arguments.epochs,
            "epochs_run": len(first.curves["loss"]),
            "best_epoch": first.best_epoch,
            "folds": arguments.folds or 0,
            "seconds": round(first.seconds, 1),
        },
        scores=evaluation.score(tested, segments.mapping),
        runs=measures,
        spread=evaluation.spread(measures) if len(runs) > 1 else {},
        weights_sha256=card.weights_digest(first.network),
        versions=card.versions(),
        created=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        title=the_architecture.title,
        architecture=the_architecture.account,
    )


def describe_split(segments: dataset.Segments, runs: list[Run], seed: int) -> dict[str, Any]:
    """Return the card's account of the first run's split, with the notes on all of them.

    For each part it gives the size and the digest of the list of its tracks.
    """
    split = runs[0].split
    notes = dict.fromkeys(note for run in runs for note in run.split.notes)
    account: dict[str, Any] = {"name": split.name, "seed": seed, "notes": list(notes)}
    for part, tracks in splits.tracks_by_part(segments, split.parts).items():
        account[part] = {
            "segments": int(np.sum(split.parts == part)),
            "tracks": len(tracks),
            "tracks_sha256": sha256_of_lines(tracks),
        }
    return account


def save(
    the_card: card.Card,
    segments: dataset.Segments,
    run: Run,
    tested: evaluation.Predictions,
    arguments: argparse.Namespace,
) -> None:
    """Write a run's network, its card for programs and for people, its split and the pictures."""
    with replacing_files(arguments.output) as unfinished:
        card.save(run.network, the_card, unfinished)
        (unfinished / README_FILE).write_text(report.readme(the_card), encoding="utf-8")
        splitfile.write(segments, run.split.parts, unfinished / splitfile.NAME)
        plots.history(run.curves, run.best_epoch, unfinished / "history.png")
        report.pictures(tested, the_card.scores, report.title(the_card), unfinished)
        if arguments.augment:
            show_augmented(segments, run, arguments.batch_size, unfinished / plots.AUGMENTED)
    if not arguments.augment:
        (arguments.output / plots.AUGMENTED).unlink(missing_ok=True)  # of an earlier network


def show_augmented(segments: dataset.Segments, run: Run, batch_size: int, path: Path) -> None:
    """Draw segments of the first batch as they are and as the network was trained on them."""
    before, after = (
        training.batches(
            segments,
            run.split,
            dataset.TRAIN,
            batch_size=batch_size,
            seed=run.seed,
            augment=augment,
        )[0]
        for augment in (False, True)
    )
    plots.augmented(before, after, segments.mapping, path)


def print_results(the_card: card.Card, folder: Path) -> None:
    """Print the scores, and where the network is."""
    if the_card.spread:
        for number, run in enumerate(the_card.runs, start=1):
            print(report.run_line(number, run))
        print(report.spread_line(the_card.spread, len(the_card.runs)), end="\n\n")
    print(report.title(the_card))
    print(report.scores(the_card.scores), end="\n\n")
    for note in the_card.split["notes"]:
        print(f"note: {note}")
    print(f"network, card and pictures in {folder}")
