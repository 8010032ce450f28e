"""The options of the scripts that keep the embeddings of songs: --store and --no-store."""

import argparse
from contextlib import AbstractContextManager
from pathlib import Path

import config
from genre.collection import store


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


def opened(arguments: argparse.Namespace) -> AbstractContextManager[store.Store]:
    """Give the store that the command line asks for."""
    return store.opened(arguments.store)
