"""Measure predict.py as a whole process: one call for many songs, and memory for a long song.

    python -m benchmarks.prediction --model output/cnn --dataset Data/genres_original

One call for all songs of a data set is measured against preprocess.py on the same songs, and
against calls for one song each, as many as there are runs. The long song is made up: bursts of
noise. Memory is told on Linux only.
"""

import argparse
import csv
import tempfile
from collections.abc import Sequence
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median

import numpy as np
import soundfile

from benchmarks import measure, peak
from genre import cli
from genre.datasets.folder import find

SAMPLE_RATE = 22050  # Hz, of the made-up songs


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = measure.parser(__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder of a trained network")
    parser.add_argument("--dataset", type=Path, required=True, help="folder of genre folders")
    parser.add_argument(
        "--times",
        type=cli.count,
        metavar="N",
        default=1,
        help="how many times the songs are linked (default: %(default)s)",
    )
    parser.add_argument(
        "--hours",
        type=cli.positive_float,
        default=3.0,
        help="length of the long song (default: %(default)g)",
    )
    return parser.parse_args(argv)


def write_noise(path: Path, seconds: int) -> None:
    """Write bursts of noise, so long that a wav file of 8 bits is called for."""
    burst = np.random.default_rng(0).uniform(-0.5, 0.5, SAMPLE_RATE)
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 1, subtype="PCM_U8") as file:
        for second in range(seconds):
            file.write(burst * (1 + second % 7) / 7)


def probabilities(path: Path) -> dict[str, np.ndarray]:
    """Read the genres' probabilities of each song from predict.py's csv output."""
    with open(path, newline="") as file:
        _, *rows = csv.reader(file)
    return {song: np.array(values, dtype=float) for song, _, _, *values in rows}


def speed(model: Path, songs: Sequence[Path], data: Path, folder: Path, runs: int) -> None:
    """Print what one call and single calls take, and how far their answers agree."""
    singles = songs[:: max(1, len(songs) // runs)][:runs]
    call = partial(measure.process, "predict.py", "--model", model, "--format", "csv", "--input")
    number = count()

    def one_song() -> measure.Usage:
        i = next(number)
        return call(singles[i % len(singles)], output=folder / f"{i}.csv")

    extract = ("preprocess.py", "--dataset", data, "--output", folder / "segments.json")
    took = measure.medians(
        measure.in_turn(
            {
                "preprocess": partial(measure.process, *extract),
                "together": partial(call, *songs, output=folder / "together.csv"),
                "single": one_song,
            },
            runs,
        )
    )
    together = probabilities(folder / "together.csv")
    difference = max(
        np.abs(values - together[song]).max()
        for i in range(runs)
        for song, values in probabilities(folder / f"{i}.csv").items()
    )
    rate = {name: len(songs) / took[name] for name in ("preprocess", "together")}
    measure.table(
        ("process", "s", "songs a second", "single calls are slower", "max. difference"),
        [
            [f"preprocess.py, {len(songs)} songs", took["preprocess"], rate["preprocess"], "", ""],
            [
                f"predict.py, {len(songs)} songs in one call",
                took["together"],
                rate["together"],
                f"{len(songs) * took['single'] / took['together']:.1f} times",
                f"{difference:.1e}",
            ],
            ["predict.py, one song a call", took["single"], 1 / took["single"], "", ""],
        ],
    )
    share = rate["together"] / rate["preprocess"]
    print(f"\npredict.py has {share:.2f} of preprocess.py's songs a second.\n")


def memory(model: Path, hours: float, folder: Path, runs: int) -> None:
    """Print the peak memory, above the imports, that the whole of a long song takes."""
    songs = {"30 s": 30, f"{hours:g} h": round(hours * 3600)}
    ways = {}
    for name, seconds in songs.items():
        write_noise(folder / f"{seconds}.wav", seconds)
        arguments = ("--model", model, "--whole", "--input", folder / f"{seconds}.wav")
        ways[name] = partial(peak.above_imports, "predict", "main", *arguments)
    measure.table(
        ("process", "imports, MiB", "above them, MiB"),
        [
            [
                f"predict.py --whole, {name}",
                median(one.imports for one in found),
                median(one.above for one in found),
            ]
            for name, found in measure.in_turn(ways, runs).items()
        ],
    )


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    with tempfile.TemporaryDirectory() as name:
        folder, model = Path(name), arguments.model.resolve()
        data = measure.linked(arguments.dataset, folder / "songs", arguments.times)
        songs = [song.path for song in find(data).songs]
        speed(model, songs, data, folder, arguments.runs)
        memory(model, arguments.hours, folder, arguments.runs)
    measure.machine(arguments.runs)
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
