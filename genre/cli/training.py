"""What every training script does: read the data, split it, train, score, save, print scores."""

import argparse
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np

import config
from genre import cli, networks, splits
from genre.cli import options
from genre.experiments import model_folder, results
from genre.experiments import protocol as experiment
from genre.files import replacing_files
from genre.model import card
from genre.reporting import figures, text
from genre.segments import Segments, segment_file, take
from genre.songs import TEST, TRAIN
from genre.training import augmentation, checkpoints, fit
from genre.training.recipe import Recipe

LOGS = "tensorboard"
GENRES = 10  # for --summary, if there is no data that gives their number


def main(
    script: str, *, output: Path, description: str | None, argv: Sequence[str] | None = None
) -> int:
    """Train one of a script's networks, as the command line says, and save it."""
    arguments = options.parse(script, description, output, argv)
    own = options.own_options(script, arguments)
    chosen = networks.choose(script, arguments.architecture, own)
    if arguments.summary is not None:
        summarize(chosen, arguments.data, arguments.summary)
        return cli.DONE
    recipe, protocol = options.recipe(chosen.network, arguments), options.protocol(arguments)
    segments = segment_file.read(arguments.data)
    networks.check(chosen, segments)
    if arguments.refit:
        planned = experiment.plan_refit(segments, recipe, protocol)
    else:
        planned = experiment.plan(segments, protocol)
    model_folder.check(arguments.output)
    identities = [
        experiment.identity(
            chosen, recipe, data=segments.digest, split=split, seed=seed, versions=card.versions()
        )
        for seed, split in planned
    ]
    runs = train(chosen, recipe, segments, planned, identities, arguments)

    # With --refit the last run is trained on all tracks: the folds give its scores and calibration.
    scored = [
        results.of_run(fit.predictor(run.network), segments, run.split, seed=run.seed)
        for run in (runs[:-1] if arguments.refit else runs)
    ]
    if arguments.refit:
        kept = results.of_refit(scored, segments, runs[-1].split, seed=runs[-1].seed)
        tested = kept.predictions
    else:
        kept = scored[0]
        tested = results.pooled(scored, folds=bool(protocol.folds))
    number = len(runs) - 1 if arguments.refit else 0
    fields = model_folder.card_fields(
        segments,
        scored,
        kept,
        tested,
        data=arguments.data,
        command=arguments.command,
    )
    for run, measures in zip(runs, fields["runs"], strict=False):
        measures["epochs_run"] = len(run.curves["loss"])
    identity = identities[number]
    fields |= {
        "script": script,
        "title": chosen.title,
        "architecture": identity["architecture"],
        "training": identity["training"] | training_fields(runs[number], protocol, arguments.refit),
        "protocol": asdict(protocol),
        "versions": identity["versions"],
    }
    frames = take(segments.frames, sample(segments))
    saved = model_folder.save(
        partial(model_folder.write_network, runs[number].network, frames),
        fields,
        segments,
        kept,
        tested,
        arguments.output,
        overwrite=arguments.overwrite,
    )
    draw(runs[number], recipe, segments, saved)
    print(model_folder.summary(saved))
    return cli.DONE


def train(
    chosen: networks.Architecture,
    recipe: Recipe,
    segments: Segments,
    planned: list[tuple[int, splits.Split]],
    identities: list[dict],
    arguments: argparse.Namespace,
) -> list[fit.Run]:
    """Train a network for each planned run, with checkpoints and logs if they are asked for."""
    kept = keep(recipe, identities, arguments)
    layers = chosen.layers(segments, segments.frames.shape[2])
    runs = []
    for number, (seed, split) in enumerate(planned, start=1):
        say_split(segments, split)
        try:
            run = fit.fit(
                layers,
                segments,
                split,
                recipe,
                seed=seed,
                kept=kept[number - 1] if kept else None,
                logs=empty_logs(number, arguments) if arguments.tensorboard else None,
            )
        except (KeyboardInterrupt, cli.Terminated):
            if kept:
                cli.say(f"checkpoints are in {kept[0].folder.parent}; --resume continues from them")
            else:
                cli.say("nothing is saved; --checkpoint-every N saves networks during training")
            raise
        runs.append(run)
    return runs


def keep(
    recipe: Recipe, identities: list[dict], arguments: argparse.Namespace
) -> list[checkpoints.Checkpoints]:
    """Return where each run keeps its checkpoints, or an empty list if checkpoints are not used.

    With --resume, say from which epoch each run continues. Raises TrainingError if the checkpoints
    cannot be resumed.
    """
    if not (arguments.checkpoint_every or arguments.resume):
        return []
    kept = [
        checkpoints.Checkpoints(
            arguments.output / checkpoints.FOLDER / f"run-{number}",
            arguments.checkpoint_every,
            arguments.resume,
            identity if recipe.fixed_length else without_epochs(identity),
        )
        for number, identity in enumerate(identities, start=1)
    ]
    if arguments.resume:
        for number, epoch in enumerate(checkpoints.check(kept, recipe.epochs), start=1):
            cli.say(
                f"run {number} continues after epoch {epoch}" if epoch else f"run {number} begins"
            )
    return kept


def without_epochs(identity: dict) -> dict:
    """Return the identity of a training whose number of epochs may be raised with --resume."""
    training = {key: value for key, value in identity["training"].items() if key != "epochs"}
    return identity | {"training": training}


def empty_logs(number: int, arguments: argparse.Namespace) -> Path:
    """Return the folder for a run's TensorBoard logs; delete those of an earlier training."""
    folder = arguments.output / LOGS / f"run-{number}"
    if not arguments.resume and folder.exists():
        shutil.rmtree(folder)
    return folder


def training_fields(run: fit.Run, protocol: experiment.Protocol, refit: bool) -> dict:
    """Return the card's fields about how a training went."""
    return {
        "epochs_run": len(run.curves["loss"]),
        "best_epoch": run.best_epoch,
        "folds": protocol.folds or 0,
        "refit": refit,
        "seconds": round(run.seconds, 1),
    }


def sample(segments: Segments) -> np.ndarray:
    """Return the indices of segments, spread over the data, to compare the model's files on."""
    count = min(len(segments.labels), model_folder.COMPARED)
    return np.linspace(0, len(segments.labels) - 1, count).astype(int)


def draw(run: fit.Run, recipe: Recipe, segments: Segments, saved: model_folder.Saved) -> None:
    """Draw the training curves and, with --augment, the steps of the augmentation."""
    with replacing_files(saved.folder) as unfinished:
        path = unfinished / figures.HISTORY
        figures.history(run.curves, run.best_epoch, path, title=text.run_title(saved.card))
        if recipe.augment:
            draw_augmented(run, recipe, segments, unfinished / figures.AUGMENTED)


def draw_augmented(run: fit.Run, recipe: Recipe, segments: Segments, path: Path) -> None:
    """Draw segments of the first batch unchanged, and after each step of the augmentation."""
    plain = recipe.changed(
        augment=False, label_smoothing=0.0, class_weights=False, track_weights=False
    )
    frames, labels = fit.batches(segments, run.split, TRAIN, plain, run.seed)[0]
    shares = augmentation.one_hot(labels, len(segments.mapping))
    how, rng = recipe.augmentation, np.random.default_rng(run.seed)
    decibel = augmentation.decibel(segments, frames.shape[2], how.equalizer_waves)
    changed = augmentation.steps(frames, shares, decibel, how, rng)
    steps = [("unchanged", frames, shares), *changed]
    settings = segments.settings
    seconds = settings["track_seconds"] / settings["segments_per_track"]
    figures.augmented(steps, segments.mapping, path, seconds=seconds)


def say_split(segments: Segments, split: splits.Split) -> None:
    """Print to stderr how many segments and tracks each part has, and the split's warnings."""
    counts = ", ".join(
        f"{np.sum(split.parts == part)} of {len(tracks)} tracks {part}"
        for part, tracks in splits.tracks_by_part(segments, split.parts).items()
    )
    cli.say(f"{len(segments.mapping)} genres, segments by split {split.name}: {counts}")
    for note in split.notes:
        cli.say(f"note: {note}")


def test_heading(
    segments: Segments,
    planned: list[tuple[int, splits.Split]],
    protocol: experiment.Protocol,
) -> str:
    """Return a heading for the scores of runs: split, numbers of segments and tracks, seed."""
    count, (_, split) = len(planned), planned[0]
    several = f", {count} {'folds' if protocol.folds else 'repeats'}" if count > 1 else ""
    tested = np.logical_or.reduce([split.parts == TEST for _, split in planned])
    return (
        f"test part of split {split.name}{several}: {tested.sum()} segments, "
        f"{len(np.unique(segments.track_index[tested]))} tracks, seed {protocol.seed}"
    )


def summarize(
    chosen: networks.Architecture, data: Path, shape: tuple[int, int] | tuple[()]
) -> None:
    """Print a network's layers and parameters for segments of a shape.

    Without a shape it is that of the data or, if there is no data file, that of config.py.
    """
    layers, n_genres = chosen.for_one_feature(), GENRES
    shape_of_data = config.FRAMES_PER_SEGMENT, config.N_MFCC
    if not shape and (data.exists() or data != config.DATA_PATH):
        segments = segment_file.read(data)
        n_genres, shape_of_data = len(segments.mapping), segments.frames.shape[1:]
        layers = chosen.layers(segments, shape_of_data[1])
    frames, bands = shape or shape_of_data
    network = networks.plain(layers, (frames, bands), n_genres)
    print(f"{chosen.title}, for segments of {frames} frames by {bands} bands, {n_genres} genres")
    network.summary(print_fn=print)
