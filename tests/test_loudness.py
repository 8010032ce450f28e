"""Loudness alone changes no answer."""

import pytest
import soundfile

import predict
from genre import audio


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
                samples = gain * audio.load(song, sample_rate=22050, seconds=30)
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
