"""Write what the model that comes with the code was trained on, small enough to come with it.

    python -m tools.write_training output/pretrained.h5 genre/pretrained/training.h5

The input is the segment file that the model was trained on. Of each track one segment is left: the
mean embedding of its own segments. teach.py --add trains on them beside a person's songs.
"""

import sys
from pathlib import Path

import numpy as np

from genre.segments import Index, Segments, segment_file, take


def means(segments: Segments) -> tuple[np.ndarray, Index]:
    """Return the mean embedding of each track, (tracks, 1, values), and the index of the means."""
    track_index, originals = segments.track_index, segments.originals
    n_tracks = len(segments.tracks)
    rows = [np.flatnonzero((track_index == track) & originals) for track in range(n_tracks)]
    index = Index(
        feature=segments.feature,
        settings=segments.settings,
        mapping=segments.mapping,
        tracks=segments.tracks,
        labels=segments.labels[[of_track[0] for of_track in rows]],
        track_index=np.arange(n_tracks),
        artists=segments.artists,
        recordings=segments.recordings,
    )
    return np.stack([take(segments.frames, of_track).mean(axis=0) for of_track in rows]), index


def main() -> None:
    source, target = map(Path, sys.argv[1:])
    frames, index = means(segment_file.read(source))
    with segment_file.writing(target, "float16") as (append, finish):
        append(frames)
        finish(index)


if __name__ == "__main__":
    main()
