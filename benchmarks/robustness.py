"""Measure how often a model still names the genre after the sound of a song was changed.

    python -m benchmarks.robustness --input songs
    python -m benchmarks.robustness --model output/cnn --input gtzan_mini

The changes leave the genre as it is: another volume, MP3, an equaliser, a low sample rate. The
model predicts the first 30 s of each song before and after. "same genre" is the share of songs
whose genre stays the same. "moved" is the mean share of probability that went to other genres: half
the sum of absolute differences. "most" is that share for the song where it is largest.
"""

import argparse
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr
from tqdm import tqdm

import genre
from benchmarks import measure
from genre import audio, cli
from genre.errors import AudioError, GenreError
from genre.files import printable
from genre.model import card, files
from genre.reporting import text
from genre.songs.folder import songs_in

COLUMNS = ("change", "same genre", "moved", "most")
Change = Callable[[np.ndarray, int], np.ndarray]  # of mono samples, at a rate in Hz


def louder(decibels: float) -> Change:
    """Return a change of volume, which does not clip."""
    return lambda samples, _: (samples * 10 ** (decibels / 20)).astype(np.float32)


def mp3(compression: float) -> Change:
    """Return encoding as MP3 and decoding, with libsndfile's compression from 0 to 1."""

    def change(samples: np.ndarray, rate: int) -> np.ndarray:
        file = io.BytesIO()
        soundfile.write(
            file,
            samples,
            rate,
            format="MP3",
            bitrate_mode="CONSTANT",
            compression_level=compression,
        )
        file.seek(0)
        return soundfile.read(file, dtype="float32")[0]

    return change


def resampled(rate: int) -> Change:
    """Return resampling to a lower rate and back."""
    return lambda samples, own: soxr.resample(soxr.resample(samples, own, rate), rate, own)


def tilted(decibels: float) -> Change:
    """Return an equaliser that adds so many decibels for each octave above 1 kHz."""

    def change(samples: np.ndarray, rate: int) -> np.ndarray:
        frequencies = np.fft.rfftfreq(len(samples), 1 / rate)
        octaves = np.log2(np.maximum(frequencies, 30) / 1000)
        spectrum = np.fft.rfft(samples) * 10 ** (decibels * octaves / 20)
        return np.fft.irfft(spectrum, len(samples)).astype(np.float32)

    return change


CHANGES: dict[str, Change] = {
    "20 dB softer": louder(-20),
    "6 dB louder": louder(6),
    "MP3, 80 kbit/s": mp3(0.5),  # of 22050 Hz, mono
    "MP3, 24 kbit/s": mp3(0.9),
    "resampled to 8 kHz": resampled(8000),
    "equaliser, +2 dB an octave": tilted(2),
    "equaliser, -2 dB an octave": tilted(-2),
}


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.parser(__doc__)
    add = parser.add_argument
    add(
        "--model",
        type=Path,
        metavar="PATH",
        default=files.PRETRAINED,
        help="folder of a trained model (default: the pretrained one)",
    )
    add("--input", type=Path, nargs="+", metavar="PATH", required=True, help="songs, and folders")
    return parser.parse_args(argv)


def loaded(songs: Sequence[Path], rate: int, seconds: float) -> Iterator[np.ndarray]:
    """Yield the samples of the songs that can be read."""
    for song in tqdm(songs, unit="song", disable=None):
        try:
            yield audio.load(song, sample_rate=rate, seconds=seconds)
        except AudioError as error:
            cli.say(f"{printable(song)}: {error}")


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    songs, problems = songs_in(arguments.input)
    for problem in problems:
        cli.say(problem)
    model = genre.load(arguments.model)
    settings = card.settings(model.card)
    rate = settings.sample_rate
    found: dict[str, list[list[float]]] = {name: [] for name in ("unchanged", *CHANGES)}

    def predict(samples: np.ndarray) -> list[float]:
        return list(model.predict((samples, rate)).probabilities.values())

    for samples in loaded(songs, rate, settings.track_seconds):
        found["unchanged"].append(predict(samples))
        for name, change in CHANGES.items():
            found[name].append(predict(change(samples, rate)))
    before = np.array(found.pop("unchanged"))
    if not len(before):
        raise GenreError(f"no song can be read in {', '.join(map(printable, arguments.input))}")
    rows = []
    for name, after in found.items():
        same = np.mean(np.argmax(after, axis=1) == before.argmax(axis=1))
        moved = np.abs(np.array(after) - before).sum(axis=1) / 2
        rows.append((name, f"{same:.0%}", f"{moved.mean():.0%}", f"{moved.max():.0%}"))
    measure.table(COLUMNS, rows)
    print(f"\n{len(before)} songs, {text.network(model.card)} of {model.card.created}")
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
