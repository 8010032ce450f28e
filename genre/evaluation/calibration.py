"""Calibrate a track's probabilities, and fit the limits of the verdicts on them.

C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On calibration of modern neural networks", ICML
2017: all logits are divided by one temperature, which is fitted on the validation part.

`evaluation.verdict` says what the limits mean.
"""

from typing import Annotated, Any

import msgspec
import numpy as np

from genre.evaluation import (
    Predictions,
    concatenated,
    join_tracks,
    mean_by_track,
    tag_evidence,
    verdict,
)
from genre.evaluation.verdict import EITHER, OPEN, SURE, Limits, Verdict

TEMPERATURES = (0.05, 20.0)  # the range that is searched for the best one
LEAST = 1e-12  # replaces a probability of 0, whose loss would be infinite
ENOUGH_TRACKS = 50  # that a validation part needs for its limits to be trusted
CLEAR = 0.9  # the lowest limits if those that are fitted are not trusted
BINS = 10  # number of bins of confidence in the expected calibration error


class Checked(msgspec.Struct, frozen=True):
    """How a verdict does on the test tracks."""

    share: float  # of the tracks that have this verdict
    right: float | None = None  # fraction of these whose genre is named; None if none is named


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """What is fitted on the validation part, and how well it works on the test part."""

    temperature: Annotated[float, msgspec.Meta(gt=0)] = 1.0  # above 1 makes a model less sure
    # The limits of evaluation.verdict.
    sure: Annotated[float, msgspec.Meta(ge=0, le=verdict.NEVER)] = 0.0
    either: Annotated[float, msgspec.Meta(ge=0, le=verdict.NEVER)] = 0.0
    farthest: Annotated[float, msgspec.Meta(ge=0)] | None = None
    against: float | None = None
    other: int | None = None
    tag_weight: Annotated[float, msgspec.Meta(ge=0)] = 0.0  # of evaluation.tag_evidence
    tracks: int = 0  # that they were fitted on
    # The expected calibration error of the test tracks without the temperature and with it.
    error_before: float | None = None
    error_after: float | None = None
    verdicts: dict[str, Checked] = {}  # on the test tracks


def is_trusted(calibration: Calibration) -> bool:
    """Return whether a calibration was fitted on enough tracks to be trusted."""
    return calibration.tracks >= ENOUGH_TRACKS


def limits(calibration: Calibration) -> Limits:
    """Return the limits of the verdicts.

    They are the fitted ones; or CLEAR at least, where these were fitted on too few tracks.
    """
    least = 0.0 if is_trusted(calibration) else CLEAR
    return Limits(
        max(calibration.sure, least),
        max(calibration.either, least),
        calibration.farthest,
        calibration.against,
        calibration.other,
    )


def scaled(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Return probabilities, (segments, genres), with their logits divided by a temperature."""
    from scipy.special import softmax

    with np.errstate(divide="ignore"):  # the logarithm of 0 becomes 0 again
        return softmax(np.log(probabilities) / temperature, axis=1)


def fit(validation: Predictions) -> Calibration:
    """Return the most likely temperature, and the limits of the verdicts for it.

    Its logarithm has a normal prior of mean 0 and standard deviation 1. Otherwise a few tracks that
    are all right by chance would make a network far too sure. Fewer than ENOUGH_TRACKS tracks never
    make it surer than without calibration.

    `evaluation.verdict` says how the limits are fitted.
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
    sure, either = verdict.fit(by_track, labels)
    nearest = _nearest(validation)
    return Calibration(
        temperature=temperature,
        sure=sure,
        either=either,
        farthest=None if nearest is None else round(verdict.farthest(nearest), 4),
        tracks=len(labels),
        other=validation.other,
        **_tags(validation),
    )


def _tags(predictions: Predictions) -> dict[str, Any]:
    """Return the fields about tags, where the feature has them."""
    if predictions.against is None:
        return {}
    return {"tag_weight": tag_evidence.WEIGHT, "against": tag_evidence.MARGIN}


def _nearest(predictions: Predictions) -> np.ndarray | None:
    """Return each track's distance to the nearest genre, (tracks,), where distances are known."""
    if predictions.distances is None:
        return None
    return mean_by_track(predictions.distances, predictions.track_index).min(axis=1)


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
    if len(validation.labels):
        calibration = fit(validation)
    else:
        calibration = Calibration(other=tested.other, **_tags(tested))
    if not len(tested.labels):
        return tested, msgspec.to_builtins(calibration)
    return _with_report([calibration], [tested], calibration)


def apply_across(folds: list[Predictions]) -> tuple[Predictions, dict[str, Any]]:
    """Calibrate each fold on the other folds, and report how well that works.

    The report holds the calibration that is fitted on all folds. Its scores are those of the
    calibrations that were fitted on the other folds, so no track is scored that was fitted on.
    """
    by_others = [fit(concatenated(folds[:i] + folds[i + 1 :])) for i in range(len(folds))]
    return _with_report(by_others, folds, fit(concatenated(folds)))


def _with_report(
    calibrations: list[Calibration], tested: list[Predictions], to_keep: Calibration
) -> tuple[Predictions, dict[str, Any]]:
    """Calibrate each fold, and report how well that works."""
    calibrated = [
        it._replace(probabilities=scaled(it.probabilities, by.temperature))
        for by, it in zip(calibrations, tested, strict=True)
    ]
    before, labels = map(np.concatenate, zip(*map(join_tracks, tested), strict=True))
    after = np.concatenate([join_tracks(it)[0] for it in calibrated])
    said = [
        each for it, by in zip(calibrated, calibrations, strict=True) for each in _verdicts(it, by)
    ]
    report = {
        "error_before": round(expected_error(before, labels), 4),
        "error_after": round(expected_error(after, labels), 4),
        "verdicts": check(said, labels),
    }
    return concatenated(calibrated), msgspec.to_builtins(to_keep) | report


def check(said: list[Verdict], labels: np.ndarray) -> dict[str, dict[str, float | None]]:
    """Return the share of each verdict, and the fraction of its tracks that are right.

    `said` are the verdicts on tracks of these labels, (tracks,).
    """
    right = np.array([label in each.labels for each, label in zip(said, labels, strict=True)])
    names = np.array([each.name for each in said])
    found = {}
    for name in (SURE, EITHER, OPEN):
        chosen = names == name
        known = name != OPEN and chosen.any()
        found[name] = {
            "share": round(float(chosen.mean()), 4),
            "right": round(float(right[chosen].mean()), 4) if known else None,
        }
    return found


def _by_track(predictions: Predictions, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    probabilities = scaled(predictions.probabilities, temperature)
    return join_tracks(predictions._replace(probabilities=probabilities))


def _verdicts(calibrated: Predictions, by: Calibration) -> list[Verdict]:
    """Return the verdicts on the tracks of calibrated predictions."""
    by_track, _ = join_tracks(calibrated)
    nearest, against = _nearest(calibrated), None
    if calibrated.against is not None:
        against = mean_by_track(calibrated.against, calibrated.track_index)
    fitted = Limits(by.sure, by.either, by.farthest, by.against, by.other)
    return [
        verdict.of_song(
            probabilities,
            fitted,
            None if nearest is None else nearest[track],
            None if against is None else against[track],
        )
        for track, probabilities in enumerate(by_track)
    ]
