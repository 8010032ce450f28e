"""Score a trained network on a segment file, in all or on the test part of a split.

    python evaluate.py --model output/cnn --data output/other.json
    python evaluate.py --model output/cnn --data output/mfcc.json --split output/cnn/split.csv

The file must hold the feature, the settings and the genres that the network was trained on.
Tracks that the network was trained on are scored like all others, but their number is said.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lazy_loader as lazy

from genre import cli, datasets, evaluation
from genre.datasets import feature_table, split_file, splits
from genre.errors import DatasetError
from genre.features.settings import Settings
from genre.files import check_folder, printable
from genre.reporting import card, text

np = lazy.load("numpy")


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
        help="segment file of preprocess.py, or a table of features as baseline.py reads it",
    )
    parser.add_argument(
        "--split",
        type=splits.known,
        metavar="NAME|CSV",
        help="score the test part of this split alone, dealt with the network's seed: "
        f"{splits.HELP} (default: score all tracks)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="folder for the pictures (default: evaluation/ in the network's folder)",
    )
    return parser.parse_args(argv)


def check_agreement(the_card: card.Card, segments: datasets.Segments, data: Path) -> None:
    """Raise DatasetError where the data is not of the kind that the network was trained on."""
    for what, trained_on, given in (
        ("feature", the_card.feature, segments.feature),
        ("settings", complete(the_card.settings), complete(segments.settings)),
        ("genres", the_card.mapping, segments.mapping),
    ):
        if trained_on != given:
            raise DatasetError(f"{data}: its {what} {given} differ from the model's {trained_on}")


def complete(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings with the defaults of what a file leaves out."""
    try:
        return Settings.from_dict(settings).to_dict()
    except ValueError:
        return settings


def notes_on_training(folder: Path, segments: datasets.Segments, chosen: np.ndarray) -> list[str]:
    """Return a note where the network was trained on segments of the tracks under test."""
    try:
        listed = split_file.read(segments, folder / split_file.NAME)
    except split_file.AmbiguousError as error:
        return [f"whether the model was trained on these tracks cannot be told: {error}"]
    tested, trained = (
        segments.track_index[which] for which in (chosen, listed.parts == datasets.TRAIN)
    )
    if not (known := len(np.intersect1d(tested, trained))):
        return []
    return [f"the model was trained on {known} of these tracks: this score flatters"]


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    folder = card.folder_of(arguments.model)
    the_card = card.read(folder)
    segments = feature_table.read_data(arguments.data)
    check_agreement(the_card, segments, arguments.data)
    chosen, notes = segments.originals, []
    data = printable(arguments.data.name)
    heading = f"{text.network(the_card)}, all of {data}"
    if arguments.split:
        split = splits.split(segments, arguments.split, seed=the_card.split["seed"])
        chosen, notes = split.parts == datasets.TEST, split.notes
        heading = f"{text.network(the_card)}, test part of split {split.name} of {data}"
    notes = [*notes, *notes_on_training(folder, segments, chosen)]
    output = arguments.output or folder / "evaluation"
    check_folder(output)
    model, _ = card.load(arguments.model)
    shape = segments.frames.shape[1:]
    if not model.takes(shape):
        raise DatasetError(f"{arguments.data}: the model takes other frames than those of {shape}")
    predictions = evaluation.predict(model.judge, segments, chosen)
    result = evaluation.score(predictions, segments.mapping)
    text.pictures(predictions, result, heading, output)
    print(heading)
    print(text.scores(result), end="\n\n")
    for note in notes:
        print(f"note: {note}")
    print(f"pictures in {output}")
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
