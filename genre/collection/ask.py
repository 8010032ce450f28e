"""Choose the songs whose genre would teach a model most, and list them to be filled in.

path,genre,answer
/music/x.flac,,rock or metal

They are those that the model is least sure of and, of these, songs that sound unlike each other.
"""

import csv
import heapq
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import numpy as np

from genre.collection.similar import unit
from genre.evaluation import verdict
from genre.model.answer import Answer

POOL = 20  # songs that are considered, for each one that is asked for: the least sure ones
COLUMNS = ("path", "genre", "answer")


class Doubt(NamedTuple):
    """A song that is considered; the most doubtful is the largest."""

    size: float
    order: int  # the songs that came first are the larger ones
    song: Path
    answer: Answer


def size(answer: Answer) -> float:
    """Return how unsure a model is of a song: 1 where it has no idea, 0 where it is sure."""
    if answer.reason == verdict.UNLIKE:
        return 1.0
    (_, first), (_, second) = answer.ranking[:2]
    return 1 - first + second


def keep(
    named: Iterable[tuple[Path, Answer]], kept: list[Doubt], count: int
) -> Iterator[tuple[Path, Answer]]:
    """Yield songs with their answers unchanged, and keep the most doubtful ones in a list.

    Memory does not grow with the number of songs: POOL songs are kept for each of `count`.
    """
    for number, (song, answer) in enumerate(named):
        if not answer.error:
            heapq.heappush(kept, Doubt(size(answer), -number, song, answer))
        if len(kept) > POOL * count:
            heapq.heappop(kept)
        yield song, answer


def questions(kept: Sequence[Doubt], count: int) -> list[Doubt]:
    """Return the songs to ask for, at most `count`, the one to begin with first."""
    considered = sorted(kept, reverse=True)
    embeddings = [it for each in considered if (it := each.answer.embedding) is not None]
    known = bool(embeddings) and len(embeddings) == len(considered)
    vectors = np.stack(embeddings) if known else None
    chosen = choose(np.array([each.size for each in considered]), vectors, count)
    return [considered[place] for place in chosen]


def choose(doubts: np.ndarray, embeddings: np.ndarray | None, count: int) -> list[int]:
    """Return the places of songs to ask for, at most `count`.

    `doubts` are those of the songs, (songs,), and `embeddings`, (songs, values), if they are known.
    Each time the song is taken whose doubt, times its cosine distance to the nearest song that was
    taken before, is largest.
    """
    distance = np.ones(len(doubts))
    vectors = None if embeddings is None else unit(embeddings)
    chosen: list[int] = []
    while len(chosen) < min(count, len(doubts)):
        worth = doubts * np.maximum(distance, 0)
        worth[chosen] = -1
        chosen.append(int(worth.argmax()))
        if vectors is not None:
            distance = np.minimum(distance, 1 - vectors @ vectors[chosen[-1]])
    return chosen


def write(asked: Iterable[Doubt], file: TextIO) -> None:
    """Write a list of songs with their whole paths; their genres are left to be filled in."""
    table: Any = csv.writer(file, lineterminator="\n")
    table.writerow(COLUMNS)
    for each in asked:
        table.writerow([each.song.absolute(), "", each.answer.named])
