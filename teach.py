"""Teach a model the genres of your own songs, and say how well it knows them.

    python teach.py ~/Music
    python teach.py ~/Music --add
    python teach.py ~/Music --corrections corrections.csv
    python teach.py ~/Music/by-genre --labels folders --output output/mine
    python teach.py --corrections corrections.csv --add

The genres come from the files' tags, from the folders or from a list. The model is logistic
regression on the `musicnn` embeddings, as the one in genre/pretrained/ is. It is tested on songs by
artists that it has not heard, where there are enough artists.
"""

import argparse
import shlex
from collections.abc import Collection, Sequence
from pathlib import Path

import config
from genre import cli, executor
from genre.cli import constants, embeddings
from genre.cli import store as store_options
from genre.errors import DatasetError
from genre.experiments import model_folder, teaching
from genre.experiments import run as experiment
from genre.features.settings import Settings
from genre.files import blaming, printable, unfinished_folder
from genre.model.card import Card
from genre.segments import Index, Segments, segment_file
from genre.songs import Song, corrections, csv_list, file_tags, folder, genre_map
from genre.songs.genre_map import Labelled
from genre.songs.listing import Listing

LABELS = ("tags", "folders")
FEATURE, SEGMENTS = "musicnn", 15  # embeddings of 2 s each, as the model in genre/pretrained/ has
FEWEST = 3  # songs that a genre needs
DATA_FILE = "songs.h5"  # the embeddings that a model learnt from, in its folder


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.parser(__doc__)
    add_song_arguments(parser)
    parser.add_argument(
        "--add",
        action="store_true",
        help="learn the ten genres of the model that comes with the code, too (default: only "
        "yours)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        default=config.OUTPUT_PATH / "mine",
        help="folder for the model and its embeddings; an earlier model is moved to DIR-before "
        "(default: %(default)s)",
    )
    store_options.add_arguments(parser)
    cli.add_worker_arguments(parser, "work")
    arguments = parser.parse_args(argv, argparse.Namespace(command=cli.command(parser, argv)))
    if not (arguments.dataset or arguments.tracks or arguments.corrections):
        parser.error("name the folder with your songs, or a list of them")
    if arguments.labels and not arguments.dataset:
        parser.error("--labels needs the folder with your songs")
    return arguments


def add_song_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which songs there are, and what their genres are."""
    add = parser.add_argument
    add("dataset", type=Path, nargs="?", metavar="DIR", help="folder with your songs")
    lists = parser.add_mutually_exclusive_group()
    lists.add_argument(
        "--labels",
        choices=LABELS,
        help=f"what names the genres: the files' own tags, or the folders (default: {LABELS[0]})",
    )
    lists.add_argument(
        "--tracks",
        type=Path,
        metavar="CSV",
        help="list of the songs to learn from: columns path,genre and, if known, artist (default: "
        "all songs in DIR)",
    )
    add(
        "--corrections",
        type=Path,
        metavar="CSV",
        help="genres that are right whatever the tags, the folders or the list say: columns "
        "path,genre, as predict.py --ask and the page of predict.py --report write them. Paths in "
        "both lists are whole, or relative to DIR; without DIR, to the list (default: none)",
    )
    add(
        "--genres",
        type=Path,
        metavar="CSV",
        help="map of genres, columns from,to: songs of one count for the other, or are left out "
        "where `to` is empty (default: all genres stay as they are)",
    )


def labelled_songs(arguments: argparse.Namespace) -> tuple[list[Labelled], list[str], list[str]]:
    """Return all songs with the genres that are named for them, those left out, and notes."""
    if arguments.tracks:
        found = csv_list.find(arguments.tracks, arguments.dataset)
    elif arguments.labels == "folders":
        found = folder.find(arguments.dataset)
    elif arguments.dataset:
        return file_tags.labelled_in(arguments.dataset)
    else:
        return [], [], []
    labelled = [Labelled(corrections.with_artist(song), (song.genre,)) for song in found.songs]
    return labelled, found.left_out, found.notes


def find_songs(
    arguments: argparse.Namespace, rules: dict[str, str], known: Collection[str]
) -> Listing:
    """Return the songs to learn from, FEWEST or more of each genre that is not `known`."""
    labelled, left_out, notes = labelled_songs(arguments)
    n_songs = len(labelled) + len(left_out)
    if arguments.corrections:
        said = corrections.read(arguments.corrections, arguments.dataset)
        labelled = corrections.applied(said, labelled)
        left_out, notes = left_out + said.missing, notes + said.notes
    if arguments.dataset and not any(each.genres for each in labelled):
        raise DatasetError(file_tags.without_genres(arguments.dataset, n_songs))
    songs, of_genres = genre_map.choose(labelled, rules, FEWEST, known=known)
    return Listing(songs, left_out, notes + of_genres)


def write_embeddings(
    arguments: argparse.Namespace,
    songs: Sequence[Song],
    more: embeddings.Heard,
    settings: Settings,
    data: Path,
) -> Index:
    """Write the embeddings of songs, and behind them those of `more`, to a segment file."""
    with (
        store_options.opened(arguments.store) as kept,
        executor.opened(workers=arguments.workers, cluster=arguments.cluster) as pool,
    ):
        heard = embeddings.hear(kept, songs, FEATURE, settings, pool)
        with blaming(arguments.output / data.name):  # the user knows no other path of it
            return embeddings.write(heard, more, data, FEATURE, settings)


def in_words(card: Card, plan: teaching.Plan, own: Segments) -> str:
    """Return the scores on a card as sentences; `own` are the person's songs."""
    notes = [f"note: {note}" for note in card.split.notes]
    if plan.untested:
        return "\n".join([f"not tested, because {plan.untested}", *notes])
    scores, heard = card.scores, "by artists that it had not heard"
    if plan.mixed:
        heard = f"that it had not heard, by artists that it may have heard, as {plan.mixed}"
    tested = {genre: each for genre, each in scores.genres.items() if each.tracks}
    unknown = sum(not name for name in own.artists)
    artists = f"; the artist of {unknown} is not known" if unknown else ""
    recalls = sorted(((each.recall or 0.0, genre) for genre, each in tested.items()), reverse=True)
    low, high = scores.track_interval
    lines = [
        f"right for {scores.track_accuracy:.0%} of songs {heard} ({scores.tracks} songs, "
        f"{len(tested)} of {len(set(own.labels.tolist()))} genres{artists}; between {low:.0%} and "
        f"{high:.0%} with 95 % confidence)",
        "of each genre: " + ", ".join(f"{genre} {recall:.0%}" for recall, genre in recalls),
    ]
    return "\n".join(lines + notes)


def next_commands(arguments: argparse.Namespace) -> str:
    """Return lines with the commands that name songs, and that ask for more corrections."""
    songs = str(arguments.dataset) if arguments.dataset else "SONG"
    command = shlex.join(["python", "predict.py", songs, "--model", str(arguments.output)])
    return (
        f"the model is in {printable(arguments.output)}; to name songs with it, and to see which "
        f"songs it would learn most from:\n  {printable(command)}\n"
        f"  {printable(command)} --ask 20 > ask.csv"
    )


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    output, settings = arguments.output, constants.settings(segments_per_track=SEGMENTS)
    model_folder.check(output)
    rules = genre_map.read(arguments.genres) if arguments.genres else {}
    known, becomes = None, {}
    if arguments.add:
        known = segment_file.read(teaching.KNOWN)
        becomes = teaching.known_genres(known, rules)
    songs, left_out, notes = find_songs(arguments, rules, becomes.values())
    cli.say(*notes)
    more = teaching.known_songs(known, becomes, {song.genre for song in songs}) if known else ()
    with unfinished_folder(output) as unfinished:  # the embeddings move from it with the model
        data = unfinished / DATA_FILE
        index = write_embeddings(arguments, songs, more, settings, data)
        segments, n_own = segment_file.read(data), len(songs) - len(index.skipped)
        if known:
            segments = teaching.weighted(segments, n_own)
        plan = teaching.plan(segments, n_own, seed=config.SEED)
        done = experiment.run(
            teaching.learner(constants.recipe()),
            segments,
            plan.protocol,
            plan.runs,
            lambda run: cli.say(f"training {run.number} of {len(plan.runs)}"),
        )
        saved = model_folder.save(
            done, segments, output, data=data, with_data=True, command=arguments.command
        )
    print(in_words(saved.card, plan, teaching.own_part(segments, n_own)))
    print(next_commands(arguments))
    return cli.SOME_FAILED if index.skipped or left_out else cli.DONE


if __name__ == "__main__":
    cli.run(main)
