"""Compare several models that were tested on the same tracks: a table, tests, a picture."""

import csv
import textwrap
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from genre.evaluation import Predictions, join_tracks, metrics, significance
from genre.evaluation.metrics import MEASURES
from genre.experiments.run import Result, to_score
from genre.files import replacing
from genre.reporting import figures
from genre.segments import Segments
from genre.splits import groups

Results = dict[str, list[Result]]  # of each run of each model
Measures = dict[str, list[dict[str, Any]]]  # of each run of each model

# The columns of a table, and their headings.
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
WIDTH = 80  # columns of text


def best_first(results: Results, mapping: list[str]) -> Measures:
    """Return the measures of the runs of several models, the best model first."""
    measures = {
        name: metrics.measures([each.predictions for each in runs], mapping)
        for name, runs in results.items()
    }
    by = ("track_accuracy", "macro_f1", "segment_accuracy")

    def means(name: str) -> list[float]:
        return [mean(run[measure] for run in measures[name]) for measure in by]

    return {name: measures[name] for name in sorted(measures, key=means, reverse=True)}


def right(runs: list[Result], *, folds: bool) -> np.ndarray:
    """Return in how many runs a model predicts each track right, (tracks,) int.

    Folds together test each track once, so they count as a single run.
    """
    tested = [to_score(runs, folds=True)] if folds else [each.predictions for each in runs]
    return np.sum([_right(predictions) for predictions in tested], axis=0)


def _right(predictions: Predictions) -> np.ndarray:
    by_track, labels = join_tracks(predictions)
    return by_track.argmax(axis=1) == labels


def differences(rights: dict[str, np.ndarray]) -> str:
    """Return a sentence on each model that is better than others by more than chance."""
    better: dict[str, list[str]] = {}
    for pair, p_value in significance.all_pairs(rights).items():
        if p_value < significance.LEVEL:
            worse, best = sorted(pair, key=lambda name: rights[name].sum())
            better.setdefault(best, []).append(worse)
    test = _test(rights, "for all pairs of models")
    if not better:
        return _filled(f"No model differs from another one by more than chance ({test}).")
    lines = [f"Better by more than chance ({test}):"]
    lines += [f"{name}: better than {', '.join(better[name])}" for name in rights if name in better]
    return "\n".join(map(_filled, lines))


def p_line(reference: str, rights: dict[str, np.ndarray]) -> str:
    """Return a sentence on the column p of a table."""
    test = _test(rights, "for the number of models")
    return _filled(
        f"p: how probable so large a difference to {reference} is by chance alone ({test})."
    )


def _test(rights: dict[str, np.ndarray], corrected: str) -> str:
    n_tracks = len(next(iter(rights.values())))
    return f"exact test on {n_tracks} tracks, p below {significance.LEVEL:g} after Holm's " + (
        f"correction {corrected}"
    )


def _filled(line: str) -> str:
    return textwrap.fill(line, width=WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def table(
    results: Results, measures: Measures, segments: Segments, *, folds: bool, reference: str | None
) -> list[dict[str, Any]]:
    """Return a row for each model, in the order of the measures; None for a value that it lacks.

    A row has the keys of HEADINGS and, as `<measure>_std`, the standard deviations of several runs.
    With a `reference` it has the p-value of the difference to that model.
    """
    rights = {name: right(results[name], folds=folds) for name in measures}
    p_values = significance.against(reference, rights) if reference else {}
    independent = groups.independent(segments)
    rows = []
    for name, of_runs in measures.items():
        runs = results[name]
        row: dict[str, Any] = {"model": name}
        predictions = to_score(runs, folds=folds)
        together = metrics.score(predictions, segments.mapping)
        spreads = metrics.spread(of_runs, together if folds else None)
        for measure in MEASURES:
            row[measure] = spreads[measure]["mean"]
            row[f"{measure}_std"] = spreads[measure]["std"]
        n_runs = 1 if folds else len(runs)
        low, high = metrics.interval(
            rights[name] / n_runs, independent[np.unique(predictions.track_index)]
        )
        row["track_accuracy_low"], row["track_accuracy_high"] = round(low, 4), round(high, 4)
        row["roc_area"] = _roc_area(predictions, segments.mapping)
        row["p"] = p_values.get(name)
        row["parameters"] = runs[0].parameters
        row["training_seconds"] = mean(run.training["seconds"] for run in runs)
        row["epoch_seconds"] = runs[0].epoch_seconds
        row["prediction_seconds"] = runs[0].prediction_seconds
        rows.append(row)
    return rows


def _roc_area(predictions: Predictions, mapping: list[str]) -> float | None:
    """Return the mean area under the genres' ROC curves; None if no genre has one."""
    areas = [area for *_, area in metrics.roc_curves(predictions, mapping).values()]
    return round(mean(areas), 4) if areas else None


def markdown(rows: list[dict[str, Any]]) -> str:
    """Return the rows as a table in Markdown, its columns aligned; empty columns are left out."""
    shown = [key for key in HEADINGS if any(row[key] is not None for row in rows)]
    cells = [[HEADINGS[key] for key in shown]]
    cells += [[_cell(row, key) for key in shown] for row in rows]
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


def write_csv(rows: list[dict[str, Any]], path: Path) -> None:
    """Write the rows as a CSV file."""
    with replacing(path) as unfinished, open(unfinished, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def picture(measures: Measures, rows: list[dict[str, Any]], title: str, path: Path) -> None:
    """Draw the accuracy per track of each model and of its runs, with the intervals of a table."""
    runs = {name: [run["track_accuracy"] for run in of_runs] for name, of_runs in measures.items()}
    intervals = {
        row["model"]: (row["track_accuracy_low"], row["track_accuracy_high"]) for row in rows
    }
    figures.dot_plot(runs, intervals, "accuracy per track", title, path)
