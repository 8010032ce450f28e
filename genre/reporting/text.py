"""Scores as text and pictures: for the terminal and for the card that a person reads."""

from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from genre import evaluation
from genre.datasets import PARTS
from genre.evaluation import MEASURES, Predictions, roc_curves
from genre.reporting import figures
from genre.reporting.card import Card


def network(card: Card) -> str:
    """Return what a network is called."""
    return card.title or card.script


def title(card: Card) -> str:
    """Return what was tested, and how, in a few words."""
    folds = f", {len(card.runs)} folds together" if card.training["folds"] else ""
    return f"{network(card)}, test part of split {card.split['name']}{folds}"


def pictures(predictions: Predictions, result: dict[str, Any], heading: str, folder: Path) -> None:
    """Draw the confusion matrix and the ROC curves of predictions and their scores."""
    mapping = list(result["genres"])
    heading = f"{heading}\n{result['tracks']} tracks, {result['track_accuracy']:.0%} right"
    figures.confusion(np.array(result["confusion"]), mapping, heading, folder / figures.CONFUSION)
    figures.roc(roc_curves(predictions, mapping), heading, folder / figures.ROC)


def run_line(number: int, run: dict[str, Any]) -> str:
    """Return a line on one run of several."""
    return (
        f"run {number}: {run['segment_accuracy']:.3f} per segment, "
        f"{run['track_accuracy']:.3f} per track (seed {run['seed']}, {run['tracks']} test tracks)"
    )


def spread_line(spread: dict[str, dict[str, float]], n_runs: int) -> str:
    """Return a line on the mean and standard deviation over several runs."""
    segment, track = (
        f"{spread[measure]['mean']:.3f} ± {spread[measure]['std']:.3f}" for measure in MEASURES[:2]
    )
    return f"{n_runs} runs: {segment} per segment, {track} per track (mean ± standard deviation)"


def scores(result: dict[str, Any]) -> str:
    """Return scores as a few lines and a table of the genres, each at most 80 columns wide."""
    width = max(len("genre"), *map(len, result["genres"]))
    lines = [
        f"accuracy per segment  {result['segment_accuracy']:.3f}  ({result['segments']} segments)",
        f"accuracy per track    {result['track_accuracy']:.3f}  ({result['tracks']} tracks)",
        f"macro F1 of tracks    {result['macro_f1']:.3f}",
        "",
        f"{'genre':{width}}  precision  recall     F1  ROC area  tracks",
    ]
    for genre, row in result["genres"].items():
        precision, recall, f1, area = (
            _number(row[key]) for key in ("precision", "recall", "f1", "roc_area")
        )
        lines.append(
            f"{genre:{width}}  {precision:>9}  {recall:>6}  {f1:>5}  {area:>8}  {row['tracks']:>6}"
        )
    return "\n".join(lines)


def ranking(results: dict[str, dict[str, Any]]) -> str:
    """Return a table of what several classifiers reached, the best per track first.

    A result holds the `measures` of its runs, the `seconds` of a run's training and the mean
    `roc_area` of the genres.
    """
    width = max(len("classifier"), *map(len, results))
    names = ("per segment", "per track", "macro F1", "ROC area", "seconds")
    lines = [f"{'classifier':{width}}" + "".join(f"  {name:>{_wide(name)}}" for name in names)]
    for name, result in sorted(results.items(), key=lambda item: _rank(item[1]), reverse=True):
        cells = [with_spread(result["measures"], measure) for measure in MEASURES]
        cells += [_number(result["roc_area"]), f"{result['seconds']:.2f}"]
        columns = zip(cells, names, strict=True)
        lines.append(f"{name:{width}}" + "".join(f"  {cell:>{_wide(of)}}" for cell, of in columns))
    return "\n".join(lines)


def _wide(name: str) -> int:
    return 8 if name in ("ROC area", "seconds") else len("0.000 ± 0.000")


def _rank(result: dict[str, Any]) -> list[float]:
    best_first = ("track_accuracy", "macro_f1", "segment_accuracy")
    return [mean(run[name] for run in result["measures"]) for name in best_first]


def with_spread(runs: list[dict[str, Any]], measure: str) -> str:
    """Return a measure's mean over runs and, of several, its sample standard deviation."""
    if len(runs) == 1:
        return f"{runs[0][measure]:.3f}"
    return "{mean:.3f} ± {std:.3f}".format(**evaluation.spread(runs)[measure])


def readme(card: Card) -> str:
    """Return a network's card as Markdown."""
    training, result = card.training, card.scores
    settings, options, augmentation = (
        ", ".join(f"{name} {value}" for name, value in values.items())
        for values in (card.settings, card.architecture, training.get("augmentation", {}))
    )
    lines = [
        f"# {network(card)}: {len(card.mapping)} genres from {card.feature}",
        "",
        f"Genres: {', '.join(card.mapping)}.",
        "",
        "## Scores",
        "",
        f"{title(card)}:",
        "",
        f"- accuracy per segment {result['segment_accuracy']:.3f} ({result['segments']} segments)",
        f"- accuracy per track {result['track_accuracy']:.3f} ({result['tracks']} tracks; "
        "the probabilities of a track's segments joined by mean)",
        f"- macro F1 of tracks {result['macro_f1']:.3f}",
        *(f"- note: {note}" for note in card.split["notes"]),
        "",
        "| genre | precision | recall | F1 | ROC area | tracks |",
        "| --- | --- | --- | --- | --- | --- |",
        *(
            f"| {_in_table(genre)} | "
            + " | ".join(_number(row[key]) for key in ("precision", "recall", "f1", "roc_area"))
            + f" | {row['tracks']} |"
            for genre, row in result["genres"].items()
        ),
        "",
        f"![confusion matrix]({figures.CONFUSION}) ![ROC curves]({figures.ROC})",
        "",
    ]
    if len(card.runs) > 1:
        lines += [
            "## Runs",
            "",
            *(f"- {run_line(number, run)}" for number, run in enumerate(card.runs, start=1)),
            f"- {spread_line(card.spread, len(card.runs))}",
            "",
            "What is in this folder is of run 1."
            if not training.get("refit")
            else "What is in this folder was trained on all tracks once more, by the same recipe.",
            "",
        ]
    if card.calibration:
        lines += ["## Confidence", "", *_confidence(card), ""]
    lines += [
        "## Data",
        "",
        f"`{card.data['file']}` (SHA-256 `{card.data['sha256']}`): {card.feature} with {settings}.",
        "",
        "| part | segments | tracks | SHA-256 of the track list |",
        "| --- | --- | --- | --- |",
        *(
            f"| {part} | {card.split[part]['segments']} | {card.split[part]['tracks']} "
            f"| `{card.split[part]['tracks_sha256']}` |"
            for part in PARTS
        ),
        "",
        "Which track is in which part stands in `split.csv`.",
        "",
        "## Training",
        "",
        f"`{card.command or f'{card.script}.py'}` on {card.created}, {training['seconds']:.0f} s: "
        f"seed {training['seed']}{_steps(training)}.",
        "",
        *([f"Architecture: {options}.", ""] if options else []),
        *(
            [f"Augmentation: {augmentation}.", f"![augmented segments]({figures.AUGMENTED})", ""]
            if augmentation
            else []
        ),
        *([f"![training curves]({figures.HISTORY})", ""] if "epochs" in training else []),
        "Versions: "
        + ", ".join(f"{name} {number}" for name, number in card.versions.items())
        + ".",
    ]
    return "\n".join(lines) + "\n"


def _in_table(text: str) -> str:
    return text.replace("|", r"\|")  # which would end the cell


def _confidence(card: Card) -> list[str]:
    calibration, refit = card.calibration, card.training.get("refit")
    if not refit and not card.split["validation"]["segments"]:
        error = calibration["error_before"]
        return [
            "Without a validation part nothing is calibrated, and no song called uncertain. The "
            f"expected calibration error of the test tracks is {error:.3f}."
        ]
    part, tracks = "validation part", "test tracks"
    if refit:
        part, tracks = "test parts of the folds", "test tracks, each by what fits the other folds,"
    elif len(card.runs) > 1:
        tracks = "test tracks of run 1"
    return [
        f"Logits are divided by a temperature of {calibration['temperature']:.2f}, fitted on the "
        f"{part}. The expected calibration error of the {tracks} is "
        f"{calibration['error_before']:.3f} without and {calibration['error_after']:.3f} with it.",
        "",
        f"A song whose top probability is below {calibration['threshold']:.2f} is called uncertain "
        f"by `predict.py`. {calibration['certain']:.0%} of the {tracks} are not, and the "
        f"accuracy of these is {_number(calibration['accuracy_of_certain'])}. The threshold is the "
        f"one that parts right from wrong answers best on the {part}.",
    ]


def _steps(training: dict[str, Any]) -> str:
    """Return how a network was trained; a classifier of baseline.py has no steps to speak of."""
    if "epochs" not in training:
        return ""
    return (
        f", batches of {training['batch_size']}, optimizer {training['optimizer']}, learning rate "
        f"{training['learning_rate']} ({training['schedule']}), label smoothing "
        f"{training['label_smoothing']:g}, {training['epochs_run']} of at most "
        f"{training['epochs']} epochs, the weights of epoch {training['best_epoch']} kept"
        + (", a kernel machine beside it" if training.get("kernel_machine") else "")
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
