"""Hear the songs of a data set, write their segment file, and say which songs are unusable."""

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from genre import cli, executor, features
from genre.errors import AudioError
from genre.features.settings import Settings
from genre.segments import Index, segment_file
from genre.segments.collect import collect
from genre.songs import Song


def track_or_reason(
    song: Song, feature: str, settings: Settings, shifts: Sequence[float], n_altered: int
) -> features.Track | str:
    """Return a song's frames, with those of its copies at the end, or why the song is unusable."""
    try:
        return features.of_track(
            song.path, feature, settings, shifts, n_altered=n_altered, with_fingerprint=True
        )
    except AudioError as error:
        return str(error)


def write(
    songs: Sequence[Song],
    output: Path,
    feature: str,
    settings: Settings,
    *,
    shifts: Sequence[float] = (),
    n_altered: int = 0,
    dtype: str = "float32",
    workers: int | None = None,
    cluster: str | None = None,
) -> Index:
    """Write the segments of songs, in their order, and say which songs could not be used.

    Raises DatasetError as `collect` does.
    """
    from tqdm import tqdm

    work = partial(
        track_or_reason, feature=feature, settings=settings, shifts=shifts, n_altered=n_altered
    )
    workers = min(workers or executor.cores(), len(songs))
    with (
        executor.opened(workers=workers, cluster=cluster) as pool,
        segment_file.writing(output, dtype) as (append, finish),
    ):
        results = executor.ordered(pool, work, songs, unable=str)
        pairs = zip(songs, results, strict=True)
        index, notes = collect(
            tqdm(pairs, total=len(songs), unit="track", disable=None),
            append,
            feature=feature,
            settings=features.stored(feature, settings),
            shifts=shifts,
            n_altered=n_altered,
        )
        finish(index)
    say_what_was_heard(index, notes)
    return index


def say_what_was_heard(index: Index, notes: Iterable[str]) -> None:
    """Say the notes on a data set, and which of its songs could not be used."""
    cli.say(*notes, *(f"skipped {song['track']}: {song['reason']}" for song in index.skipped))
