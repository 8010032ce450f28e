"""MFCCs, against librosa's of each segment by itself."""

import dataclasses

import librosa
import numpy as np
import pytest
import soundfile
from helpers import GTZAN, librosa_mfcc, noise

import config
from genre import features
from genre.errors import AudioError
from genre.features import Settings


def assert_same(frames: np.ndarray, expected: np.ndarray) -> None:
    assert frames.shape == expected.shape
    np.testing.assert_allclose(frames, expected, rtol=0, atol=1e-3)


def test_the_default_constants_are_gtzans():
    assert config.SAMPLES_PER_SEGMENT == GTZAN.samples_per_segment == 66150
    assert config.FRAMES_PER_SEGMENT == GTZAN.frames_per_segment == 130
    assert GTZAN.shortest_segment == 129 * 512


def test_a_segment_has_the_values_of_librosa():
    time = np.arange(66150) / 22050
    segments = np.stack(
        [noise(3, seed=1), noise(3, seed=2), np.sin(440 * 2 * np.pi * time), np.zeros(66150)]
    ).astype(np.float32)
    frames = features.mfcc(segments, GTZAN)
    assert frames.shape == (4, 130, 13)
    assert frames.dtype == np.float32
    assert_same(frames, np.stack([librosa_mfcc(segment) for segment in segments]))


def test_a_loud_segment_leaves_a_quiet_one_as_it_is():
    loud = noise(3, seed=1).astype(np.float32)
    quiet = loud[::-1] * np.float32(10 ** (-70 / 20))
    segments = np.stack([loud, quiet])
    expected = np.stack([librosa_mfcc(loud), librosa_mfcc(quiet)])
    assert_same(features.mfcc(segments, GTZAN), expected)
    # librosa itself, given both at once, clips the quiet one against the loud one's peak.
    of_both = librosa.feature.mfcc(y=segments, sr=22050, n_mfcc=13, n_fft=2048, hop_length=512)
    assert np.abs(of_both.swapaxes(1, 2) - expected).max() > 1


@pytest.mark.parametrize(
    "settings",
    [
        Settings(22050, 30, 10, 2048, 512, 20),
        Settings(16000, 10, 4, 1024, 256, 13),
        Settings(8000, 7.5, 3, 512, 500, 5),
    ],
)
def test_other_settings_follow_librosa_too(settings, tmp_path):
    path = tmp_path / "song.wav"
    soundfile.write(path, noise(31), 22050)
    samples, _ = librosa.load(path, sr=settings.sample_rate, duration=settings.track_seconds)
    segments = samples.reshape(settings.segments_per_track, -1)
    frames = features.of_track(path, settings)
    assert frames.shape[1:] == (settings.frames_per_segment, settings.n_mfcc)
    assert_same(frames, np.stack([librosa_mfcc(segment, settings) for segment in segments]))


def test_a_track_of_30_s_gives_ten_segments(tmp_path):
    path = tmp_path / "song.wav"
    soundfile.write(path, noise(30), 22050)
    samples, _ = librosa.load(path, sr=22050)
    frames = features.of_track(path, GTZAN)
    assert frames.shape == (10, 130, 13)
    assert_same(frames, np.stack([librosa_mfcc(part) for part in samples.reshape(10, 66150)]))


@pytest.mark.parametrize("n_samples", [9 * 66150 + 66048, 9 * 66150 + 66100])
def test_a_last_segment_that_is_a_little_short_has_the_values_of_what_it_holds(n_samples, tmp_path):
    path = tmp_path / "song.wav"
    soundfile.write(path, noise(30)[:n_samples], 22050)
    samples, _ = librosa.load(path, sr=22050)
    frames = features.of_track(path, GTZAN)
    assert frames.shape == (10, 130, 13)
    assert_same(frames[-1], librosa_mfcc(samples[9 * 66150 :]))


def test_a_track_of_661100_samples_gives_nine_segments(tmp_path):
    path = tmp_path / "song.wav"
    soundfile.write(path, noise(30)[:661100], 22050)
    assert features.of_track(path, GTZAN).shape == (9, 130, 13)


def test_a_track_shorter_than_a_segment_is_refused_with_its_length(tmp_path):
    path = tmp_path / "song.wav"
    soundfile.write(path, noise(2.5), 22050)
    with pytest.raises(AudioError, match=r"2\.50* s long, shorter than one segment of 3 s"):
        features.of_track(path, GTZAN)


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Settings)])
@pytest.mark.parametrize("value", [0, -1, "2048", None, True])
def test_settings_are_positive_numbers(field, value):
    with pytest.raises(ValueError, match=field):
        Settings.from_dict(GTZAN.to_dict() | {field: value})


def test_settings_survive_the_way_through_a_file():
    assert Settings.from_dict(GTZAN.to_dict()) == GTZAN


def test_settings_with_a_field_too_few_or_too_many_are_refused():
    values = GTZAN.to_dict()
    with pytest.raises(ValueError, match="n_mels"):
        Settings.from_dict(values | {"n_mels": 128})
    del values["n_fft"]
    with pytest.raises(ValueError, match="n_fft"):
        Settings.from_dict(values)
