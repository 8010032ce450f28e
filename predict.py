"""Name the genre of songs with a trained model.

    python predict.py song.mp3
    python predict.py ~/Music/unsorted --count 3
    python predict.py song.mp3 --seconds 30
    python predict.py long.mp3 --whole --timeline long.png
    python predict.py ~/Music --format csv --skip-done genres.csv >> genres.csv
    python predict.py ~/Music --write-tags --dry-run > changes.csv
    python predict.py ~/Music --write-tags --playlists playlists --report library.html
    python predict.py song.mp3 --model output/cnn
    python predict.py ~/Music --ask 20 > ask.csv

The pretrained model reads 15 segments of 2 s from all over a song; a model on another feature reads
the first 30 s. The output names one genre if the model is sure, or two if it is either. Otherwise
it puts "?" behind the likeliest, and says why. After it come tags: what else is heard.
"""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))  # this folder, which python -P and -I leave out

import genre
from genre import cli, evaluation, features
from genre.cli import collection as library
from genre.cli import store as store_options
from genre.collection import ask, heard
from genre.collection.store import Store
from genre.errors import GenreError
from genre.evaluation.calibration import limits
from genre.evaluation.verdict import SURE
from genre.files import printable
from genre.model.answer import Answer
from genre.model.card import Card
from genre.reporting import figures, predictions, text
from genre.songs.folder import songs_in

SHORT = "note: shorter than one segment, so it is repeated to fill one"


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.parser(__doc__)
    add_song_arguments(parser)
    add_part_arguments(parser)
    add_output_arguments(parser)
    store_options.add_arguments(parser)
    cli.add_worker_arguments(parser, "predict")
    library.add_arguments(parser)
    arguments = parser.parse_intermixed_args(argv)
    arguments.songs += arguments.input
    if not arguments.songs:
        parser.error("name songs, or folders with songs in them")
    if arguments.ask and (arguments.format != "table" or arguments.skip_done):
        parser.error(
            "--ask prints a list of its own, of all songs; leave out --format, --skip-done"
        )
    if arguments.count and arguments.format == "csv":
        parser.error("--count: csv has a column for each genre; leave out --count, or choose json")
    library.check(parser, arguments)
    return arguments


def add_song_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the songs, and the model that names their genres."""
    parser.add_argument(
        "songs",
        type=Path,
        nargs="*",
        metavar="SONG",
        help="audio files, and folders to search through for them",
    )
    parser.add_argument(
        "--input",
        type=Path,
        nargs="+",
        metavar="SONG",
        default=[],
        help="more songs and folders (default: none)",
    )
    parser.add_argument(
        "--model",
        type=Path,
        metavar="PATH",
        help="folder of a trained network or of a classifier of baseline.py, or the model in it "
        "(default: the network that comes with the code, in genre/pretrained/)",
    )
    parser.add_argument(
        "--skip-done",
        type=Path,
        metavar="FILE",
        help="leave out the songs that an earlier csv or json output holds, and the csv header, so "
        "that the new output can be appended to FILE, which need not exist yet (default: predict "
        "all)",
    )


def add_part_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which part of a song the model reads."""
    parser.add_argument(
        "--offset",
        type=cli.from_zero,
        metavar="SECONDS",
        default=0.0,
        help="begin at this time in each song (default: at its beginning)",
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--seconds",
        type=cli.positive_float,
        metavar="SECONDS",
        help="use this much of each song, without gaps (default: as the model was trained for: "
        "segments from all over the song, or its first 30 s)",
    )
    length.add_argument(
        "--whole", action="store_true", help="use the whole song (default: as --seconds says)"
    )
    parser.add_argument(
        "--type",
        choices=evaluation.JOINS,
        help="how the probabilities of the segments are combined into those of the song "
        "(default: as for the limits of the model's verdicts: geometric, or mean)",
    )


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is printed and drawn of each song."""
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument(
        "--count",
        type=cli.count,
        metavar="N",
        help="show the N most likely genres (default: the verdict; all genres in csv and json)",
    )
    shown.add_argument(
        "--all",
        action="store_true",
        help="show all genres in the model's order, a column for each (default: the verdict)",
    )
    shown.add_argument(
        "--ask",
        type=cli.count,
        metavar="N",
        help="print only a list, path,genre,answer, of the N songs that teach.py --corrections "
        "would learn most from, once you have filled in their genres (default: the verdict)",
    )
    parser.add_argument(
        "--format",
        choices=predictions.FORMATS,
        default="table",
        help="table for people; csv with a column for each genre, or json, one object a line, "
        "for programs (default: %(default)s)",
    )
    parser.add_argument(
        "--segments",
        type=cli.path_ending_in(*predictions.SEGMENT_FORMATS),
        metavar="FILE",
        help="write the start, end, genre and probability of every segment to a file: .csv, .json, "
        "or .txt, which Audacity imports as labels (default: write none)",
    )
    parser.add_argument(
        "--timeline",
        type=Path,
        metavar="PATH",
        help="draw the genres over the song's time: a .png, .svg or .pdf file for one song, a "
        "folder for several; with --format json the output then holds the segments' "
        "probabilities, too (default: no picture)",
    )


def formatter(
    arguments: argparse.Namespace, model: genre.Model, songs: Sequence[Path]
) -> tuple[str | None, predictions.AsRow]:
    """Return the header of the output, and the function that turns an answer into a row."""
    mapping, names = model.card.mapping, list(map(printable, songs))
    if arguments.dry_run or arguments.ask:
        return None, lambda _: ""  # these print rows of their own
    if arguments.format == "csv":
        return predictions.csv_rows(mapping, model.digest)
    if arguments.format == "json":
        return None, predictions.json_rows(
            model.digest, count=arguments.count, with_segments=arguments.timeline is not None
        )
    width = os.get_terminal_size(sys.stdout.fileno()).columns if sys.stdout.isatty() else None
    if arguments.all:
        return predictions.table_rows(names, mapping, width=width)
    if arguments.count:
        return None, predictions.ranked_rows(names, mapping, count=arguments.count, width=width)
    return None, predictions.verdict_rows(names, mapping, width=width)


def answers(
    arguments: argparse.Namespace,
    model: genre.Model,
    kept: Store | None,
    songs: Sequence[Path],
    bar: Any,
) -> Iterator[Answer]:
    """Yield an answer for each song, in order, and advance the progress bar."""
    options = {
        "join": arguments.type,
        "offset": arguments.offset,
        "seconds": arguments.seconds,
        "whole": arguments.whole,
    }
    workers = arguments.workers
    if len(songs) == 1 and not arguments.cluster:  # in this process, which can report progress
        workers, options["progress"] = 1, lambda seconds: bar.update(seconds - bar.n)
    where = {"workers": workers, "cluster": arguments.cluster}
    for answer in heard.answers(kept, model, songs, **where, **options):
        yield answer
        if len(songs) > 1:
            bar.update()


def predict(
    arguments: argparse.Namespace,
    model: genre.Model,
    kept: Store | None,
    songs: Sequence[Path],
    header: str | None,
    row: predictions.AsRow,
    pictures: dict[Path, Path],
) -> Iterator[tuple[Path, Answer]]:
    """Print an answer for each song, write its segments and picture, and yield both as they come.

    A song that cannot be used has an answer, too, with an error.
    """
    least = limits(model.card.calibration).sure
    segments = predictions.segment_file(arguments.segments) if arguments.segments else nullcontext()
    with segments as write_segments, progress_bar(songs) as bar:
        for song, answer in zip(songs, answers(arguments, model, kept, songs, bar), strict=True):
            if answer.error:
                bar.write(f"{answer.song}: {answer.error}", file=sys.stderr)
                yield song, answer
                continue
            if answer.short:
                bar.write(f"{answer.song}: {SHORT}", file=sys.stderr)
            for line in filter(None, (header, row(answer))):
                bar.write(line, file=sys.stdout)
            header = None
            sys.stdout.flush()
            if write_segments:
                write_segments(answer)
            if pictures:
                figures.timeline(answer, least, pictures[song])
            yield song, answer


def progress_bar(songs: Sequence[Path]) -> Any:
    """Return a progress bar that counts songs, or the seconds of a single song."""
    from tqdm import tqdm

    if len(songs) == 1:
        return tqdm(bar_format="analysed {n:.0f} s", leave=False, disable=None)
    return tqdm(total=len(songs), unit="song", disable=None)


def verdicts_line(verdicts: Counter[str], card: Card) -> str:
    """Return how many songs of several have each verdict, and what it means if any is not sure."""
    parts = []
    if verdicts.total() > 1:
        parts.append(predictions.counts_line(verdicts))
    if verdicts.total() > verdicts[SURE]:
        parts.append(text.verdict_line(card))
    return "; ".join(parts)


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    for_people = arguments.format == "table" and not arguments.dry_run
    if not for_people:  # programs read UTF-8, whatever the terminal's own encoding is
        sys.stdout.reconfigure(encoding="utf-8")
    songs, problems = songs_in(arguments.songs)
    if not songs:
        raise GenreError(*problems)
    cli.say(*problems)
    earlier = predictions.read_earlier(arguments.skip_done)
    model = genre.load(arguments.model)
    header, row = formatter(arguments, model, songs)
    predictions.check_earlier(earlier, arguments.format, header, model.digest)
    songs = [song for song in songs if printable(song) not in earlier.songs]
    if not songs:
        cli.say(f"all songs are in {printable(arguments.skip_done)} already")
        return cli.SOME_FAILED if problems else cli.DONE
    pictures = figures.timeline_paths(arguments.timeline, songs) if arguments.timeline else {}
    if arguments.segments:
        predictions.check_segment_file(arguments.segments, len(songs))
    if earlier.cut_off:
        print()  # so that the new rows begin on a line of their own
    if for_people and arguments.model:
        cli.say(text.accuracy_line(model.card))
    header = None if earlier.first else header
    path = arguments.store if features.is_embedding(model.card.feature) else None
    doubts: list[ask.Doubt] = []
    with store_options.opened_if_possible(path) as kept:
        named = predict(arguments, model, kept, songs, header, row, pictures)
        if arguments.ask:
            named = ask.keep(named, doubts, arguments.ask)
        tally = library.write(arguments, model.card, named)
    if arguments.ask:
        ask.write(ask.questions(doubts, arguments.ask), sys.stdout)
    if pictures and (drawn := len(songs) - tally.failed):
        what = "timeline" if drawn == 1 else f"{drawn} timelines"
        cli.say(f"{what} in {printable(arguments.timeline)}")
    if for_people and (line := verdicts_line(tally.verdicts, model.card)):
        cli.say(line)
    if tally.failed == len(songs):
        return cli.NOTHING_DONE
    return cli.DONE if tally.complete and not tally.failed and not problems else cli.SOME_FAILED


if __name__ == "__main__":
    cli.run(main)
