"""Find the songs of a library that sound most like a song.

    python similar.py --library ~/Music --input song.mp3
    python similar.py --library ~/Music --input song.mp3 --count 20 --format csv > similar.csv

Songs are compared by their embeddings, which come from a network that was trained to tag two
hundred thousand songs. The first run computes the embeddings of the whole library and keeps them
in an index. Later runs compute only those of songs that are new or changed.
"""

import argparse
import csv
import json
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

import config
from genre import cli, executor, features
from genre.cli import constants
from genre.collection import similar
from genre.errors import AudioError, GenreError
from genre.features import musicnn
from genre.files import check_place, printable, sha256
from genre.songs.folder import songs_in

FEATURE = "musicnn"
SEGMENTS = 15  # of a song's first 30 s, as in the pretrained model
FORMATS = ("table", "csv", "json")


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.parser(__doc__)
    add = parser.add_argument
    add(
        "--library",
        type=Path,
        nargs="+",
        metavar="DIR",
        required=True,
        help="folders with the songs to search",
    )
    add("--input", type=Path, metavar="SONG", required=True, help="find songs similar to this song")
    add(
        "--count",
        type=cli.count,
        metavar="N",
        default=10,
        help="show the N most similar songs (default: %(default)s)",
    )
    add(
        "--index",
        type=Path,
        metavar="FILE",
        default=config.OUTPUT_PATH / "similar.npz",
        help="file that keeps the embeddings; it can hold several libraries (default: %(default)s)",
    )
    add(
        "--format",
        choices=FORMATS,
        default="table",
        help="table for people; csv or json, one object a line, for programs "
        "(default: %(default)s)",
    )
    cli.add_worker_arguments(parser, "work")
    return parser.parse_args(argv)


def embedding(song: Path) -> np.ndarray | str:
    """Return the mean embedding of a song's segments, (values,), or why the song is unusable."""
    try:
        track = features.of_track(song, FEATURE, constants.settings(segments_per_track=SEGMENTS))
    except AudioError as error:
        return str(error)
    return track.frames.mean(axis=(0, 1))


def embeddings(
    songs: Sequence[Path], *, workers: int | None, cluster: str | None
) -> Iterator[np.ndarray | str]:
    """Yield the embedding of each song, in order, or the reason why the song is unusable."""
    with executor.opened(workers=workers, cluster=cluster) as pool:
        yield from executor.ordered(pool, embedding, songs, unable=str)


def version() -> str:
    """Return a text that says how the embeddings are made; other embeddings have another text."""
    return f"{FEATURE} of SHA-256 {sha256(musicnn.ONNX_FILE)[:16]}, {SEGMENTS} segments"


def listen(index: similar.Index, songs: Sequence[Path], arguments: argparse.Namespace) -> int:
    """Bring the index up to date and write it; return how many songs cannot be used.

    An interrupted run writes the embeddings that it has computed so far.
    """
    from tqdm import tqdm

    embed = partial(embeddings, workers=arguments.workers, cluster=arguments.cluster)
    n_failed, outdated = 0, similar.outdated(index, songs)
    try:
        updates = similar.update(index, outdated, embed)
        for song, reason in tqdm(updates, total=len(outdated), unit="song", disable=None):
            if reason:
                n_failed += 1
                tqdm.write(f"{printable(song)}: {reason}", file=sys.stderr)
    finally:
        if index and outdated:
            similar.write(index, arguments.index, version())
    return n_failed


def print_found(found: Sequence[tuple[Path, float]], form: str) -> None:
    """Print songs with their similarity, in the order given."""
    if form == "table":
        for song, similarity in found:
            print(f"{similarity:.2f}  {printable(song)}")
    elif form == "json":
        for song, similarity in found:
            row = {"song": printable(song), "similarity": round(similarity, 4)}
            print(json.dumps(row, ensure_ascii=False))
    else:
        rows = csv.writer(sys.stdout, lineterminator="\n")
        rows.writerow(["song", "similarity"])
        rows.writerows((printable(song), f"{similarity:.4f}") for song, similarity in found)


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    if arguments.format != "table":  # programs read UTF-8, whatever the terminal's encoding is
        sys.stdout.reconfigure(encoding="utf-8")
    songs, problems = songs_in(arguments.library)
    if not songs:
        raise GenreError(*problems)
    for problem in problems:
        cli.say(problem)
    check_place(arguments.index)
    index = similar.read(arguments.index, version())
    wanted = embedding(arguments.input)
    if isinstance(wanted, str):
        raise AudioError(f"{printable(arguments.input)}: {wanted}")
    n_failed = listen(index, songs, arguments)
    same = arguments.input.resolve()
    usable = [song for song in songs if str(song.absolute()) in index and song.resolve() != same]
    if not usable:
        raise GenreError("the library holds no other usable song")
    print_found(similar.nearest(index, usable, wanted, arguments.count), arguments.format)
    return cli.SOME_FAILED if n_failed or problems else cli.DONE


if __name__ == "__main__":
    cli.run(main)
