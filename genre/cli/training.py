"""What the training scripts do: train a learner and save it, or compare several."""

import argparse
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

import config
from genre import cli, networks
from genre.cli import options, progress
from genre.errors import TrainingError
from genre.experiments import comparison, model_folder
from genre.experiments import run as experiment
from genre.experiments.comparison import Results
from genre.experiments.learners import Keeping, Learner, NetworkLearner
from genre.experiments.protocol import Protocol, Run, plan
from genre.experiments.run import Result
from genre.networks.layers import Tensor
from genre.reporting import text
from genre.segments import Segments, segment_file
from genre.songs import TEST
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
    train(learner, segments, options.protocol(arguments, segments), arguments)
    return cli.DONE


def train(
    learner: Learner, segments: Segments, protocol: Protocol, arguments: argparse.Namespace
) -> None:
    """Train a learner in the runs of a protocol, save it, and print its scores."""
    learner.check(segments)
    model_folder.check_front_end(segments)
    planned = plan(segments, protocol, needs_validation=learner.needs_validation)
    model_folder.check(arguments.output)
    if isinstance(learner, NetworkLearner):
        prepare(learner, segments, planned)
    try:
        done = experiment.run(
            learner, segments, protocol, planned, lambda run: say_split(segments, run)
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
    for note in split.notes:
        cli.say(f"note: {note}")


def suited(
    learners: Iterable[Learner], segments: Segments, *, asked: Sequence[str] = ()
) -> list[Learner]:
    """Return the learners that can use the segments; say which are left out.

    Those that were asked for by their title are not left out here: they fail in the training.
    """
    kept = []
    for learner in learners:
        try:
            if learner.title not in asked:
                learner.check(segments)
        except TrainingError as error:
            cli.say(f"left out: {error}")
        else:
            kept.append(learner)
    return kept


def collect(
    learners: Sequence[Learner], n_runs: int, found: Iterable[Result | str], *, quiet: bool
) -> Results:
    """Return the results of each learner's runs; a learner that cannot learn is left out.

    `found` are the results, learner by learner, or the reasons why there is none.
    """
    results: Results = {learner.title: [] for learner in learners}
    runs = [(learner.title, number) for learner in learners for number in range(1, 1 + n_runs)]
    for (title, number), result in zip(runs, found, strict=True):
        if isinstance(result, Result):
            results[title].append(result)
            if not quiet:
                seconds = result.training["seconds"]
                cli.say(f"{title}, run {number} of {n_runs}: trained in {seconds:.1f} s")
        elif number == 1:
            cli.say(f"{title}: {result}")
    results = {title: of_model for title, of_model in results.items() if of_model}
    if not results:
        raise TrainingError("none of the models can learn from this data")
    return results


def report(
    results: Results,
    segments: Segments,
    planned: list[Run],
    protocol: Protocol,
    *,
    picture: Path | None = None,
    reference: str | None = None,
) -> list[dict]:
    """Print a table of models, the best first, and what to know about it; return its rows."""
    folds = bool(protocol.folds)
    measures = comparison.best_first(results, segments.mapping)
    rows = comparison.table(results, measures, segments, folds=folds, reference=reference)
    rights = {name: comparison.right(results[name], folds=folds) for name in measures}
    tests = comparison.p_line(reference, rights) if reference else comparison.differences(rights)
    heading = test_heading(segments, planned, protocol)
    print(heading, comparison.markdown(rows), tests, sep="\n\n")
    for note in model_folder.notes(planned):
        print(f"note: {note}")
    for title in measures:
        if not all(result.converged for result in results[title]):
            print(f"note: {text.unconverged(title)}")
    if picture:
        comparison.picture(measures, rows, heading, picture)
    return rows


def test_heading(segments: Segments, planned: list[Run], protocol: Protocol) -> str:
    """Return a heading for the scores of runs: split, numbers of segments and tracks, seed."""
    count, split = len(planned), planned[0].split
    several = f", {count} {'folds' if protocol.folds else 'repeats'}" if count > 1 else ""
    tested = np.logical_or.reduce([run.split.parts == TEST for run in planned])
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
