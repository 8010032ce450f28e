"""Read `data_10.json` of V. Velardo's course "Deep Learning for Audio": mapping, labels, mfcc.

The file does not say which segments are of one track, nor how they were computed. The course's
script cuts every track into ten segments and writes them one after the other, genre by genre.
"""

import logging
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np

from genre.features.settings import Settings
from genre.segments import Segments
from genre.songs.listing import genre_name

KEYS = {"mapping", "labels", "mfcc"}  # all that the file holds
SETTINGS = Settings(22050, 30, 10, 2048, 512, n_mfcc=13)

log = logging.getLogger("genre")


class Content(msgspec.Struct):
    """What the file holds, except its frames."""

    mapping: Annotated[list[str], msgspec.Meta(min_length=2)]
    labels: list[Annotated[int, msgspec.Meta(ge=0)]]


def segments(values: dict[str, Any], digest: str, path: Path) -> Segments:
    """Return the segments of the course's file, and log what is assumed about them.

    If each genre's number of rows is a multiple of ten, every ten rows are one track. Otherwise it
    is not known which rows are of one track. Raises ValueError if the frames are not the course's.
    """
    content, frames = msgspec.convert(values, Content), values["mfcc"]
    shape = (SETTINGS.frames_per_segment, SETTINGS.n_mfcc)
    if frames.shape[1:] != shape:
        raise ValueError(f"segments of shape {frames.shape[1:]}; the course's have {shape}")
    if len(content.labels) != len(frames) or max(content.labels) >= len(content.mapping):
        raise ValueError("mapping, labels and mfcc do not match")
    if not np.isfinite(frames).all():
        raise ValueError("the frames hold values that are not numbers")
    # The course's script writes the names of folders, on Windows their whole paths, in any order.
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
            f"are of one track, so every {per_track} rows are taken for one track"
            if known
            else "are of one track, and the rows of a genre are not a multiple of ten, so only "
            "--split segment can be used"
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
