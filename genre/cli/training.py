"""What the training scripts do: train a learner and save it."""

import argparse
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

import config
from genre import cli, executor, networks
from genre.cli import options, progress
from genre.errors import TrainingError
from genre.experiments import model_folder
from genre.experiments import run as experiment
from genre.experiments.learners import Keeping, Learner, NetworkLearner
from genre.experiments.protocol import Protocol, Run, plan
from genre.experiments.run import Result, Trial
from genre.networks.layers import Tensor
from genre.segments import Segments, segment_file
from genre.splits import tracks_by_part
from genre.training import checkpoints

GENRES = 10  # for --summary, if there is no data that gives their number


def main(
    script: str,
    basic: Callable[..., Tensor],
    *,
    output: Path,
    description: str | None,
    argv: Sequence[str] | None = None,
) -> int:
    """Train a script's `basic` network, or another one of its kind, as the command line says."""
    known = networks.of_script(script, basic)
    arguments = options.parse(known, description, output, argv)
    own = options.own_options(known, arguments)
    chosen = networks.choose(script, known, arguments.architecture, own)
    if arguments.summary is not None:
        summarize(chosen, arguments.data, arguments.summary)
        return cli.DONE
    learner = NetworkLearner(
        script=script,
        chosen=chosen,
        recipe=options.recipe(chosen.network, arguments),
        keeping=Keeping(
            folder=arguments.output,
            every=arguments.checkpoint_every,
            resume=arguments.resume,
            tensorboard=arguments.tensorboard,
        ),
    )
    segments = segment_file.read(arguments.data)
    protocol = options.protocol(arguments, segments, arguments.split)
    train(learner, segments, protocol, arguments)
    return cli.DONE


def train(
    learner: Learner, segments: Segments, protocol: Protocol, arguments: argparse.Namespace
) -> None:
    """Train a learner in the runs of a protocol, save it, and print its scores."""
    learner.check(segments)
    model_folder.check_front_end(segments)
    planned = plan(segments, protocol, needs_validation=learner.needs_validation)
    cluster = arguments.cluster
    if cluster and len(planned) == 1:
        raise TrainingError("--cluster is for --folds and --repeats")
    model_folder.check(arguments.output)
    if isinstance(learner, NetworkLearner):
        prepare(learner, segments, planned)
    try:
        done = experiment.run(
            learner,
            segments,
            protocol,
            planned,
            lambda run: say_split(segments, run),
            elsewhere=cluster and on_cluster(learner, arguments.data, protocol, cluster),
        )
    except (KeyboardInterrupt, cli.Terminated):
        if isinstance(learner, NetworkLearner):
            cli.say(what_is_kept(learner.keeping))
        raise
    with progress.working("saving the model and drawing its pictures"):
        saved = model_folder.save(
            done,
            segments,
            arguments.output,
            data=arguments.data,
            command=arguments.command,
            overwrite=arguments.overwrite,
        )
    print(model_folder.summary(saved, what=learner.what))


def on_cluster(
    learner: Learner, data: Path, protocol: Protocol, cluster: str
) -> Callable[[Sequence[Run]], Iterator[Result]]:
    """Return a function that trains and tests a learner in some runs on a Dask cluster's workers.

    They read the segment file at the same path. They keep no checkpoints.
    """
    sent = learner
    if isinstance(learner, NetworkLearner):
        sent = replace(learner, keeping=None, show_progress=False)

    def of_runs(runs: Sequence[Run]) -> Iterator[Result]:
        trials = [Trial(sent, data.absolute(), protocol, run.number) for run in runs]
        with executor.opened(cluster=cluster) as pool:
            for result in executor.ordered(pool, experiment.train_and_test, trials):
                seconds = result.training["seconds"]
                cli.say(f"run {result.run.number}: trained in {seconds:.1f} s on the cluster")
                yield result

    return of_runs


def prepare(learner: NetworkLearner, segments: Segments, planned: list[Run]) -> None:
    """Say from which epoch each run continues, or delete the logs of an earlier training.

    Raises TrainingError if the training cannot be resumed.
    """
    if not learner.keeping or not learner.keeping.resume:
        for run in planned:
            if (logs := learner.logs(run)) and logs.exists():
                shutil.rmtree(logs)
        return
    kept = [each for run in planned if (each := learner.checkpoints(segments, run))]
    for number, epoch in enumerate(checkpoints.check(kept, learner.recipe.epochs), start=1):
        cli.say(f"run {number} continues after epoch {epoch}" if epoch else f"run {number} begins")


def what_is_kept(keeping: Keeping | None) -> str:
    """Return a line on what is left of a training that was interrupted."""
    if keeping and (keeping.every or keeping.resume):
        folder = keeping.folder / checkpoints.FOLDER
        return f"checkpoints are in {folder}; --resume continues from them"
    return "nothing is saved; --checkpoint-every N saves networks during training"


def say_split(segments: Segments, run: Run) -> None:
    """Print to stderr how many segments and tracks each part has, and the split's warnings."""
    split = run.split
    counts = ", ".join(
        f"{np.sum(split.parts == part)} of {len(tracks)} tracks {part}"
        for part, tracks in tracks_by_part(segments, split.parts).items()
    )
    cli.say(f"{len(segments.mapping)} genres, segments by split {split.name}: {counts}")
    cli.say(*(f"note: {note}" for note in split.notes))


def summarize(
    chosen: networks.Architecture, data: Path, shape: tuple[int, int] | tuple[()]
) -> None:
    """Print a network's layers and parameters for segments of a shape.

    Without a shape it is that of the data or, if there is no data file, that of config.py.
    """
    layers, n_genres = chosen.layers(), GENRES
    shape_of_data = config.FRAMES_PER_SEGMENT, config.N_MFCC
    if not shape and (data.exists() or data != config.DATA_PATH):
        segments = segment_file.read(data)
        n_genres, shape_of_data = len(segments.mapping), segments.frames.shape[1:]
        layers = chosen.layers(segments)
    frames, bands = shape or shape_of_data
    network = networks.plain(layers, (frames, bands), n_genres)
    print(f"{chosen.title}, for segments of {frames} frames by {bands} bands, {n_genres} genres")
    network.summary(print_fn=print)
