"""Save a trained model in its folder: the model's files, the card, the split and the pictures."""

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from genre import features, splits
from genre.errors import ModelError, TrainingError
from genre.evaluation import metrics
from genre.experiments.protocol import Run
from genre.experiments.run import Experiment, Result
from genre.files import check_folder, printable, replacing_files, sha256, sha256_of_lines
from genre.model import card, centres_file
from genre.reporting import figures, text
from genre.segments import Segments
from genre.splits import groups, split_file

README_FILE = "README.md"
NOTES_FILE = "NOTES.md"  # written by a person, never by this code
MODEL_FILES = (
    *(card.MODEL_FILE, card.ONNX_FILE, card.CLASSIFIER_FILE, card.CENTRES_FILE),
    *card.FRONT_END_FILES,
)
WRITTEN = (*MODEL_FILES, card.CARD_FILE, README_FILE, split_file.NAME, *figures.OF_TRAINING)


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


def check_front_end(segments: Segments) -> None:
    """Raise FeatureError if the front end that computed the segments is not there any more."""
    if segments.front_end:
        features.front_end.check(Path(segments.front_end), segments.settings.get("front_end", ""))


def before(folder: Path) -> Path:
    """Return the folder to which the earlier model of a folder is moved."""
    path = folder if folder.name not in ("", "..") else folder.resolve()
    return path.with_name(f"{path.name}-before")


def save(
    done: Experiment,
    segments: Segments,
    folder: Path,
    *,
    data: Path,
    with_data: bool = False,
    command: str,
    overwrite: bool = False,
) -> Saved:
    """Write a model, its card as JSON and as a README, its split, and pictures of its scores.

    `data` is the file of the segments, which is moved into the folder if `with_data`; `command` is
    what was typed. An earlier model in the folder is kept in another one, unless `overwrite`. The
    pictures are drawn last: if that fails, the model is saved already.
    """
    with replacing_files(folder) as unfinished:
        fields = card_fields(done, segments) | _write_model(done, segments, unfinished)
        the_card = card.new(
            **fields,
            data={"file": printable(data.name), "sha256": segments.digest},
            command=command,
            created=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        )
        card.write(the_card, unfinished)
        readme = text.readme(the_card, _notes(folder))
        (unfinished / README_FILE).write_text(readme, encoding="utf-8")
        split_file.write(segments, done.kept.run.split.parts, unfinished / split_file.NAME)
        if with_data:
            data.replace(unfinished / data.name)
        written = {path.name for path in unfinished.iterdir()}
        earlier = None if overwrite else _keep(folder)
    for name in {*WRITTEN} - written:
        (folder / name).unlink(missing_ok=True)
    with replacing_files(folder) as unfinished:
        if the_card.scores:
            text.pictures(done.tested, the_card.scores, text.title(the_card), unfinished)
        done.fitted.draw(unfinished, text.run_title(the_card))
    return Saved(the_card, folder, earlier)


def _write_model(done: Experiment, segments: Segments, folder: Path) -> dict[str, Any]:
    """Write the model's files and the genres' centres; return the card's fields about them.

    A person's own front end is copied, so that the folder can be used on another machine.
    """
    fields = done.fitted.write(folder)
    if done.kept.centres:
        path = folder / card.CENTRES_FILE
        path.write_bytes(centres_file.to_bytes(done.kept.centres))
        fields["files"] |= {card.CENTRES_FILE: sha256(path)}
    if segments.front_end:
        described = Path(segments.front_end)
        fields["front_end"] = features.front_end.about(described)
        for name in card.FRONT_END_FILES:
            path = shutil.copyfile(described.with_suffix(Path(name).suffix), folder / name)
            fields["files"] |= {name: sha256(path)}
    return fields


def card_fields(done: Experiment, segments: Segments) -> dict[str, Any]:
    """Return the card's fields about the model, its training, the split and the scores."""
    protocol, measures, scores = asdict(done.protocol), [], None
    if len(done.tested.labels):
        measures = metrics.measures([each.predictions for each in done.results], segments.mapping)
        scores = metrics.score(done.tested, segments.mapping, groups.independent(segments))
    together = scores if done.protocol.folds else None
    return {
        "script": done.learner.script,
        "title": done.learner.title,
        "mapping": segments.mapping,
        "feature": segments.feature,
        "settings": segments.settings,
        # One segment tells an embedding's model much by itself, so it may be from anywhere.
        "reads": card.SPREAD if features.is_embedding(segments.feature) else card.OPENING,
        "split": split_fields(done, segments),
        "architecture": done.fitted.architecture,
        "training": {"folds": protocol["folds"] or 0, "refit": protocol["refit"]}
        | done.fitted.training,
        "protocol": protocol,
        "scores": msgspec.to_builtins(scores),
        "runs": [
            {"seed": each.run.seed} | of_run | _epochs(each)
            for each, of_run in zip(done.results if measures else [], measures, strict=True)
        ],
        "spread": metrics.spread(measures, together) if len(measures) > 1 else {},
        "calibration": done.kept.calibration,
        "versions": card.versions(),
    }


def _epochs(result: Result) -> dict[str, int]:
    """Return how many epochs a run had, for the card; nothing for a classifier."""
    return {name: it for name, it in result.training.items() if name == "epochs_run"}


def split_fields(done: Experiment, segments: Segments) -> dict[str, Any]:
    """Return the card's fields about the split, with the notes on the splits of all runs.

    The sizes of the parts, and the digests of their lists of tracks, are those of the saved model.
    """
    parts = {
        part: {
            "segments": int(np.sum(done.kept.run.split.parts == part)),
            "tracks": len(tracks),
            "tracks_sha256": sha256_of_lines(tracks),
        }
        for part, tracks in splits.tracks_by_part(segments, done.kept.run.split.parts).items()
    }
    runs = [result.run for result in done.results]
    return {"name": runs[0].split.name, "seed": runs[0].seed, "notes": notes(runs), **parts}


def notes(runs: Sequence[Run]) -> list[str]:
    """Return the warnings on the splits of several runs, each once."""
    return list(dict.fromkeys(note for run in runs for note in run.split.notes))


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


def summary(saved: Saved, *, what: str) -> str:
    """Return the scores of a saved model, the warnings on its split, and its folder, as text."""
    lines = [text.summary(saved.card), f"{what}, card and pictures in {saved.folder}"]
    if saved.before:
        now = f" ({scores.track_accuracy:.3f} per track)" if (scores := saved.card.scores) else ""
        lines[-1] += f"{now}; the earlier model{_score(saved.before)} is kept in {saved.before}"
    return "\n".join(lines)


def _score(folder: Path) -> str:
    try:
        scores = card.read(folder).scores
    except ModelError:  # the card was written by another version of this code
        return ""
    return f" ({scores.track_accuracy:.3f} per track)" if scores else ""
