"""Compare several models that were tested on the same tracks: a table, p-values, a picture."""

import csv
import textwrap
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np

from genre.evaluation import Predictions, join_tracks, metrics, significance
from genre.evaluation.metrics import MEASURES
from genre.experiments import results
from genre.experiments.trial import Outcome
from genre.files import replacing
from genre.reporting import figures

Measures = list[dict[str, Any]]  # of each run of a model
# The columns of a table, and their headings.
HEADINGS = {
    "model": "model",
    "segment_accuracy": "per segment",
    "track_accuracy": "per track",
    "macro_f1": "macro F1",
    "p": "p",
    "parameters": "parameters",
    "training_seconds": "training, s",
    "epoch_seconds": "an epoch, s",
    "prediction_seconds": "a track's prediction, ms",
}


def best_first(measures: dict[str, Measures]) -> dict[str, Measures]:
    """Return the measures of several models, the best model first."""
    by = ("track_accuracy", "macro_f1", "segment_accuracy")

    def means(name: str) -> list[float]:
        return [mean(run[measure] for run in measures[name]) for measure in by]

    return {name: measures[name] for name in sorted(measures, key=means, reverse=True)}


def p_values(tested: dict[str, Predictions]) -> dict[str, float]:
    """Return the p-value of each model's difference to the first one, track by track.

    The first is the best on these tracks, so the p-values are corrected for all pairs of models.
    """
    right = {}
    for name, predictions in tested.items():
        by_track, labels = join_tracks(predictions)
        right[name] = by_track.argmax(axis=1) == labels
    first, *others = right
    found = significance.all_pairs(right)
    return {name: found[first, name] for name in others}


def chance(tested: dict[str, Predictions]) -> str:
    """Return a sentence on which models do not differ from the first one by more than chance."""
    first, *_ = tested
    within = [name for name, p in p_values(tested).items() if p >= significance.LEVEL]
    n_tracks = len(np.unique(tested[first].track_index))
    return textwrap.fill(
        f"Not different from {first} by more than chance: {', '.join(within) or 'none'} "
        f"(McNemar's exact test on {n_tracks} tracks, p at least {significance.LEVEL:g} after "
        "Holm's correction for all pairs of models).",
        width=80,
        break_on_hyphens=False,
    )


def unconverged(converged: dict[str, bool]) -> list[str]:
    """Return a note for each classifier whose training did not converge."""
    return [
        f"{name} reached its largest number of steps before it converged; more steps might change "
        "its scores"
        for name, did in converged.items()
        if not did
    ]


def measures_of(outcomes: dict[str, list[Outcome]], mapping: list[str]) -> dict[str, Measures]:
    """Return the measures of the runs of several models, the best model first."""
    return best_first(
        {
            name: metrics.measures([run.predictions for run in runs], mapping)
            for name, runs in outcomes.items()
        }
    )


def tested(
    outcomes: dict[str, list[Outcome]], measures: dict[str, Measures], *, folds: bool
) -> dict[str, Predictions]:
    """Return the predictions to compare: those of all folds, or of the first of several repeats."""
    return {name: results.pooled(outcomes[name], folds=folds) for name in measures}


def table(
    outcomes: dict[str, list[Outcome]], measures: dict[str, Measures], p_values: dict[str, float]
) -> list[dict[str, Any]]:
    """Return a row for each model, in the order of the measures; None for a value that it lacks.

    A row has the keys of HEADINGS and, as `<measure>_std`, the standard deviations of several runs.
    """
    rows = []
    for name, of_runs in measures.items():
        runs = outcomes[name]
        row: dict[str, Any] = {"model": name}
        for measure in MEASURES:
            values = [run[measure] for run in of_runs]
            row[measure] = round(mean(values), 4)
            row[f"{measure}_std"] = round(stdev(values), 4) if len(values) > 1 else None
        row["p"] = p_values.get(name)
        row["parameters"] = runs[0].parameters
        row["training_seconds"] = mean(run.seconds for run in runs)
        row["epoch_seconds"] = runs[0].epoch_seconds
        row["prediction_seconds"] = runs[0].prediction_seconds
        rows.append(row)
    return rows


def markdown(rows: list[dict[str, Any]]) -> str:
    """Return the rows as a table in Markdown, its columns aligned."""
    cells = [list(HEADINGS.values()), *([_cell(row, key) for key in HEADINGS] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    cells.insert(1, ["-" * width for width in widths])
    return "\n".join("| " + " | ".join(map(str.ljust, of_row, widths)) + " |" for of_row in cells)


def _cell(row: dict[str, Any], key: str) -> str:
    value = row[key]
    if value is None:
        return ""
    if key in MEASURES:
        spread = row[f"{key}_std"]
        return f"{value:.3f}" if spread is None else f"{value:.3f} ± {spread:.3f}"
    if key == "parameters":
        return f"{value:,}"
    if key == "prediction_seconds":
        value *= 1000
    return f"{value:#.2g}" if isinstance(value, float) else value


def write_csv(rows: list[dict[str, Any]], path: Path) -> None:
    """Write the rows as a CSV file."""
    with replacing(path) as unfinished, open(unfinished, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def picture(measures: dict[str, Measures], title: str, path: Path) -> None:
    """Draw the accuracy per track of each model and of its runs, in the order given."""
    runs = {name: [run["track_accuracy"] for run in of_runs] for name, of_runs in measures.items()}
    figures.dot_plot(runs, "accuracy per track", title, path)
