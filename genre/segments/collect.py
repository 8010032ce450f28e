"""Collect the frames of all songs of a data set."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from genre import features
from genre.errors import DatasetError
from genre.features import Track
from genre.segments import Index, duplicates
from genre.songs import Song, gtzan, some


def collect(
    results: Iterable[tuple[Song, Track | str]],
    keep: Callable[[np.ndarray], None],
    *,
    feature: str,
    settings: dict[str, Any],
    shifts: Sequence[float] = (),
    n_altered: int = 0,
) -> tuple[Index, list[str]]:
    """Pass each song's frames to `keep`, and return the index of all segments, and notes.

    A song without frames comes with the reason, and is listed as skipped. After a song's own
    segments come those of its copies: one for each of `shifts` in pitch, then `n_altered` more.
    Raises DatasetError if fewer than two genres have a usable song.
    """
    songs, counts, skipped, short, digests, fingerprints = [], [], [], [], [], []
    n_copies = 1 + len(shifts) + n_altered  # the original included
    for song, result in results:
        if isinstance(result, str):
            skipped.append({"track": song.track, "reason": result})
            continue
        keep(result.frames)
        songs.append(song)
        counts.append(len(result.frames))
        if result.short:
            short.append(song.track)
        originals = result.frames[: len(result.frames) // n_copies]
        digests.append(hashlib.sha256(originals.tobytes()).digest())
        fingerprints.append(result.fingerprint)
    mapping = sorted({song.genre for song in songs})
    if len(mapping) < 2:
        first = f", first {skipped[0]['track']}: {skipped[0]['reason']}" if skipped else ""
        raise DatasetError(
            f"songs of two or more genres are needed; the usable songs are of {len(mapping)} "
            f"({len(skipped)} songs skipped{first})"
        )
    shift_of_copy = [0.0, *shifts, *[0.0] * n_altered]
    altered_of_copy = [0] * (1 + len(shifts)) + list(range(1, 1 + n_altered))

    def of_segments(of_copy: Sequence[float]) -> np.ndarray:
        return np.concatenate([np.repeat(of_copy, n // n_copies) for n in counts])

    recordings = duplicates.joined(
        duplicates.first_of_each(digests), duplicates.same_sound(fingerprints)
    )
    index = Index(
        feature=features.short_name(feature),
        settings=settings,
        mapping=mapping,
        tracks=[song.track for song in songs],
        labels=np.repeat([mapping.index(song.genre) for song in songs], counts),
        track_index=np.repeat(np.arange(len(songs)), counts),
        skipped=skipped,
        parts=[song.part for song in songs] if any(song.part for song in songs) else [],
        artists=[song.artist for song in songs] if any(song.artist for song in songs) else [],
        also=_also(songs, mapping),
        recordings=recordings,
        pitch_shift=of_segments(shift_of_copy) if shifts else None,
        altered=of_segments(altered_of_copy) if n_altered else None,
        front_end=feature if features.is_front_end(feature) else "",
    )
    groups = duplicates.joined(recordings, gtzan.same_name(index.tracks))
    notes = duplicates.notes(index.tracks, [song.genre for song in songs], groups)
    if short:
        notes.append(
            f"{len(short)} tracks are shorter than one segment and were repeated to fill it: "
            f"{some(short)}"
        )
    return index, notes


def _also(songs: Sequence[Song], mapping: Sequence[str]) -> np.ndarray:
    """Return pairs of a song and a further genre of it, (pairs, 2), if that is in the mapping."""
    label = {genre: number for number, genre in enumerate(mapping)}
    pairs = [
        (i, label[genre]) for i, song in enumerate(songs) for genre in song.also if genre in label
    ]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)
