"""Teach a model the genres of your own songs, and say how well it knows them.

    python teach.py ~/Music
    python teach.py ~/Music --corrections corrections.csv
    python teach.py ~/Music/by-genre --labels folders --output output/mine
    python teach.py ~/Music --tracks my-songs.csv

The genres come from the files' tags, from the folders or from a list. The model is logistic
regression on the `musicnn` embeddings, as the one in genre/pretrained/ is. It is tested on songs by
artists that it has not heard, where there are enough artists.
"""

import argparse
import os
import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import config
from genre import cli, networks
from genre.cli import constants, hearing, training
from genre.errors import DatasetError, SplitError
from genre.experiments import model_folder
from genre.experiments import run as experiment
from genre.experiments.learners import NetworkLearner
from genre.experiments.protocol import Protocol, Run, plan
from genre.files import printable
from genre.model.card import Card
from genre.segments import Segments, segment_file
from genre.songs import Song, csv_list, file_tags, folder, genre_map
from genre.songs.listing import Listing

LABELS = ("tags", "folders")
FEATURE, SEGMENTS = "musicnn", 15  # embeddings of 2 s each, as the model in genre/pretrained/ has
FOLDS = 3  # each genre needs as many songs


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.parser(__doc__)
    add = parser.add_argument
    add("dataset", type=Path, metavar="DIR", help="folder with your songs")
    lists = parser.add_mutually_exclusive_group()
    lists.add_argument(
        "--labels",
        choices=LABELS,
        default=LABELS[0],
        help="what names the genres: the files' own tags, or the folders (default: %(default)s)",
    )
    lists.add_argument(
        "--tracks",
        type=Path,
        metavar="CSV",
        help="list of the songs to learn from: columns path,genre and, if known, artist; paths are "
        "relative to DIR (default: all songs in DIR)",
    )
    add(
        "--corrections",
        type=Path,
        metavar="CSV",
        help="genres that are right whatever the tags, the folders or the list say: columns "
        "path,genre, as the page of predict.py --report saves them (default: none)",
    )
    add(
        "--output",
        type=Path,
        metavar="DIR",
        default=config.OUTPUT_PATH / "mine",
        help="folder for the model; its segments are in DIR.h5, an earlier model is moved to "
        "DIR-before (default: %(default)s)",
    )
    cli.add_worker_arguments(parser, "work")
    return parser.parse_args(argv, argparse.Namespace(command=cli.command(parser, argv)))


def read_corrections(path: Path, dataset: Path) -> dict[str, str]:
    """Return the right genres of some tracks; raises DatasetError for a song that is not there."""
    corrections, inside = {}, Path(os.path.abspath(dataset))  # noqa: PTH100, resolve leaves links
    for line, song in csv_list.songs(path, inside):
        where, file = f"{path}, line {line}", Path(os.path.abspath(song.path))  # noqa: PTH100
        if not song.path.is_file():
            raise DatasetError(f"{where}: {printable(song.path)}: no such file")
        if not file.is_relative_to(inside):
            raise DatasetError(f"{where}: {printable(song.path)} is not in {printable(dataset)}")
        if not song.genre:
            raise DatasetError(f"{where}: no genre")
        corrections[printable(file.relative_to(inside).as_posix())] = song.genre
    return corrections


def find_songs(arguments: argparse.Namespace, corrections: Mapping[str, str]) -> Listing:
    """Return the songs to learn from, FOLDS or more of each genre, with their artists."""
    if not arguments.tracks and arguments.labels == "tags":
        return file_tags.find(arguments.dataset, {}, FOLDS, corrections)
    if arguments.tracks:
        found = csv_list.find(arguments.tracks, arguments.dataset)
    else:
        found = folder.find(arguments.dataset)
    songs = [
        song._replace(
            genre=corrections.get(song.track, song.genre), artist=song.artist or artist_of(song)
        )
        for song in found.songs
    ]
    return genre_map.applied(found._replace(songs=songs), {}, FOLDS)


def artist_of(song: Song) -> str:
    """Return the artist in a file's tags, "" if they cannot be read: the song itself may be."""
    with suppress(DatasetError):
        return file_tags.read(song.path).artist
    return ""


def learner() -> NetworkLearner:
    """Return the network of the model in genre/pretrained/, with its recipe."""
    chosen = networks.choose("teach", networks.NETWORKS["mlp"])
    recipe = constants.recipe(**chosen.network.recipe, class_weights=True)
    return NetworkLearner(script="teach", chosen=chosen, recipe=recipe, show_progress=False)


def planned(segments: Segments) -> tuple[Protocol, list[Run]]:
    """Return the runs: folds by artist, or by track if there are too few artists, and a refit."""
    by_artist, by_track = (
        Protocol(split=split, folds=FOLDS, refit=True, seed=config.SEED)
        for split in ("artist", "track")
    )
    try:
        return by_artist, plan(segments, by_artist, needs_validation=False)
    except SplitError as error:
        why = str(error) if segments.artists else "no song's artist is known"
    runs = plan(segments, by_track, needs_validation=False)
    cli.say(f"cannot be tested on artists that it has not heard: {why}")
    return by_track, runs


def in_words(card: Card) -> str:
    """Return the scores on a card as sentences."""
    scores = card.scores
    heard = "by artists that it had not heard"
    if card.split.name != "artist":
        heard = "that it had not heard, by artists that it may have heard"
    tested = {genre: each for genre, each in scores.genres.items() if each.tracks}
    recalls = sorted(((each.recall or 0.0, genre) for genre, each in tested.items()), reverse=True)
    lines = [
        f"right for {100 * scores.track_accuracy:.0f} % of songs {heard}: {scores.tracks} songs, "
        f"{len(tested)} genres",
        "of each genre: " + ", ".join(f"{genre} {recall:.2f}" for recall, genre in recalls),
    ]
    lines += [f"note: {note}" for note in card.split.notes]
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    output, dataset = arguments.output, arguments.dataset
    data = output.with_name(f"{output.name}.h5")
    model_folder.check(output)
    segment_file.check_output(data)
    corrections = read_corrections(arguments.corrections, dataset) if arguments.corrections else {}
    songs, left_out, notes = find_songs(arguments, corrections)
    hearing.say_all(notes)
    index = hearing.write(
        songs,
        data,
        FEATURE,
        constants.settings(segments_per_track=SEGMENTS),
        workers=arguments.workers,
        cluster=arguments.cluster,
    )
    segments = segment_file.read(data)
    protocol, runs = planned(segments)
    linear, cluster = learner(), arguments.cluster
    done = experiment.run(
        linear,
        segments,
        protocol,
        runs,
        lambda run: cli.say(f"training {run.number} of {len(runs)}"),
        elsewhere=cluster and training.on_cluster(linear, data, protocol, cluster),
    )
    saved = model_folder.save(done, segments, output, data=data, command=arguments.command)
    print(in_words(saved.card))
    print(f"the model is in {printable(output)}; to name songs with it:")
    command = ["python", "predict.py", str(dataset), "--model", str(output)]
    print(f"  {printable(shlex.join(command))}")
    return cli.SOME_FAILED if index.skipped or left_out else cli.DONE


if __name__ == "__main__":
    cli.run(main)
