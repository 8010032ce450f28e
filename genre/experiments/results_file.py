"""The file of a comparison: CSV, a row for each model by each split of each data set.

A row says under which conditions its figures were measured, so the rows of several comparisons can
stand in one file.
"""

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from genre.errors import TrainingError
from genre.experiments.comparison import RECIPE
from genre.files import replacing

# The columns that hold text; the others hold a number, or "true" or "false".
TEXT = frozenset(
    {"data", "data_sha256", "feature", "split", "model", "optimizer", "schedule"}
    | {"track_accuracy_runs", "conditions"}
)
COLUMNS = (
    *("data", "data_sha256", "feature", "split", "folds", "repeats", "seed", "model"),
    *RECIPE,
    *("parameters", "segments", "tracks"),
    *("segment_accuracy", "segment_accuracy_std", "track_accuracy", "track_accuracy_std"),
    *("track_accuracy_low", "track_accuracy_high", "track_accuracy_runs"),
    *("macro_f1", "macro_f1_std", "roc_area", "log_loss", "calibration_error"),
    *("training_seconds", "epoch_seconds", "prediction_seconds", "converged", "conditions"),
)

Row = dict[str, Any]  # a value for each of COLUMNS; None where there is none


def read(path: Path) -> list[Row]:
    """Return the rows of a file, none if there is no file.

    Raises TrainingError if it is not one that `write` wrote.
    """
    if not path.exists():
        return []
    try:
        with open(path, newline="", encoding="utf-8") as file:
            header, *lines = csv.reader(file, strict=True)
        if tuple(header) != COLUMNS:
            raise ValueError
        return [
            {name: _value(name, text) for name, text in zip(COLUMNS, line, strict=True)}
            for line in lines
        ]
    except (ValueError, csv.Error):
        raise TrainingError(
            f"{path}: not a table that this version of compare.py wrote; name another file"
        ) from None


def write(rows: Iterable[Row], path: Path) -> None:
    """Write rows as a file."""
    with replacing(path) as unfinished, open(unfinished, "w", newline="", encoding="utf-8") as file:
        write_to(file, rows)


def write_to(file: Any, rows: Iterable[Row]) -> None:
    """Write rows, after the names of their columns, to an open text file."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([_text(row[name]) for name in COLUMNS] for row in rows)


def add(row: Row, path: Path) -> None:
    """Add a row to a file, instead of one of the same conditions, or begin the file.

    The file is written anew, so that whoever stops this process leaves whole rows. Raises
    TrainingError as `read` does.
    """
    others = [each for each in read(path) if each["conditions"] != row["conditions"]]
    write([*others, row], path)


def _value(name: str, text: str) -> Any:
    if not text:
        return None
    return text if name in TEXT else json.loads(text)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
