"""A song of a data set: its file, its genre and, where they are known, its part and its artist.

The modules of this package find songs and their labels: in folders, lists and public data sets.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

TRAIN, VALIDATION, TEST = PARTS = ("train", "validation", "test")
UNUSED = ""  # the part of segments that a split leaves out
NAMED = 3  # how many names a note lists


class Song(NamedTuple):
    """An audio file of a data set."""

    path: Path
    track: str  # the path relative to the data set, with "/"
    genre: str
    part: str = UNUSED  # one of PARTS, where the data set has a split of its own
    artist: str = ""  # where the data set names it
    also: tuple[str, ...] = ()  # its other genres, where several are named for it


def some(names: Sequence[str]) -> str:
    """Return the first few of some names, for a note."""
    return ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")
