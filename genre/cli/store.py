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
    """Give a store as `store.opened` does; say in the end how large it is, if it is new."""
    is_new = False
    try:
        with store.opened(path) as kept:
            was_empty = store.is_empty(kept)
            try:
                yield kept
            finally:
                is_new = was_empty and not store.is_empty(kept)
    except Exception:  # which has a line of its own
        is_new = False
        raise
    finally:
        if path and is_new:
            cli.say(
                f"{printable(path)}: {path.stat().st_size / 1e6:.1f} MB; keeps the embeddings of "
                "songs, so that no script hears them again; it can be deleted at any time"
            )


@contextmanager
def opened_if_possible(path: Path | None) -> Iterator[store.Store | None]:
    """Give a store; None without a path, or if the store cannot be used, which is said."""
    with ExitStack() as stack:
        kept = None
        if path:
            try:
                kept = stack.enter_context(opened(path))
            except (GenreError, OSError) as error:
                cli.say(f"{_line(error)}; going on without a store")
        yield kept


def _line(error: GenreError | OSError) -> str:
    if isinstance(error, OSError):
        return printable(f"{error.filename}: {error.strerror}")
    return printable(str(error))
