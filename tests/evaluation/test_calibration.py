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
from genre.evaluation import Predictions, calibration, pool
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


def test_the_threshold_is_the_lowest_with_which_enough_of_the_certain_tracks_are_right():
    predictions = drawn(300, 2)
    fitted = calibration.fit(predictions)
    probabilities = calibration.scaled(predictions.probabilities, fitted.temperature)
    right = probabilities.argmax(axis=1) == predictions.labels
    top = probabilities.max(axis=1).round(calibration.DIGITS)
    assert np.mean(right[top >= fitted.threshold]) >= calibration.PRECISION
    lower = top[top < fitted.threshold]
    assert all(np.mean(right[top >= least]) < calibration.PRECISION for least in lower)
    assert 0.25 < fitted.threshold < 1 and fitted.tracks == 300


def test_where_no_track_is_right_all_are_uncertain():
    wrong = Predictions(np.eye(3) * 0.7 + 0.1, np.array([1, 2, 0]), np.arange(3))
    fitted = calibration.fit(wrong)
    assert fitted.threshold > 1
    assert calibration.is_uncertain(np.array([1.0, 0]), fitted)


@pytest.mark.parametrize(("right_of_next", "threshold"), [(8, 0.8), (7, 1.0)])
def test_equal_probabilities_are_certain_together_or_not_at_all(right_of_next, threshold):
    # As those of five nearest neighbours. 20 are sure and right; then come 10 of 0.8 at a time:
    # 28 of 30 are more than PRECISION, 27 of 30 are less, though the first 27 would be enough.
    top = np.repeat([1.0, 0.8, 0.6], [20, 10, 10])
    labels = np.repeat([0, 1], [20 + right_of_next, 20 - right_of_next])
    by_track = np.stack([top, 1 - top], axis=1)
    assert calibration._threshold(by_track, labels) == threshold
    assert calibration._threshold(by_track[::-1], labels[::-1]) == threshold


def test_tracks_that_are_far_from_all_genres_do_not_raise_the_threshold():
    near = drawn(300, 2)
    to_genres = np.full((300, 4), 0.8)
    to_genres[np.arange(300), near.labels] = 0.2
    far = Predictions(np.tile([0.97, 0.01, 0.01, 0.01], (100, 1)), np.full(100, 1), np.arange(100))
    far = far._replace(track_index=far.track_index + 300, distances=np.full((100, 4), 1.0))
    fitted = calibration.fit(pool([near._replace(distances=to_genres), far]))
    assert 0.2 < fitted.farthest <= 1
    probabilities = calibration.scaled(near.probabilities, fitted.temperature)
    certain = probabilities.max(axis=1) >= fitted.threshold
    right = probabilities.argmax(axis=1) == near.labels
    assert np.mean(right[certain]) == pytest.approx(calibration.PRECISION, abs=0.02)


@pytest.mark.parametrize(
    ("nearest", "uncertain"), [(None, False), (0.59, False), (0.6, True), (0.7, True)]
)
def test_a_track_that_is_far_from_all_genres_is_uncertain(nearest, uncertain):
    fitted = calibration.Calibration(threshold=0.5, tracks=50, farthest=0.6)
    sure = np.array([0.9, 0.1])
    assert calibration.is_uncertain(sure, fitted, nearest) is uncertain
    without = calibration.Calibration(threshold=0.5, tracks=50)
    assert not calibration.is_uncertain(sure, without, nearest)


def test_where_all_are_right_none_is_uncertain():
    right = Predictions(np.eye(3) * 0.7 + 0.1, np.arange(3), np.arange(3))
    assert calibration.fit(right).threshold == 0


def test_without_a_validation_part_nothing_changes():
    tested = drawn(20, 2)
    none = Predictions(np.zeros((0, 4)), np.zeros(0, int), np.zeros(0, int))
    same, account = calibration.apply(none, tested)
    np.testing.assert_allclose(same.probabilities, tested.probabilities)
    assert (account["temperature"], account["threshold"], account["certain"]) == (1, 0, 1)


def test_folds_are_calibrated_and_judged_by_each_other():
    folds = [
        drawn(100, sharpness, seed=number)._replace(track_index=100 * number + np.arange(100))
        for number, sharpness in enumerate((0.5, 2, 4))
    ]
    together, account = calibration.apply_across(folds)
    for fold, others in zip(folds, (folds[1:], folds[::2], folds[:2]), strict=True):
        fitted = calibration.fit(pool(others)).temperature
        rows = np.isin(together.track_index, fold.track_index)
        expected = calibration.scaled(fold.probabilities, fitted)
        np.testing.assert_allclose(together.probabilities[rows], expected)
    fitted = calibration.fit(pool(folds))
    assert (account["temperature"], account["threshold"], account["tracks"]) == (
        *(fitted.temperature, fitted.threshold, 300),
    )
    error = calibration.expected_error(together.probabilities, together.labels)
    assert account["error_after"] == pytest.approx(error, abs=1e-4)


@pytest.mark.parametrize(
    ("tracks", "threshold", "top", "uncertain"),
    [
        (50, 0.4, 0.4, False),
        (50, 0.4, 0.39, True),
        (50, 0.0, 0.1, False),
        (49, 0.4, 0.89, True),  # too few tracks: below CLEAR all is uncertain
        (49, 0.4, 0.9, False),
        (49, 0.95, 0.94, True),
    ],
)
def test_a_track_is_uncertain_below_a_threshold_that_can_be_trusted(
    tracks, threshold, top, uncertain
):
    fitted = calibration.Calibration(threshold=threshold, tracks=tracks)
    assert calibration.is_uncertain(np.array([0.05, top, 0.05]), fitted) is uncertain


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
def test_however_segments_are_joined_the_mean_is_certain_or_not(saved, corpus, how):
    folder, change = saved
    song = next(corpus.rglob("*.wav"))
    model = genre.load(folder)
    top = {
        join: max(model.predict(song, join=join).probabilities.values()) for join in ("mean", how)
    }
    assert top["mean"] != top[how]
    change({"threshold": sum(top.values()) / 2, "tracks": 50})
    model = genre.load(folder)
    assert model.predict(song, join=how).uncertain is (top["mean"] < top[how])
