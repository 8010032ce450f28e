"""What every training script does: read the data, split it, train, score, save and say so."""

import argparse
import hashlib
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from genre import cli, datasets, evaluation, networks
from genre.cli import options
from genre.datasets import segment_file, splits
from genre.errors import TrainingError
from genre.evaluation import calibration
from genre.files import replacing_files, sha256
from genre.reporting import card, figures
from genre.training import augmentation, checkpoints, fit, protocol
from genre.training.fit import Run, train
from genre.training.recipe import Recipe

LOGS = "tensorboard"


def main(
    architectures: networks.Architectures,
    *,
    script: str,
    output: Path,
    description: str | None,
    add_options: Callable[[argparse.ArgumentParser], None],
    recipes: Mapping[str, Recipe] = MappingProxyType({}),
    argv: Sequence[str] | None = None,
) -> int:
    """Train a network of one of the architectures, as the command line says, and save it.

    `add_options` adds the architectures' own options to the command line, None where not given;
    `recipes` are the architectures' own, by their names.
    """
    arguments = options.parse(description, output, argv, architectures, add_options, recipes)
    chosen = networks.choose(script, architectures, arguments, recipes)
    if arguments.summary is not None:
        networks.summarize(chosen, arguments.data, arguments.summary)
        return cli.DONE
    segments = segment_file.read(arguments.data)
    networks.check(chosen, segments)
    recipe = chosen.recipe.changed(arguments)
    if arguments.refit:
        runs_to_do = plan_refit(segments, recipe, arguments)
    else:
        runs_to_do = protocol.plan(segments, arguments)
    protocol.check_output(arguments.output)
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
    kept_run = runs[0]
    if arguments.refit:
        *runs, kept_run = runs
        kept_run = calibrated_by(runs, kept_run)
    tested = kept_run.predictions if arguments.refit else protocol.pool(runs, arguments)
    the_card = describe_runs(script, chosen, recipe, segments, runs, kept_run, tested, arguments)
    save(the_card, segments, kept_run, recipe, tested, arguments.output)
    protocol.print_results(the_card, arguments.output)
    return cli.DONE


def plan_refit(
    segments: datasets.Segments, recipe: Recipe, arguments: argparse.Namespace
) -> list[tuple[int, splits.Split]]:
    """Return the folds without validation parts, and at last the run that trains on all tracks.

    Raises TrainingError where a validation part is needed.
    """
    if not (arguments.folds and recipe.to_the_end):
        raise TrainingError("--refit needs --folds, and --schedule cosine, which stops by no part")
    folds = protocol.plan(segments, arguments, validation=False)
    return [*folds, (arguments.seed, splits.everything(segments))]


def calibrated_by(folds: list[Run], run: Run) -> Run:
    """Return a run on all tracks with the predictions that the folds made, and calibrated by them.

    What the folds were not trained on is the one thing that tells how sure it may be.
    """
    predictions, account = calibration.apply_across([fold.predictions for fold in folds])
    return run._replace(predictions=predictions, calibration=account)


def keep(
    chosen: networks.Architecture,
    recipe: Recipe,
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
        for number, epoch in enumerate(checkpoints.check(kept, recipe.epochs), start=1):
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
    the_architecture: networks.Architecture,
    recipe: Recipe,
    segments: datasets.Segments,
    runs: list[Run],
    kept_run: Run,
    tested: evaluation.Predictions,
    arguments: argparse.Namespace,
) -> card.Card:
    """Return the card of the network of the run that is kept, with the scores of all runs."""
    common = protocol.describe_data(segments, runs, kept_run, tested, arguments)
    for run, measures in zip(runs, common["runs"], strict=True):
        measures["epochs_run"] = len(run.curves["loss"])
    return card.Card(
        script=script,
        training={
            "seed": kept_run.seed,
            **recipe._asdict(),
            "augmentation": augmentation.account() if recipe.augment else {},
            "epochs_run": len(kept_run.curves["loss"]),
            "best_epoch": kept_run.best_epoch,
            "folds": arguments.folds or 0,
            "refit": arguments.refit,
            "seconds": round(kept_run.seconds, 1),
        },
        weights_sha256=card.weights_digest(kept_run.network),
        title=the_architecture.title,
        architecture=the_architecture.account,
        **common,
    )


def save(
    the_card: card.Card,
    segments: datasets.Segments,
    run: Run,
    recipe: Recipe,
    tested: evaluation.Predictions,
    output: Path,
) -> None:
    """Write a run's network with its pictures, and what `protocol.saving` writes."""
    with protocol.saving(the_card, segments, run, tested, output) as unfinished:
        run.network.save(unfinished / card.MODEL_FILE)
    with replacing_files(output) as unfinished:
        figures.history(run.curves, run.best_epoch, unfinished / figures.HISTORY)
        if recipe.augment:
            show_augmented(segments, run, recipe, unfinished / figures.AUGMENTED)


def show_augmented(segments: datasets.Segments, run: Run, recipe: Recipe, path: Path) -> None:
    """Draw segments of the first batch as they are and as the network was trained on them."""
    before, after = (
        fit.batches(segments, run.split, datasets.TRAIN, how, run.seed)[0]
        for how in (recipe._replace(augment=False, label_smoothing=0.0), recipe)
    )
    figures.augmented(before, after, segments.mapping, path)
