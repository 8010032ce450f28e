"""Measure MFCCs on one core: ours, librosa segment by segment, and packages that are installed.

    python -m benchmarks.features --dataset Data/genres_original

Decoding is left out. The differences are from librosa's values for each segment by itself, on all
tracks and on signals that are made up to be hard. The correlation is that of the coefficient which
agrees least, over all tracks: near 1 where values differ by scale or offset alone.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks import course, measure, others
from genre import audio, cli, features
from genre.cli import constants
from genre.songs.folder import find

COLUMNS = ("way", "ms a track", "times librosa's speed", "max. difference", "correlation")
Mfcc = Callable[[np.ndarray], np.ndarray]  # (segments, samples) -> (segments, frames, n_mfcc)


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = measure.parser(__doc__)
    parser.add_argument("--dataset", type=Path, required=True, help="folder of genre folders")
    return parser.parse_args(argv)


def by_librosa(segments: np.ndarray) -> np.ndarray:
    """Return librosa's MFCCs, segment by segment."""
    return np.stack([course.mfcc(segment) for segment in segments])


def ways(chosen: features.Settings) -> dict[str, Mfcc]:
    """Return every way that can be gone here, by its name and version."""
    found: dict[str, Mfcc] = {
        f"librosa {version('librosa')}, segment by segment": by_librosa,
        "ours": lambda segments: np.stack(
            [features.of_segment(segment, "mfcc", chosen) for segment in segments]
        ),
    }
    for name, make in others.PACKAGES.items():
        try:
            found[f"{name} {version(name)}"] = make(chosen)
        except ImportError:
            cli.say(f"{name} is not installed, see benchmarks/requirements.txt")
    return found


def tracks(folder: Path, chosen: features.Settings) -> Iterator[np.ndarray]:
    """Yield the segments of each track, (segments, samples)."""
    for song in find(folder).songs:
        samples = audio.load(
            song.path, sample_rate=chosen.sample_rate, seconds=chosen.track_seconds
        )
        yield cut(samples, chosen)


def cut(samples: np.ndarray, chosen: features.Settings) -> np.ndarray:
    return audio.cut(
        samples,
        length=chosen.samples_per_segment,
        count=chosen.segments_per_track,
        shortest=chosen.shortest_segment,
    )


def hard_signals(chosen: features.Settings) -> dict[str, np.ndarray]:
    """Return made-up segments, (segments, samples), hard for single precision and for clipping."""
    n_samples, rate = chosen.samples_per_segment, chosen.sample_rate
    seconds = np.arange(n_samples) / rate
    rng = np.random.default_rng(0)
    clicks = np.zeros((3, n_samples))
    clicks[0, n_samples // 2] = clicks[1, 0] = clicks[2, ::5000] = 1
    tones = [np.sin(2 * np.pi * hertz * seconds) for hertz in (20, 440, 1000, 5000, rate / 2 - 5)]
    quiet = [level * rng.normal(0, 1, n_samples) for level in (1e-4, 1e-6, 1e-9)]
    fading = rng.normal(0, 0.3, n_samples) * np.logspace(0, -9, n_samples)
    signals = {
        "pure tones": tones,
        "near silence": [*quiet, np.zeros(n_samples)],
        "clicks": clicks,
        "fading noise": [fading, fading[::-1]],
    }
    return {name: np.asarray(signal, dtype=np.float32) for name, signal in signals.items()}


def row(
    way: str, took: dict[str, float], values: dict[str, np.ndarray], hard: dict[str, np.ndarray]
) -> list[object]:
    """Return a way's row: its time, and how far its values are from the first way's, librosa's."""
    librosa, *_ = took
    ours, right = values[way], values[librosa]
    differences = [np.abs(ours - right).max(), *hard.values()]
    correlations = [
        np.corrcoef(ours[..., i].ravel(), right[..., i].ravel())[0, 1]
        for i in range(ours.shape[-1])
    ]
    shown = [f"{difference:.1e}" for difference in differences]
    return [way, took[way], took[librosa] / took[way], *shown, f"{min(correlations):.5f}"]


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    with measure.one_core():
        chosen = constants.settings()
        mfcc_by = ways(chosen)
        songs = list(tracks(arguments.dataset, chosen))
        signals = hard_signals(chosen)
        right = {name: by_librosa(segments) for name, segments in signals.items()}
        hard = {
            way: {name: np.abs(mfcc(signals[name]) - right[name]).max() for name in signals}
            for way, mfcc in mfcc_by.items()
        }
        values = {way: np.concatenate(list(map(mfcc, songs))) for way, mfcc in mfcc_by.items()}
        timed = {
            way: lambda mfcc=mfcc: measure.seconds(lambda: list(map(mfcc, songs)))
            for way, mfcc in mfcc_by.items()
        }
        runs = measure.in_turn(timed, arguments.runs)
    took = {way: median(seconds) / len(songs) * 1e3 for way, seconds in runs.items()}
    *before, of_tracks, last = COLUMNS
    measure.table(
        (*before, f"{of_tracks} on tracks", *signals, last),
        (row(way, took, values, hard[way]) for way in mfcc_by),
    )
    measure.machine(arguments.runs)
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
