"""Find the songs of a library that sound most like a song, by the distance of their embeddings.

The index is a file with the embedding of each song, so that later runs compute only those of songs
that are new or changed.
"""

import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from genre.errors import DatasetError
from genre.files import replacing

# Takes paths; gives the embedding, (values,), of each in order, or the reason why it has none.
Embed = Callable[[Sequence[Path]], Iterable[np.ndarray | str]]


class Entry(NamedTuple):
    """A song in the index."""

    changed: int  # when the file was last changed, ns
    size: int  # bytes
    embedding: np.ndarray  # (values,) float32


Index = dict[str, Entry]  # by absolute path


def read(path: Path, embedding: str) -> Index:
    """Read an index; it is empty if there is no file yet.

    `embedding` says how the embeddings are made, such as the feature and a digest of its settings.
    Raises DatasetError if the file is not an index, or holds other embeddings, and OSError if it
    cannot be read.
    """
    if not path.exists():
        return {}
    try:
        with open(path, "rb") as file, np.load(file) as arrays:  # TypeError for a single array
            made = str(arrays["embedding"])
            columns = (arrays[name] for name in ("paths", "changed", "sizes", "embeddings"))
            index = {
                str(song): Entry(int(changed), int(size), values)
                for song, changed, size, values in zip(*columns, strict=True)
            }
    except (TypeError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        raise DatasetError(f"{path}: not an index of similar.py; give another --index") from None
    if made != embedding:
        raise DatasetError(
            f"{path}: holds embeddings of another version ({made}); delete it, and run again"
        )
    return index


def write(index: Index, path: Path, embedding: str) -> None:
    """Write an index as a NumPy file (.npz)."""
    entries = list(index.values())
    with replacing(path) as unfinished, open(unfinished, "wb") as file:
        np.savez(
            file,
            embedding=embedding,
            paths=np.array(list(index)),
            changed=np.array([entry.changed for entry in entries]),
            sizes=np.array([entry.size for entry in entries]),
            embeddings=np.stack([entry.embedding for entry in entries]),
        )


def outdated(index: Index, songs: Iterable[Path]) -> list[Path]:
    """Return the songs that the index lacks, or that have changed since it was written."""
    found = []
    for song in songs:
        entry = index.get(str(song.absolute()))
        if entry is None or (entry.changed, entry.size) != _state(song):
            found.append(song)
    return found


def update(index: Index, songs: Sequence[Path], embed: Embed) -> Iterator[tuple[Path, str]]:
    """Add songs to the index, one by one; yield each with the reason if it has no embedding.

    The reason is "" for a song that was added. A song that can no longer be read is removed.
    """
    states = map(_state, songs)  # taken before the embedding, since a song may change meanwhile
    for song, state, answer in zip(songs, states, embed(songs), strict=True):
        if isinstance(answer, str):
            index.pop(str(song.absolute()), None)
            yield song, answer
        else:
            index[str(song.absolute())] = Entry(*(state or (0, 0)), answer)
            yield song, ""


def _state(song: Path) -> tuple[int, int] | None:
    """Return when a song was last changed, in ns, and its size; None if it does not exist."""
    try:
        found = song.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def nearest(
    index: Index, songs: Sequence[Path], embedding: np.ndarray, count: int
) -> list[tuple[Path, float]]:
    """Return the `count` songs most like an embedding, (values,), with their cosine similarity.

    Only the songs given are compared, not all in the index. A similarity of 1 is the same sound.
    """
    from sklearn.neighbors import NearestNeighbors

    vectors = np.stack([index[str(song.absolute())].embedding for song in songs])
    neighbours = NearestNeighbors(metric="cosine").fit(vectors)
    distances, places = neighbours.kneighbors(embedding[None], min(count, len(songs)))
    pairs = zip(places[0], distances[0], strict=True)
    return [(songs[place], float(1 - distance)) for place, distance in pairs]
