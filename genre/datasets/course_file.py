"""Read `data_10.json` of V. Velardo's course "Deep Learning for Audio": mapping, labels and mfcc.

It does not say which segments are of one track, nor how they were made. The course's script cuts
every track into ten segments and writes them one after the other, genre by genre.
"""

import logging
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np

from genre.datasets import Segments
from genre.datasets.listing import genre_name
from genre.features.settings import Settings

KEYS = {"mapping", "labels", "mfcc"}
SETTINGS = Settings(22050, 30, 10, 2048, 512, n_mfcc=13)

log = logging.getLogger("genre")


class Content(msgspec.Struct):
    """What the file holds beside its frames."""

    mapping: Annotated[list[str], msgspec.Meta(min_length=2)]
    labels: list[Annotated[int, msgspec.Meta(ge=0)]]


def is_one(values: dict[str, Any]) -> bool:
    """Say whether a file of these values is the course's."""
    return set(values) == KEYS


def segments(values: dict[str, Any], digest: str, path: Path) -> Segments:
    """Return the segments of the course's file, and log what had to be guessed.

    Where the rows of each genre are tens, ten are taken for a track. Elsewhere no one knows which
    rows are of one track. Raises ValueError when the frames are not the course's.
    """
    content, frames = msgspec.convert(values, Content), values["mfcc"]
    shape = (SETTINGS.frames_per_segment, SETTINGS.n_mfcc)
    if frames.shape[1:] != shape:
        raise ValueError(f"segments of shape {frames.shape[1:]}; the course's have {shape}")
    if len(content.labels) != len(frames) or max(content.labels) >= len(content.mapping):
        raise ValueError("mapping, labels and mfcc do not fit each other")
    if not np.isfinite(frames).all():
        raise ValueError("the frames hold values that are not numbers")
    # The script writes the folders' names, or on Windows their whole paths, in any order.
    names = [
        genre_name(name.replace("\\", "/").rstrip("/").split("/")[-1]) for name in content.mapping
    ]
    mapping = sorted(set(names))
    if len(mapping) < len(names):
        raise ValueError("mapping holds a name twice")
    labels = np.array([mapping.index(names[label]) for label in content.labels])
    runs = [len(list(run)) for _, run in groupby(content.labels)]
    per_track = SETTINGS.segments_per_track
    known = all(length % per_track == 0 for length in runs)
    track_index = np.arange(len(labels)) // (per_track if known else 1)
    log.warning(
        f"{path}: the course's file, read with the course's settings; it does not say which rows "
        + (
            f"are of one track: each {per_track} are taken for one"
            if known
            else "are of one track, and those of a genre are not tens: only --split segment fits"
        )
    )
    first = np.flatnonzero(np.diff(track_index, prepend=-1))
    return Segments(
        feature="mfcc",
        settings=SETTINGS.to_dict(),
        mapping=mapping,
        tracks=[f"{mapping[labels[row]]}/{number:05}" for number, row in enumerate(first)],
        labels=labels,
        track_index=track_index,
        frames=frames,
        tracks_known=known,
        digest=digest,
    )
