"""Every feature, against librosa's or PyWavelets' own function on each segment by itself."""

import warnings

import librosa
import numpy as np
import pytest
import pywt
import soundfile
from helpers import GTZAN, librosa_mfcc, noise

import config
from genre import features
from genre.errors import FeatureError
from genre.features import FEATURES, Settings

TIME = np.arange(66150) / 22050
SHORTEST = GTZAN.shortest_segment
HARD = {  # where float32 has most to lose: far below a peak, or near silence
    "noise": noise(3, seed=1),
    "tone": np.sin(2 * np.pi * 440 * TIME),
    "high tone": np.sin(2 * np.pi * 10_900 * TIME),
    "tone and faint noise": np.sin(2 * np.pi * 440 * TIME) + 1e-3 * noise(3),
    "sweep": librosa.chirp(fmin=20, fmax=11_000, sr=22050, length=66150),
    "click": np.eye(1, 66150, 30_000)[0],
    "constant": np.full(66150, 0.5),
    "silence, then a tone": np.where(TIME < 1.5, 0, np.sin(2 * np.pi * 440 * TIME)),
    "faint noise": 1e-6 * noise(3),
    "silence": np.zeros(66150),
}


def librosa_decibels(power: np.ndarray) -> np.ndarray:
    return librosa.power_to_db(power).T


def scalogram(samples: np.ndarray, settings: Settings) -> np.ndarray:
    """Return PyWavelets' power around each frame's centre, in dB."""
    frequencies = np.geomspace(32.70, 0.8 * settings.sample_rate / 2, 64)
    scales = pywt.frequency2scale("cmor1.5-1.0", frequencies / settings.sample_rate)
    coefficients, _ = pywt.cwt(samples, scales, "cmor1.5-1.0", method="fft")
    hop = settings.hop_length
    rows = [
        (np.abs(coefficients[:, max(0, i * hop - hop // 2) : i * hop + hop - hop // 2]) ** 2).sum(1)
        for i in range(settings.frames_per_segment)
    ]
    return librosa.power_to_db(np.stack(rows, axis=1) / hop).T


def expected(feature: str, samples: np.ndarray, settings: Settings = GTZAN) -> np.ndarray:
    """Return a feature of one segment by librosa or PyWavelets, (frames, bands)."""
    hop = {"sr": settings.sample_rate, "hop_length": settings.hop_length}
    fft = hop | {"n_fft": settings.n_fft}
    stft = {"n_fft": settings.n_fft, "hop_length": settings.hop_length}
    by_librosa = librosa.feature
    return {
        "mfcc": lambda y: librosa_mfcc(y, settings),
        "mel": lambda y: librosa_decibels(
            by_librosa.melspectrogram(y=y, n_mels=settings.n_mels, **fft)
        ),
        "stft": lambda y: librosa.amplitude_to_db(np.abs(librosa.stft(y, **stft))).T,
        "cqt": lambda y: librosa.amplitude_to_db(np.abs(librosa.cqt(y, n_bins=84, **hop))).T,
        "chroma_stft": lambda y: by_librosa.chroma_stft(y=y, **fft).T,
        "chroma_cqt": lambda y: by_librosa.chroma_cqt(y=y, **hop).T,
        "chroma_cens": lambda y: by_librosa.chroma_cens(y=y, **hop).T,
        "tempogram": lambda y: by_librosa.tempogram(y=y, **hop).T,
        "centroid": lambda y: by_librosa.spectral_centroid(y=y, **fft).T,
        "contrast": lambda y: by_librosa.spectral_contrast(y=y, **fft).T,
        "wavelet": lambda y: scalogram(y, settings),
    }[feature](samples)


def assert_same(frames: np.ndarray, wanted: np.ndarray, tolerance: float = 1e-3) -> None:
    assert frames.dtype == np.float32
    assert frames.shape == wanted.shape
    np.testing.assert_allclose(frames, wanted, rtol=1e-6, atol=tolerance)


def test_the_default_constants_are_gtzans():
    assert config.SAMPLES_PER_SEGMENT == GTZAN.samples_per_segment == 66150
    assert config.FRAMES_PER_SEGMENT == GTZAN.frames_per_segment == 130
    assert GTZAN.shortest_segment == 129 * 512


@pytest.mark.parametrize("sound", HARD)
@pytest.mark.parametrize("feature", ["mfcc", "mel", "stft"])
def test_our_own_spectra_have_the_values_of_librosa(feature, sound):
    segment = HARD[sound].astype(np.float32)
    # In dB the faintest bins of a pure tone, 80 dB down, feel float32's rounding.
    tolerance = {"mfcc": 2e-3, "mel": 1e-2, "stft": 5e-2}[feature]
    wanted = expected(feature, segment)
    frames = features.of_segment(segment, feature, GTZAN)
    assert_same(frames, wanted, tolerance)
    assert np.mean(np.abs(frames - wanted)) < 1e-4


@pytest.mark.parametrize("feature", [name for name in FEATURES if name != "musicnn"])
@pytest.mark.parametrize(
    "settings",
    [
        GTZAN,
        Settings(22050, 30, 15, 1024, 700),
        Settings(16000, 10, 4, 1024, 256, n_mfcc=20, n_mels=64),
    ],
)
def test_every_feature_has_the_values_of_its_library(feature, settings):
    segment = noise(3, sample_rate=settings.sample_rate, seed=1).astype(np.float32)
    segment = segment[: settings.samples_per_segment]
    frames = features.of_segment(segment, feature, settings)
    assert frames.shape == (settings.frames_per_segment, FEATURES[feature].bands(settings))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of bands that librosa finds empty
        wanted = expected(feature, segment, settings)
    assert_same(frames, wanted)


def test_joined_features_stand_side_by_side():
    segment = noise(3, seed=1).astype(np.float32)
    names = ("mfcc", "centroid", "chroma_stft", "contrast")
    frames = features.of_segment(segment, "+".join(names), GTZAN)
    assert frames.shape == (130, 33)
    assert_same(frames, np.concatenate([expected(name, segment) for name in names], axis=1))


def test_a_loud_segment_leaves_a_quiet_one_as_it_is():
    loud = noise(3, seed=1).astype(np.float32)
    quiet = loud[::-1] * np.float32(10 ** (-70 / 20))
    frames = features.of_samples(np.concatenate([loud, quiet]), "mfcc", GTZAN).frames
    assert_same(frames, np.stack([librosa_mfcc(loud), librosa_mfcc(quiet)]))
    # librosa itself, given both at once, clips the quiet one against the loud one's peak.
    of_both = librosa.feature.mfcc(y=np.stack([loud, quiet]), sr=22050, n_mfcc=13)
    assert np.abs(of_both.swapaxes(1, 2) - frames).max() > 1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("feature", FEATURES)
def test_silence_has_finite_values_and_no_warning(feature):
    assert np.isfinite(features.of_segment(np.zeros(66150, np.float32), feature, GTZAN)).all()


@pytest.mark.parametrize(
    "settings",
    [
        Settings(22050, 30, 10, 2048, 512, 20),
        Settings(16000, 10, 4, 1024, 256, 13),
        Settings(8000, 7.5, 3, 1024, 500, 5, 64),
    ],
)
def test_a_track_is_resampled_and_cut_as_librosa_does(settings, tmp_path):
    path = tmp_path / "song.wav"
    soundfile.write(path, noise(31), 22050)
    samples, _ = librosa.load(path, sr=settings.sample_rate, duration=settings.track_seconds)
    segments = samples.reshape(settings.segments_per_track, -1)
    frames = features.of_track(path, "mfcc", settings).frames
    assert frames.shape[1:] == (settings.frames_per_segment, settings.n_mfcc)
    assert_same(frames, np.stack([librosa_mfcc(segment, settings) for segment in segments]))


def test_a_track_can_be_taken_whole(tmp_path):
    path = tmp_path / "song.wav"
    soundfile.write(path, noise(30), 22050)
    settings = Settings(22050, 30, 1, 2048, 1024)
    assert features.of_track(path, "mel", settings).frames.shape == (1, 646, 128)


@pytest.mark.parametrize("n_samples", [9 * 66150 + 66048, 9 * 66150 + 66100])
def test_a_last_segment_that_is_a_little_short_has_the_values_of_what_it_holds(n_samples, tmp_path):
    path = tmp_path / "song.wav"
    soundfile.write(path, noise(30)[:n_samples], 22050)
    samples, _ = librosa.load(path, sr=22050)
    frames = features.of_track(path, "mfcc", GTZAN).frames
    assert frames.shape == (10, 130, 13)
    assert_same(frames[-1], librosa_mfcc(samples[9 * 66150 :]))


def test_a_track_of_661100_samples_gives_nine_segments(tmp_path):
    path = tmp_path / "song.wav"
    soundfile.write(path, noise(30)[:661100], 22050)
    assert features.of_track(path, "mfcc", GTZAN).frames.shape == (9, 130, 13)


def test_no_segment_is_made_of_nothing():
    settings = Settings.from_dict(GTZAN.to_dict() | {"hop_length": 100_000})  # one frame a segment
    assert features.of_samples(noise(6), "mfcc", settings).frames.shape == (2, 1, 13)


@pytest.mark.parametrize("n_samples", [1000, 55125, SHORTEST - 1, SHORTEST, 66150])
def test_a_track_shorter_than_a_segment_is_repeated_to_fill_it(n_samples, tmp_path):
    path = tmp_path / "song.wav"
    soundfile.write(path, noise(3)[:n_samples], 22050)
    track = features.of_track(path, "mfcc", GTZAN)
    samples, _ = librosa.load(path, sr=22050)
    whole = n_samples >= SHORTEST
    assert track.short == (not whole)
    wanted = samples if whole else np.tile(samples, 67)[:66150]
    assert_same(track.frames, librosa_mfcc(wanted)[np.newaxis])


def test_a_feature_may_compute_all_segments_at_once(monkeypatch):
    def compute(segments: np.ndarray, settings: Settings) -> np.ndarray:
        assert segments.shape == (10, 66150)
        return segments[:, :130, np.newaxis]

    feature = features.Feature(compute, lambda _: 1, features.look("first samples"))
    monkeypatch.setitem(FEATURES, "first samples", feature)
    samples = noise(30).astype(np.float32)
    frames = features.of_samples(samples, "mfcc+first samples", GTZAN).frames
    assert frames.shape == (10, 130, 14)
    np.testing.assert_array_equal(frames[:, :, 13], samples.reshape(10, -1)[:, :130])


@pytest.mark.parametrize("name", ["", "mfc", "MFCC", "mfcc+", "mfcc + mel", "mfcc,mel"])
def test_an_unknown_feature_is_refused_and_the_known_are_named(name):
    with pytest.raises(FeatureError, match="features are mfcc, mel, stft, cqt"):
        features.parts(name)


def test_a_feature_joined_to_itself_is_refused():
    with pytest.raises(FeatureError, match="twice"):
        features.parts("mfcc+mel+mfcc")


@pytest.mark.parametrize(
    ("feature", "settings", "reason"),
    [
        ("mel", Settings(22050, 30, 10, 256, 128), "128 mel bands are too many"),
        ("mfcc", Settings(22050, 30, 10, 256, 128), "128 mel bands are too many"),
        ("mfcc+cqt", Settings(8000, 30, 10, 1024, 512, n_mels=64), "Nyquist"),
        ("contrast", Settings(8000, 30, 10, 1024, 512), "Nyquist"),
        ("contrast", Settings(22050, 30, 10, 32, 512), "out of bounds"),
        ("wavelet", Settings(80, 30, 10, 1024, 512), "too low a sample rate"),
    ],
)
def test_settings_that_a_feature_cannot_have_are_refused_in_a_line(feature, settings, reason):
    with pytest.raises(FeatureError, match=reason) as caught:
        features.check(feature, settings)
    assert str(caught.value).startswith(f"{feature} cannot be computed")
    assert len(str(caught.value).splitlines()) == 1


def test_mel_bands_can_be_fewer_than_the_mfccs_that_nobody_asked_for():
    settings = Settings.from_dict(GTZAN.to_dict() | {"n_mels": 8})
    assert features.check("mel", settings) == (130, 8)
    with pytest.raises(FeatureError, match="8 mel bands do not give 13 MFCCs"):
        features.check("mfcc", settings)


def test_a_file_holds_the_settings_that_its_feature_depends_on():
    common = ["sample_rate", "track_seconds", "segments_per_track", "n_fft", "hop_length"]
    assert list(features.stored("cqt", GTZAN)) == common
    assert list(features.stored("mel", GTZAN)) == [*common, "n_mels"]
    assert list(features.stored("mfcc+centroid", GTZAN)) == [*common, "n_mfcc", "n_mels"]


def test_the_levels_of_joined_features_are_those_of_their_bands():
    levels = features.levels("mfcc+centroid+mel", features.stored("mfcc+mel", GTZAN), 142)
    assert levels == [("first", 13), ("", 1), ("all", 128)]
    assert features.levels("mfcc+centroid+mel", {}, 142) == [("", 142)]
    assert features.levels("somebody's", {}, 7) == [("", 7)]
    assert features.levels("mel", {}, 96) == [("all", 96)]
