"""Facts about GTZAN's 1000 tracks: their artists and the fault-filtered split.

`gtzan.csv` has a row for each track: its name without a suffix, its artist (empty where unknown;
several are separated by ";") and its part in the fault-filtered split (empty for the 70 tracks that
the split leaves out as repeated, distorted or mislabelled).

Sources: artists from B. L. Sturm, "An Analysis of the GTZAN Music Genre Dataset", MIRUM 2012;
faults from B. L. Sturm, "The GTZAN dataset: Its contents, its faults, their effects on
evaluation, and its future use", arXiv:1306.1461, 2013; parts from C. Kereliuk, B. L. Sturm and
J. Larsen, "Deep Learning and Music Adversaries", IEEE Transactions on Multimedia 17(11), 2015.
"""

import csv
from collections.abc import Sequence
from functools import cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from genre.errors import SplitError

TABLE = Path(__file__).with_suffix(".csv")


class Facts(NamedTuple):
    """What is known of a track."""

    artists: tuple[str, ...]
    part: str


@cache
def table() -> dict[str, Facts]:
    """Return the facts of every track, by its name ("blues.00000")."""
    with open(TABLE, encoding="utf-8", newline="") as file:
        return {
            row["track"]: Facts(tuple(filter(None, row["artist"].split("; "))), row["part"])
            for row in csv.DictReader(file)
        }


def name(track: str) -> str:
    """Return a track's name in GTZAN: "blues.00000" for "genres/blues/blues.00000.au"."""
    return ".".join(PurePosixPath(track).name.split(".")[:2])


def same_name(tracks: Sequence[str]) -> np.ndarray:
    """Return for each track the index of the first one with the same name in GTZAN, (tracks,).

    So the whole clip `wav/blues/blues.00001.wav` and the excerpt `cut/blues.00001.flac` belong
    together. A track that is not GTZAN's stands alone.
    """
    first: dict[str, int] = {}
    names = [name(track) for track in tracks]
    return np.array(
        [first.setdefault(name, i) if name in table() else i for i, name in enumerate(names)]
    )


def facts(tracks: Sequence[str]) -> list[Facts]:
    """Return the facts of tracks; suffixes, and the folders before names, do not matter.

    Raises SplitError if some of them are not GTZAN's.
    """
    others = [track for track in tracks if name(track) not in table()]
    if others:
        raise SplitError(
            "this split is for GTZAN (the split by artist also for data that names its artists): "
            f"{len(others)} of {len(tracks)} tracks are not GTZAN's, first {others[0]}"
        )
    return [table()[name(track)] for track in tracks]


def artist_groups(tracks: Sequence[str]) -> np.ndarray:
    """Return a group for every track, (tracks,): tracks that share an artist are in one group.

    A track of several artists joins the groups of these artists. A track of an unknown artist is a
    group of its own.
    """
    group_of_artist: dict[str, int] = {}
    groups = np.arange(len(tracks))
    for track, (artists, _) in enumerate(facts(tracks)):
        for artist in artists:
            known = groups[group_of_artist.setdefault(artist, track)]
            groups[groups == groups[track]] = known
    return groups
