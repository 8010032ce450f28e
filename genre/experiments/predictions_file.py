"""The predictions of a model for each tested track, as CSV: for tests of any other hypothesis.

    run,track,genre,predicted,blues,classical,...
    1,blues/blues.00000.wav,blues,rock,0.21,0.02,...

`genre` is the true one. The last columns hold the calibrated probability of each genre. Folds
together test each track once, so they count as one run.
"""

import csv
import re
from collections import Counter
from pathlib import Path

import numpy as np

from genre.errors import TrainingError
from genre.evaluation import Predictions, join_tracks
from genre.experiments.results_file import Row
from genre.files import replacing
from genre.segments import Segments

COLUMNS = ["run", "track", "genre", "predicted"]  # the others are named by the genres
LONGEST = 40  # letters of each part of a file's name


def path_of(row: Row, folder: Path) -> Path:
    """Return the path of the file for a row of a comparison: mel_artist_cnn-vgg_1f2e3d4c.csv."""
    names = (Path(row["data"]).stem, Path(row["split"]).stem, row["model"])
    words = [re.sub(r"\W+", "-", name)[:LONGEST] for name in names]
    return folder / f"{'_'.join([*words, row['conditions']])}.csv"


def write(tested: list[Predictions], segments: Segments, path: Path) -> None:
    """Write the predictions of each run, its tracks in the order of the data."""
    mapping, tracks = segments.mapping, segments.tracks
    with replacing(path) as unfinished, open(unfinished, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*COLUMNS, *mapping])
        for run, predictions in enumerate(tested, start=1):
            by_track, labels = join_tracks(predictions)
            chosen = np.unique(predictions.track_index)
            for track, label, values in zip(chosen, labels, by_track.tolist(), strict=True):
                predicted = mapping[int(np.argmax(values))]
                writer.writerow([run, tracks[track], mapping[label], predicted, *values])


def right(path: Path, segments: Segments) -> np.ndarray:
    """Return in how many runs each track is predicted right, (tracks,) int, given their file.

    Raises TrainingError if it is not a file that `write` wrote for these segments.
    """
    found: Counter[str] = Counter()
    try:
        with open(path, newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file, strict=True)
        if header != [*COLUMNS, *segments.mapping]:
            raise ValueError
        for _, track, genre, predicted, *_ in rows:
            found[track] += genre == predicted
    except (ValueError, csv.Error):
        raise TrainingError(
            f"{path}: not predictions of compare.py for this data; without it, its model is "
            "trained again"
        ) from None
    return np.array([found[track] for track in segments.tracks if track in found])
