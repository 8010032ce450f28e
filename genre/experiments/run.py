"""Run a learner: train it as a protocol asks, and test each model on what it was not trained on."""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from genre import features
from genre.errors import TrainingError
from genre.evaluation import (
    GEOMETRIC,
    Predict,
    Predictions,
    calibration,
    concatenated,
    distance,
    tag_evidence,
    with_likeliest_label,
)
from genre.evaluation.distance import Centres
from genre.experiments.learners import Fitted, Learner
from genre.experiments.protocol import Protocol, Run, plan
from genre.features import tags
from genre.segments import BATCH, Segments, in_batches, segment_file, take
from genre.songs import TEST, TRAIN, VALIDATION
from genre.splits import Split

TIMED_TRACKS = 20  # the most tracks of the test part whose predictions are timed

log = logging.getLogger("genre")


class Result(NamedTuple):
    """What one run of a learner gave: its training in figures, and its predictions."""

    run: Run
    predictions: Predictions  # of the test part, calibrated
    calibration: dict[str, Any]  # the fields of calibration.Calibration
    centres: Centres | None  # of the training part, if the feature is an embedding
    training: dict[str, Any]  # the card's fields on the training
    parameters: int | None = None  # of a network
    epoch_seconds: float | None = None
    prediction_seconds: float | None = None  # for all segments of a track, where it was measured


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A learner, its runs, and the model that is kept."""

    learner: Learner
    protocol: Protocol
    results: list[Result]  # of the runs that were tested
    fitted: Fitted  # the model that is kept: of the first run or, with a refit, of all tracks
    kept: Result  # of that model; with a refit, calibrated on the folds
    tested: Predictions  # to score: of all folds, or of the first of several repeats


def run(
    learner: Learner,
    segments: Segments,
    protocol: Protocol,
    planned: Sequence[Run],
    before: Callable[[Run], None],
    elsewhere: Callable[[Sequence[Run]], Iterable[Result]] | None = None,
) -> Experiment:
    """Train a learner in every run and test it; `before` is called before each training here.

    `elsewhere` takes the runs whose models are not kept, and returns their results.
    """
    to_keep = planned[-1] if protocol.refit else planned[0]
    results: dict[int, Result] = {}  # by the numbers of the runs
    if elsewhere:
        others = [each for each in planned if each is not to_keep]
        results = {each.run.number: each for each in elsewhere(others)}
    for each in planned:
        if each.number in results:
            continue
        before(each)
        fitted = learner.fit(segments, each)
        if each is to_keep:
            kept = fitted
        if each is not to_keep or not protocol.refit:
            log.info("testing")
            results[each.number] = tested(fitted, segments, each)
    in_order = [results[number] for number in sorted(results)]
    if protocol.refit:
        of_kept = refitted(in_order, kept, segments, to_keep)
        scored = of_kept.predictions
    else:
        of_kept, to_score = in_order[0], in_order if protocol.folds else in_order[:1]
        scored = concatenated([result.predictions for result in to_score])
    return Experiment(
        learner=learner,
        protocol=protocol,
        results=in_order,
        fitted=kept,
        kept=of_kept,
        tested=scored,
    )


def tested(fitted: Fitted, segments: Segments, run: Run) -> Result:
    """Return the predictions of a model for the test part, calibrated on the validation part."""
    centres = _centres(segments, run.split)
    validation, test = (
        _predictions(fitted, segments, run.split.parts == part, centres)
        for part in (VALIDATION, TEST)
    )
    return _result(run, fitted, *calibration.apply(validation, test), centres)


def refitted(folds: Sequence[Result], fitted: Fitted, segments: Segments, run: Run) -> Result:
    """Return the result of a model that is trained on all tracks: the predictions of the folds.

    Each fold is calibrated on the other folds, and the model on all of them.
    """
    calibrated = calibration.apply_across([fold.predictions for fold in folds])
    return _result(run, fitted, *calibrated, _centres(segments, run.split))


def _result(
    run: Run,
    fitted: Fitted,
    predictions: Predictions,
    calibrated: dict[str, Any],
    centres: Centres | None,
) -> Result:
    return Result(
        run=run,
        predictions=predictions,
        calibration=calibrated,
        centres=centres,
        training=fitted.training,
        parameters=fitted.parameters,
        epoch_seconds=fitted.epoch_seconds,
    )


@dataclass(frozen=True)
class Trial:
    """One run of a learner, for any process: `trial` trains and tests it."""

    learner: Learner
    data: Path  # a segment file
    protocol: Protocol
    number: int  # of the run, from 1


def trial(asked: Trial) -> Result | str:
    """Do one run; if the learner cannot learn from this data, return the reason."""
    return attempt(asked.learner, _segments(asked.data), _run(asked))


def train_and_test(asked: Trial) -> Result:
    """Do one run; raises TrainingError if the learner cannot learn from this data."""
    segments, run = _segments(asked.data), _run(asked)
    return tested(asked.learner.fit(segments, run), segments, run)


def attempt(learner: Learner, segments: Segments, run: Run) -> Result | str:
    """Train and test a learner and time its predictions, or return why it cannot learn."""
    try:
        fitted = learner.fit(segments, run)
    except TrainingError as error:  # other learners may be able to learn from this data
        return str(error)
    result = tested(fitted, segments, run)
    seconds = time_prediction(fitted.predict, segments, run.split)
    return result._replace(prediction_seconds=seconds)


# Each process reads the data once for all of its trials.


@lru_cache(maxsize=1)
def _segments(data: Path) -> Segments:
    return segment_file.read(data)


def _run(asked: Trial) -> Run:
    planned = _plan(asked.data, asked.protocol, asked.learner.needs_validation)
    return planned[asked.number - 1]


@lru_cache(maxsize=1)
def _plan(data: Path, protocol: Protocol, needs_validation: bool) -> list[Run]:
    return plan(_segments(data), protocol, needs_validation=needs_validation)


def time_prediction(predict: Predict, segments: Segments, split: Split) -> float:
    """Return the median time to predict all segments of a test track, in seconds."""
    under_test = segments.track_index[split.parts == TEST]
    tracks = [
        take(segments.frames, np.flatnonzero(segments.track_index == track))
        for track in np.unique(under_test)[:TIMED_TRACKS]
    ]
    for frames in tracks:  # a network's first call for a number of segments is slow
        predict(frames)
    return median(_seconds(predict, frames) for frames in tracks)


def _seconds(predict: Predict, frames: np.ndarray) -> float:
    started = time.perf_counter()
    predict(frames)
    return time.perf_counter() - started


def _predictions(
    fitted: Fitted, segments: Segments, chosen: np.ndarray, centres: Centres | None
) -> Predictions:
    """Return the predictions of a model for the chosen segments, a mask of (segments,)."""
    predictions = fitted.predictions(segments, chosen)
    predictions = _with_embedding(predictions, segments, chosen, centres)
    return with_likeliest_label(predictions, segments.shares)


def _centres(segments: Segments, split: Split) -> Centres | None:
    """Return the genres' centres in the training part, in which each track has the same weight."""
    if not features.is_embedding(segments.feature):
        return None
    chosen = np.flatnonzero(split.parts == TRAIN)
    of_track = np.bincount(segments.track_index[chosen])

    def of_batch(rows: np.ndarray) -> distance.Batch:
        weights = 1 / of_track[segments.track_index[rows]]
        return take(segments.frames, rows)[:, 0], segments.labels[rows], weights

    starts = range(0, len(chosen), BATCH)
    return distance.fit(
        (of_batch(chosen[start : start + BATCH]) for start in starts), len(segments.mapping)
    )


def _with_embedding(
    predictions: Predictions, segments: Segments, chosen: np.ndarray, centres: Centres | None
) -> Predictions:
    """Return the predictions for the chosen segments, a mask, with what their embeddings say.

    These give the distances to the centres and, if the feature has tags, the support of tags.
    """
    if centres is None:
        return predictions
    none = np.zeros((0, len(segments.mapping)))
    distances, named, against = [none], [none], [none]
    for frames in in_batches(segments.frames, np.flatnonzero(chosen)):
        embeddings = frames[:, 0]
        distances.append(distance.to_genres(embeddings, centres))
        if segments.feature == tags.FEATURE:
            strengths = tags.standardised(embeddings, centres.mean, centres.deviation)
            evidence = tag_evidence.of_segments(strengths, segments.mapping)
            named.append(evidence.named)
            against.append(evidence.against)
    predictions = predictions._replace(distances=np.concatenate(distances), join=GEOMETRIC)
    if segments.feature != tags.FEATURE:
        return predictions
    return predictions._replace(
        probabilities=tag_evidence.supported(
            predictions.probabilities, np.concatenate(named), tag_evidence.WEIGHT
        ),
        against=np.concatenate(against),
    )
