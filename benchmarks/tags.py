"""Measure the tags of musicnn: how usual each is, and which kinds of music they find.

    python -m benchmarks.tags --data output/pretrained.h5
    python -m benchmarks.tags --data outside.h5 outside_other.h5

For several files the kinds of all are compared with each other. The files are segment files of the
feature musicnn. The area under the ROC curve of a tag is the chance that it is stronger in a song
of the kind than in another song.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from genre.features import tags
from genre.segments import Segments, segment_file, take

SHOWN = 4  # tags of each kind


def of_songs(data: Segments) -> tuple[np.ndarray, list[str]]:
    """Return the tags' probabilities of each song, (songs, tags), and what kind of music it is."""
    found, kinds = [], []
    for track in range(len(data.tracks)):
        rows = np.flatnonzero((data.track_index == track) & data.originals)
        probabilities = tags.of_embeddings(take(data.frames, rows)[:, 0])
        found.append([probabilities[tag] for tag in tags.NAMES])
        kinds.append(data.mapping[data.labels[rows[0]]])
    return np.array(found), kinds


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    songs = [of_songs(segment_file.read(path)) for path in parser.parse_args(argv).data]
    values = np.concatenate([found for found, _ in songs])
    kinds = np.array([kind for _, of_file in songs for kind in of_file])
    by_kind = {str(kind): values[kinds == kind] for kind in np.unique(kinds)}
    usual = np.mean([of_kind.mean(axis=0) for of_kind in by_kind.values()], axis=0)
    print("usual: " + ", ".join(f"{tag} {p:.3f}" for tag, p in zip(tags.NAMES, usual, strict=True)))
    for kind, of_kind in by_kind.items():
        areas = [roc_auc_score(kinds == kind, column) for column in values.T]
        best = np.argsort(areas)[::-1][:SHOWN]
        line = ", ".join(f"{tags.NAMES[i]} {areas[i]:.2f}" for i in best)
        print(f"{kind:20} {len(of_kind):3} songs: {line}")


if __name__ == "__main__":
    main()
