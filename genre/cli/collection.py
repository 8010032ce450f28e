"""What predict.py can write for a whole library: playlists, tags in the files, an HTML page."""

import argparse
import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import config
from genre import cli
from genre.audio import AUDIO_SUFFIXES
from genre.cli import progress, tagging
from genre.cli.tagging import Named
from genre.collection import page, playlists, tag_changes
from genre.errors import GenreError
from genre.features import tags as heard_tags
from genre.files import check_folder, check_place, printable
from genre.model.answer import shown_tags
from genre.model.card import Card
from genre.songs import genre_map
from genre.songs.listing import letters

TAG_FOLDER = "tags"  # in the folder of the playlists: a tag can have the name of a genre

# The songs of playlists, by a tag, or by the genres that they may be of: none if they are open.
Lists = defaultdict[tuple[str, ...], list[Path]]


@dataclass
class Tally:
    """What became of the songs of a run."""

    failed: int = 0  # songs that could not be used
    verdicts: Counter[str] = field(default_factory=Counter)  # numbers of songs
    complete: bool = True  # whether all tags, playlists and pages that were asked for are written


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options for a whole library."""
    group = parser.add_argument_group("a library of songs")
    tagging.add_arguments(group)
    group.add_argument(
        "--playlists",
        type=Path,
        metavar="DIR",
        help="write playlists (.m3u8): one for each genre, one for each two genres that songs are "
        "either of, and one for the open songs (default: write none)",
    )
    group.add_argument(
        "--tags",
        action="store_true",
        help=f"with --playlists: also write one for each tag, in DIR/{TAG_FOLDER} (default: genres "
        "only)",
    )
    group.add_argument(
        "--genres",
        type=Path,
        metavar="CSV",
        help="how --write-tags and --playlists name the genres: a map with the columns from,to, "
        "such as hiphop,Hip-Hop; an empty `to` leaves a genre out (default: as the model does)",
    )
    group.add_argument(
        "--report",
        type=Path,
        metavar="FILE",
        help="write an HTML page, such as library.html, with a table of the songs and a map on "
        "which songs that sound alike are close together (default: write none)",
    )


def check(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    """Refuse options that do not fit together, and paths to which nothing can be written."""
    writes = arguments.write_tags or arguments.write_sound_tags
    for option, has_use, needed in (
        ("write_either", arguments.write_tags, "--write-tags"),
        ("overwrite_tags", arguments.write_tags, "--write-tags"),
        ("dry_run", writes, "--write-tags or --write-sound-tags"),
        ("tags", arguments.playlists, "--playlists"),
        ("genres", arguments.write_tags or arguments.playlists, "--write-tags or --playlists"),
    ):
        if getattr(arguments, option) and not has_use:
            parser.error(f"--{option.replace('_', '-')} needs {needed}")
    if arguments.dry_run and (arguments.format != "table" or arguments.count or arguments.all):
        parser.error("--dry-run prints csv of its own; leave out --format, --count and --all")
    if arguments.skip_done and (arguments.playlists or arguments.report):
        parser.error("--playlists and --report need all songs; leave out --skip-done")
    if arguments.report and arguments.report.suffix.lower() in AUDIO_SUFFIXES:
        parser.error(f"--report: {printable(arguments.report)} has the name of a song, not a page")
    files = [
        (f"--{option.replace('_', '-')}", path.absolute())
        for option in ("report", "segments", "timeline", "skip_done")
        if (path := getattr(arguments, option))
    ]
    for (option, path), (other, other_path) in itertools.combinations(files, 2):
        if path == other_path:
            parser.error(f"{option} and {other} name the same file: {printable(path)}")
    if arguments.playlists:
        check_folder(arguments.playlists)
    if arguments.report:
        check_place(arguments.report)


def write(arguments: argparse.Namespace, card: Card, named: Named) -> Tally:
    """Write what the command line asks for; the tags of each song as soon as it is named.

    Tags, playlists and a page that cannot be written are said, and the rest is written. Raises
    GenreError if the model hears no tags and they are asked for, and if a genre map is no such map.
    """
    if (arguments.tags or arguments.write_sound_tags) and card.feature != heard_tags.FEATURE:
        option = "--tags" if arguments.tags else "--write-sound-tags"
        raise GenreError(f"{option}: this model hears no tags; one on {heard_tags.FEATURE} does")
    tally, rules = Tally(), read_rules(arguments.genres, card.mapping)
    of_genres, of_tags = Lists(list), Lists(list)
    counts = tagging.Counts(Counter)
    named = _counted(named, tally)
    if arguments.write_tags or arguments.write_sound_tags:
        named = tagging.tagged(named, tagging.wanted(arguments, rules), arguments.dry_run, counts)
    if arguments.playlists:
        named = _listed(named, of_genres, of_tags, rules, tally)
    if arguments.report:
        tally.complete &= write_page(named, card.mapping, arguments.report)
    for _ in named:  # those that no page has taken
        pass
    tally.complete &= not any(of_tag[tagging.FAILED] for of_tag in counts.values())
    if arguments.playlists:
        known = [()] + [(genre_map.mapped(genre, rules),) for genre in card.mapping]
        tally.complete &= write_playlists(of_genres, known, arguments.playlists)
    if arguments.tags:
        folder = arguments.playlists / TAG_FOLDER
        known = [(tag,) for tag in heard_tags.NAMES]
        tally.complete &= write_playlists(of_tags, known, folder)
    return tally


def read_rules(path: Path | None, mapping: Sequence[str]) -> dict[str, str]:
    """Return the rules of a genre map, none without one; say which of them no genre follows."""
    if not path:
        return {}
    rules = genre_map.read(path)
    if unknown := sorted(rules.keys() - set(map(letters, mapping))):
        cli.say(f"{printable(path)}: the model has no genre {', '.join(unknown)}")
    return rules


def _counted(named: Named, tally: Tally) -> Named:
    """Count the songs that failed, and the verdicts on the others, as they pass."""
    for song, answer in named:
        if answer.error:
            tally.failed += 1
        else:
            tally.verdicts[answer.verdict] += 1
        yield song, answer


def _listed(
    named: Named, of_genres: Lists, of_tags: Lists, rules: Mapping[str, str], tally: Tally
) -> Named:
    """Remember which playlists each song belongs to, as songs pass."""
    for song, answer in named:
        if answer.error:
            pass
        elif playlists.fits(song):
            genres = tag_changes.names(answer, rules)
            if genres or not answer.genres:  # not a song whose genre the map leaves out
                of_genres[tuple(sorted(genres))].append(song)
            for tag in shown_tags(answer):
                of_tags[(tag,)].append(song)
        else:
            tally.complete = False
            cli.say(f"{answer.song}: in no playlist, because its path holds a line break")
        yield song, answer


def write_playlists(
    lists: Mapping[tuple[str, ...], list[Path]], known: Sequence[tuple[str, ...]], folder: Path
) -> bool:
    """Write playlists, and log how many; return whether all could be written.

    Those that are `known` before any song is get their file names first, so that these do not
    depend on the songs.
    """
    written, complete = 0, True
    for key, name in playlists.file_names(dict.fromkeys([*known, *sorted(lists)])).items():
        if key not in lists:
            continue
        try:
            playlists.write(lists[key], folder / name)
            written += 1
        except OSError as error:
            complete = False
            cli.say(f"{printable(folder / name)}: {error.strerror}")
    cli.say(f"{written} playlists in {printable(folder)}")
    return complete


def write_page(named: Named, mapping: Sequence[str], path: Path) -> bool:
    """Write the page of a library; return whether it could be written.

    Errors of the songs' own work are raised.
    """
    failures: list[Exception] = []

    def watched() -> Named:
        try:
            yield from named
        except Exception as error:
            failures.append(error)
            raise

    @cache
    def show() -> Callable[[str], None]:  # not before the songs' own bar has ended
        return stack.enter_context(progress.working("page"))

    try:
        with ExitStack() as stack:
            page.write(
                watched(),
                mapping,
                path,
                title="Songs",
                seed=config.SEED,
                step=lambda name: show()(f"page: {name}"),
            )
    except OSError as error:
        if failures:
            raise
        cli.say(f"{printable(error.filename or path)}: {error.strerror or error}")
        return False
    cli.say(f"page in {printable(path)}")
    return True
