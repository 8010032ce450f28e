"""Temperature, expected calibration error and threshold, and what predict.py makes of them."""

import json
import shutil

import keras
import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import softmax

import evaluate
import genre
from genre import features
from genre.evaluation import Predictions, calibration, concatenated, verdict
from genre.model import card


def drawn(n: int, sharpness: float, seed: int = 0) -> Predictions:
    """Return predictions of n tracks, so much too sure, whose labels are drawn as they say."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (n, 4))
    labels = np.array([rng.choice(4, p=softmax(row)) for row in logits])
    return Predictions(softmax(sharpness * logits, axis=1), labels, np.arange(n))


@pytest.fixture
def saved(network, tmp_path):
    """A copy of a trained network, and a function that changes what its card says of confidence."""
    folder = shutil.copytree(network, tmp_path / "network")
    path = folder / card.CARD_FILE
    content = json.loads(path.read_text(encoding="utf-8"))

    def change(values: dict | None) -> None:
        changed = {key: value for key, value in content.items() if key != "calibration"}
        if values is not None:
            changed["calibration"] = content["calibration"] | values
        path.write_text(json.dumps(changed), encoding="utf-8")

    return folder, change


def test_logits_are_divided_by_the_temperature():
    logits = np.random.default_rng(0).normal(0, 3, (5, 10))
    np.testing.assert_allclose(
        calibration.scaled(softmax(logits, axis=1), 2.5), softmax(logits / 2.5, axis=1), rtol=1e-9
    )
    certain = np.array([[1.0, 0.0]], dtype=np.float32)  # whose logits are infinite
    assert calibration.scaled(certain, 1)[0] == pytest.approx([1, 0])


@pytest.mark.parametrize("sharpness", [0.5, 1, 3])
def test_the_temperature_undoes_what_made_them_too_sure(sharpness):
    found = calibration.fit(drawn(4000, sharpness))
    assert found.temperature == pytest.approx(sharpness, rel=0.08)


def all_right(n: int) -> Predictions:
    """Return predictions of n tracks, each right with a probability of 0.8 against two of 0.1."""
    labels = np.arange(n) % 3
    return Predictions(0.1 + 0.7 * np.eye(3)[labels], labels, np.arange(n))


def test_right_answers_make_a_network_no_surer_than_their_number_allows():
    # The answers are 8 to 1 to 1, so with y = 8^(-1/t) the loss of a track is log(1 + 2y), by
    # itself least at t = 0. With x = log t, n log(1 + 2y) + x^2 / 2 is least where this is 0.
    n = calibration.ENOUGH_TRACKS
    x = brentq(lambda x: 2 * n * np.log(8) / np.exp(x) / (8 ** np.exp(-x) + 2) + x, -3, 3)
    assert calibration.fit(all_right(n)).temperature == pytest.approx(np.exp(x), rel=1e-3)
    assert calibration.fit(all_right(100 * n)).temperature < np.exp(x)
    assert calibration.fit(all_right(n - 1)).temperature == 1  # too few to make it surer at all
    too_sure = drawn(n - 1, 4)
    assert calibration.fit(too_sure).temperature > 1.5


def test_a_tracks_segments_are_joined_first():
    sure = np.array([[0.9, 0.1], [0.1, 0.9]])
    of_tracks = Predictions(np.tile(sure, (2, 1)), np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]))
    _, account = calibration.apply(of_tracks, of_tracks)
    # Each track is at 0.5 whatever the temperature; the first genre is named, right for one.
    assert account["error_before"] == account["error_after"] == 0


def test_the_expected_calibration_error_is_that_worked_out_by_hand():
    top = np.array([0.95, 0.92, 0.66, 0.62, 0.55])
    probabilities = np.stack([top, 1 - top], axis=1)
    labels = np.array([0, 1, 0, 0, 1])
    # Bins: 0.9 to 1 has accuracy 1/2 and confidence 0.935; 0.6 to 0.7 1 and 0.64; 0.5 0 and 0.55.
    by_hand = 2 / 5 * (0.935 - 0.5) + 2 / 5 * (1 - 0.64) + 1 / 5 * 0.55
    assert calibration.expected_error(probabilities, labels) == pytest.approx(by_hand)


def test_without_a_validation_part_nothing_changes():
    tested = drawn(20, 2)
    none = Predictions(np.zeros((0, 4)), np.zeros(0, int), np.zeros(0, int))
    same, account = calibration.apply(none, tested)
    np.testing.assert_allclose(same.probabilities, tested.probabilities)
    assert (account["temperature"], account["sure"], account["either"]) == (1, 0, 0)
    assert account["verdicts"]["sure"]["share"] == 1


def test_folds_are_calibrated_and_judged_by_each_other():
    folds = [
        drawn(100, sharpness, seed=number)._replace(track_index=100 * number + np.arange(100))
        for number, sharpness in enumerate((0.5, 2, 4))
    ]
    together, account = calibration.apply_across(folds)
    for fold, others in zip(folds, (folds[1:], folds[::2], folds[:2]), strict=True):
        fitted = calibration.fit(concatenated(others)).temperature
        rows = np.isin(together.track_index, fold.track_index)
        expected = calibration.scaled(fold.probabilities, fitted)
        np.testing.assert_allclose(together.probabilities[rows], expected)
    fitted = calibration.fit(concatenated(folds))
    assert (account["temperature"], account["sure"], account["tracks"]) == (
        *(fitted.temperature, fitted.sure, 300),
    )
    error = calibration.expected_error(together.probabilities, together.labels)
    assert account["error_after"] == pytest.approx(error, abs=1e-4)


@pytest.mark.parametrize(
    ("tracks", "sure", "expected"),
    [(50, 0.4, 0.4), (50, 0.0, 0.0), (49, 0.4, 0.9), (49, 0.95, 0.95)],
)
def test_limits_are_strict_if_they_cannot_be_trusted(tracks, sure, expected):
    fitted = calibration.Calibration(sure=sure, either=sure, tracks=tracks, farthest=0.6, other=1)
    assert calibration.limits(fitted) == (expected, expected, 0.6, None, 1)


def test_the_verdicts_on_test_tracks_are_counted_and_checked():
    said = [
        verdict.Verdict("sure", (0,)),
        verdict.Verdict("sure", (1,)),
        verdict.Verdict("either", (1, 0)),
        verdict.Verdict(),
    ]
    assert calibration.check(said, np.array([0, 0, 0, 0])) == {
        "sure": {"share": 0.5, "right": 0.5},
        "either": {"share": 0.25, "right": 1.0},
        "open": {"share": 0.25, "right": None},
    }


def test_limits_keep_their_promise_on_calibrated_tracks():
    fitted = calibration.fit(drawn(2000, 2))
    other = drawn(2000, 2, seed=1)
    other = other._replace(
        probabilities=calibration.scaled(other.probabilities, fitted.temperature)
    )
    account = calibration.check(calibration._verdicts(other, fitted), other.labels)
    assert account["sure"]["right"] == pytest.approx(verdict.SURE_AIM, abs=0.03)
    assert account["either"]["right"] == pytest.approx(verdict.EITHER_AIM, abs=0.05)


def test_what_is_loaded_is_calibrated(saved, corpus):
    folder, change = saved
    song = next(corpus.rglob("*.wav"))
    raw = keras.saving.load_model(folder / card.MODEL_FILE)
    frames = features.of_track(song, "mfcc", card.settings(card.read(folder))).frames
    for values, temperature in (({"temperature": 3.0}, 3), (None, 1)):
        change(values)
        expected = calibration.scaled(raw.predict(frames, verbose=0), temperature)
        np.testing.assert_allclose(genre.load(folder).predict(song).segments, expected, atol=1e-4)


def test_the_card_scores_what_predict_says(network):
    fitted = card.read(network).calibration
    assert fitted.tracks > 0 and fitted.error_before is not None
    text = (network / "README.md").read_text(encoding="utf-8")
    assert f"a temperature of {fitted.temperature:.2f}" in text
    assert f"{fitted.error_before:.3f} without" in text


def test_scores_are_those_of_calibrated_probabilities(network, segments_path, run, tmp_path):
    arguments = ("--model", network, "--data", segments_path, "--output", tmp_path)
    again = run(evaluate, *arguments, "--split", network / "split.csv")
    scores = card.read(network).scores
    assert f"accuracy per track    {scores.track_accuracy:.3f}" in again.out
    rates = [row.roc_area for row in scores.genres.values() if row.roc_area is not None]
    assert f"{rates[0]:.2f}" in again.out


@pytest.mark.parametrize("how", ["max", "min"])
def test_however_segments_are_joined_the_mean_is_sure_or_not(saved, corpus, how):
    folder, change = saved
    song = next(corpus.rglob("*.wav"))
    top, other = (
        max(genre.load(folder).predict(song, join=join).probabilities.values())
        for join in ("mean", how)
    )
    assert top != other
    change({"sure": (top + other) / 2, "tracks": 50})
    answer = genre.load(folder).predict(song, join=how)
    assert (answer.verdict != "sure") is (top < other or answer.reason == "not likely enough")
