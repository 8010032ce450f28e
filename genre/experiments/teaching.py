"""Teach a model a person's genres: what it learns from, and the folds that test it honestly.

The person's songs come first. With --add, the tracks of the model that comes with the code follow:
they are trained on, and never tested.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from genre import networks, splits
from genre.errors import SplitError
from genre.experiments.learners import NetworkLearner
from genre.experiments.protocol import Protocol, Run
from genre.features import Track
from genre.model import files
from genre.segments import Segments, take
from genre.songs import TEST, TRAIN, UNUSED, Song
from genre.songs.genre_map import mapped
from genre.songs.listing import letters
from genre.splits import Split, groups
from genre.training.recipe import Recipe

# What the model that comes with the code was trained on: the mean embedding of each track's
# segments. tools/write_training.py writes it.
KNOWN = files.PRETRAINED / "training.h5"
# How much one of a person's songs counts, where a track of KNOWN counts 1: see docs/library.md.
WEIGHT = 3.0
FOLDS = 3  # at most
FEWEST_ARTISTS = 3  # with fewer, a test would be of one or two artists only


class Plan(NamedTuple):
    """The runs of a training, and how it is tested."""

    runs: list[Run]
    protocol: Protocol
    untested: str = ""  # why there is nothing to test on
    mixed: str = ""  # why an artist can be in training and in test


def learner(recipe: Recipe) -> NetworkLearner:
    """Return the network of the model in genre/pretrained/; `recipe` is changed to its recipe."""
    chosen = networks.choose("teach", networks.NETWORKS["mlp"], "linear")
    changed = recipe.changed(**chosen.network.recipe, class_weights=True)
    return NetworkLearner(script="teach", chosen=chosen, recipe=changed, show_progress=False)


def known_genres(known: Segments, rules: dict[str, str]) -> dict[str, str]:
    """Return what each of the shipped model's genres becomes by a map of genres."""
    return {genre: becomes for genre in known.mapping if (becomes := mapped(genre, rules))}


def known_songs(
    known: Segments, becomes: Mapping[str, str], own: Iterable[str]
) -> Iterator[tuple[Song, Track]]:
    """Yield the tracks that the shipped model was trained on, as songs with their embeddings.

    `becomes` are the `known_genres`, and `own` those of the person: "Hip-Hop" then stands for
    "hiphop", too.
    """
    spelling = {letters(genre): genre for genre in own}
    ends = np.flatnonzero(np.diff(known.track_index, append=-1)) + 1
    for rows in np.split(np.arange(len(known.labels)), ends[:-1]):
        track, name = known.track_index[rows[0]], known.mapping[known.labels[rows[0]]]
        if name in becomes:
            genre = spelling.get(letters(becomes[name]), becomes[name])
            song = Song(Path(), known.tracks[track], genre, artist=known.artists[track])
            yield song, Track(take(known.frames, rows))


def weighted(segments: Segments, n_own: int, weight: float = WEIGHT) -> Segments:
    """Return segments of which the first `n_own` tracks count more in training than the others."""
    is_own = np.arange(len(segments.tracks)) < n_own
    return replace(segments, weights=np.where(is_own, weight, 1).astype(np.float32))


def plan(segments: Segments, n_own: int, *, seed: int) -> Plan:
    """Return the runs: folds by artist of the first `n_own` tracks, then a training on everything.

    The folds are of tracks if no artist is known, or if no genre has two artists. With fewer than
    FEWEST_ARTISTS artists there is only the training on everything.
    """
    own = own_part(segments, n_own)
    n_artists, mixed = _n_artists(own), ""
    by, untested = "artist", ""
    dealt: list[Split] = []
    if not n_artists:
        by, mixed = "track", "no song's artist is known"
    elif n_artists < FEWEST_ARTISTS:
        untested = f"there are songs by {n_artists} artist{'s' * (n_artists > 1)} only"
    if not untested:
        dealt, why = folds(own, by, seed)
        if not dealt and by == "artist":
            by, mixed = "track", why
            dealt, why = folds(own, by, seed)
        untested = "" if dealt else why
    parts = [*(_with_known(split, segments, n_own) for split in dealt), splits.everything(segments)]
    return Plan(
        [Run(number, seed, split) for number, split in enumerate(parts, start=1)],
        Protocol(split=by, folds=len(dealt) or None, refit=bool(dealt), seed=seed),
        untested,
        mixed,
    )


def folds(own: Segments, by: str, seed: int) -> tuple[list[Split], str]:
    """Return as many folds as can be made, FOLDS at most; or none, and the reason."""
    why = ""
    for n_folds in range(FOLDS, 1, -1):
        try:
            return splits.folds(
                own, by, n_folds=n_folds, seed=seed, validation_one_in=None, rare=True
            ), ""
        except SplitError as error:
            why = str(error)
    return [], why


def own_part(segments: Segments, n_own: int) -> Segments:
    """Return the first tracks alone, without frames, for the folds."""
    chosen = segments.track_index < n_own
    return replace(
        segments,
        tracks=segments.tracks[:n_own],
        labels=segments.labels[chosen],
        track_index=segments.track_index[chosen],
        artists=segments.artists[:n_own] if any(segments.artists[:n_own]) else [],
        also=segments.also[segments.also[:, 0] < n_own],
        recordings=None if (it := segments.recordings) is None else it[:n_own],
        frames=np.zeros((0, *segments.frames.shape[1:]), np.float32),
    )


def _n_artists(own: Segments) -> int:
    """Return how many artists there are; 0 if none is known."""
    try:
        return len(np.unique(groups.artists(own)))
    except SplitError:
        return 0


def _with_known(split: Split, segments: Segments, n_own: int) -> Split:
    """Return a split of the person's songs with the other tracks in its training part.

    Tracks by an artist who is tested are left out, and so are duplicates of tested ones.
    """
    if len(segments.tracks) == n_own:
        return split
    same = groups.independent(segments)[segments.track_index]
    of_known = segments.track_index >= n_own
    tested = same[~of_known][split.parts == TEST]
    parts = np.full(len(of_known), TRAIN, dtype=split.parts.dtype)
    parts[~of_known] = split.parts
    parts[of_known & np.isin(same, tested)] = UNUSED
    return split._replace(parts=parts)
