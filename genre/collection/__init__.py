"""Use predictions for a library: playlists, tags, an HTML page, similar songs."""

from pathlib import Path
from typing import NamedTuple

import numpy as np


class NamedSong(NamedTuple):
    """A song of a library with its predicted genre."""

    path: Path
    genre: str
    probability: float  # of that genre
    uncertain: bool
    segments: np.ndarray  # (segments, genres): each segment's probabilities
    segment_seconds: float
    embedding: np.ndarray | None = None  # (values,), if the model's feature is an embedding
