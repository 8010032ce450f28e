"""Measure how well duplicates are found: excerpts of 2 s, changed, against the whole songs.

    python -m benchmarks.duplicates --dataset gtzan_mini
    python -m benchmarks.duplicates --dataset gtzan_mini --excerpts gtzan_excerpts

From each song an excerpt is cut at a random place, between two frames of its fingerprint. With
--excerpts, the files of that folder whose names are those of songs are tested as they are, and its
other files must not be taken for any song.
"""

import argparse
import io
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from genre import audio, cli
from genre.audio import AUDIO_SUFFIXES, fingerprint
from genre.segments import duplicates

RATE, SECONDS, LENGTH = 22050, 30, 2
BIT_RATE = 64_000

Recordings = dict[str, np.ndarray]  # samples by name


def mp3(samples: np.ndarray) -> np.ndarray:
    """Return samples as they are after MP3 of BIT_RATE."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=RATE, layout="mono")
        stream.bit_rate = BIT_RATE
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="fltp", layout="mono")
        frame.sample_rate = RATE
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    with av.open(io.BytesIO(file.getvalue())) as container:
        decoded = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
    return np.concatenate(decoded)


CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "as it is": lambda samples: samples,
    "MP3, 64 kbit/s": mp3,
    "10 dB softer": lambda samples: samples * np.float32(10**-0.5),
    "all of these": lambda samples: mp3(samples * np.float32(10**-0.5)),
}


def load(folder: Path) -> Recordings:
    paths = [path for path in sorted(folder.rglob("*.*")) if path.suffix in AUDIO_SUFFIXES]
    return {path.stem: audio.load(path, sample_rate=RATE, seconds=SECONDS) for path in paths}


def prints_of(recordings: Iterable[np.ndarray]) -> list[np.ndarray]:
    return [fingerprint.of(samples, RATE) for samples in recordings]


def report(what: str, songs: Recordings, others: Recordings) -> None:
    """Print how many of the others are found in the song of their name, and false pairs."""
    names, of_song = [*songs, *others], len(songs)
    prints = prints_of([*songs.values(), *others.values()])
    started = time.perf_counter()
    groups = duplicates.same_sound(prints)
    seconds = time.perf_counter() - started
    place = {name: number for number, name in enumerate(songs)}
    known = [i for i in range(of_song, len(names)) if names[i] in place]
    found = sum(groups[i] == groups[place[names[i]]] for i in known)
    false = [f"{names[i]} = {names[g]}" for i, g in enumerate(groups) if names[i] != names[g]]
    print(f"{what:36} {found} of {len(known)} found; false: {', '.join(false) or 'none'}", end="")
    print(f" ({len(names)} recordings compared in {seconds:.2f} s)")


def cut(songs: Recordings, seconds: float | None) -> Recordings:
    """Return a part of each song from a random place on; its last part without `seconds`."""
    rng = np.random.default_rng(0)
    parts = {}
    for name, samples in songs.items():
        length = int(seconds * RATE) if seconds else len(samples) - RATE // 2
        start = rng.integers(len(samples) - length) if seconds else RATE // 2
        parts[name] = samples[start : start + length]
    return parts


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dataset", type=Path, required=True, metavar="DIR")
    parser.add_argument("--excerpts", type=Path, metavar="DIR")
    arguments = parser.parse_args(argv)
    songs = load(arguments.dataset)
    for what, change in CHANGES.items():
        for of, seconds in ((f"{LENGTH} s", LENGTH), ("half a second later", None)):
            parts = {name: change(part) for name, part in cut(songs, seconds).items()}
            report(f"{of}, {what}", songs, parts)
    if arguments.excerpts:
        report(arguments.excerpts.name, songs, load(arguments.excerpts))
    started = time.perf_counter()
    prints_of(songs.values())
    each = (time.perf_counter() - started) / len(songs)
    print(f"a fingerprint takes {1000 * each:.0f} ms")
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
