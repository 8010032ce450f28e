"""Write the segment file of embeddings that teach.py learns from; the store has most of them."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np

from genre import executor, features
from genre.cli import hearing
from genre.collection import copies, store
from genre.errors import AudioError
from genre.features import Track
from genre.features.settings import Settings
from genre.model import question
from genre.segments import Index, duplicates, segment_file
from genre.segments.collect import collect
from genre.songs import Song

Heard = Iterable[tuple[Song, Track | str]]  # songs with their embeddings, or why they are unusable


def spread_track(song: Path, feature: str, settings: Settings) -> Track | str:
    """Return the embeddings of segments from all over a song, or why the song is unusable.

    They are those that predict.py reads.
    """
    try:
        pieces = question.tracks(song, feature, settings, question.Part(), spread=True)
        tracks = [track for _, track in pieces]
    except AudioError as error:
        return str(error)
    frames = np.concatenate([track.frames for track in tracks])
    return Track(frames, any(track.short for track in tracks))


def hear(
    kept: store.Store, songs: Sequence[Song], feature: str, settings: Settings, pool: Executor
) -> Heard:
    """Yield songs with their embeddings: from the store, or computed by a pool."""
    from tqdm import tqdm

    def compute(new: Iterable[Path]) -> Iterator[Track | str]:
        work = partial(spread_track, feature=feature, settings=settings)
        return executor.ordered(pool, work, new, unable=str)

    kind = store.kind(feature, settings, spread=True)
    tracks = store.tracks(kept, [song.path for song in songs], kind, compute)
    pairs = zip(songs, tracks, strict=True)
    return tqdm(pairs, total=len(songs), unit="song", disable=None)


def write(heard: Heard, more: Heard, output: Path, feature: str, settings: Settings) -> Index:
    """Write the embeddings of songs, and behind them those of `more`, and say what is unusable.

    Files whose embeddings are nearly the same are taken for one recording. Raises DatasetError as
    `collect` does.
    """
    means: list[np.ndarray] = []

    def with_means() -> Heard:
        for song, track in chain(heard, more):
            if isinstance(track, Track):
                means.append(store.mean(track))
            yield song, track

    stored = features.stored(feature, settings)
    with segment_file.writing(output, "float16") as (append, finish):
        index, notes = collect(with_means(), append, feature=feature, settings=stored)
        same = duplicates.joined(index.recordings, copies.first_of_each(np.stack(means)))
        index = replace(index, recordings=same)
        finish(index)
    hearing.say_all(notes)
    hearing.say_all(f"skipped {song['track']}: {song['reason']}" for song in index.skipped)
    return index
