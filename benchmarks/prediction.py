"""Measure predict.py as a whole process: one call for many songs, and memory for a long song.

    python -m benchmarks.prediction --model output/cnn --dataset Data/genres_original

Prints a Markdown table. The long song is made up: three hours of noise bursts.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np
import soundfile

from genre import cli, dataset

LONG_HOURS = 3
SAMPLE_RATE = 22050  # Hz, of the made-up songs


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.parser(__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder of a trained network")
    parser.add_argument("--dataset", type=Path, required=True, help="folder with songs in it")
    parser.add_argument(
        "--songs", type=cli.count, default=100, help="to predict in one call (default: 100)"
    )
    parser.add_argument(
        "--single-calls",
        type=cli.count,
        default=5,
        help="calls with one song each, whose median is taken (default: 5)",
    )
    return parser.parse_args(argv)


def predict(model: Path, songs: Sequence[Path], *options: str) -> tuple[float, float]:
    """Run predict.py on songs and return its seconds and its peak memory in MB."""
    command = [sys.executable, "predict.py", "--model", str(model), *options, "--input"]
    started = time.perf_counter()
    process = subprocess.Popen([*command, *map(str, songs)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"predict.py ended with {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def write_noise(path: Path, seconds: int) -> None:
    """Write bursts of noise, so long that a wav file of 8 bits is called for."""
    burst = np.random.default_rng(0).uniform(-0.5, 0.5, SAMPLE_RATE)
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 1, subtype="PCM_U8") as file:
        for second in range(seconds):
            file.write(burst * (1 + second % 7) / 7)


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    songs = list(dataset.audio_files(arguments.dataset))[: arguments.songs]
    singles = songs[:: max(1, len(songs) // arguments.single_calls)][: arguments.single_calls]
    together, _ = predict(arguments.model, songs)
    one, _ = zip(*(predict(arguments.model, [song]) for song in singles), strict=True)
    with tempfile.TemporaryDirectory() as folder:
        short, long = Path(folder, "short.wav"), Path(folder, "long.wav")
        write_noise(short, 30)
        write_noise(long, LONG_HOURS * 3600)
        _, short_memory = predict(arguments.model, [short], "--whole")
        long_seconds, long_memory = predict(arguments.model, [long], "--whole")
    print("| what | seconds | songs a second | peak memory |")
    print("| --- | --- | --- | --- |")
    print(f"| {len(songs)} songs, one call | {together:.1f} | {len(songs) / together:.2f} | |")
    print(f"| one song a call | {median(one):.1f} | {1 / median(one):.2f} | |")
    print(f"| 30 s with --whole | | | {short_memory:.0f} MB |")
    print(f"| {LONG_HOURS} h with --whole | {long_seconds:.1f} | | {long_memory:.0f} MB |")
    print(f"\nOne call is {len(songs) * median(one) / together:.1f} times as fast as single calls.")
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
