"""A corpus of synthetic songs in folders like GTZAN's, to try the suite without any data."""

import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from genre.demo.synth import GENRES, SAMPLE_RATE, make_track
from genre.files import replacing

MOST_TRACKS = 100_000  # in a genre: file names have five digits, as in GTZAN


def write_track(path: Path, audio: np.ndarray) -> None:
    """Write audio at SAMPLE_RATE as 16-bit PCM."""
    with replacing(path) as unfinished, unfinished.open("wb") as file, wave.open(file) as wav:
        wav.setparams((1, 2, SAMPLE_RATE, len(audio), "NONE", None))
        wav.writeframes((32767 * audio).round().astype("<i2").tobytes())


def write_corpus(
    folder: str | Path,
    *,
    tracks_per_genre: int = 12,
    seconds: float = 30.0,
    seed: int = 0,
    genres: Sequence[str] = GENRES,
) -> list[Path]:
    """Write `folder/<genre>/<genre>.00000.wav` and so on; return the paths.

    Different seeds give different tracks. Raises ValueError for an unknown genre.
    """
    paths = []
    jobs = [(genre, number) for genre in genres for number in range(tracks_per_genre)]
    for genre, number in tqdm(jobs, unit="track", disable=None):  # None: a bar on a terminal only
        audio = make_track(genre, seed * MOST_TRACKS + number, seconds=seconds)
        paths.append(Path(folder, genre, f"{genre}.{number:05}.wav"))
        write_track(paths[-1], audio)
    return paths
