"""Measure how far changes of the sound that leave its genre alone move a model's answers.

    python -m benchmarks.robustness --model pretrained --input songs

The first 30 s of each song are changed and judged again. "same genre" is the share of songs that
keep the genre they had; "moved" is the mean share of probability that went to other genres (half
the sum of absolute differences), and "most" that of the song it moved most.
"""

import argparse
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import soundfile
import soxr
from tqdm import tqdm

import predict
from benchmarks import measure
from genre import audio, cli, evaluation, features
from genre.errors import AudioError, GenreError
from genre.features.settings import Settings
from genre.files import printable
from genre.reporting import card, text

COLUMNS = ("change", "same genre", "moved", "most")
Change = Callable[[np.ndarray, int], np.ndarray]  # of mono samples, at a rate in Hz


def louder(decibels: float) -> Change:
    """Return a change of volume, beyond full scale as it comes."""
    return lambda samples, _: (samples * 10 ** (decibels / 20)).astype(np.float32)


def mp3(compression: float) -> Change:
    """Return coding as MP3 and back; from 0, the most bits, to 1, as libsndfile has it."""

    def code(samples: np.ndarray, rate: int) -> np.ndarray:
        file = io.BytesIO()
        soundfile.write(
            *(file, samples, rate),
            format="MP3",
            bitrate_mode="CONSTANT",
            compression_level=compression,
        )
        file.seek(0)
        return soundfile.read(file, dtype="float32")[0]

    return code


def resampled(rate: int) -> Change:
    """Return what is left of the sound at a lower rate."""
    return lambda samples, own: soxr.resample(soxr.resample(samples, own, rate), rate, own)


def tilted(decibels: float) -> Change:
    """Return an equaliser that raises by so many decibels an octave, and nothing at 1 kHz."""

    def tilt(samples: np.ndarray, rate: int) -> np.ndarray:
        frequencies = np.fft.rfftfreq(len(samples), 1 / rate)
        octaves = np.log2(np.maximum(frequencies, 30) / 1000)
        spectrum = np.fft.rfft(samples) * 10 ** (decibels * octaves / 20)
        return np.fft.irfft(spectrum, len(samples)).astype(np.float32)

    return tilt


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
    add("--model", type=Path, metavar="PATH", required=True, help="folder of a trained model")
    add("--input", type=Path, nargs="+", metavar="PATH", required=True, help="songs, and folders")
    return parser.parse_args(argv)


def heard(songs: Sequence[Path], settings: Settings) -> Iterator[np.ndarray]:
    """Yield the songs' samples, those of which that can be read."""
    for song in tqdm(songs, unit="song", disable=None):
        try:
            samples = audio.load(
                song, sample_rate=settings.sample_rate, seconds=settings.track_seconds
            )
            yield samples
        except AudioError as error:
            cli.say(f"{printable(song)}: {error}")


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    songs = list(predict.find_songs(arguments.input, []))
    model, the_card = card.load(arguments.model)
    settings = card.settings(the_card, model)

    def judge(samples: np.ndarray) -> np.ndarray:
        frames = features.of_samples(samples, the_card.feature, settings).frames
        return evaluation.join(model.judge(frames))

    answers = {name: [] for name in ("", *CHANGES)}
    for samples in heard(songs, settings):
        answers[""].append(judge(samples))
        for name, change in CHANGES.items():
            answers[name].append(judge(change(samples, settings.sample_rate)))
    before = np.array(answers.pop(""))
    if not len(before):
        raise GenreError(f"no song can be read in {', '.join(map(printable, arguments.input))}")
    rows = []
    for name, after in answers.items():
        same = np.mean(np.argmax(after, axis=1) == before.argmax(axis=1))
        moved = np.abs(np.array(after) - before).sum(axis=1) / 2
        rows.append((name, f"{same:.0%}", f"{moved.mean():.0%}", f"{moved.max():.0%}"))
    measure.table(COLUMNS, rows)
    print(f"\n{len(before)} songs, {text.network(the_card)} of {the_card.created}")
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
