"""Find the songs of a library that sound most like a song, or a way from one song to another.

    python similar.py --library ~/Music --input song.mp3
    python similar.py --library ~/Music --input one.mp3 two.mp3 --playlist like-these.m3u8
    python similar.py --library ~/Music --path slow.mp3 fast.mp3 --count 8
    python similar.py --library ~/Music --input song.mp3 --count 20 --format csv > similar.csv

Songs are compared by their embeddings, which come from a network that was trained to tag two
hundred thousand songs. The first run computes the embeddings of the whole library and keeps them
in the store. Later runs, and other scripts, compute only those of songs that are new or changed.

"closer than 99 %" means: of 100 pairs of songs of the library, 99 sound less alike than this one.
"""

import argparse
import csv
import json
import math
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from genre import cli, executor, features
from genre.cli import constants, progress
from genre.cli import store as store_options
from genre.collection import heard, playlists, similar, store
from genre.collection.similar import Found
from genre.errors import AudioError, DatasetError, FeatureError, GenreError
from genre.files import check_place, printable
from genre.songs import file_tags
from genre.songs.folder import song_names_in

FEATURE = "musicnn"
SEGMENTS = 15  # of 2 s, from all over a song, which predict.py reads with the pretrained model, too
FORMATS = ("table", "csv", "json")
COLUMNS = ("rank", "song", "similarity", "percentile", "artist", "title", "genre")


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--library",
        type=Path,
        nargs="+",
        metavar="DIR",
        required=True,
        help="folders with the songs to search",
    )
    add_question_arguments(parser)
    parser.add_argument(
        "--feature",
        type=cli.checked(embedding),
        metavar="NAME",
        default=FEATURE,
        help="embedding by which songs are compared; for your own front end, the path of its "
        "description, such as effnet.toml (default: %(default)s)",
    )
    add_answer_arguments(parser)
    store_options.add_arguments(parser)
    cli.add_worker_arguments(parser, "work")
    return parser.parse_args(argv)


def add_question_arguments(parser: argparse.ArgumentParser) -> None:
    question = parser.add_mutually_exclusive_group(required=True)
    question.add_argument(
        "--input",
        type=Path,
        nargs="+",
        metavar="SONG",
        help="find songs similar to this song, or to several songs taken together",
    )
    question.add_argument(
        "--path",
        type=Path,
        nargs=2,
        metavar="SONG",
        help="find songs that lead from the first song to the second one, each similar to the last",
    )


def add_answer_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--count",
        type=cli.count,
        metavar="N",
        default=10,
        help="find N songs (default: %(default)s)",
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="table",
        help="table for people; csv or json, one object a line, for programs "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--playlist",
        type=Path,
        metavar="FILE",
        help="write the songs as a playlist, too, such as like-these.m3u8 (default: write none)",
    )


def embedding(text: str) -> str:
    """Read an argument that is a feature; raises FeatureError if it is not an embedding."""
    feature = features.known(text)
    if not features.is_embedding(feature):
        raise FeatureError(f"{feature} is not an embedding, as {FEATURE} is")
    return feature


def how_to_hear(feature: str) -> heard.How:
    """Return how songs are heard: as predict.py hears them, so that it need be done only once."""
    digest = features.digest(feature)
    settings = constants.settings(segments_per_track=SEGMENTS, front_end=digest)
    return heard.How(feature, settings, spread=True)


def embeddings(
    kept: store.Store, songs: Sequence[Path], how: heard.How, pool: executor.Pool
) -> np.ndarray:
    """Return the mean embedding of each song, (songs, values); AudioError for an unusable one."""
    found = []
    tracks = heard.tracks(kept, songs, how, pool)
    for song, track in zip(songs, tracks, strict=True):
        if isinstance(track, str):
            raise AudioError(f"{printable(song)}: {track}")
        found.append(store.mean(track))
    return np.stack(found)


def hear(
    kept: store.Store, songs: Sequence[Path], how: heard.How, pool: executor.Pool
) -> list[int | None]:
    """Compute the embeddings of songs; return their places in the store.

    None stands for a song that cannot be used.
    """
    from tqdm import tqdm

    places, kind = [], heard.kind(how)
    tracks = zip(songs, heard.tracks(kept, songs, how, pool), strict=True)
    for song, track in tqdm(tracks, total=len(songs), unit="song", disable=None):
        if isinstance(track, str):
            cli.say(f"{printable(song)}: {track}")
        places.append(store.place(kept, song, kind))
    return places


def search(
    kept: store.Store, arguments: argparse.Namespace, songs: Sequence[str]
) -> tuple[list[tuple[Path, Found]], int]:
    """Return what the command line asks for, in order, and how many songs cannot be used."""
    how = how_to_hear(arguments.feature)
    if features.is_front_end(how.feature):
        features.check(how.feature, how.settings)
    kind = heard.kind(how)
    places = dict(zip(songs, store.places(kept, songs, kind), strict=True))
    new = [song for song, place in places.items() if place is None]
    workers = arguments.workers if len(new) > 1 else 1  # for one song, none need be started
    with executor.opened(workers=workers, cluster=arguments.cluster) as pool:
        with progress.working("listening to the songs to compare with"):
            asked = embeddings(kept, arguments.path or arguments.input, how, pool)
        if new:
            places.update(zip(new, hear(kept, [*map(Path, new)], how, pool), strict=True))
    # Of several files with one sound, the last one is shown.
    library = {place: song for song, place in places.items() if place is not None}
    if not library:
        raise GenreError("the library holds no usable song")
    if arguments.path:
        found = similar.way(kept, kind, list(library), *asked, arguments.count)
    else:
        found = similar.nearest(kept, kind, list(library), asked, arguments.count)
    if not found:
        raise GenreError("the library holds no other usable song")
    n_failed = sum(place is None for place in places.values())
    return [(Path(library[each.place]), each) for each in found], n_failed


def facts(rank: int, song: Path, found: Found) -> dict[str, Any]:
    """Return what is shown of a song that was found, by the names in COLUMNS."""
    tags = file_tags.Tags()
    with suppress(DatasetError):  # a song without readable tags is shown by its path
        tags = file_tags.read(song)
    percentile = math.floor(10 * found.percentile) / 10  # 100.0 would be more than is known
    sound = (rank, printable(song), round(found.similarity, 4), percentile)
    values = (*sound, tags.artist, tags.title, "; ".join(tags.genres))
    return dict(zip(COLUMNS, values, strict=True))


def print_found(rows: Sequence[dict[str, Any]], form: str) -> None:
    """Print the songs that were found, in the order given."""
    if form == "csv":
        writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    for row in rows:
        if form == "json":
            print(json.dumps(row, ensure_ascii=False))
        elif form == "table":
            name = " - ".join(filter(None, (row["artist"], row["title"])))
            genre = f"({row['genre']})" if row["genre"] else ""
            shown = "  ".join(filter(None, (name, genre, row["song"])))
            print(f"{row['rank']:>3}  closer than {row['percentile']:.1f} %  {shown}")


def write_playlist(songs: Sequence[Path], playlist: Path) -> bool:
    """Write a playlist; return whether it holds all songs."""
    playlists.write([song for song in songs if playlists.fits(song)], playlist)
    left_out = [song for song in songs if not playlists.fits(song)]
    for song in left_out:
        cli.say(f"{printable(song)}: not in the playlist, because its path holds a line break")
    return not left_out


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    if arguments.format != "table":  # programs read UTF-8, whatever the terminal's encoding is
        sys.stdout.reconfigure(encoding="utf-8")
    songs, problems = song_names_in(arguments.library)
    if not songs:
        raise GenreError(*problems)
    cli.say(*problems)
    if arguments.playlist:
        check_place(arguments.playlist)
    with store_options.opened(arguments.store) as kept:
        found, n_failed = search(kept, arguments, songs)
    print_found([facts(1 + i, *each) for i, each in enumerate(found)], arguments.format)
    complete = not problems and not n_failed
    if arguments.playlist:
        ends = arguments.path or ()
        listed = [*ends[:1], *(song for song, _ in found), *ends[1:]]
        complete &= write_playlist(listed, arguments.playlist)
    return cli.DONE if complete else cli.SOME_FAILED


if __name__ == "__main__":
    cli.run(main)
