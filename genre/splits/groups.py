"""Groups of tracks that a split keeps together: those of one recording, and those of one artist."""

import unicodedata

import numpy as np

from genre.errors import SplitError
from genre.segments import Segments, duplicates
from genre.songs import gtzan


def artists(segments: Segments) -> np.ndarray:
    """Return a group for every track, (tracks,): those of one artist, and of one recording.

    The data names the artists, or GTZAN's list does. Names that differ in case, in outer spaces or
    in the Unicode form of their accents are one artist. A track of an unknown artist is a group of
    its own, with its duplicates. Raises SplitError if no artists are known.
    """
    if segments.artists:
        by_artist = _same_name(segments.artists)
    else:
        by_artist = gtzan.artist_groups(segments.tracks)
    return duplicates.joined(by_artist, segments.same_recording)


def independent(segments: Segments) -> np.ndarray:
    """Return groups of tracks whose results are independent of each other: (tracks,).

    They are the artists' groups; without known artists, those of recordings.
    """
    try:
        return artists(segments)
    except SplitError:
        return segments.same_recording


def of_unknown_artist(segments: Segments) -> int:
    """Return how many tracks have no known artist, after `artists` has found that some have."""
    if segments.artists:
        return sum(not name.strip() for name in segments.artists)
    return sum(not facts.artists for facts in gtzan.facts(segments.tracks))


def _same_name(names: list[str]) -> np.ndarray:
    """Return for each artist's name the index of the first equal one; no name equals none."""
    keys = [unicodedata.normalize("NFC", name.strip().casefold()) for name in names]
    first: dict[str, int] = {}
    return np.array([first.setdefault(key, i) if key else i for i, key in enumerate(keys)])
