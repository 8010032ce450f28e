"""The learners: a network with its recipe, and a classifier.

Both can be trained in the same way. A learner has a `title`, says with `check(segments)` whether it
can use them, and `fit(segments, run)` returns a `Fitted` model. It can be sent to other processes.
TensorFlow and scikit-learn are imported when a model is trained.
"""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, ClassVar

import numpy as np

from genre import classifiers, evaluation, networks
from genre.classifiers.estimators import CLASSIFIERS
from genre.errors import ModelError
from genre.evaluation import Predict, Predictions
from genre.experiments.protocol import Run
from genre.files import sha256
from genre.model import card
from genre.networks import Architecture
from genre.reporting import figures
from genre.segments import Segments, take
from genre.songs import TRAIN
from genre.training import augmentation, checkpoints
from genre.training.checkpoints import Checkpoints
from genre.training.recipe import Recipe

LOGS = "tensorboard"
COMPARED = 512  # segments whose probabilities by Keras and by ONNX Runtime are compared
LARGEST_DIFFERENCE = 1e-5  # between these probabilities


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A trained model."""

    predict: Predict  # from frames, (segments, frames, bands), to the genres' probabilities
    # From segments and a mask of those to predict, (segments,), to their predictions.
    predictions: Callable[[Segments, np.ndarray], Predictions]
    write: Callable[[Path], dict[str, Any]]  # writes its files; returns the card's fields on them
    # Draws pictures of the training, given a folder and a title.
    draw: Callable[[Path, str], None] = lambda _folder, _title: None
    architecture: dict[str, Any]  # for the card
    # For the card, with the seconds of the training and, of a classifier, whether it converged.
    training: dict[str, Any]
    parameters: int | None = None  # of a network
    epoch_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """What is written while a network is trained, and whether its training is resumed."""

    folder: Path
    every: int | None = None  # epochs between two checkpoints; None saves none
    resume: bool = False
    tensorboard: bool = False


@dataclass(frozen=True, kw_only=True)
class NetworkLearner:
    """A network with its recipe."""

    what: ClassVar[str] = "network"

    script: str
    chosen: Architecture
    recipe: Recipe = field(default_factory=Recipe)
    keeping: Keeping | None = None
    show_progress: bool = True  # a line on each epoch, on stderr

    @property
    def title(self) -> str:
        return self.chosen.title

    @property
    def needs_validation(self) -> bool:
        return not self.recipe.fixed_length

    def check(self, segments: Segments) -> None:
        """Raise TrainingError if segments are too short for the network."""
        networks.check(self.chosen, segments)

    def identity(self, segments: Segments, run: Run) -> dict[str, Any]:
        """Return everything that decides a network; equal values give equal networks.

        A training can be resumed only if none of these values has changed.
        """
        training = {"seed": run.seed} | asdict(self.recipe)
        if not self.recipe.augment:
            training["augmentation"] = {}
        return {
            "architecture": self.chosen.card_fields,
            **_data_and_split(segments, run),
            "training": training,
            "versions": card.versions(),
        }

    def checkpoints(self, segments: Segments, run: Run) -> Checkpoints | None:
        """Return where a run keeps its checkpoints; None if it keeps none."""
        kept = self.keeping
        if not kept or not (kept.every or kept.resume):
            return None
        identity = self.identity(segments, run)
        if not self.recipe.fixed_length:  # then the number of epochs may be raised
            del identity["training"]["epochs"]
        folder = kept.folder / checkpoints.FOLDER / f"run-{run.number}"
        return Checkpoints(folder, kept.every, kept.resume, identity)

    def logs(self, run: Run) -> Path | None:
        """Return the folder for a run's TensorBoard logs; None if there are to be none."""
        kept = self.keeping
        return kept.folder / LOGS / f"run-{run.number}" if kept and kept.tensorboard else None

    def fit(self, segments: Segments, run: Run) -> Fitted:
        """Train the network; raises TrainingError if it cannot learn from this data."""
        from genre.training import fit

        trained = fit.fit(
            self.chosen.layers(segments),
            segments,
            run.split,
            self.recipe,
            seed=run.seed,
            watch=fit.Watch(
                kept=self.checkpoints(segments, run),
                logs=self.logs(run),
                progress=self.show_progress,
            ),
        )
        predict = fit.predictor(trained.network)
        identity = self.identity(segments, run)
        return Fitted(
            predict=predict,
            predictions=partial(evaluation.predict, predict),
            write=partial(write_network, trained.network, segments),
            draw=partial(draw_training, trained, self.recipe, segments, run),
            architecture=identity["architecture"],
            training=identity["training"] | trained.facts,
            parameters=trained.network.count_params(),
            # Without the first epoch, in which TensorFlow builds its graph.
            epoch_seconds=median(trained.epoch_seconds[1:] or trained.epoch_seconds),
        )


@dataclass(frozen=True, kw_only=True)
class ClassifierLearner:
    """A classifier of scikit-learn."""

    what: ClassVar[str] = "classifier"
    script: ClassVar[str] = "baseline"
    needs_validation: ClassVar[bool] = False

    name: str

    @property
    def title(self) -> str:
        return f"{self.script} {self.name}"

    def check(self, segments: Segments) -> None:
        """Raise TrainingError if the classifier cannot use such segments."""
        classifiers.check(self.name, segments)

    def identity(self, segments: Segments, run: Run) -> dict[str, Any]:
        """Return everything that decides a classifier; equal values give equal classifiers."""
        return {
            "architecture": {"name": self.title},
            **_data_and_split(segments, run),
            "training": {"seed": run.seed},
            "versions": card.versions(),
        }

    def fit(self, segments: Segments, run: Run) -> Fitted:
        """Train the classifier; raises TrainingError if it cannot learn from this data."""
        kind, n_genres = CLASSIFIERS[self.name].statistics, len(segments.mapping)
        fitted = classifiers.fit(self.name, segments, run.split, seed=run.seed)
        of_rows = partial(classifiers.probabilities, fitted.model, n_genres=n_genres)

        def predictions(segments: Segments, chosen: np.ndarray) -> Predictions:
            rows = classifiers.with_statistics(segments, kind)
            return evaluation.predict(of_rows, rows, chosen)

        return Fitted(
            predict=classifiers.predictor(
                fitted.model, kind, segments.feature, segments.settings, n_genres
            ),
            predictions=predictions,
            write=partial(write_classifier, fitted.model),
            architecture={
                "name": self.name,
                "statistics": kind,
                "estimator": classifiers.estimator(fitted.model),
            },
            training={
                "seed": run.seed,
                "seconds": round(fitted.seconds, 4),
                "converged": fitted.converged,
            },
        )


Learner = NetworkLearner | ClassifierLearner


def _data_and_split(segments: Segments, run: Run) -> dict[str, Any]:
    """Return the digests of the data and of its split."""
    return {
        "data": segments.digest,
        "split": {
            "name": run.split.name,
            "parts": hashlib.sha256("\n".join(run.split.parts).encode()).hexdigest(),
        },
    }


def write_network(network: Any, segments: Segments, folder: Path) -> dict[str, Any]:
    """Write a network for Keras and for ONNX Runtime, and return the card's fields about them.

    Raises ModelError if the two give different probabilities for some of the segments, which are
    spread over the data.
    """
    from genre.model import onnx_file

    count = min(len(segments.labels), COMPARED)
    rows = np.linspace(0, len(segments.labels) - 1, count).astype(int)
    network.save(folder / card.MODEL_FILE)
    onnx_file.export(network, folder / card.ONNX_FILE)
    difference = onnx_file.largest_difference(
        network, folder / card.ONNX_FILE, take(segments.frames, rows)
    )
    if not difference <= LARGEST_DIFFERENCE:
        raise ModelError(
            f"the network's probabilities differ by {difference:.1g} between Keras and ONNX "
            f"Runtime, more than {LARGEST_DIFFERENCE:g}; nothing is saved"
        )
    files = {name: sha256(folder / name) for name in (card.MODEL_FILE, card.ONNX_FILE)}
    return {"files": files, "onnx_difference": difference}


def write_classifier(model: classifiers.Pipeline, folder: Path) -> dict[str, Any]:
    """Write a classifier's file, and return the card's fields about it."""
    from genre.model import skops_file

    path = folder / card.CLASSIFIER_FILE
    path.write_bytes(skops_file.to_bytes(model))
    return {"files": {path.name: sha256(path)}}


def draw_training(
    trained: Any, recipe: Recipe, segments: Segments, run: Run, folder: Path, title: str
) -> None:
    """Draw the curves of a network's training and, with --augment, what that changes."""
    figures.history(trained.curves, trained.best_epoch, folder / figures.HISTORY, title=title)
    if recipe.augment:
        draw_augmented(recipe, segments, run, folder / figures.AUGMENTED)


def draw_augmented(recipe: Recipe, segments: Segments, run: Run, path: Path) -> None:
    """Draw segments of the first batch unchanged, and after each step of the augmentation."""
    from genre.training import fit

    plain = recipe.changed(
        augment=False, label_smoothing=0.0, class_weights=False, track_weights=False
    )
    frames, shares, *_ = fit.batches(segments, run.split, TRAIN, plain, run.seed)[0]
    if shares.ndim == 1:  # labels, as each track is of one genre
        shares = augmentation.one_hot(shares, len(segments.mapping))
    how, rng = recipe.augmentation, np.random.default_rng(run.seed)
    decibel = augmentation.decibel(segments, how.equalizer_waves)
    changed = augmentation.steps(frames, shares, decibel, how, rng)
    settings = segments.settings
    seconds = settings["track_seconds"] / settings["segments_per_track"]
    steps = [("unchanged", frames, shares), *changed]
    figures.augmented(steps, segments.mapping, path, seconds=seconds)
