"""The statistics of spectrograms, against librosa, SciPy and plain loops."""

import librosa
import numpy as np
import pytest
from helpers import made_up_segments, noise
from scipy.special import logsumexp

from genre.classifiers import spectrogram_statistics as statistics
from genre.segments import segment_file


@pytest.fixture(scope="module")
def mel() -> np.ndarray:
    """The mel spectrogram in dB of three seconds of noise with ten clicks, (frames, bands)."""
    samples = noise(3)
    samples[3000::6615] += 0.5
    power = librosa.feature.melspectrogram(y=samples, sr=22050)
    return librosa.power_to_db(power).T.astype(np.float32)


def groups_of(frames: np.ndarray, n_groups: int) -> np.ndarray:
    """Return means of neighbouring bands, (frames, groups)."""
    return frames.reshape(len(frames), n_groups, -1).mean(axis=2)


def close(found: np.ndarray, expected: np.ndarray) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_all_of_them_stand_beside_each_other(mel):
    (found,) = statistics.of_segments(mel[np.newaxis], [("all", 128)])
    assert found.shape == (20 * 7 + 24 + 9 * 16 + 4 * 16 + 6 * 36 + 2 * 80,)
    cepstrum = librosa.feature.mfcc(S=mel.T, n_mfcc=20)
    swing = np.fft.rfft((cepstrum.T - cepstrum.mean(axis=1)).T * np.hanning(130))
    close(found[: 20 * 7 : 7], np.log(np.abs(swing[:, 1]) + 0.1))
    (last,) = statistics.patterns(mel[np.newaxis], 3)
    close(found[-80:], last)


def test_modulations_are_those_of_the_fourier_transform(mel):
    found = statistics.modulations(mel[np.newaxis, :, :3]).reshape(3, 7)
    swing = np.abs(np.fft.rfft((mel[:, :3] - mel[:, :3].mean(axis=0)).T * np.hanning(130)))
    close(found[:, 0], np.log(swing[:, 1] + 0.1))  # two of eight ranges are less than a bin
    close(found[:, -1], np.log(swing[:, 39:66].mean(axis=1) + 0.1))


def test_rhythm_is_the_spectrum_of_what_rises(mel):
    groups = groups_of(mel, 16)
    (found,) = statistics.rhythm(groups[np.newaxis])
    rises = np.maximum(np.diff(groups, axis=0), 0)
    spectrum = np.abs(np.fft.rfft(rises - rises.mean(axis=0), axis=0)).mean(axis=1)
    close(found[[0, -1]], [spectrum[1:4].mean(), spectrum[-2:].mean()])


def test_onsets_are_looked_at_with_the_frames_around_them(mel):
    (found,) = statistics.onsets(mel[np.newaxis, :, :5])
    bands = mel[:, :5].astype(float)
    strength = np.maximum(np.diff(bands, axis=0), 0).sum(axis=1)
    possible = range(2, 130 - 7)
    strongest = sorted(possible, key=lambda frame: -strength[frame])[:4]
    around = np.mean([bands[frame - 2 : frame + 7] for frame in strongest], axis=0)
    close(found.reshape(9, 5), around - bands.mean(axis=0))


def test_soft_and_loud_frames_are_told_apart_by_their_power(mel):
    (found,) = statistics.soft_and_loud(mel[np.newaxis])
    order = np.argsort(logsumexp(mel * np.log(10) / 10, axis=1))
    groups = groups_of(mel, 16) - groups_of(mel, 16).mean(axis=0)
    parts = [(0, 13), (13, 46), (84, 117), (117, 130)]
    close(found, np.concatenate([groups[order[slice(*part)]].mean(axis=0) for part in parts]))


@pytest.mark.parametrize(("along_time", "along_bands"), [(4, 0), (0, 2), (8, 4)])
def test_a_wave_is_a_texture_of_its_two_frequencies(along_time, along_bands):
    times, bands = np.meshgrid(np.arange(130), np.arange(128), indexing="ij")
    wave = 3 * np.cos(2 * np.pi * (along_time * times + along_bands * bands) / 32)
    both = np.stack([wave, wave[:, ::-1]]).astype(np.float32)  # it falls, and it rises
    found = statistics.textures(both, 32, 32).reshape(2, 4, 6, 6)
    ranges = np.argmax(statistics.folded(32), axis=1)
    for zone in found[0]:
        largest = np.unravel_index(zone.argmax(), zone.shape)
        assert largest == (ranges[along_time], ranges[along_bands])
    close(found[0], found[1])


def test_textures_are_means_over_patches_of_the_fourier_transform(mel):
    (found,) = statistics.textures(mel[np.newaxis], 32, 64)
    window = np.outer(np.hanning(34)[1:-1], np.hanning(66)[1:-1])
    patches = [mel[start : start + 32, 64:] for start in range(0, 99, 16)]
    waves = np.mean([np.abs(np.fft.fft2((it - it.mean()) * window)) for it in patches], axis=0)
    zone = found.reshape(2, 6, 6)[1]
    close(zone[0, 0], np.log1p(waves[0, 0]))
    close(zone[1, 1], np.log1p(waves[np.ix_([1, -1], [1, 2, -2, -1])].mean()))


@pytest.mark.parametrize("distance", [1, 3])
def test_patterns_are_counted_one_by_one(distance):
    picture = np.random.default_rng(0).normal(size=(20, 16)).astype(np.float32)
    (found,) = statistics.patterns(picture[np.newaxis], distance)
    columns = np.array_split(np.arange(distance, 16 - distance), 5)
    counted = np.zeros((16, 5))
    for zone, bands in enumerate(columns):
        rows = range(distance, 20 - distance)
        for frame, band in ((frame, band) for frame in rows for band in bands):
            around = (
                picture[frame - distance, band],
                picture[frame + distance, band],
                picture[frame, band - distance],
                picture[frame, band + distance],
            )
            pattern = sum(2**bit * (it > picture[frame, band]) for bit, it in enumerate(around))
            counted[pattern, zone] += 1 / (len(rows) * len(bands))
    close(found.reshape(16, 5), np.sqrt(counted))


@pytest.mark.parametrize("shape", [(3, 1), (20, 513)])
def test_every_spectrogram_has_statistics(shape):
    frames = np.random.default_rng(0).normal(size=(3, *shape)).astype(np.float32)
    assert np.isfinite(statistics.of_segments(frames, [("all", shape[1])])).all()
    assert np.isfinite(statistics.of_segments(np.zeros_like(frames), [("all", shape[1])])).all()


def test_volume_changes_nothing(mel):
    both = np.stack([mel, mel - 20])
    plain, quiet = statistics.of_segments(both, [("all", 128)])
    np.testing.assert_allclose(quiet, plain, atol=1e-4)


def test_frames_on_disk_give_the_same_whatever_the_blocks(tmp_path, monkeypatch):
    segments = made_up_segments([2, 3])
    whole = statistics.of_segments(segments.frames, [("all", 4)])
    monkeypatch.setattr("genre.segments.BLOCK", 3 * 9 * 4 * 4)
    segment_file.write(segments, tmp_path / "frames.h5")
    on_disk = segment_file.read(tmp_path / "frames.h5").frames
    np.testing.assert_allclose(statistics.of_segments(on_disk, [("all", 4)]), whole, atol=1e-6)
