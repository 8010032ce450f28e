"""Altered copies: other recordings of a track, which train where it trains."""

import dataclasses

import numpy as np
import pytest
import soundfile
from helpers import SMALL, made_up_segments, noise

import preprocess
from genre import features, splits
from genre.features.alteration import SPEED, altered
from genre.segments import segment_file
from genre.songs import TRAIN, UNUSED

SAMPLES = noise(3, seed=1).astype(np.float32)


def test_the_same_number_gives_the_same_copy_and_another_another():
    one, same, other = (altered(SAMPLES, 22050, number) for number in (1, 1, 2))
    assert one.dtype == np.float32 and one.shape == SAMPLES.shape
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 0.01
    elsewhere = altered(SAMPLES[::-1].copy(), 22050, 1)[::-1]
    assert np.abs(one - elsewhere).max() > 0.01  # each track is altered in its own way


def test_speed_changes_pitch_by_a_tenth_at_most():
    tone = np.sin(2 * np.pi * 1000 * np.arange(66150) / 22050).astype(np.float32)
    peaks = []
    for number in range(20):
        spectrum = np.abs(np.fft.rfft(altered(tone, 22050, number)[:40_000]))
        peaks.append(np.argmax(spectrum) * 22050 / 40_000)
    assert 1000 * np.exp(-SPEED) - 1 < min(peaks) < 970
    assert 1030 < max(peaks) < 1000 * np.exp(SPEED) + 1


def test_some_copies_lose_their_treble_and_the_equaliser_is_mild():
    def level(copy: np.ndarray, lowest: float, highest: float) -> float:
        power = np.abs(np.fft.rfft(copy)) ** 2
        frequencies = np.fft.rfftfreq(len(copy), 1 / 22050)
        return 10 * np.log10(power[(frequencies > lowest) & (frequencies < highest)].mean())

    copies = [altered(SAMPLES, 22050, number) for number in range(30)]
    treble = [level(copy, 9_000, 9_800) - level(copy, 500, 1_500) for copy in copies]
    assert 4 <= sum(loss < -30 for loss in treble) <= 15
    middle = [level(copy, 500, 700) - level(copy, 1_000, 1_400) for copy in copies]
    assert 0.5 < np.std(middle) < 8


def test_silence_can_be_altered():
    assert not altered(np.zeros(1000, np.float32), 22050, 1).any()


@pytest.mark.parametrize("suffix", [".json", ".h5"])
def test_the_segment_file_says_which_segments_are_altered(suffix, run, tmp_path):
    for genre in ("blues", "jazz"):
        (tmp_path / "songs" / genre).mkdir(parents=True)
        samples = noise(1, seed=len(genre))
        soundfile.write(tmp_path / "songs" / genre / "a.wav", samples, 22050, "FLOAT")
    output = tmp_path / f"altered{suffix}"
    arguments = ("--dataset", tmp_path / "songs", "--output", output, "--workers", 1)
    ended = run(preprocess, *arguments, "--segments", 30, "--altered", 2)
    assert ended.status == 0
    assert "6 segments" in ended.out and "4 of them copies" in ended.out
    segments = segment_file.read(output)
    assert segments.altered.tolist() == [0, 1, 2] * 2
    assert segments.originals.tolist() == [True, False, False] * 2
    assert segments.numbers.tolist() == [0] * 6
    settings = dataclasses.replace(SMALL, **segments.settings)
    copy = altered(noise(1, seed=5).astype(np.float32), 22050, 2)
    np.testing.assert_allclose(
        segments.frames[2], features.of_segment(copy, "mfcc", settings), atol=0.01
    )


@pytest.mark.parametrize("name", ["track", "segment"])
def test_altered_copies_train_where_their_originals_do_and_are_nowhere_else(name):
    plain = made_up_segments([6, 7], segments_per_track=3)
    order = np.argsort(plain.track_index, kind="stable")
    segments = dataclasses.replace(
        plain,
        labels=plain.labels[order],
        track_index=plain.track_index[order],
        altered=np.tile([0, 1, 2], len(plain.tracks)),
    )
    for split in splits.folds(segments, name, n_folds=3, seed=1):
        parts = split.parts.reshape(-1, 3)
        expected = np.where(parts[:, :1] == TRAIN, TRAIN, UNUSED)
        np.testing.assert_array_equal(parts[:, 1:], np.repeat(expected, 2, axis=1))
