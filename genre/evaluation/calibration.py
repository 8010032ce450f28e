"""Make a track's probabilities mean what they say, and know when they say too little.

C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On calibration of modern neural networks", ICML
2017: all logits are divided by one temperature, which is fitted on the validation part.
"""

from typing import Annotated, Any

import msgspec
import numpy as np

from genre.evaluation import Predictions, join_tracks, pool

TEMPERATURES = (0.05, 20.0)  # between which the best one is sought
LEAST = 1e-12  # in place of a probability of 0, whose loss would be infinite
ENOUGH_TRACKS = 50  # of a validation part, to trust what is fitted on it
CLEAR = 0.9  # a top probability that is believed without a threshold to trust
BINS = 10  # of confidence, in the expected calibration error


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """What is fitted on the validation part, and how well it does on the test part."""

    temperature: Annotated[float, msgspec.Meta(gt=0)] = 1.0  # above 1 makes a model less sure
    threshold: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.0  # of the top probability
    tracks: int = 0  # that they were fitted on
    # The expected calibration error of the test tracks without the temperature and with it, the
    # share of them that are not called uncertain, and the accuracy of these.
    error_before: float | None = None
    error_after: float | None = None
    certain: float | None = None
    accuracy_of_certain: float | None = None


def is_trusted(calibration: Calibration) -> bool:
    """Return whether a calibration was fitted on enough tracks to go by."""
    return calibration.tracks >= ENOUGH_TRACKS


def lowest_certain(calibration: Calibration) -> float:
    """Return the top probability below which a track is uncertain.

    It is the threshold; or CLEAR at least, where that was fitted on too few tracks to be trusted.
    """
    least = 0.0 if is_trusted(calibration) else CLEAR
    return max(calibration.threshold, least)


def is_uncertain(probabilities: np.ndarray, calibration: Calibration) -> bool:
    """Return whether a track's calibrated probabilities, joined to (genres,), say too little."""
    return bool(probabilities.max() < lowest_certain(calibration))


def scaled(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Return probabilities, (segments, genres), with their logits divided by a temperature."""
    from scipy.special import softmax

    with np.errstate(divide="ignore"):  # what has no chance at all keeps none
        return softmax(np.log(probabilities) / temperature, axis=1)


def fit(validation: Predictions) -> Calibration:
    """Return the likeliest temperature, and the threshold that fits it.

    Its logarithm has a normal prior, of mean 0 and deviation 1: a few tracks that are all right by
    chance would otherwise make a network surer than anyone can be. Fewer than ENOUGH_TRACKS never
    make it surer than it is.

    The threshold parts right from wrong answers best: at the greatest distance between the share
    of the right ones that it leaves certain and that of the wrong ones (Youden's J).
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
    return Calibration(
        temperature=temperature, threshold=_threshold(by_track, labels), tracks=len(labels)
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
    """Return the test part's predictions as they are once calibrated, and an account of that.

    The account holds what is fitted, and how it does on the test part. Where there is no
    validation part, predictions stay as they are.
    """
    calibration = fit(validation) if len(validation.labels) else Calibration()
    if not len(tested.labels):
        return tested, msgspec.structs.asdict(calibration)
    return _with_account([calibration], [tested], calibration)


def apply_across(folds: list[Predictions]) -> tuple[Predictions, dict[str, Any]]:
    """Return the predictions of all folds, each calibrated by the other folds, and an account.

    The calibration in it is fitted on all folds; how well it does is measured as on songs that it
    was not fitted on.
    """
    by_others = [fit(pool(folds[:i] + folds[i + 1 :])) for i in range(len(folds))]
    return _with_account(by_others, folds, fit(pool(folds)))


def _with_account(
    calibrations: list[Calibration], tested: list[Predictions], to_keep: Calibration
) -> tuple[Predictions, dict[str, Any]]:
    """Return predictions calibrated one by one, in one, and an account of that."""
    calibrated = [
        it._replace(probabilities=scaled(it.probabilities, by.temperature))
        for by, it in zip(calibrations, tested, strict=True)
    ]
    before, labels = map(np.concatenate, zip(*map(join_tracks, tested), strict=True))
    of_each = [join_tracks(it)[0] for it in calibrated]
    after = np.concatenate(of_each)
    thresholds = np.repeat([by.threshold for by in calibrations], [len(it) for it in of_each])
    certain = after.max(axis=1) >= thresholds
    right = after.argmax(axis=1) == labels
    account = {
        "error_before": round(expected_error(before, labels), 4),
        "error_after": round(expected_error(after, labels), 4),
        "certain": round(float(certain.mean()), 4),
        "accuracy_of_certain": round(float(right[certain].mean()), 4) if certain.any() else None,
    }
    return pool(calibrated), msgspec.structs.asdict(to_keep) | account


def _by_track(predictions: Predictions, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    probabilities = scaled(predictions.probabilities, temperature)
    return join_tracks(predictions._replace(probabilities=probabilities))


def _threshold(by_track: np.ndarray, labels: np.ndarray) -> float:
    from sklearn.metrics import roc_curve

    right = by_track.argmax(axis=1) == labels
    if right.all() or not right.any():
        return 0.0  # nothing to tell apart
    wrong_kept, right_kept, thresholds = roc_curve(right, by_track.max(axis=1))
    best = thresholds[np.argmax(right_kept - wrong_kept)]
    return float(np.floor(1e4 * min(best, 1)) / 1e4)  # rounded, and still not above the track's own
