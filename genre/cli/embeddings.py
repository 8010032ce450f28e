"""Write the segment file of embeddings that teach.py learns from; the store has most of them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np

from genre import executor, features
from genre.cli import hearing
from genre.collection import heard, similar, store
from genre.features import Track
from genre.features.settings import Settings
from genre.segments import Index, duplicates, segment_file
from genre.segments.collect import collect
from genre.songs import Song

Heard = Iterable[tuple[Song, Track | str]]  # songs with their embeddings, or why they are unusable


def hear(
    kept: store.Store, songs: Sequence[Song], feature: str, settings: Settings, pool: executor.Pool
) -> Heard:
    """Yield songs with the embeddings that predict.py reads: from the store, or from a pool."""
    from tqdm import tqdm

    how = heard.How(feature, settings, spread=True)
    tracks = heard.tracks(kept, [song.path for song in songs], how, pool)
    pairs = zip(songs, tracks, strict=True)
    return tqdm(pairs, total=len(songs), unit="song", disable=None)


def write(own: Heard, more: Heard, output: Path, feature: str, settings: Settings) -> Index:
    """Write the embeddings of songs, and behind them those of `more`, and say what is unusable.

    Files whose embeddings are nearly the same are taken for one recording. Raises DatasetError as
    `collect` does.
    """
    means: list[np.ndarray] = []

    def with_means() -> Heard:
        for song, track in chain(own, more):
            if isinstance(track, Track):
                means.append(store.mean(track))
            yield song, track

    stored = features.stored(feature, settings)
    with segment_file.writing(output, "float16") as (append, finish):
        index, notes = collect(with_means(), append, feature=feature, settings=stored)
        by_sound = [] if index.recordings is None else [index.recordings]
        alike = similar.same_recording(np.stack(means))
        index = replace(index, recordings=duplicates.joined(*by_sound, alike))
        finish(index)
    hearing.say_what_was_heard(index, notes)
    return index
