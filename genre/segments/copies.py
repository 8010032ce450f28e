"""Notes on tracks of a data set that are identical copies of others."""

import numpy as np

from genre.segments import Index
from genre.songs import some


def notes(index: Index, first_copy: np.ndarray) -> list[str]:
    """Return notes for the user on copies, given the first copy of each track, (tracks,)."""
    genre_of = dict(zip(index.track_index.tolist(), index.labels.tolist(), strict=True))
    copies = np.flatnonzero(first_copy != np.arange(len(first_copy))).tolist()
    same, other = [], []
    for track in copies:
        first = int(first_copy[track])
        pair = f"{index.tracks[track]} = {index.tracks[first]}"
        (same if genre_of[track] == genre_of[first] else other).append(pair)
    lines = []
    if copies:
        lines.append(
            f"{len(copies)} tracks are identical copies of others; every split keeps such tracks "
            f"in one part: {some(same or other)}"
        )
    if other:
        lines.append(f"{len(other)} identical copies are under another genre: {', '.join(other)}")
    return lines
