"""Find the songs of a library that sound most like others, by the cosine of their embeddings.

A search goes through the rounded vectors of a store, block by block, and compares the best ones
again, exactly. Songs are named by their places in the store.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from genre.collection import store
from genre.collection.store import Store
from genre.segments import duplicates

# The cosine above which two files are taken for one recording. MP3 copies of 20 songs of GTZAN at
# 64 kbit/s, half as loud and half a second later, have 0.991 or more; other songs 0.970 or less.
SAME = 0.985
AT_ONCE = 1000  # songs that are compared with all others at a time, to find recordings
SPARE = 50  # songs that are compared exactly, beyond those asked for
REFERENCE = 500  # songs whose pairs say what is a small distance


class Found(NamedTuple):
    """A song that was found."""

    place: int
    similarity: float  # cosine; 1 is the same sound
    percentile: float  # how many of 100 pairs of songs of the library sound less alike


class _Search(NamedTuple):
    """What a search through the store gives."""

    best: np.ndarray  # (questions, candidates), places, the best first
    pairs: np.ndarray  # the cosines of pairs of songs, in ascending order


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return vectors, (..., values), at length 1."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def same_recording(vectors: np.ndarray) -> np.ndarray:
    """Return for each song the first one of the same recording, (songs,): often the song itself.

    `vectors` are the songs' mean embeddings, (songs, values).
    """
    vectors = unit(vectors)
    groups = np.arange(len(vectors))
    for start in range(0, len(vectors), AT_ONCE):
        alike = vectors[start : start + AT_ONCE] @ vectors.T > SAME
        alike[np.arange(len(alike)), start + np.arange(len(alike))] = True  # also one of zeros
        first = np.arange(len(vectors))
        first[start : start + AT_ONCE] = alike.argmax(axis=1)
        groups = duplicates.joined(groups, first)
    return groups


def nearest(
    kept: Store, kind: str, places: Sequence[int], songs: np.ndarray, count: int
) -> list[Found]:
    """Return the `count` songs most like some songs taken together, the most similar first.

    `songs` are their mean embeddings, (songs, values); each has the same weight. Only the `places`
    given are compared. Duplicates of the songs, and of those found, are left out.
    """
    songs = unit(songs)
    question = unit(songs.mean(axis=0))
    search = _search(kept, kind, places, question[np.newaxis], count + SPARE)
    found: list[Found] = []
    known = list(songs)
    for place, vector in _exact(kept, kind, search.best[0], question):
        if len(found) < count and not _is_duplicate(vector, known):
            found.append(_found(place, vector, question, search))
            known.append(vector)
    return found


def way(
    kept: Store, kind: str, places: Sequence[int], start: np.ndarray, end: np.ndarray, count: int
) -> list[Found]:
    """Return up to `count` songs that lead from one song to another, in order.

    They are those nearest to points at equal distances on the straight line between the two mean
    embeddings, (values,). The similarity of each is that to the song before it.
    """
    start, end = unit(start), unit(end)
    steps = np.arange(1, count + 1)[:, np.newaxis] / (count + 1)
    questions = unit((1 - steps) * start + steps * end)
    search = _search(kept, kind, places, questions, count + SPARE)
    found, known = [], [end, start]
    for question, best in zip(questions, search.best, strict=True):
        for place, vector in _exact(kept, kind, best, question):
            if not _is_duplicate(vector, known):
                found.append(_found(place, vector, known[-1], search))
                known.append(vector)
                break
    return found


def _search(
    kept: Store, kind: str, places: Sequence[int], questions: np.ndarray, count: int
) -> _Search:
    """Return the `count` best places for each question, (questions, values), and what is usual."""
    from threadpoolctl import threadpool_limits

    wanted = np.unique(places)
    chosen = wanted[:: -(-len(wanted) // REFERENCE)]
    cosines, sample = [], []
    with threadpool_limits(1):  # several threads mostly wait for each other
        for block in store.blocks(kept, kind):
            cosines.append(questions @ block.values.astype(np.float32).T * block.scales)
            first, last = block.places[[0, -1]]
            some = chosen[(first <= chosen) & (chosen <= last)] - first
            sample.append(block.values[some] * block.scales[some, np.newaxis])
        vectors = np.concatenate(sample)
        pairs = (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)]
    rough = np.concatenate(cosines, axis=1)[:, wanted]
    best = np.argsort(-rough, axis=1, kind="stable")[:, :count]
    return _Search(wanted[best], np.sort(pairs))


def _exact(
    kept: Store, kind: str, places: np.ndarray, question: np.ndarray
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield places with their exact vectors, (values,), the most similar to the question first."""
    vectors = unit(np.stack([store.embedding(kept, kind, int(place)) for place in places]))
    for row in np.argsort(-(vectors @ question), kind="stable"):
        yield int(places[row]), vectors[row]


def _is_duplicate(vector: np.ndarray, others: Sequence[np.ndarray]) -> bool:
    return max(float(vector @ other) for other in others) > SAME


def _found(place: int, vector: np.ndarray, other: np.ndarray, search: _Search) -> Found:
    similarity = float(vector @ other)
    below = np.searchsorted(search.pairs, similarity)
    return Found(place, similarity, 100 * float(below) / max(1, len(search.pairs)))
