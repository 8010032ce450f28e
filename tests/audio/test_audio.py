"""Loading against librosa, samples that were read elsewhere, and cutting by count."""

from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
from helpers import GTZAN, noise
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from genre import audio
from genre.errors import AudioError


def load(path: Path, seconds: float = 30, offset: float = 0.0) -> np.ndarray:
    return audio.load(path, sample_rate=22050, seconds=seconds, offset=offset)


def take(samples: ArrayLike, rate: float = 22050, seconds: float = 30, offset: float = 0.0):
    return audio.from_samples(samples, rate, sample_rate=22050, seconds=seconds, offset=offset)


def assert_loads_as_librosa_does(path: Path) -> None:
    samples = load(path)
    expected, _ = librosa.load(path, sr=22050, mono=True, duration=30)
    assert samples.dtype == np.float32
    assert samples.shape == expected.shape
    np.testing.assert_allclose(samples, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", ["a.wav", "a.WAV", "a.flac", "a.ogg", "a.mp3", "a.au", "a.aiff"])
def test_stereo_at_44100_loads_as_librosa_does(name, tmp_path):
    soundfile.write(tmp_path / name, noise(4, sample_rate=44100, channels=2), 44100)
    assert_loads_as_librosa_does(tmp_path / name)


@pytest.mark.parametrize("rate", [8000, 22050, 48000, 96000])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_rate_and_channels_load_as_librosa_does(rate, channels, tmp_path):
    path = tmp_path / "song.wav"
    soundfile.write(path, noise(2, sample_rate=rate, channels=channels), rate)
    assert_loads_as_librosa_does(path)


def test_only_the_first_seconds_are_read(tmp_path):
    path = tmp_path / "song.wav"
    samples = noise(5)
    soundfile.write(path, samples, 22050, subtype="FLOAT")
    np.testing.assert_array_equal(load(path, seconds=2), samples[:44100].astype(np.float32))


def test_channels_are_averaged(tmp_path):
    path = tmp_path / "song.wav"
    samples = noise(1).astype(np.float32)
    soundfile.write(path, np.stack([samples, samples / -2], axis=1), 22050, subtype="FLOAT")
    np.testing.assert_array_equal(load(path), samples / 4)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_numbers_are_refused(value, tmp_path):
    samples = noise(1)
    samples[500] = value
    soundfile.write(tmp_path / "song.wav", samples, 22050, subtype="FLOAT")
    with pytest.raises(AudioError, match="not numbers"):
        load(tmp_path / "song.wav")


def test_a_reason_is_given_for_what_cannot_be_read(tmp_path):
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.mp3").write_text("not music\n" * 100)
    (tmp_path / "folder.wav").mkdir()
    soundfile.write(tmp_path / "nothing.wav", np.zeros(0), 22050)
    soundfile.write(tmp_path / "silent.wav", np.zeros(22050), 22050)
    for name, reason in {
        "empty.wav": "is empty",
        "text.mp3": "not readable as audio",
        "folder.wav": "Is a directory",
        "nothing.wav": "holds no sound",
        "silent.wav": "silence",
        "missing.wav": "No such file",
    }.items():
        with pytest.raises(AudioError, match=reason) as caught:
            load(tmp_path / name)
        assert len(str(caught.value).splitlines()) == 1


def test_a_song_that_begins_late_is_not_called_silent(tmp_path):
    path = tmp_path / "song.wav"
    quiet = np.zeros(3 * 22050)
    soundfile.write(path, np.concatenate([quiet, noise(1)]), 22050)
    with pytest.raises(AudioError, match=r"^its first 2 s hold nothing but silence$"):
        load(path, seconds=2)
    with pytest.raises(AudioError, match=r"^the 1 s after 1.5 s hold nothing but silence$"):
        load(path, seconds=1, offset=1.5)
    assert np.ptp(load(path, seconds=1, offset=3))
    soundfile.write(path, quiet, 22050)
    with pytest.raises(AudioError, match=r"^holds nothing but silence$"):
        load(path, seconds=2)
    with pytest.raises(AudioError, match=r"^holds nothing but silence after 1 s$"):
        load(path, seconds=1, offset=1)


def test_samples_read_elsewhere_give_what_the_file_gives(tmp_path):
    path = tmp_path / "song.wav"
    soundfile.write(path, noise(2, sample_rate=44100, channels=2), 44100, subtype="PCM_16")
    expected = load(path, seconds=1, offset=0.5)
    for dtype in ("float32", "float64", "int16", "int32"):
        samples, rate = soundfile.read(path, dtype=dtype)
        np.testing.assert_allclose(take(samples, rate, 1, 0.5), expected, atol=1e-6)
    samples, rate = librosa.load(path, sr=None, mono=False)  # (channels, samples)
    np.testing.assert_allclose(take(samples, float(rate), 1, 0.5), expected, atol=1e-6)
    samples, rate = soundfile.read(path, dtype="int16")
    for same in (
        samples.astype(">i2"),
        np.asfortranarray(samples),
        np.repeat(samples, 2, axis=0)[::2],
        samples.T[np.newaxis],  # a batch of one, as of torchaudio
        (samples / 32768).tolist(),
        (samples / 32768).astype(np.longdouble),
    ):
        np.testing.assert_allclose(take(same, rate, 1, 0.5), expected, atol=1e-6)
    eight = (samples // 256).astype(np.int8)
    np.testing.assert_allclose(take(eight, rate), take(eight / 128, rate), atol=1e-6)
    soundfile.write(path, noise(1), 22050, subtype="PCM_U8")
    unsigned = np.frombuffer(path.read_bytes()[-22050:], np.uint8)
    np.testing.assert_allclose(take(unsigned), load(path), atol=1e-6)


@pytest.mark.parametrize(
    ("samples", "rate", "reason"),
    [
        (np.full(22050, np.nan), 22050, "not numbers"),
        (np.zeros(22050), 22050, "silence"),
        ([], 22050, "no sound"),
        (np.zeros((22050, 0)), 22050, "no sound"),
        (0.5, 22050, "shape"),
        (np.ones((2, 3, 22050)), 22050, "shape"),
        (np.ones((100, 22050)), 22050, "too many channels"),
        (np.arange(22050), 22050, "int64"),
        (["a", "b"], 22050, "type <U1"),
        ([[1.0], [1.0, 2.0]], 22050, "not an array"),
        (np.ones((2, 2)), 22050, "which axis holds the channels"),
        (20_000 * np.sin(np.arange(22050.0)), 22050, "full scale of 1; divide"),
        (np.ones(22050, bool), 22050, "type bool"),
        (np.ones(22050, complex), 22050, "type complex128"),
        (np.ones(22050, np.uint16), 22050, "type uint16"),
        (np.ones(22050), 0, "sample rate of 0"),
        (np.ones(22050), "22050", "sample rate of '22050'"),
    ],
)
def test_samples_that_are_not_usable_are_refused(samples, rate, reason):
    with pytest.raises(AudioError, match=reason) as caught:
        take(samples, rate)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("n_samples", "n_segments"),
    [
        (661500, 10),  # GTZAN's 30 s
        (661500 + 66150, 10),
        (9 * 66150 + 66048, 10),  # the last segment has just its 130 frames
        (9 * 66150 + 66047, 9),
        (661100, 9),
        (66150, 1),
        (66048, 1),
        (66047, 0),
        (0, 0),
    ],
)
def test_gtzans_arithmetic(n_samples, n_segments):
    segments = audio.cut(
        np.ones(n_samples, dtype=np.float32),
        length=GTZAN.samples_per_segment,
        count=GTZAN.segments_per_track,
        shortest=GTZAN.shortest_segment,
    )
    assert segments.shape == (n_segments, 66150)


@given(
    n_samples=st.integers(0, 100),
    length=st.integers(1, 20),
    count=st.integers(1, 6),
    data=st.data(),
)
def test_segments_are_the_samples_in_order_and_then_zeros(n_samples, length, count, data):
    shortest = data.draw(st.integers(1, length))
    samples = np.arange(1, n_samples + 1, dtype=np.float32)
    segments = audio.cut(samples, length=length, count=count, shortest=shortest)
    lengths = [len(samples[start : start + length]) for start in range(0, n_samples, length)]
    assert len(segments) == sum(size >= shortest for size in lengths[:count])
    expected = np.zeros(segments.size)
    used = samples[: segments.size]
    expected[: len(used)] = used
    np.testing.assert_array_equal(segments.ravel(), expected)


def test_real_songs_load_as_librosa_does(real_data):
    songs = sorted((real_data / "songs").iterdir())
    assert {".au", ".mp3"} <= {song.suffix for song in songs}
    assert any(
        (soundfile.info(song).samplerate, soundfile.info(song).channels) == (44100, 2)
        for song in songs
    )
    for song in songs:
        assert_loads_as_librosa_does(song)


def test_the_unreadable_file_of_gtzan_is_refused(real_data):
    with pytest.raises(AudioError, match="not readable as audio"):
        load(real_data / "bad" / "jazz.00054.wav")
