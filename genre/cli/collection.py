"""What predict.py can write for a whole library: playlists, tags in the files, an HTML page."""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import config
from genre import cli
from genre.collection import NamedSong, page, playlists, tags
from genre.evaluation import projection
from genre.files import check_folder, check_place, printable
from genre.model.answer import Answer
from genre.reporting.figures import PALETTE


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
        help="with --write-tags: print what would be written, and write nothing (default: write)",
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
    if arguments.playlists:
        check_folder(arguments.playlists)
    if arguments.report:
        check_place(arguments.report)


def wanted(arguments: argparse.Namespace) -> bool:
    """Say whether the command line asks for anything that needs the answers for all songs."""
    return bool(arguments.playlists or arguments.report or arguments.write_tags)


def write(
    arguments: argparse.Namespace,
    mapping: Sequence[str],
    answers: Sequence[tuple[Path, Answer]],
) -> bool:
    """Write what the command line asks for; return whether all of it could be written."""
    songs = [
        NamedSong(
            path=path,
            genre=answer.genre,
            probability=answer.probabilities[answer.genre],
            uncertain=answer.uncertain,
            segments=answer.segments,
            segment_seconds=answer.segment_seconds,
            embedding=answer.embedding,
        )
        for path, answer in answers
        if not answer.error
    ]
    complete = True
    if arguments.write_tags:
        complete &= write_tags(songs, overwrite=arguments.overwrite_tags, dry=arguments.dry_run)
    if arguments.playlists:
        complete &= write_playlists(songs, arguments.playlists)
    if arguments.report:
        failed = [(str(path), answer.error) for path, answer in answers if answer.error]
        write_page(songs, mapping, failed, arguments.report)
    return complete


def write_tags(songs: Sequence[NamedSong], *, overwrite: bool, dry: bool) -> bool:
    """Write genres into files, and log how many; return whether no file failed."""
    written, kept, uncertain, failed = 0, 0, 0, 0
    for song in songs:
        if song.uncertain:
            uncertain += 1
            continue
        try:
            before = tags.read_genre(song.path)
            if before and not overwrite:
                kept += 1
            else:
                if dry:
                    was = f" (now {before})" if before else ""
                    cli.say(f"{printable(song.path)}: would be tagged {song.genre}{was}")
                else:
                    tags.write_genre(song.path, song.genre)
                written += 1
        except tags.TagError as error:
            failed += 1
            cli.say(f"{printable(song.path)}: not tagged: {error}")
    cli.say(
        f"tags: {written} {'to write' if dry else 'written'}, {kept} kept as they were, "
        f"{uncertain} not written because uncertain, {failed} failed"
    )
    return not failed


def write_playlists(songs: Sequence[NamedSong], folder: Path) -> bool:
    """Write playlists, and log how many; return whether they hold all songs."""
    written, left_out = playlists.write(songs, folder)
    for path in left_out:
        cli.say(f"{printable(path)}: in no playlist, because its path holds a line break")
    cli.say(f"{len(written)} playlists in {printable(folder)}")
    return not left_out


def write_page(
    songs: Sequence[NamedSong], mapping: Sequence[str], failed: list[tuple[str, str]], path: Path
) -> None:
    """Write the page, with a map if the songs have embeddings and are enough for one."""
    positions = None
    if songs and all(song.embedding is not None for song in songs):
        vectors = np.stack([song.embedding for song in songs])
        positions = projection.all_positions(vectors, config.SEED)
    colors = [PALETTE[number % len(PALETTE)] for number in range(len(mapping))]
    page.write(songs, mapping, colors, path, title="Songs", failed=failed, positions=positions)
    cli.say(f"page in {printable(path)}")
