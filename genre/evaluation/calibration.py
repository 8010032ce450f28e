"""Calibrate a track's probabilities, and decide when they are too low to rely on.

C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On calibration of modern neural networks", ICML
2017: all logits are divided by one temperature, which is fitted on the validation part.

A track is certain if its top probability reaches a threshold and, for embeddings, if it is not too
far from everything that the model was trained on.
"""

from typing import Annotated, Any

import msgspec
import numpy as np

from genre.evaluation import Predictions, distance, join_tracks, mean_by_track, pool

TEMPERATURES = (0.05, 20.0)  # the range that is searched for the best one
LEAST = 1e-12  # replaces a probability of 0, whose loss would be infinite
PRECISION = 0.92  # fraction of the certain tracks that should be right
ENOUGH_TRACKS = 50  # that a validation part needs for its threshold to be trusted
CLEAR = 0.9  # lowest top probability that is certain if the threshold is not trusted
DIGITS = 4  # of a top probability that is compared with a threshold
NONE_CERTAIN = 1.0001  # a threshold that no probability reaches
BINS = 10  # number of bins of confidence in the expected calibration error


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """What is fitted on the validation part, and how well it works on the test part."""

    temperature: Annotated[float, msgspec.Meta(gt=0)] = 1.0  # above 1 makes a model less sure
    # Of the top probability.
    threshold: Annotated[float, msgspec.Meta(ge=0, le=NONE_CERTAIN)] = 0.0
    # The distance from the nearest genre that makes a track uncertain, where distances are known.
    farthest: Annotated[float, msgspec.Meta(ge=0)] | None = None
    tracks: int = 0  # that they were fitted on
    # The expected calibration error of the test tracks without the temperature and with it, the
    # share of them that are not called uncertain, and the accuracy of these.
    error_before: float | None = None
    error_after: float | None = None
    certain: float | None = None
    accuracy_of_certain: float | None = None


def is_trusted(calibration: Calibration) -> bool:
    """Return whether a calibration was fitted on enough tracks to be trusted."""
    return calibration.tracks >= ENOUGH_TRACKS


def lowest_certain(calibration: Calibration) -> float:
    """Return the top probability below which a track is uncertain.

    It is the threshold; or CLEAR at least, where that was fitted on too few tracks to be trusted.
    """
    least = 0.0 if is_trusted(calibration) else CLEAR
    return max(calibration.threshold, least)


def is_uncertain(
    probabilities: np.ndarray, calibration: Calibration, nearest: float | None = None
) -> bool:
    """Return whether a track's calibrated probabilities, joined to (genres,), are too low.

    `nearest` is its distance to the nearest genre, where that is known.
    """
    limit = calibration.farthest
    too_far = nearest is not None and limit is not None and nearest >= limit
    return bool(too_far or _top(probabilities) < lowest_certain(calibration))


def scaled(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Return probabilities, (segments, genres), with their logits divided by a temperature."""
    from scipy.special import softmax

    with np.errstate(divide="ignore"):  # the logarithm of 0 becomes 0 again
        return softmax(np.log(probabilities) / temperature, axis=1)


def fit(validation: Predictions) -> Calibration:
    """Return the most likely temperature, and the threshold for it.

    Its logarithm has a normal prior of mean 0 and standard deviation 1. Otherwise a few tracks that
    are all right by chance would make a network far too sure. Fewer than ENOUGH_TRACKS tracks never
    make it surer than without calibration.

    The threshold is the lowest with which PRECISION of the certain tracks are right.
    """
    from scipy.optimize import minimize_scalar

    def loss_at(log_temperature: float) -> float:
        by_track, labels = _by_track(validation, np.exp(log_temperature))
        return loss(by_track, labels) + log_temperature**2 / 2 / len(labels)

    best = minimize_scalar(loss_at, bounds=np.log(TEMPERATURES), method="bounded")
    temperature = round(float(np.exp(best.x)), 4)
    if len(join_tracks(validation)[1]) < ENOUGH_TRACKS:
        temperature = max(temperature, 1.0)
    by_track, labels = _by_track(validation, temperature)
    farthest, near = None, np.full(len(labels), True)
    if validation.distances is not None:
        to_genres = mean_by_track(validation.distances, validation.track_index)
        farthest = round(distance.limit(to_genres, labels), 4)
        near = to_genres.min(axis=1) < farthest
    return Calibration(
        temperature=temperature,
        threshold=_threshold(by_track[near], labels[near]),
        farthest=farthest,
        tracks=len(labels),
    )


def loss(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean cross-entropy of tracks' probabilities, (tracks, genres)."""
    of_right = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(of_right, LEAST)).mean())


def expected_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the expected calibration error of tracks' probabilities, (tracks, genres).

    The distance between accuracy and mean confidence in each of BINS bins of confidence, weighted
    by the tracks in it.
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    distances = np.bincount(bins, weights=right - confidence, minlength=BINS)
    return float(np.abs(distances).sum() / len(labels))


def apply(validation: Predictions, tested: Predictions) -> tuple[Predictions, dict[str, Any]]:
    """Calibrate the test part's predictions, and report how well that works.

    The report holds what is fitted on the validation part, and its scores on the test part. Without
    a validation part, the predictions are not changed.
    """
    calibration = fit(validation) if len(validation.labels) else Calibration()
    if not len(tested.labels):
        return tested, msgspec.structs.asdict(calibration)
    return _with_report([calibration], [tested], calibration)


def apply_across(folds: list[Predictions]) -> tuple[Predictions, dict[str, Any]]:
    """Calibrate each fold on the other folds, and report how well that works.

    The report holds the calibration that is fitted on all folds. Its scores are those of the
    calibrations that were fitted on the other folds, so no track is scored that was fitted on.
    """
    by_others = [fit(pool(folds[:i] + folds[i + 1 :])) for i in range(len(folds))]
    return _with_report(by_others, folds, fit(pool(folds)))


def _with_report(
    calibrations: list[Calibration], tested: list[Predictions], to_keep: Calibration
) -> tuple[Predictions, dict[str, Any]]:
    """Calibrate each part, and return all parts together, with a report of how well that works."""
    calibrated = [
        it._replace(probabilities=scaled(it.probabilities, by.temperature))
        for by, it in zip(calibrations, tested, strict=True)
    ]
    before, labels = map(np.concatenate, zip(*map(join_tracks, tested), strict=True))
    after = np.concatenate([join_tracks(it)[0] for it in calibrated])
    certain = np.concatenate(
        [_certain(it, by) for it, by in zip(calibrated, calibrations, strict=True)]
    )
    right = after.argmax(axis=1) == labels
    report = {
        "error_before": round(expected_error(before, labels), 4),
        "error_after": round(expected_error(after, labels), 4),
        "certain": round(float(certain.mean()), 4),
        "accuracy_of_certain": round(float(right[certain].mean()), 4) if certain.any() else None,
    }
    return pool(calibrated), msgspec.structs.asdict(to_keep) | report


def _by_track(predictions: Predictions, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    probabilities = scaled(predictions.probabilities, temperature)
    return join_tracks(predictions._replace(probabilities=probabilities))


def _certain(calibrated: Predictions, calibration: Calibration) -> np.ndarray:
    """Return which tracks of calibrated predictions are certain, a mask of (tracks,)."""
    by_track, _ = join_tracks(calibrated)
    certain = _top(by_track) >= calibration.threshold
    if calibration.farthest is not None:
        to_genres = mean_by_track(calibrated.distances, calibrated.track_index)
        certain &= to_genres.min(axis=1) < calibration.farthest
    return certain


def _top(by_track: np.ndarray) -> np.ndarray:
    """Return the top probabilities, rounded so that equal ones differ by no rounding error."""
    return np.round(by_track.max(axis=-1), DIGITS)


def _threshold(by_track: np.ndarray, labels: np.ndarray) -> float:
    """Return the lowest top probability from which on PRECISION of the tracks are right.

    Tracks of the same top probability, of which some classifiers have many, are certain together or
    not at all. If not even the surest tracks are right often enough, it is NONE_CERTAIN.
    """
    top = _top(by_track)
    right = by_track.argmax(axis=1) == labels
    levels, level = np.unique(-top, return_inverse=True)  # the surest first
    n_right = np.cumsum(np.bincount(level, weights=right, minlength=len(levels)))
    enough = np.flatnonzero(n_right / np.cumsum(np.bincount(level)) >= PRECISION)
    if not len(enough):
        return NONE_CERTAIN
    if enough[-1] == len(levels) - 1:
        return 0.0  # all of them
    return float(-levels[enough[-1]])
