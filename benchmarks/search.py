"""Measure similar.py in large libraries of made-up songs: time, memory, and whether it is right.

    python -m benchmarks.search --songs 20000 100000

Each library is a folder of small files, and a store that holds made-up embeddings of them, as if
they had been heard. similar.py then runs as a person runs it, and looks for songs like one of them;
then again after a song was added, which it has to hear. Its ten songs are compared with those that
comparing the question with every exact embedding gives. Making 100,000 songs takes ten minutes.
"""

import argparse
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median

import numpy as np
import soundfile
from tqdm import tqdm

import similar as script
from benchmarks import measure
from genre import cli
from genre.collection import heard, similar, store
from genre.demo import synth
from genre.features import Track, musicnn

COLUMNS = (
    *("songs", "store, MB", "question, s", "peak, MiB", "with a new song, s", "its peak, MiB"),
    *("search alone, s", "of the ten nearest"),
)
FACTORS = 40  # of the made-up embeddings, which real ones resemble: a few directions hold most
QUESTIONS = 20
COUNT = 10


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = measure.parser(__doc__)
    parser.add_argument(
        "--songs",
        type=cli.count,
        nargs="+",
        metavar="N",
        default=[1_000, 20_000, 100_000],
        help="sizes of the libraries (default: 1000 20000 100000)",
    )
    return parser.parse_args(argv)


def embeddings(count: int) -> Iterator[np.ndarray]:
    """Yield made-up mean embeddings, (values,), of which any two have a cosine of 0.65 or so."""
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(FACTORS, musicnn.VALUES)) / np.sqrt(FACTORS)
    middle = 1.5 * rng.normal(size=musicnn.VALUES)
    for _ in range(count):
        noise = 0.3 * rng.normal(size=musicnn.VALUES)
        yield (middle + rng.normal(size=FACTORS) @ directions + noise).astype(np.float32)


def make(folder: Path, count: int) -> np.ndarray:
    """Write a library and its store; return the embeddings, in the order of their places."""
    songs = [folder / "music" / f"{n // 100}" / f"{n}.mp3" for n in range(count)]
    for song in tqdm(songs, desc="files", disable=None):
        song.parent.mkdir(parents=True, exist_ok=True)
        song.write_text(song.name)
    made = embeddings(count)

    def compute(unknown: Iterable[Path]) -> Iterator[Track]:
        return (Track(np.tile(next(made), (script.SEGMENTS, 1, 1))) for _ in unknown)

    with store.opened(folder / "store.sqlite") as kept:
        kind = heard.kind(script.how_to_hear(script.FEATURE))
        tracks = tqdm(store.tracks(kept, songs, kind, compute), total=count, disable=None)
        return np.stack([store.mean(track).astype(np.float16) for track in tracks])


def ask(folder: Path) -> measure.Usage:
    """Run similar.py for the library's first song."""
    library = folder / "music"
    command = ("similar.py", "--library", library, "--input", library / "0" / "0.mp3")
    return measure.process(*command, "--store", folder / "store.sqlite")


def ask_with_a_new_song(folder: Path, number: int) -> measure.Usage:
    """Add a song to the library, which nobody has heard, and ask again."""
    path = folder / "music" / f"new {number}.flac"
    soundfile.write(path, synth.make_track("jazz", number), 22050)
    return ask(folder)


def search(kept: store.Store, kind: str, vectors: np.ndarray) -> tuple[float, float]:
    """Return the seconds that a search takes, and which fraction of the nearest songs it finds."""
    shares, seconds = [], []
    for number in np.linspace(0, len(vectors) - 1, QUESTIONS).astype(int):
        question = vectors[number].astype(np.float32)
        started = time.perf_counter()
        found = similar.nearest(kept, kind, range(len(vectors)), question[np.newaxis], COUNT)
        seconds.append(time.perf_counter() - started)
        expected = exact(vectors, question)
        shares.append(len(expected & {each.place for each in found}) / COUNT)
    return float(np.median(seconds)), float(np.mean(shares))


def exact(vectors: np.ndarray, question: np.ndarray) -> set[int]:
    """Return the places of the songs nearest to one of them, which itself is left out."""
    rows = range(0, len(vectors), store.BLOCK)
    parts = (vectors[row : row + store.BLOCK].astype(np.float32) for row in rows)
    cosines = np.concatenate([similar.unit(part) @ similar.unit(question) for part in parts])
    return set(np.argsort(-cosines)[1 : COUNT + 1].tolist())


def row(count: int, runs: int) -> list[object]:
    """Make a library of `count` songs, and return what was measured in it."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        vectors = make(folder, count)
        megabytes = (folder / "store.sqlite").stat().st_size / 1e6
        with store.opened(folder / "store.sqlite") as kept:
            kind = heard.kind(script.how_to_hear(script.FEATURE))
            alone, share = search(kept, kind, vectors)
        del vectors
        asked = [ask(folder) for _ in range(runs)]
        added = [ask_with_a_new_song(folder, number) for number in range(runs)]
    values = [
        median(value)
        for used in (asked, added)
        for value in ([each.seconds for each in used], [each.peak for each in used])
    ]
    return [count, megabytes, *values, alone, share]


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    measure.table(COLUMNS, (row(count, arguments.runs) for count in arguments.songs))
    measure.machine(arguments.runs)
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
