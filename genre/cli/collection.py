"""What predict.py can write for a whole library: playlists, tags in the files, an HTML page."""

import argparse
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import config
from genre import cli
from genre.audio import AUDIO_SUFFIXES
from genre.collection import page, playlists, tags
from genre.files import check_folder, check_place, printable
from genre.model.answer import Answer

# What becomes of a song's tags.
WRITTEN, KEPT, UNCERTAIN, FAILED = "written", "kept", "uncertain", "failed"

Named = Iterator[tuple[Path, Answer]]  # songs with their answers, as they come
Lists = dict[str | None, list[Path]]  # songs by genre, the uncertain ones under None


@dataclass
class Tally:
    """What became of the songs of a run."""

    failed: int = 0  # songs that could not be used
    verdicts: Counter[str] = field(default_factory=Counter)  # numbers of songs
    complete: bool = True  # whether all tags, playlists and pages that were asked for are written


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options for a whole library."""
    add = parser.add_argument_group("a library of songs").add_argument
    add(
        "--playlists",
        type=Path,
        metavar="DIR",
        help="write a playlist (.m3u8) for each genre, and one for the uncertain songs "
        "(default: write none)",
    )
    add(
        "--write-tags",
        action="store_true",
        help="write the genre into each file's tags, if they hold no genre yet and the answer is "
        "not uncertain (default: do not change the files)",
    )
    add(
        "--overwrite-tags",
        action="store_true",
        help="with --write-tags: replace a genre that a file has already (default: keep it)",
    )
    add(
        "--dry-run",
        action="store_true",
        help="with --write-tags: print what would be written, and change no song (default: write)",
    )
    add(
        "--report",
        type=Path,
        metavar="FILE",
        help="write an HTML page, such as library.html, with a table of the songs and a map on "
        "which songs that sound alike are close together (default: write none)",
    )


def check(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    """Refuse options that do not fit together, and paths to which nothing can be written."""
    for option in ("overwrite_tags", "dry_run"):
        if getattr(arguments, option) and not arguments.write_tags:
            parser.error(f"--{option.replace('_', '-')} needs --write-tags")
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


def write(arguments: argparse.Namespace, mapping: Sequence[str], named: Named) -> Tally:
    """Write what the command line asks for; the tags of each song as soon as it is named.

    Tags and playlists that cannot be written are said, and the rest is written.
    """
    tally = Tally()
    named = _counted(named, tally)
    if arguments.write_tags:
        named = _tagged(named, arguments.overwrite_tags, arguments.dry_run, tally)
    lists: Lists = defaultdict(list)
    if arguments.playlists:
        named = _listed(named, lists, tally)
    if arguments.report:
        write_page(named, mapping, arguments.report)
    for _ in named:  # all of them, if there is no page that has taken them
        pass
    if arguments.playlists:
        tally.complete &= write_playlists(lists, mapping, arguments.playlists)
    return tally


def _counted(named: Named, tally: Tally) -> Named:
    """Count the songs that failed, and the verdicts on the others, as they pass."""
    for song, answer in named:
        if answer.error:
            tally.failed += 1
        else:
            tally.verdicts[answer.verdict] += 1
        yield song, answer


def _tagged(named: Named, overwrite: bool, dry: bool, tally: Tally) -> Named:
    """Write songs' genres into their files as they pass, and log how many at the end."""
    counts: Counter[str] = Counter()
    try:
        for song, answer in named:
            if not answer.error:
                counts[write_tag(song, answer, overwrite=overwrite, dry=dry)] += 1
            yield song, answer
    finally:  # also of a run that is interrupted
        cli.say(
            f"tags: {counts[WRITTEN]} {'to write' if dry else 'written'}, {counts[KEPT]} kept as "
            f"they were, {counts[UNCERTAIN]} not written because uncertain, "
            f"{counts[FAILED]} failed"
        )
    tally.complete &= not counts[FAILED]


def write_tag(song: Path, answer: Answer, *, overwrite: bool, dry: bool) -> str:
    """Write the genre into a song's file; return what became of it: WRITTEN, KEPT, ..."""
    if answer.uncertain:
        return UNCERTAIN
    try:
        before = tags.read_genre(song)
        if before and not overwrite:
            return KEPT
        if dry:
            was = f" (now {printable(before)})" if before else ""
            cli.say(f"{answer.song}: would be tagged {answer.genre}{was}")
        else:
            tags.write_genre(song, answer.genre)
        return WRITTEN
    except tags.TagError as error:
        cli.say(f"{answer.song}: not tagged: {error}")
        return FAILED


def _listed(named: Named, lists: Lists, tally: Tally) -> Named:
    """Remember which playlist each song belongs to, as songs pass."""
    for song, answer in named:
        if answer.error:
            pass
        elif playlists.fits(song):
            lists[None if answer.uncertain else answer.genre].append(song)
        else:
            tally.complete = False
            cli.say(f"{answer.song}: in no playlist, because its path holds a line break")
        yield song, answer


def write_playlists(lists: Lists, mapping: Sequence[str], folder: Path) -> bool:
    """Write playlists, and log how many; return whether all could be written."""
    written, complete = 0, True
    for genre, name in playlists.file_names(mapping).items():
        if genre not in lists:
            continue
        try:
            playlists.write(lists[genre], folder / name)
            written += 1
        except OSError as error:
            complete = False
            cli.say(f"{printable(folder / name)}: {error.strerror}")
    cli.say(f"{written} playlists in {printable(folder)}")
    return complete


def write_page(named: Named, mapping: Sequence[str], path: Path) -> None:
    """Write the page of a library; a bar on a terminal names the steps after the last song."""
    from tqdm import tqdm

    with ExitStack() as stack:

        @cache
        def bar() -> tqdm:  # not before the songs' own bar has ended
            return stack.enter_context(
                tqdm(bar_format="page: {desc} ({elapsed})", leave=False, disable=None)
            )

        def step(name: str) -> None:
            bar().set_description_str(name)

        page.write(named, mapping, path, title="Songs", seed=config.SEED, step=step)
    cli.say(f"page in {printable(path)}")
