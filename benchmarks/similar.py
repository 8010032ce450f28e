"""Judge similar.py: how often is the nearest track by another artist of the same genre?

    python preprocess.py --dataset gtzan_mini --feature musicnn --segments 15 --output musicnn.h5
    python -m benchmarks.similar --data musicnn.h5

Tracks of the test list of GTZAN's fault-filtered split are left out.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from genre import cli
from genre.segments import Segments, segment_file
from genre.songs import TRAIN, VALIDATION, gtzan


def nearest_genres(segments: Segments) -> tuple[np.ndarray, np.ndarray]:
    """Look for each track's nearest one by another artist.

    Return, for each track, (tracks,), whether that is of the same genre, and whether it could be:
    whether another artist of the genre is there at all.
    """
    from sklearn.metrics.pairwise import cosine_distances

    facts = gtzan.facts(segments.tracks)
    tracks = [number for number, it in enumerate(facts) if it.part in (TRAIN, VALIDATION)]
    rows = [np.flatnonzero(segments.track_index == track) for track in tracks]
    embeddings = np.stack([segments.frames[chosen].mean(axis=(0, 1)) for chosen in rows])
    labels = np.array([segments.labels[chosen[0]] for chosen in rows])
    artists = gtzan.artist_groups([segments.tracks[track] for track in tracks])
    others = artists[:, np.newaxis] != artists
    nearest = np.where(others, cosine_distances(embeddings), np.inf).argmin(axis=1)
    possible = ((labels[:, np.newaxis] == labels) & others).any(axis=1)
    return labels[nearest] == labels, possible


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, metavar="FILE", help="segment file")
    same, possible = nearest_genres(segment_file.read(parser.parse_args(argv).data))
    print(
        f"{same.mean():.3f} of {len(same)} tracks have their own genre nearest, by another artist"
    )
    print(f"{same[possible].mean():.3f} of the {possible.sum()} with another artist of their genre")
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
