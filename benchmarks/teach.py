"""Measure what it helps to teach a model some of one's own songs.

    python -m benchmarks.teach --data outside.h5
    python -m benchmarks.teach --data outside.h5 --songs 50 --draws 1 --weights 1 2 3 5 10

The file is a segment file of the feature musicnn with artists. Its songs are tested in folds by
artist. In each fold the models learn from 20, 50 or 100 of the other songs, drawn at random a few
times: alone ("own"), and beside what the model that comes with the code has learnt from ("add").
That model itself ("shipped") learns nothing. The interval is that over artists.
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

import genre
from benchmarks.outside import spread
from genre import evaluation, splits
from genre.cli import constants
from genre.evaluation import metrics
from genre.experiments import run as experiment
from genre.experiments import teaching
from genre.experiments.protocol import Run
from genre.segments import Segments, collect, segment_file, take
from genre.songs import TEST, TRAIN, UNUSED, Song
from genre.splits import Split, groups

FOLDS = 10
SEGMENTS = 15  # of a song, from all over it, as teach.py reads them
SEED = 42


class Library(NamedTuple):
    """A person's songs, with what the shipped model has learnt from behind them."""

    segments: Segments
    n_own: int  # the person's songs


def joined(data: Segments, known: Segments, place: Path) -> Library:
    """Write some segments of each song, and the known tracks, to a segment file, and read it."""
    pairs = []
    for track in range(len(data.tracks)):
        rows = spread(np.flatnonzero(data.track_index == track), SEGMENTS)
        name = data.mapping[data.labels[rows[0]]]
        song = Song(Path(), data.tracks[track], name, artist=data.artists[track])
        pairs.append((song, genre.features.Track(take(data.frames, rows))))
    pairs += teaching.known_songs(known, teaching.known_genres(known, {}), data.mapping)
    with segment_file.writing(place) as (append, finish):
        index, _ = collect.collect(pairs, append, feature=data.feature, settings=data.settings)
        finish(index)
    return Library(segment_file.read(place), len(data.tracks))


def fold_splits(library: Library) -> list[Split]:
    """Return the folds by artist of the person's songs; the known tracks are in no part."""
    own = teaching.own_part(*library)
    how = {"n_folds": FOLDS, "seed": SEED, "validation_one_in": None, "rare": True}
    found = []
    for split in splits.folds(own, "artist", **how):
        parts = np.full(len(library.segments.labels), UNUSED, dtype=split.parts.dtype)
        parts[: len(split.parts)] = split.parts
        found.append(split._replace(parts=parts))
    return found


def only(split: Split, library: Library, count: int, rng: np.random.Generator) -> Split:
    """Return a split that trains on so many of its songs; fewer, if there are not so many."""
    track_index = library.segments.track_index
    tracks = np.unique(track_index[split.parts == TRAIN])
    chosen = rng.choice(tracks, min(count, len(tracks)), replace=False)
    left_out = (split.parts == TRAIN) & ~np.isin(track_index, chosen)
    return split._replace(parts=np.where(left_out, UNUSED, split.parts))


def with_known(split: Split, library: Library) -> Split:
    """Return a split that trains on the known tracks, too."""
    of_known = library.segments.track_index >= library.n_own
    return split._replace(parts=np.where(of_known, TRAIN, split.parts))


def right(segments: Segments, split: Split) -> np.ndarray:
    """Train on a split, and return which of its test tracks are right, (tracks,)."""
    planned = Run(1, SEED, split)
    fitted = teaching.learner(constants.recipe()).fit(segments, planned)
    predictions = experiment.tested(fitted, segments, planned).predictions
    by_track, labels = evaluation.join_tracks(predictions)
    return by_track.argmax(axis=1) == labels


def taught(library: Library, count: int, draws: int, weight: float | None) -> np.ndarray:
    """Return how often each song is right, (songs,), NaN for songs that no fold tests.

    A model learns from `count` of the songs of a fold; and from the known tracks, if the songs have
    a `weight`.
    """
    segments = library.segments
    if weight is not None:
        segments = teaching.weighted(*library, weight)
    found = np.full((draws, library.n_own), np.nan)
    for draw in range(draws):
        rng = np.random.default_rng([SEED, draw])
        for split in fold_splits(library):
            chosen = only(split, library, count, rng)
            chosen = chosen if weight is None else with_known(chosen, library)
            tested = np.unique(segments.track_index[split.parts == TEST])
            found[draw, tested] = right(segments, chosen)
    return found.mean(axis=0)


def shipped(library: Library) -> np.ndarray:
    """Return which of the person's songs the shipped model names right, (songs,)."""
    model, segments, found = genre.load(), library.segments, []
    for track in range(library.n_own):
        rows = np.flatnonzero(segments.track_index == track)
        answer = model.answer(take(segments.frames, rows), rows.astype(float))
        found.append(answer.genre == segments.mapping[segments.labels[rows[0]]])
    return np.array(found, dtype=float)


def report(library: Library, what: str, found: np.ndarray) -> None:
    """Print the accuracy over the songs that are tested, with its interval."""
    tested = ~np.isnan(found)
    of_artist = groups.artists(teaching.own_part(*library))[tested]
    low, high = metrics.interval(found[tested], of_artist)
    print(f"{what:28} {found[tested].mean():.3f}  ({low:.2f} to {high:.2f})", flush=True)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="songs of the person")
    parser.add_argument("--known", type=Path, default=teaching.KNOWN, help="what --add adds")
    parser.add_argument("--songs", type=int, nargs="+", default=[20, 50, 100])
    parser.add_argument("--draws", type=int, default=3, help="how often songs are drawn")
    parser.add_argument("--weights", type=float, nargs="+", default=[teaching.WEIGHT])
    arguments = parser.parse_args(argv)
    data, known = segment_file.read(arguments.data), segment_file.read(arguments.known)
    with tempfile.TemporaryDirectory() as folder:
        library = joined(data, known, Path(folder, "songs.h5"))
        of_shipped = shipped(library)
        for count in arguments.songs:
            own = taught(library, count, arguments.draws, None)
            report(library, f"{count} songs, own", own)
            for weight in arguments.weights:
                added = taught(library, count, arguments.draws, weight)
                report(library, f"{count} songs, add, weight {weight:g}", added)
        of_shipped[np.isnan(own)] = np.nan  # the same songs
        report(library, "shipped", of_shipped)


if __name__ == "__main__":
    main()
