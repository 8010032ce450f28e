"""Scores as text and pictures: for the terminal and for the card that a person reads."""

from pathlib import Path
from typing import Any

import numpy as np

from genre import plots
from genre.card import Card
from genre.dataset import PARTS
from genre.evaluation import MEASURES, Predictions, roc_curves


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
    plots.confusion(np.array(result["confusion"]), mapping, heading, folder / "confusion.png")
    plots.roc(roc_curves(predictions, mapping), heading, folder / "roc.png")


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


def readme(card: Card) -> str:
    """Return a network's card as Markdown."""
    training, result = card.training, card.scores
    settings, options, augmentation = (
        ", ".join(f"{name} {value}" for name, value in values.items())
        for values in (card.settings, card.architecture, training["augmentation"])
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
        "the softmax of a track's segments joined by mean)",
        f"- macro F1 of tracks {result['macro_f1']:.3f}",
        *(f"- note: {note}" for note in card.split["notes"]),
        "",
        "| genre | precision | recall | F1 | ROC area | tracks |",
        "| --- | --- | --- | --- | --- | --- |",
        *(
            f"| {genre} | "
            + " | ".join(_number(row[key]) for key in ("precision", "recall", "f1", "roc_area"))
            + f" | {row['tracks']} |"
            for genre, row in result["genres"].items()
        ),
        "",
        "![confusion matrix](confusion.png) ![ROC curves](roc.png)",
        "",
    ]
    if len(card.runs) > 1:
        lines += [
            "## Runs",
            "",
            *(f"- {run_line(number, run)}" for number, run in enumerate(card.runs, start=1)),
            f"- {spread_line(card.spread, len(card.runs))}",
            "",
            "The network in this folder is that of run 1.",
            "",
        ]
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
        f"`{card.script}.py` on {card.created}, {training['seconds']:.0f} s: "
        f"seed {training['seed']}, batches of {training['batch_size']}, optimizer "
        f"{training['optimizer']}, learning rate {training['learning_rate']}, "
        f"{training['epochs_run']} of at most {training['epochs']} epochs, the weights of epoch "
        f"{training['best_epoch']} kept.",
        "",
        *([f"Architecture: {options}.", ""] if options else []),
        *(
            [f"Augmentation: {augmentation}.", f"![augmented segments]({plots.AUGMENTED})", ""]
            if augmentation
            else []
        ),
        "![training curves](history.png)",
        "",
        "Versions: "
        + ", ".join(f"{name} {number}" for name, number in card.versions.items())
        + ".",
    ]
    return "\n".join(lines) + "\n"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
