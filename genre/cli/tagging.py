"""What predict.py writes into the tags of songs, or says that it would write."""

import argparse
import csv
import io
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from genre import cli
from genre.collection import tag_changes, tags
from genre.collection.tag_changes import Wanted
from genre.evaluation.verdict import SURE
from genre.model.answer import Answer
from genre.songs.file_tags import GENRE, MOOD, SEVERAL, SOUND

# What becomes of a song's tags.
WRITTEN, KEPT, UNSURE, LEFT_OUT, FAILED = "written", "kept", "unsure", "left out", "failed"
COLUMNS = ("song", "tag", "old", "new")  # of what --dry-run prints

Named = Iterator[tuple[Path, Answer]]  # songs with their answers, as they come
Counts = defaultdict[str, Counter[str]]  # how often each of these became of each tag


def add_arguments(group: argparse._ArgumentGroup) -> None:
    """Add the options that say what is written into the files' tags."""
    add = group.add_argument
    add(
        "--write-tags",
        action="store_true",
        help="write the genre into each file's tags, if they hold no genre yet and the model is "
        "sure (default: do not change the files)",
    )
    add(
        "--write-either",
        action="store_true",
        help="with --write-tags: write both genres, as two values, if the song is either of two "
        "(default: write none then)",
    )
    add(
        "--overwrite-tags",
        action="store_true",
        help="with --write-tags: replace a genre that a file has already (default: keep it)",
    )
    add(
        "--write-sound-tags",
        action="store_true",
        help="write what else is heard into each file: moods into the tag MOOD, the rest into the "
        "tag SOUND TAGS, if they are empty (default: do not change the files)",
    )
    add(
        "--dry-run",
        action="store_true",
        help="print as csv what --write-tags and --write-sound-tags would change, instead of the "
        "predictions, and change no song (default: write)",
    )


def wanted(arguments: argparse.Namespace, rules: Mapping[str, str]) -> Wanted:
    """Return what the options of `add_arguments` ask for."""
    return Wanted(
        genre=arguments.write_tags,
        either=arguments.write_either,
        sound=arguments.write_sound_tags,
        overwrite=arguments.overwrite_tags,
        rules=rules,
    )


def tagged(named: Named, wanted: Wanted, dry: bool, counts: Counts) -> Named:
    """Write songs' tags into their files as they pass; count them, and log how many at the end.

    A `dry` run prints what would be written.
    """
    if dry:
        _print_row(COLUMNS)
    try:
        for song, answer in named:
            if not answer.error:
                for what, became in write_tags(song, answer, wanted, dry=dry).items():
                    counts[what][became] += 1
            yield song, answer
    finally:  # also of a run that is interrupted
        _say_counts(counts, wanted, dry)


def write_tags(song: Path, answer: Answer, wanted: Wanted, *, dry: bool) -> dict[str, str]:
    """Write what is wanted into a song's file; return what became of each tag: WRITTEN, ..."""
    said = tag_changes.texts(answer, wanted)
    became = {}
    if wanted.genre and GENRE not in said:
        is_named = answer.genres and (wanted.either or answer.verdict == SURE)
        became[GENRE] = LEFT_OUT if is_named else UNSURE
    if not said:
        return became
    try:
        changes = tag_changes.new(said, tags.read(song), overwrite=wanted.overwrite)
        if dry:
            for what, (old, new) in changes.items():
                _print_row([answer.song, what, *(f"{SEVERAL} ".join(each) for each in (old, new))])
        elif changes:
            tags.write(song, {what: new for what, (_, new) in changes.items()})
    except tags.TagError as error:
        cli.say(f"{answer.song}: not tagged: {error}")
        return became | dict.fromkeys(said, FAILED)
    return became | {what: WRITTEN if what in changes else KEPT for what in said}


def _print_row(values: Sequence[str]) -> None:
    """Print a row of csv, above a progress bar."""
    from tqdm import tqdm

    row = io.StringIO()
    csv.writer(row, lineterminator="").writerow(values)
    tqdm.write(row.getvalue(), file=sys.stdout)
    sys.stdout.flush()


def _say_counts(counts: Mapping[str, Counter[str]], wanted: Wanted, dry: bool) -> None:
    """Say what became of the tags of all songs."""
    done = "to write" if dry else "written"
    if wanted.genre:
        of = counts[GENRE]
        left_out = f"{of[LEFT_OUT]} left out by the map, " if wanted.rules else ""
        cli.say(
            f"tags: {of[WRITTEN]} {done}, {of[KEPT]} kept as they were, {of[UNSURE]} not written "
            f"because the model is not sure, {left_out}{of[FAILED]} failed"
        )
    if wanted.sound:
        for what in (MOOD, SOUND):
            of = counts[what]
            cli.say(f"{what}: {of[WRITTEN]} {done}, {of[KEPT]} kept, {of[FAILED]} failed")
