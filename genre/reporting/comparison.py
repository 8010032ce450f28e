"""Several models that were tested on the same tracks: their order, their differences, a picture."""

from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from genre.evaluation import Predictions, join_tracks, significance
from genre.reporting import figures

Runs = list[dict[str, Any]]  # the measures of a model's runs


def best_first(measures: dict[str, Runs]) -> dict[str, Runs]:
    """Return the measures of several models, the best model first."""
    by = ("track_accuracy", "macro_f1", "segment_accuracy")

    def means(name: str) -> list[float]:
        return [mean(run[measure] for run in measures[name]) for measure in by]

    return {name: measures[name] for name in sorted(measures, key=means, reverse=True)}


def p_values(tested: dict[str, Predictions]) -> dict[str, float]:
    """Return the p-value of each model's difference to the first one, track by track."""
    right = {}
    for name, predictions in tested.items():
        by_track, labels = join_tracks(predictions)
        right[name] = by_track.argmax(axis=1) == labels
    return significance.against_first(right)


def chance(tested: dict[str, Predictions]) -> str:
    """Return a line on which models do not differ from the first one by more than chance."""
    first, *_ = tested
    within = [name for name, p in p_values(tested).items() if p >= significance.LEVEL]
    n_tracks = len(np.unique(tested[first].track_index))
    return (
        f"not different from {first} by more than chance: {', '.join(within) or 'none'} "
        f"(McNemar's exact test on {n_tracks} tracks, p at least {significance.LEVEL:g} after "
        "Holm's correction)"
    )


def picture(measures: dict[str, Runs], title: str, path: Path) -> None:
    """Draw the accuracy per track of each model and of its runs, in the order given."""
    runs = {
        name: [run["track_accuracy"] for run in of_model] for name, of_model in measures.items()
    }
    figures.dot_plot(runs, "accuracy per track", title, path)
