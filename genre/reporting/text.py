"""Scores as text and pictures, for the terminal and for the README in a model's folder."""

from pathlib import Path
from typing import Any

import numpy as np

from genre import splits
from genre.evaluation import Predictions, calibration, metrics, verdict
from genre.evaluation.metrics import MEASURES, GenreScores, Scores
from genre.model.card import Card, CardSplit
from genre.reporting import figures
from genre.songs import PARTS

# An accuracy on the training segments that is higher by more than this than that on the validation
# segments: the network has learnt them by heart.
OVERFITS = 0.1


def network(card: Card) -> str:
    """Return the name of a network or classifier."""
    return card.title or card.script


def title(card: Card) -> str:
    """Return a title for the scores: the model and the split."""
    folds = f", {len(card.runs)} folds together" if card.training["folds"] else ""
    return f"{network(card)}, test part of split {card.split.name}{folds}"


def run_title(card: Card) -> str:
    """Return a title for the training of the model in a folder: the model, the split, the run."""
    training, kind = card.training, "fold" if card.training["folds"] else "run"
    run = f"{kind} 1 of {len(card.runs)}" if len(card.runs) > 1 else f"seed {training['seed']}"
    if training.get("refit"):
        run = "trained on all tracks"
    return f"{network(card)}, split {card.split.name}, {run}"


def pictures(predictions: Predictions, scores: Scores, heading: str, folder: Path) -> None:
    """Draw the confusion matrix and the ROC curves of predictions and their scores."""
    mapping = list(scores.genres)
    heading = f"{heading}\n{scores.tracks} tracks, {scores.track_accuracy:.0%} right"
    figures.confusion(np.array(scores.confusion), mapping, heading, folder / figures.CONFUSION)
    tracks = {genre: row.tracks for genre, row in scores.genres.items()}
    curves = metrics.roc_curves(predictions, mapping)
    figures.roc(curves, tracks, heading, folder / figures.ROC)


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


def scores(result: Scores) -> str:
    """Return scores as a few lines and a table of the genres, each at most 80 columns wide."""
    width = max(len("genre"), *map(len, result.genres))
    lines = [
        f"accuracy per segment  {result.segment_accuracy:.3f}  ({result.segments} segments)",
        f"accuracy per track    {result.track_accuracy:.3f}  ({tracks_with_interval(result)})",
        f"macro F1 of tracks    {result.macro_f1:.3f}",
        "",
        f"{'genre':{width}}  precision  recall     F1  ROC area  tracks",
    ]
    for genre, row in result.genres.items():
        precision, recall, f1, area = _cells(row)
        lines.append(
            f"{genre:{width}}  {precision:>9}  {recall:>6}  {f1:>5}  {area:>8}  {row.tracks:>6}"
        )
    return "\n".join(lines)


def tracks_with_interval(result: Scores) -> str:
    """Return the number of test tracks, and the interval of the accuracy."""
    low, high = result.track_interval
    return f"{result.tracks} tracks; 95 % interval {low:.2f} to {high:.2f}"


def summary(card: Card) -> str:
    """Return the scores on a card, how its training went, and the warnings on its split."""
    lines = []
    if card.spread:
        lines += [run_line(i, run) for i, run in enumerate(card.runs, start=1)]
        lines += [spread_line(card.spread, len(card.runs)), ""]
    if card.scores:
        lines += [title(card), scores(card.scores), ""]
    lines += epoch_lines(card.training)
    lines += _notes(card)
    if not card.training.get("converged", True):
        lines.append(f"note: {unconverged(network(card))}")
    return "\n".join(lines)


def epoch_lines(training: dict[str, Any]) -> list[str]:
    """Return a line on the epoch that was kept, and on how much a network overfits."""
    if "best_epoch" not in training:
        return []
    line = f"epoch {training['best_epoch']} of {training['epochs_run']} is kept"
    trained, validation = (training.get(f"{part}_accuracy") for part in PARTS[:2])
    if validation is None:
        return [f"{line}: accuracy {trained:.2f} on training segments"]
    overfits = "; it overfits" if trained - validation > OVERFITS else ""
    both = f"accuracy {trained:.2f} on training and {validation:.2f} on validation segments"
    return [f"{line}: {both}{overfits}"]


def unconverged(name: str) -> str:
    """Return a note on a classifier whose training did not converge."""
    return (
        f"{name} reached its largest number of steps before it converged; more steps might change "
        "its scores"
    )


def _cells(row: GenreScores) -> list[str]:
    return [_number(value, ".2f") for value in (row.precision, row.recall, row.f1, row.roc_area)]


def readme(card: Card, notes: str = "") -> str:
    """Return a model's card as Markdown, after the notes that a person wrote about the model."""
    parts = [
        f"# {network(card)}: {len(card.mapping)} genres from {card.feature}",
        notes.strip(),
        f"Genres: {', '.join(card.mapping)}.",
        *_scores_of(card),
        *_runs(card),
        "## Confidence",
        *_confidence(card),
        *_data(card),
        *_training(card),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _scores_of(card: Card) -> list[str]:
    result = card.scores
    if not result:
        return ["## Scores", "This model was not tested.", _list(_notes(card))]
    items = [
        f"accuracy per segment {result.segment_accuracy:.3f} ({result.segments} segments)",
        f"accuracy per track {result.track_accuracy:.3f} ({tracks_with_interval(result)}; "
        "the probabilities of a track's segments are averaged)",
        f"macro F1 of tracks {result.macro_f1:.3f}",
        *_notes(card),
    ]
    rows = [[genre, *_cells(row), row.tracks] for genre, row in result.genres.items()]
    return [
        "## Scores",
        f"{title(card)}:",
        _list(items),
        _table(["genre", "precision", "recall", "F1", "ROC area", "tracks"], rows),
        f"![confusion matrix]({figures.CONFUSION}) ![ROC curves]({figures.ROC})",
    ]


def _notes(card: Card) -> list[str]:
    return [f"note: {note}" for note in card.split.notes]


def _runs(card: Card) -> list[str]:
    if len(card.runs) < 2:
        return []
    items = [run_line(number, run) for number, run in enumerate(card.runs, start=1)]
    kept = "The model in this folder is that of run 1."
    if card.training.get("refit"):
        kept = "The model in this folder was then trained on all tracks, with the same recipe."
    return ["## Runs", _list([*items, spread_line(card.spread, len(card.runs))]), kept]


def _confidence(card: Card) -> list[str]:
    fitted, refit = card.calibration, card.training.get("refit")
    part, tracks = "validation part", "test tracks"
    if refit:
        part, tracks = "test parts of the folds", "test tracks, each calibrated on the other folds,"
    elif len(card.runs) > 1:
        tracks = "test tracks of run 1"
    before, after = (_number(it, ".3f") for it in (fitted.error_before, fitted.error_after))
    if not fitted.tracks:
        error = f" The expected calibration error of the test tracks is {before}."
        return [
            "There was no validation part, so nothing was calibrated."
            f"{error if card.scores else ''} {_limits(fitted)}"
        ]
    lines = [
        f"Logits are divided by a temperature of {fitted.temperature:.2f}, fitted on the "
        f"{fitted.tracks} tracks of the {part}. The expected calibration error of the {tracks} is "
        f"{before} without the temperature and {after} with it.",
        _limits(fitted),
    ]
    if said := fitted.verdicts:
        shares = ", ".join(
            f"{said[name].share:.0%} {name} ({_number(said[name].right, '.0%')} of these right)"
            for name in (verdict.SURE, verdict.EITHER)
        )
        lines.append(f"Of the {tracks} {shares}, and {said[verdict.OPEN].share:.0%} open.")
    return lines


def _limits(fitted: calibration.Calibration) -> str:
    """Return a paragraph that says what the verdicts go by."""
    at = calibration.limits(fitted)
    lines = [
        f"`predict.py` is sure of a genre from a probability of {at.sure:.2f} on. If not, it names "
        f"either of two genres if they have {at.either:.2f} together. Other songs are open."
    ]
    if calibration.is_trusted(fitted):
        lines.append(
            "These limits are the lowest with which the genres that are named have a mean "
            f"probability of {verdict.SURE_AIM:.2f} and {verdict.EITHER_AIM:.2f} there."
        )
    else:
        lines.append(
            f"Limits fitted on fewer than {calibration.ENOUGH_TRACKS} tracks are not trusted, so "
            f"they are at least {calibration.CLEAR:.2f}."
        )
    if at.farthest is not None:
        lines.append(
            "A song is also open if its embedding is farther than a cosine distance of "
            f"{at.farthest:.2f} from the mean of each genre, as one in ten of those tracks is."
        )
    if at.against is not None:
        lines.append(
            "It is open as well if a tag of other music is stronger than those of its genre, by "
            f"{at.against:g} deviations or more."
        )
    if at.other is not None:
        lines.append(f"A song whose likeliest genre is `{verdict.OTHER}` is open, too.")
    return " ".join(lines)


def verdict_line(card: Card) -> str:
    """Return a line that says what `predict.py` means by its verdicts."""
    at = calibration.limits(card.calibration)
    line = f'sure: {at.sure:.0%} or more; "or": two with {at.either:.0%} together; "?": open'
    if not calibration.is_trusted(card.calibration):
        line += f"; fitted on only {card.calibration.tracks} tracks, so only clear cases count"
    return line


def accuracy_line(card: Card) -> str:
    """Return a line on the accuracy of a model, and on what its test shows."""
    result = card.scores
    if not result:
        return f"{network(card)}: not tested"
    low, high = result.track_interval
    right = f"{result.track_accuracy:.0%} of {result.tracks} test tracks right"
    sure = f"between {low:.0%} and {high:.0%} with 95 % confidence"
    return f"{network(card)}: {right} ({sure}); {_kept_apart(card.split)}"


def _kept_apart(split: CardSplit) -> str:
    if splits.LEAKS in split.notes:
        return "trained on parts of the same tracks: expect a much lower accuracy on other songs"
    if split.name == "track":
        return "artists not kept apart: expect a lower accuracy for other artists"
    if split.name in ("artist", "filtered"):
        return "artists kept apart"
    return f"parts as in split {split.name}"


def _data(card: Card) -> list[str]:
    parts = [(part, getattr(card.split, part)) for part in PARTS]
    rows = [[part, it.segments, it.tracks, f"`{it.tracks_sha256}`"] for part, it in parts]
    return [
        "## Data",
        f"`{card.data.file}` (SHA-256 `{card.data.sha256}`): {card.feature} with "
        f"{_named(card.settings)}.",
        *_front_end(card),
        _table(["part", "segments", "tracks", "SHA-256 of the track list"], rows),
        "`split.csv` says which track is in which part.",
    ]


def _front_end(card: Card) -> list[str]:
    if not card.front_end:
        return []
    about = card.front_end
    return [
        f"{card.feature} describes a front end, of which this folder holds a copy. The weights are "
        f"from {about['source']}; their licence: {about['licence']}."
    ]


def _training(card: Card) -> list[str]:
    training = card.training
    augmentation = _named(training.get("augmentation", {}))
    files = [f"`{name}` (SHA-256 `{digest}`)" for name, digest in card.files.items()]
    exact = ""
    if card.onnx_difference is not None:
        exact = f" Their probabilities differ by at most {card.onnx_difference:.1g}."
    return [
        "## Training",
        f"`{card.command}` on {card.created}, {training['seconds']:.0f} s: seed {training['seed']}"
        f"{_steps(training)}.",
        f"Architecture: {_named(card.architecture)}." if card.architecture else "",
        f"Augmentation: {augmentation}.\n![augmented segments]({figures.AUGMENTED})"
        if augmentation
        else "",
        f"Protocol: {_named(card.protocol)}." if card.protocol else "",
        f"![training curves]({figures.HISTORY})" if "epochs" in training else "",
        f"Files: {', '.join(files)}.{exact}",
        f"Versions: {_named(card.versions)}.",
    ]


def _named(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _list(items: list[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _table(header: list[str], rows: list[list[Any]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    cells = ([str(cell).replace("|", r"\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def _steps(training: dict[str, Any]) -> str:
    """Return how a network was trained; "" for a classifier of baseline.py."""
    if "epochs" not in training:
        return ""
    return (
        f", batches of {training['batch_size']}, optimizer {training['optimizer']}, learning rate "
        f"{training['learning_rate']} ({training['schedule']}), label smoothing "
        f"{training['label_smoothing']:g}, {training['epochs_run']} of at most "
        f"{training['epochs']} epochs, the weights of epoch {training['best_epoch']} kept"
    )


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)
