"""Score a trained model on a segment file: on all of it, or on the test part of a split.

    python evaluate.py --model output/cnn --data output/other.json
    python evaluate.py --model output/cnn --data output/mfcc.json --split output/cnn/split.csv

The file must have the feature, the settings and the genres that the model was trained on. Tracks
that the model was trained on are scored like all others, and a note says how many there are.
"""

import argparse
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

import genre
from genre import cli, evaluation, splits
from genre.errors import DatasetError
from genre.evaluation import metrics
from genre.experiments import model_folder
from genre.experiments.protocol import Protocol, split_of
from genre.features.settings import Settings
from genre.files import check_folder, printable, replacing_files
from genre.reporting import figures, text
from genre.segments import Segments, feature_table
from genre.songs import TEST, TRAIN
from genre.splits import groups, split_file

SCORES_FILE = "scores.json"


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--model",
        type=Path,
        metavar="PATH",
        required=True,
        help="folder of a trained network or of a classifier of baseline.py, or the model in it",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FILE",
        required=True,
        help="segment file of preprocess.py, or a table of features, as for baseline.py",
    )
    parser.add_argument(
        "--split",
        type=cli.checked(splits.known),
        metavar="NAME|CSV",
        help="score only the test part of this split, made with the model's seed: "
        f"{splits.HELP} (default: score all tracks)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="folder for the scores and pictures (default: evaluation/ in the model's folder)",
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="replace the scores and pictures of an earlier evaluation (default: keep them in a "
        "folder beside DIR)",
    )
    return parser.parse_args(argv)


def check_agreement(model: genre.Model, segments: Segments, data: Path) -> None:
    """Raise DatasetError if the data's feature, settings or genres are not the model's."""
    card = model.card
    ours, theirs = complete(card.settings), complete(segments.settings)
    unlike = [name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]
    for what, trained_on, given in (
        ("feature", card.feature, segments.feature),
        ("settings", *(named(settings, unlike) for settings in (ours, theirs))),
        ("genres", ", ".join(card.mapping), ", ".join(segments.mapping)),
    ):
        if trained_on != given:
            raise DatasetError(f"{data}: {what} {given}, but the model was trained on {trained_on}")
    shape = segments.frames.shape[1:]
    if not model.takes(shape):
        raise DatasetError(f"{data}: the model does not take segments of shape {shape}")


def named(settings: dict[str, Any], names: Sequence[str]) -> str:
    return ", ".join(f"{name} {settings.get(name)}" for name in names)


def complete(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings, with the defaults for those that a file leaves out."""
    try:
        return Settings.from_dict(settings).to_dict()
    except ValueError:
        return settings


def protocol_of(model: genre.Model, split: str) -> Protocol:
    """Return how the data is split: as for the model's training, but with another split."""
    same = {"split": split, "folds": None, "seed": model.card.split.seed}
    return Protocol(**model.card.protocol | same)


def notes_on_training(folder: Path, segments: Segments, chosen: np.ndarray) -> list[str]:
    """Return a note if the model was trained on segments of the tested tracks."""
    try:
        listed = split_file.read(segments, folder / split_file.NAME)
    except split_file.AmbiguousError as error:
        return [f"it is not known whether the model was trained on these tracks: {error}"]
    tested, trained = (segments.track_index[which] for which in (chosen, listed.parts == TRAIN))
    if not (known := len(np.intersect1d(tested, trained))):
        return []
    return [f"the model was trained on {known} of these tracks: this score is too high"]


def save(
    predictions: evaluation.Predictions, scores: metrics.Scores, heading: str, output: Path
) -> None:
    """Write the scores as JSON, and draw them."""
    with replacing_files(output) as unfinished:
        content = msgspec.json.encode({"title": heading, "scores": scores})
        (unfinished / SCORES_FILE).write_bytes(msgspec.json.format(content) + b"\n")
        text.pictures(predictions, scores, heading, unfinished)


def keep_earlier(output: Path) -> str:
    """Copy an earlier evaluation to a folder beside it; return a note that says so."""
    names = (SCORES_FILE, figures.CONFUSION, figures.ROC)
    files = [output / name for name in names if (output / name).is_file()]
    if not files:
        return ""
    kept = model_folder.before(output)
    with replacing_files(kept) as unfinished:
        for file in files:
            shutil.copy2(file, unfinished / file.name)
    try:
        scores = json.loads((output / SCORES_FILE).read_bytes())["scores"]
        score = f" ({scores['track_accuracy']:.3f} per track)"
    except (OSError, ValueError, KeyError, TypeError):  # there are only pictures
        score = ""
    return f"; the earlier evaluation{score} is kept in {kept}"


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    model = genre.load(arguments.model)
    segments = feature_table.read_data(arguments.data)
    check_agreement(model, segments, arguments.data)
    chosen, notes, part = segments.originals, splits.several_genres(segments), "all"
    if arguments.split:
        split = split_of(segments, protocol_of(model, arguments.split))
        chosen, notes = split.parts == TEST, split.notes
        part = f"test part of split {split.name}"
    heading = f"{text.network(model.card)}, {part} of {printable(arguments.data.name)}"
    notes = [*notes, *notes_on_training(model.folder, segments, chosen)]
    output = arguments.output or model.folder / "evaluation"
    check_folder(output)
    predictions = evaluation.predict(model.probabilities, segments, chosen)
    predictions = predictions._replace(join=model.join)
    predictions = evaluation.with_likeliest_label(predictions, segments.shares)
    scores = metrics.score(predictions, segments.mapping, groups.independent(segments))
    earlier = "" if arguments.overwrite else keep_earlier(output)
    save(predictions, scores, heading, output)
    print(heading)
    print(text.scores(scores), end="\n\n")
    for note in notes:
        print(f"note: {note}")
    print(f"scores and pictures in {output}{earlier}")
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
