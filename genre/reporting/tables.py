"""Tables of models: in Markdown for people, in LaTeX for papers."""

from collections.abc import Sequence
from typing import Any

from genre.evaluation.metrics import MEASURES

# The columns of a row that a table shows, and their headings.
HEADINGS = {
    "model": "model",
    "segment_accuracy": "per segment",
    "track_accuracy": "per track",
    "track_accuracy_low": "95 % interval",  # with track_accuracy_high
    "macro_f1": "macro F1",
    "roc_area": "ROC area",
    "p": "p",
    "parameters": "parameters",
    "training_seconds": "training, s",
    "epoch_seconds": "an epoch, s",
    "prediction_seconds": "a track's prediction, ms",
}
IN_LATEX = str.maketrans(
    {letter: f"\\{letter}" for letter in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {"±": r"$\pm$"}
)

Row = dict[str, Any]  # None for a value that a model lacks


def markdown(rows: Sequence[Row]) -> str:
    """Return the rows as a table in Markdown, its columns aligned; empty columns are left out."""
    cells = _cells(rows)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    cells.insert(1, ["-" * width for width in widths])
    return "\n".join("| " + " | ".join(map(str.ljust, of_row, widths)) + " |" for of_row in cells)


def latex(rows: Sequence[Row]) -> str:
    r"""Return the rows as a table in LaTeX, which needs \usepackage{booktabs}."""
    header, *body = [" & ".join(map(_in_latex, of_row)) + r" \\" for of_row in _cells(rows)]
    columns = "l" + "r" * (len(_shown(rows)) - 1)
    lines = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", header, r"\midrule", *body]
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}"])


def _in_latex(cell: str) -> str:
    # LaTeX would make a single long dash of the two before an option's name.
    return cell.translate(IN_LATEX).replace("--", "-{}-")


def _shown(rows: Sequence[Row]) -> list[str]:
    """Return the columns of which some row has a value."""
    return [key for key in HEADINGS if any(row.get(key) is not None for row in rows)]


def _cells(rows: Sequence[Row]) -> list[list[str]]:
    """Return the headings, and the cells of each row, as text."""
    shown = _shown(rows)
    return [[HEADINGS[key] for key in shown], *([_cell(row, key) for key in shown] for row in rows)]


def _cell(row: Row, key: str) -> str:
    value = row.get(key)
    if value is None:
        return ""
    if key in MEASURES:
        spread = row[f"{key}_std"]
        return f"{value:.3f}" if spread is None else f"{value:.3f} ± {spread:.3f}"
    if key == "track_accuracy_low":
        return f"{value:.2f} to {row['track_accuracy_high']:.2f}"
    if key == "roc_area":
        return f"{value:.2f}"
    if key == "parameters":
        return f"{value:,}"
    if key == "prediction_seconds":
        value *= 1000
    if not isinstance(value, float):
        return value
    return f"{value:.0f}" if value >= 10 else f"{value:#.2g}"
