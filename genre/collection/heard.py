"""Hear songs and name their genres, without hearing again what the store knows.

    with store.opened(path) as kept:
        for answer in heard.answers(kept, genre.load(), songs):
            ...

The store keeps embeddings only. Other features are computed about as quickly as they are read, and
would need more space.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from genre import executor, features
from genre.collection import store
from genre.collection.store import Store
from genre.errors import AudioError
from genre.features.settings import Settings
from genre.files import printable
from genre.model import Model, card, question
from genre.model.answer import Answer
from genre.model.question import Part

Progress = Callable[[float], None]  # called with the number of seconds that have been heard


class How(NamedTuple):
    """What is computed of songs, and of which part of them."""

    feature: str
    settings: Settings
    part: Part = Part()
    spread: bool = False  # whether a song is read all over where `part` says nothing


def of_model(model: Model, part: Part) -> How:
    """Return how a model hears songs."""
    spread = model.card.reads == card.SPREAD
    return How(model.feature, card.settings(model.card), part, spread)


def kind(how: How) -> str:
    """Return the store's name of what is heard in this way."""
    part = how.part
    if not part.is_open:
        values = {"offset": part.offset, "seconds": part.seconds, "whole": part.whole}
    else:
        values = {"spread": True} if how.spread else {}
    return store.kind(how.feature, how.settings, **values)


def tracks(
    kept: Store,
    songs: Iterable[Path],
    how: How,
    pool: executor.Pool,
    progress: Progress | None = None,
) -> Iterator[features.Track | str]:
    """Yield the embeddings of each song, in order, or the reason why the song is unusable.

    The pool computes what the store does not know.
    """
    work = partial(_track_or_reason, how=how, progress=progress)
    compute = partial(executor.ordered, pool, work, unable=str)
    absolute = (song.absolute() for song in songs)  # a cluster's workers may run in other folders
    return store.tracks(kept, absolute, kind(how), compute)


def _track_or_reason(song: Path, how: How, progress: Progress | None) -> features.Track | str:
    try:
        return question.whole_track(
            song, how.feature, how.settings, how.part, spread=how.spread, progress=progress
        )
    except AudioError as error:
        return str(error)


def answers(
    kept: Store | None,
    model: Model,
    songs: Sequence[Path],
    *,
    workers: int | None = None,
    cluster: str | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> Iterator[Answer]:
    """Yield the answers of `model.predict_many`, which takes the same arguments.

    The embeddings of the songs come from the store and are kept there, if there is a store and the
    model takes embeddings.
    """
    where: dict[str, Any] = {"workers": workers, "cluster": cluster}
    if kept is None or not features.is_embedding(model.card.feature):
        yield from model.predict_many(songs, **where, progress=progress, **options)
        return
    part = Part(**(options | {"join": options.get("join") or model.join}))
    with executor.opened(**where) as pool:
        found = tracks(kept, songs, of_model(model, part), pool, progress)
        for song, track in zip(songs, found, strict=True):
            name = printable(song)
            if isinstance(track, str):
                yield Answer(song=name, error=track)
            else:
                yield model.answer(
                    track.frames, track.starts, song=name, join=part.join, short=track.short
                )
