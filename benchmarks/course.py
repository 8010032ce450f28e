"""The course's way from a folder of songs to arrays, as the reference that ours is measured by.

    python -m benchmarks.course --dataset Data/genres_original --output output/course.json

What preprocess.py and the reader of its file do in Valerio Velardo's course "Deep Learning for
Audio", in words of our own: one core, librosa for each segment by itself, lists, indented JSON.
Folders and files are sorted, which the course leaves to the system, so that values can be compared.
"""

import argparse
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import librosa
import numpy as np

import config
from genre import cli


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.parser(__doc__)
    parser.add_argument("--dataset", type=Path, required=True, help="folder of genre folders")
    parser.add_argument("--output", type=Path, required=True, help="JSON file to write")
    return parser.parse_args(argv)


def mfcc(segment: np.ndarray) -> np.ndarray:
    """Return one segment's MFCCs, (frames, n_mfcc)."""
    return librosa.feature.mfcc(
        y=segment,
        sr=config.SAMPLE_RATE,
        n_mfcc=config.N_MFCC,
        n_fft=config.N_FFT,
        hop_length=config.HOP_LENGTH,
    ).T


def mfccs_of(path: Path) -> Iterator[np.ndarray]:
    """Yield the MFCCs of a song's segments, those with too few frames left out."""
    samples, _ = librosa.load(path, sr=config.SAMPLE_RATE)
    length = config.SAMPLES_PER_SEGMENT
    for start in range(0, config.SEGMENTS_PER_TRACK * length, length):
        if len(segment := samples[start : start + length]):
            frames = mfcc(segment)
            if len(frames) == config.FRAMES_PER_SEGMENT:
                yield frames


def collect(dataset: Path) -> dict[str, list]:
    """Return the lists that the course's file holds."""
    data: dict[str, list] = {"mapping": [], "labels": [], "mfcc": []}
    for folder, _, names in sorted(os.walk(dataset)):
        if Path(folder) == dataset:
            continue
        label = len(data["mapping"])
        data["mapping"].append(Path(folder).name)
        for name in sorted(names):
            if name.startswith("."):  # the course supposes that there are songs only
                continue
            for frames in mfccs_of(Path(folder, name)):
                data["mfcc"].append(frames.tolist())
                data["labels"].append(label)
    return data


def write(data: dict[str, list], path: Path) -> None:
    """Write the lists as indented JSON."""
    with open(path, "w") as file:
        json.dump(data, file, indent=4)


def read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Read frames, (segments, frames, n_mfcc) float64, and labels, (segments,)."""
    with open(path) as file:
        data = json.load(file)
    return np.array(data["mfcc"]), np.array(data["labels"])


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    write(collect(arguments.dataset), arguments.output)
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
