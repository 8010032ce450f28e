"""Compare models that were tested on the same tracks: a row of figures for each, and tests."""

import hashlib
import json
import textwrap
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import numpy as np

from genre.evaluation import (
    Predictions,
    calibration,
    concatenated,
    join_tracks,
    metrics,
    significance,
)
from genre.evaluation.metrics import MEASURES
from genre.experiments.learners import Learner, NetworkLearner
from genre.experiments.protocol import Protocol, Run
from genre.experiments.run import Result
from genre.segments import Segments
from genre.splits import groups
from genre.training.recipe import Recipe

# The fields of a recipe that a row holds. The constants of the augmentation would be too many.
RECIPE = tuple(field.name for field in fields(Recipe) if field.name != "augmentation")
DIGITS = 16  # of the digest of a row's conditions
WIDTH = 80  # columns of text


@dataclass(frozen=True, kw_only=True)
class Table:
    """Models that are compared on one data set and one split of it."""

    data: Path
    segments: Segments
    protocol: Protocol
    planned: list[Run]
    learners: list[Learner]


class Entry(NamedTuple):
    """A model of a table, and its figures."""

    row: dict[str, Any]  # the conditions and the measures; None for what the model lacks
    # In how many runs each tested track is predicted right, (tracks,), where that is known.
    right: np.ndarray | None


def entry(table: Table, learner: Learner, runs: list[Result]) -> Entry:
    """Return the figures of a model, given the results of all its runs."""
    tested = tested_in(runs, table.protocol)
    correct = right(tested)
    row = conditions(table, learner) | measures(table, runs, tested, correct)
    return Entry(row, correct)


def conditions(table: Table, learner: Learner) -> dict[str, Any]:
    """Return what a row says of how its figures were measured.

    Its `conditions` are a digest of everything that decides them, the packages' versions included:
    rows with the same digest would have the same figures.
    """
    identities = [learner.identity(table.segments, run) for run in table.planned]
    digest = hashlib.sha256(json.dumps(identities, sort_keys=True).encode()).hexdigest()
    protocol = table.protocol
    recipe = asdict(learner.recipe) if isinstance(learner, NetworkLearner) else {}
    return {
        "data": table.data.name,
        "data_sha256": table.segments.digest,
        "feature": table.segments.feature,
        "split": table.planned[0].split.name,
        "folds": protocol.folds,
        "repeats": None if protocol.folds else protocol.repeats,
        "seed": protocol.seed,
        "model": learner.title,
        **{name: recipe.get(name) for name in RECIPE},
        "conditions": digest[:DIGITS],
    }


def tested_in(runs: list[Result], protocol: Protocol) -> list[Predictions]:
    """Return the predictions of each run.

    Folds together test each track once, so they count as a single run.
    """
    predictions = [each.predictions for each in runs]
    return [concatenated(predictions)] if protocol.folds else predictions


def right(tested: list[Predictions]) -> np.ndarray:
    """Return in how many runs each track is predicted right, (tracks,) int."""
    joined = map(join_tracks, tested)
    return np.sum([by_track.argmax(axis=1) == labels for by_track, labels in joined], axis=0)


def measures(
    table: Table, runs: list[Result], tested: list[Predictions], correct: np.ndarray
) -> dict[str, Any]:
    """Return the figures of a row; with repeats, the mean of their runs.

    `<measure>_std` is the standard deviation over the runs.
    """
    mapping, folds = table.segments.mapping, bool(table.protocol.folds)
    of_runs = metrics.measures([each.predictions for each in runs], mapping)
    together = metrics.score(tested[0], mapping)
    spreads = metrics.spread(of_runs, together if folds else None)
    independent = groups.independent(table.segments)
    low, high = metrics.interval(
        correct / len(tested), independent[np.unique(tested[0].track_index)]
    )
    by_track = [join_tracks(predictions) for predictions in tested]
    row: dict[str, Any] = {
        "parameters": runs[0].parameters,
        "segments": together.segments,
        "tracks": together.tracks,
    }
    for measure in MEASURES:
        row[measure] = spreads[measure]["mean"]
        row[f"{measure}_std"] = spreads[measure]["std"]
    return row | {
        "track_accuracy_low": round(low, 4),
        "track_accuracy_high": round(high, 4),
        "track_accuracy_runs": " ".join(str(run["track_accuracy"]) for run in of_runs),
        "roc_area": _roc_area(tested, mapping),
        "log_loss": round(mean(calibration.loss(*each) for each in by_track), 4),
        "calibration_error": round(mean(calibration.expected_error(*each) for each in by_track), 4),
        "training_seconds": round(mean(run.training["seconds"] for run in runs), 4),
        "epoch_seconds": _rounded(runs[0].epoch_seconds),
        "prediction_seconds": _rounded(runs[0].prediction_seconds),
        "converged": all(run.training.get("converged", True) for run in runs),
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)


def _roc_area(tested: list[Predictions], mapping: list[str]) -> float | None:
    """Return the mean area under the genres' ROC curves; None if no genre has one."""
    curves = [metrics.roc_curves(predictions, mapping).values() for predictions in tested]
    areas = [mean(area for *_, area in of_run) for of_run in curves if of_run]
    return round(mean(areas), 4) if areas else None


def best_first(entries: Sequence[Entry]) -> list[Entry]:
    """Return the models of a table, the best first."""
    by = ("track_accuracy", "macro_f1", "segment_accuracy")
    return sorted(entries, key=lambda each: [each.row[name] for name in by], reverse=True)


def rights(entries: Sequence[Entry]) -> dict[str, np.ndarray]:
    """Return in how many runs each track is right, for the models of which that is known."""
    return {each.row["model"]: each.right for each in entries if each.right is not None}


def with_p(
    rows: list[dict[str, Any]], reference: str, rights: dict[str, np.ndarray]
) -> list[dict[str, Any]]:
    """Return the rows with `p`, the p-value of the difference to a reference model."""
    p_values = significance.against(reference, rights)
    return [row | {"p": p_values.get(row["model"])} for row in rows]


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
    below = f"p below {significance.LEVEL:g} after Holm's correction {corrected}"
    return f"exact test on {n_tracks} tracks, {below}"


def _filled(line: str) -> str:
    return textwrap.fill(line, width=WIDTH, subsequent_indent="  ", break_on_hyphens=False)
