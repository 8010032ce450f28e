"""The options of the scripts that keep the embeddings of songs: --store and --no-store."""

import argparse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import config
from genre import cli
from genre.collection import store
from genre.errors import GenreError
from genre.files import printable

WORTH_A_LINE = 1e6  # bytes of a store; a smaller one is of about ten songs


def add_arguments(parser: argparse.ArgumentParser) -> None:
    place = parser.add_mutually_exclusive_group()
    place.add_argument(
        "--store",
        type=Path,
        metavar="FILE",
        default=config.STORE_PATH,
        help="file that keeps the embeddings of songs, about 40 kB each, so that no script has to "
        "hear a song twice; it can be deleted at any time (default: %(default)s)",
    )
    place.add_argument(
        "--no-store",
        dest="store",
        action="store_const",
        const=None,
        help="keep nothing, and hear every song again (default: keep embeddings in --store)",
    )


@contextmanager
def opened(path: Path | None) -> Iterator[store.Store]:
    """Give a store as `store.opened` does; say its size when it grows past WORTH_A_LINE.

    After an error that is not said, because the error has a line of its own.
    """
    before = _size(path)
    with store.opened(path) as kept:
        yield kept
    if path and before <= WORTH_A_LINE < _size(path):
        cli.say(
            f"{printable(path)}: {_size(path) / 1e6:.1f} MB; keeps the embeddings of songs, so "
            "that no script hears them again; it can be deleted at any time"
        )


def _size(path: Path | None) -> int:
    """Return the bytes of a store; 0 if there is none."""
    return path.stat().st_size if path and path.is_file() else 0


@contextmanager
def opened_if_possible(path: Path | None) -> Iterator[store.Store | None]:
    """Give a store; None without a path, or if the store cannot be used, which is said."""
    with ExitStack() as stack:
        kept = None
        if path:
            try:
                kept = stack.enter_context(opened(path))
            except (GenreError, OSError) as error:
                cli.say(f"{cli.lines_of(error)[0]}; going on without a store")
        yield kept
