"""Save a trained model in its folder: the model's files, the card, the split and the pictures."""

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from genre import features, splits
from genre.errors import ModelError, TrainingError
from genre.evaluation import Predictions, metrics
from genre.experiments.results import Result
from genre.files import check_folder, printable, replacing_files, sha256, sha256_of_lines
from genre.model import card, centres_file, onnx_file
from genre.reporting import figures, text
from genre.segments import Segments
from genre.splits import split_file

README_FILE = "README.md"
NOTES_FILE = "NOTES.md"  # written by a person, never by this code
MODEL_FILES = (card.MODEL_FILE, card.ONNX_FILE, card.CLASSIFIER_FILE, card.CENTRES_FILE)
WRITTEN = (*MODEL_FILES, card.CARD_FILE, README_FILE, split_file.NAME, *figures.OF_TRAINING)
COMPARED = 512  # segments whose probabilities by Keras and by ONNX Runtime are compared
LARGEST_DIFFERENCE = 1e-5  # between these probabilities


class Saved(NamedTuple):
    """A saved model, and the earlier model of its folder."""

    card: card.Card
    folder: Path
    before: Path | None  # the folder to which the earlier model was moved


def check(folder: Path) -> None:
    """Raise OSError if a model cannot be saved, TrainingError if other work would be lost."""
    check_folder(folder)
    for place in (folder, before(folder)):
        for name in (README_FILE, split_file.NAME):
            if not (place / card.CARD_FILE).exists() and (place / name).exists():
                raise TrainingError(f"{place}: holds a {name} but no model; give another --output")


def before(folder: Path) -> Path:
    """Return the folder to which the earlier model of a folder is moved."""
    path = folder if folder.name not in ("", "..") else folder.resolve()
    return path.with_name(f"{path.name}-before")


def card_fields(
    segments: Segments,
    results: Sequence[Result],
    kept: Result,
    tested: Predictions,
    *,
    data: Path,
    command: str,
) -> dict[str, Any]:
    """Return the card's fields about the data, the split and the scores.

    `kept` is the result of the model that is saved; `data` is the segment file.
    """
    measures = metrics.measures([result.predictions for result in results], segments.mapping)
    return {
        "mapping": segments.mapping,
        "feature": segments.feature,
        "settings": segments.settings,
        # One segment tells an embedding's model much by itself, so it may be from anywhere.
        "reads": card.SPREAD if features.is_embedding(segments.feature) else card.OPENING,
        "data": {"file": printable(data.name), "sha256": segments.digest},
        "split": split_fields(segments, results, kept),
        "scores": msgspec.to_builtins(metrics.score(tested, segments.mapping)),
        "runs": [
            {"seed": result.seed} | of_run for result, of_run in zip(results, measures, strict=True)
        ],
        "spread": metrics.spread(measures) if len(results) > 1 else {},
        "calibration": kept.calibration,
        "command": command,
        "created": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
    }


def split_fields(segments: Segments, results: Sequence[Result], kept: Result) -> dict[str, Any]:
    """Return the card's fields about the split, with the notes on the splits of all runs.

    The sizes of the parts, and the digests of their lists of tracks, are those of the saved model.
    """
    parts = {
        part: {
            "segments": int(np.sum(kept.split.parts == part)),
            "tracks": len(tracks),
            "tracks_sha256": sha256_of_lines(tracks),
        }
        for part, tracks in splits.tracks_by_part(segments, kept.split.parts).items()
    }
    return {
        "name": results[0].split.name,
        "seed": results[0].seed,
        "notes": notes(result.split for result in results),
        **parts,
    }


def notes(of_splits: Iterable[splits.Split]) -> list[str]:
    """Return the warnings of several splits, each once."""
    return list(dict.fromkeys(note for split in of_splits for note in split.notes))


def write_network(network: Any, frames: np.ndarray, folder: Path) -> dict[str, Any]:
    """Write a network for Keras and for ONNX Runtime, and return the card's fields about them.

    Raises ModelError if the two give different probabilities for the frames.
    """
    network.save(folder / card.MODEL_FILE)
    onnx_file.export(network, folder / card.ONNX_FILE)
    difference = onnx_file.largest_difference(network, folder / card.ONNX_FILE, frames)
    if not difference <= LARGEST_DIFFERENCE:
        raise ModelError(
            f"the network's probabilities differ by {difference:.1g} between Keras and ONNX "
            f"Runtime, more than {LARGEST_DIFFERENCE:g}; nothing is saved"
        )
    files = {name: sha256(folder / name) for name in (card.MODEL_FILE, card.ONNX_FILE)}
    return {"files": files, "onnx_difference": difference}


def save(
    write_model: Callable[[Path], dict[str, Any]],
    fields: dict[str, Any],
    segments: Segments,
    kept: Result,
    tested: Predictions,
    folder: Path,
    *,
    overwrite: bool = False,
) -> Saved:
    """Write a model, its card as JSON and as a README, its split, and pictures of its scores.

    `write_model` writes the model's files into a folder, and returns the card's fields about them;
    `fields` are the other fields. An earlier model in the folder is kept in another one, unless
    `overwrite`. The pictures are drawn last: if that fails, the model is saved already.
    """
    with replacing_files(folder) as unfinished:
        fields |= write_model(unfinished)
        if kept.centres:
            path = unfinished / card.CENTRES_FILE
            path.write_bytes(centres_file.to_bytes(kept.centres))
            fields["files"] |= {card.CENTRES_FILE: sha256(path)}
        the_card = card.new(**fields)
        card.write(the_card, unfinished)
        readme = text.readme(the_card, _notes(folder))
        (unfinished / README_FILE).write_text(readme, encoding="utf-8")
        split_file.write(segments, kept.split.parts, unfinished / split_file.NAME)
        written = {path.name for path in unfinished.iterdir()}
        earlier = None if overwrite else _keep(folder)
    for name in {*WRITTEN} - written:
        (folder / name).unlink(missing_ok=True)
    with replacing_files(folder) as unfinished:
        text.pictures(tested, the_card.scores, text.title(the_card), unfinished)
    return Saved(the_card, folder, earlier)


def _notes(folder: Path) -> str:
    try:
        return (folder / NOTES_FILE).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def _keep(folder: Path) -> Path | None:
    """Copy the model in a folder, if there is one, to the folder `before` it, and return that."""
    if not (folder / card.CARD_FILE).exists():
        return None
    place = before(folder)
    names = [name for name in (*WRITTEN, NOTES_FILE) if (folder / name).exists()]
    with replacing_files(place) as unfinished:
        for name in names:
            shutil.copy2(folder / name, unfinished / name)
    for name in {*WRITTEN, NOTES_FILE} - {*names}:
        (place / name).unlink(missing_ok=True)
    return place


def summary(saved: Saved, *, what: str = "network") -> str:
    """Return the scores of a saved model, the warnings on its split, and its folder, as text."""
    lines = []
    if saved.card.spread:
        lines += [text.run_line(i, run) for i, run in enumerate(saved.card.runs, start=1)]
        lines += [text.spread_line(saved.card.spread, len(saved.card.runs)), ""]
    lines += [text.title(saved.card), text.scores(saved.card.scores), ""]
    lines += [f"note: {note}" for note in saved.card.split.notes]
    lines.append(f"{what}, card and pictures in {saved.folder}")
    if saved.before:
        now = saved.card.scores.track_accuracy
        lines[-1] += f" ({now:.3f} per track); the earlier model{_score(saved.before)} is kept in "
        lines[-1] += os.fspath(saved.before)
    return "\n".join(lines)


def _score(folder: Path) -> str:
    try:
        return f" ({card.read(folder).scores.track_accuracy:.3f} per track)"
    except ModelError:  # the card was written by another version of this code
        return ""
