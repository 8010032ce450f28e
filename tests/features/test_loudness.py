"""Loudness alone changes no answer."""

import numpy as np
import pytest
import soundfile
from helpers import noise

import predict
from genre import audio, features
from genre.features.settings import Settings


def genres(run, network, folder, songs):
    """Return the genre of each song, by its number in the order of their names."""
    ended = run(predict, "--model", network, "--input", folder, "--format", "csv")
    lines = ended.out.splitlines()
    assert ended.status == 0 and len(lines) == 1 + len(songs)
    return [line.split(",")[1] for line in lines[1:]]


@pytest.fixture
def at_levels(tmp_path):
    """Write songs as they are and 20 dB quieter; return the two folders."""

    def write(songs):
        folders = [tmp_path / "as they are", tmp_path / "quieter"]
        for folder, gain in zip(folders, (1, 0.1), strict=True):
            folder.mkdir()
            for number, song in enumerate(songs):
                samples = gain * audio.load(song, sample_rate=22050, seconds=12)
                soundfile.write(folder / f"{number:02}.wav", samples, 22050, subtype="FLOAT")
        return folders

    return write


def test_made_up_songs(run, network, corpus, at_levels):
    songs = sorted(corpus.glob("*/*.00000.wav"))
    loud, quiet = (genres(run, network, folder, songs) for folder in at_levels(songs))
    assert loud == quiet
    assert len(set(loud)) > 1


def test_real_songs(run, network, real_data, at_levels):
    songs = sorted((real_data / "songs").iterdir())
    loud, quiet = (genres(run, network, folder, songs) for folder in at_levels(songs))
    assert loud == quiet


@pytest.mark.parametrize("feature", ["mfcc", "mel+contrast", "centroid+mfcc+cqt", "wavelet"])
def test_the_level_is_taken_from_any_feature(feature):
    settings = Settings(22050, 30, 10, 2048, 512)
    loud = noise(3).astype(np.float32)
    frames = np.stack(
        [features.of_segment(gain * loud, feature, settings) for gain in (1, np.float32(0.5))]
    )
    assert np.abs(frames[0] - frames[1]).max() > 5  # dB, in some band
    levels = features.levels(feature, features.stored(feature, settings), frames.shape[2])
    one, other = features.without_level(frames, levels)
    np.testing.assert_allclose(one, other, atol=0.01)
