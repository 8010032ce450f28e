"""Measure how long the page of a library takes to be written, and how large it is.

    python -m benchmarks.page --songs 1000 5000 10000

The songs are made up: no audio is read. The table has the seconds after the last song, when the
similar songs are found and the map is drawn; and the most memory of a process that does it all.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks import measure
from genre import cli
from genre.collection import page
from genre.model.answer import Answer
from genre.songs.file_tags import Tags

GENRES = ("blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae")
GENRES += ("rock",)
TAGS = ("guitar", "jazz", "dance", "Mellow", "female vocalist", "party", "ambient", "punk", "folk")
SEGMENTS, SECONDS = 10, 3.0  # of each song
VALUES = 2318  # of an embedding, as many as the pretrained model's feature has
SURE, EITHER = 0.65, 0.8  # the probabilities from which an answer is one of these


def library(count: int, folder: Path, values: int = VALUES) -> Iterator[tuple[Path, Answer]]:
    """Yield made-up songs with their answers; songs of one genre have similar embeddings."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(len(GENRES), values))
    for number in range(count):
        genre = number % len(GENRES)
        likely = np.full(len(GENRES), 0.3)
        likely[[genre, rng.integers(len(GENRES))]] += 12 * rng.random(2)
        segments = rng.dirichlet(likely, size=SEGMENTS)
        path = folder / f"Artist {number // 12:04}" / f"{number:06} {GENRES[genre]}.mp3"
        yield path, _answer(path, segments, 0.1 * centres[genre] + rng.normal(size=values), rng)


def _answer(
    path: Path, segments: np.ndarray, embedding: np.ndarray, rng: np.random.Generator
) -> Answer:
    joined = segments.mean(axis=0)
    first, second = np.argsort(-joined)[:2]
    named, verdict = (), "open"
    if joined[first] >= SURE:
        named, verdict = (GENRES[first],), "sure"
    elif joined[first] + joined[second] >= EITHER:
        named, verdict = (GENRES[first], GENRES[second]), "either"
    return Answer(
        song=str(path),
        genre=GENRES[first],
        verdict=verdict,
        genres=named,
        together=float(sum(sorted(joined)[-max(1, len(named)) :])),
        reason="not likely enough" if verdict == "open" else "",
        probabilities=dict(zip(GENRES, joined.tolist(), strict=True)),
        segments=segments,
        segment_seconds=SECONDS,
        starts=SECONDS * np.arange(SEGMENTS),
        tags=dict(zip(rng.choice(TAGS, 3, replace=False), (0.5, 0.4, 0.3), strict=True)),
        embedding=embedding,
    )


def made_up_tags(path: Path) -> Tags:
    """Return what the tags of a made-up song would say."""
    return Tags(artist=path.parent.name, title=f"song {path.stem}", seconds=SEGMENTS * SECONDS)


def write(count: int, folder: str) -> tuple[float, float, float]:
    """Return seconds for the songs and after the last one, and MiB of the largest memory."""
    steps = []
    started = time.perf_counter()
    page.write(
        library(count, Path(folder)),
        GENRES,
        Path(folder) / "library.html",
        title="Songs",
        seed=0,
        read_tags=made_up_tags,
        step=lambda name: steps.append(time.perf_counter()),
    )
    ended = time.perf_counter()
    return steps[0] - started, ended - steps[0], measure.own_peak()


def main(argv: Sequence[str] | None = None) -> int:
    parser = measure.parser(__doc__)
    parser.add_argument(
        "--songs",
        type=cli.count,
        nargs="+",
        default=[1000, 5000],
        metavar="N",
        help="how many songs the pages hold (default: 1000 5000)",
    )
    arguments = parser.parse_args(argv)
    measure.table(
        ("songs", "s after the last song", "MiB of memory", "MB of the page"),
        (_row(count, arguments.runs) for count in arguments.songs),
    )
    return cli.DONE


def _row(count: int, runs: int) -> list[object]:
    with tempfile.TemporaryDirectory() as folder:
        found = [measure.call(write, count, folder) for _ in range(runs)]
        _, after, peak = np.median(found, axis=0)
        size = (Path(folder) / "library.html").stat().st_size
    return [count, float(after), float(peak), size / 1e6]


if __name__ == "__main__":
    cli.run(main)
