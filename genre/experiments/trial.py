"""Train and test one model once: the unit of work of a comparison.

`run` is a pure function of a `Trial`, which pickles, so that trials can run in any process.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from genre import classifiers
from genre.errors import TrainingError
from genre.evaluation import Predict, Predictions
from genre.experiments import protocol as experiment
from genre.experiments import results
from genre.experiments.protocol import Protocol
from genre.networks import Architecture
from genre.segments import Segments, segment_file, take
from genre.songs import TEST
from genre.splits import Split
from genre.training.recipe import Recipe

TIMED_TRACKS = 20  # the most tracks of the test part whose predictions are timed


@dataclass(frozen=True)
class Trial:
    """One run of a model: what to train, on which data, and which run of the protocol it is."""

    model: Architecture | str  # a network, or the name of a classifier
    data: Path  # a segment file
    protocol: Protocol
    number: int  # of the run, from 0
    recipe: Recipe | None = None  # of a network
    show_progress: bool = False  # of a network's epochs, on stderr


class Outcome(NamedTuple):
    """The result of a trial."""

    predictions: Predictions  # on the test part, calibrated
    seconds: float  # of the training
    prediction_seconds: float  # for all segments of a track
    parameters: int | None = None  # of a network
    epoch_seconds: float | None = None
    converged: bool = True


def run(trial: Trial) -> Outcome | str:
    """Train a model and test it; if it cannot learn from this data, return the reason."""
    segments = _segments(trial.data)
    seed, split = _plan(trial.data, trial.protocol)[trial.number]
    try:
        if isinstance(trial.model, str):
            return _run_classifier(trial.model, trial, segments, split, seed)
        return _run_network(trial.model, trial, segments, split, seed)
    except TrainingError as error:  # other models may be able to learn from it
        return str(error)


def _run_classifier(
    name: str, trial: Trial, segments: Segments, split: Split, seed: int
) -> Outcome:
    examples = _examples(trial.data, trial.protocol.seed)
    fitted = classifiers.fit(name, examples, split, seed=seed)
    n_genres = len(segments.mapping)
    of_rows = partial(classifiers.probabilities, fitted.model, n_genres=n_genres)
    data = examples.with_statistics(name)
    tested = results.of_run(of_rows, data, split, seed=seed).predictions
    of_frames = classifiers.predictor(fitted.model, segments.feature, segments.settings, n_genres)
    seconds = time_prediction(of_frames, segments, split)
    return Outcome(tested, fitted.seconds, seconds, converged=fitted.converged)


def _run_network(
    chosen: Architecture, trial: Trial, segments: Segments, split: Split, seed: int
) -> Outcome:
    from genre.training import fit  # here, because it takes long to import

    layers = chosen.layers(segments, segments.frames.shape[2])
    trained = fit.fit(
        layers, segments, split, trial.recipe, seed=seed, show_progress=trial.show_progress
    )
    predict = fit.predictor(trained.network)
    tested = results.of_run(predict, segments, split, seed=seed).predictions
    return Outcome(
        tested,
        trained.seconds,
        time_prediction(predict, segments, split),
        parameters=trained.network.count_params(),
        # Without the first epoch, in which TensorFlow builds its graph.
        epoch_seconds=median(trained.epoch_seconds[1:] or trained.epoch_seconds),
    )


def time_prediction(predict: Predict, segments: Segments, split: Split) -> float:
    """Return the median time to predict all segments of a test track, in seconds."""
    tested = segments.track_index[split.parts == TEST]
    tracks = [
        take(segments.frames, np.flatnonzero(segments.track_index == track))
        for track in np.unique(tested)[:TIMED_TRACKS]
    ]
    for frames in tracks:  # a network's first call for a number of segments is slow
        predict(frames)
    return median(_seconds(lambda frames=frames: predict(frames)) for frames in tracks)


def _seconds(function: Callable[[], Any]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


# Each process reads the data once for all of its trials.


@lru_cache(maxsize=1)
def _segments(data: Path) -> Segments:
    return segment_file.read(data)


@lru_cache(maxsize=1)
def _plan(data: Path, protocol: Protocol) -> list[tuple[int, Split]]:
    return experiment.plan(_segments(data), protocol)


@lru_cache(maxsize=1)
def _examples(data: Path, seed: int) -> classifiers.Examples:
    return classifiers.Examples(_segments(data), seed=seed)
