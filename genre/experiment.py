"""What every training script does: read the data, split it, train, score, save and say so."""

import argparse
import hashlib
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

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
    protocol,
    segmentfile,
    splits,
    training,
)
from genre.files import check_folder, sha256
from genre.training import Run, train

LOGS = "tensorboard"


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
    runs_to_do = protocol.plan(segments, arguments)
    check_folder(arguments.output)
    recipe = training.Recipe.of(arguments)
    kept = keep(chosen, recipe, runs_to_do, arguments)
    runs = []
    for number, (seed, split) in enumerate(runs_to_do, start=1):
        protocol.describe(segments, split)
        runs.append(
            train(
                chosen.layers,
                segments,
                split,
                recipe,
                seed=seed,
                kept=kept[number - 1] if kept else None,
                logs=empty_logs(number, arguments) if arguments.tensorboard else None,
            )
        )
    tested = protocol.pool(runs, arguments)
    the_card = describe_runs(script, chosen, recipe, segments, runs, tested, arguments)
    save(the_card, segments, runs[0], recipe, tested, arguments.output)
    protocol.print_results(the_card, arguments.output)
    return cli.DONE


def keep(
    chosen: architecture.Architecture,
    recipe: training.Recipe,
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
        "augmentation": augmentation.account() if recipe.augment else "none",
    }
    for name, value in recipe._asdict().items():
        if name != "augment" and (name != "epochs" or recipe.to_the_end):
            same[name.replace("_", " ")] = value
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


def describe_runs(
    script: str,
    the_architecture: architecture.Architecture,
    recipe: training.Recipe,
    segments: dataset.Segments,
    runs: list[Run],
    tested: evaluation.Predictions,
    arguments: argparse.Namespace,
) -> card.Card:
    """Return the card of the first run's network, with the scores of all runs."""
    first = runs[0]
    common = protocol.describe_data(segments, runs, tested, arguments)
    for run, measures in zip(runs, common["runs"], strict=True):
        measures["epochs_run"] = len(run.curves["loss"])
    return card.Card(
        script=script,
        training={
            "seed": first.seed,
            **recipe._asdict(),
            "augmentation": augmentation.account() if recipe.augment else {},
            "epochs_run": len(first.curves["loss"]),
            "best_epoch": first.best_epoch,
            "folds": arguments.folds or 0,
            "seconds": round(first.seconds, 1),
        },
        weights_sha256=card.weights_digest(first.network),
        title=the_architecture.title,
        architecture=the_architecture.account,
        **common,
    )


def save(
    the_card: card.Card,
    segments: dataset.Segments,
    run: Run,
    recipe: training.Recipe,
    tested: evaluation.Predictions,
    output: Path,
) -> None:
    """Write a run's network with its pictures, and what `protocol.saving` writes."""
    with protocol.saving(the_card, segments, run, tested, output) as unfinished:
        run.network.save(unfinished / card.MODEL_FILE)
        plots.history(run.curves, run.best_epoch, unfinished / "history.png")
        if recipe.augment:
            show_augmented(segments, run, recipe, unfinished / plots.AUGMENTED)
    if not recipe.augment:
        (output / plots.AUGMENTED).unlink(missing_ok=True)  # of an earlier network


def show_augmented(
    segments: dataset.Segments, run: Run, recipe: training.Recipe, path: Path
) -> None:
    """Draw segments of the first batch as they are and as the network was trained on them."""
    before, after = (
        training.batches(
            segments, run.split, dataset.TRAIN, recipe._replace(augment=augment), run.seed
        )[0]
        for augment in (False, True)
    )
    plots.augmented(before, after, segments.mapping, path)
