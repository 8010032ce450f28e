"""Train one network on one split of the data."""

import contextlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from genre.environment import load_keras
from genre.errors import TrainingError
from genre.networks.layers import Layers, build
from genre.segments import Segments
from genre.songs import TRAIN, VALIDATION
from genre.splits import Split
from genre.training import augmentation, checkpoints, interrupts
from genre.training.recipe import Recipe, optimizer

STEP = 32  # segments that a network predicts at once


class Trained(NamedTuple):
    """A trained network, and how it was trained."""

    network: Any  # keras.Model
    curves: dict[str, list[float]]  # Keras's history
    seconds: float
    epoch_seconds: list[float]  # of each epoch, validation included
    best_epoch: int  # the epoch, from 1, whose weights were kept

    @property
    def facts(self) -> dict[str, Any]:
        """What a card says about the training; accuracies are per segment, in the epoch kept."""
        of_part = {
            "train_accuracy": self.curves["accuracy"],
            "validation_accuracy": self.curves.get("val_accuracy"),
        }
        return {
            "epochs_run": len(self.curves["loss"]),
            "best_epoch": self.best_epoch,
            **{name: round(it[self.best_epoch - 1], 4) for name, it in of_part.items() if it},
            "seconds": round(self.seconds, 1),
        }


class Watch(NamedTuple):
    """What is written while a network is trained, and what can stop the training."""

    kept: checkpoints.Checkpoints | None = None  # where, and whether to resume from there
    logs: Path | None = None  # a folder for TensorBoard's logs
    progress: bool = True  # a line on each epoch, on stderr
    stop_if_asked: Callable[[], None] = lambda: None  # called between two batches


def fit(
    layers: Layers,
    segments: Segments,
    split: Split,
    recipe: Recipe,
    *,
    seed: int,
    watch: Watch = Watch(),  # noqa: B008, it cannot be changed
) -> Trained:
    """Train a network on the training part, and keep the weights best on the validation part.

    With a schedule the last weights are kept, because the schedule ends there, and no validation
    part is needed. Ctrl-C stops the training between two batches. Raises TrainingError if no epoch
    gives a finite loss, and if there is neither a schedule nor a validation part.
    """
    if not recipe.fixed_length and not (split.parts == VALIDATION).any():
        raise TrainingError(
            f"split {split.name} has no validation part; training without one needs "
            "--schedule cosine"
        )
    return interrupts.stoppable(
        lambda stop: _fit(layers, segments, split, recipe, seed, watch._replace(stop_if_asked=stop))
    )


def _fit(
    layers: Layers, segments: Segments, split: Split, recipe: Recipe, seed: int, watch: Watch
) -> Trained:
    keras = load_keras()
    import tensorflow

    started = time.perf_counter()
    begun = checkpoints.read(watch.kept) if watch.kept else None
    if begun:
        started -= begun.seconds
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    tensorflow.config.experimental.enable_op_determinism()
    network = build(layers, segments, split.parts == TRAIN)
    set_batch_norm_momentum(network, recipe.batch_norm_momentum)
    watch.stop_if_asked()
    of_parts = [batches(segments, split, part, recipe, seed) for part in (TRAIN, VALIDATION)]
    steps = recipe.epochs * len(of_parts[0])
    compile_(network, recipe, steps=steps, with_shares=has_shares(segments, recipe))
    history, stop_early = keras.callbacks.History(), early_stopping(recipe)
    epoch_seconds: list[float] = []
    callbacks = [clock(epoch_seconds), history, stop_early, between_batches(watch.stop_if_asked)]
    if watch.kept:
        saved = checkpoints.callback(watch.kept, begun, history, stop_early, of_parts, started)
        callbacks.append(saved)
    if watch.logs:
        callbacks.append(keras.callbacks.TensorBoard(watch.logs))
    epoch = begun.epoch if begun else 0
    verbose = 1 if sys.stderr.isatty() else 2  # a moving bar, or a line for each epoch
    with contextlib.redirect_stdout(sys.stderr):  # Keras prints its progress to stdout
        network.fit(
            of_parts[0],
            validation_data=of_parts[1] if len(of_parts[1]) else None,
            initial_epoch=epoch,
            epochs=epoch if begun and begun.stopped else recipe.epochs,
            callbacks=callbacks,
            shuffle=False,  # Batches shuffles, in an order that is fast to read from the disk
            verbose=verbose if watch.progress else 0,
        )
    return Trained(
        network=keras.Model(network.input, network.output),  # without the optimizer's state
        curves=history.history,
        seconds=time.perf_counter() - started,
        epoch_seconds=epoch_seconds,
        best_epoch=kept_epoch(history.history, recipe),
    )


def has_shares(segments: Segments, recipe: Recipe) -> bool:
    """Return whether a segment's target is each genre's share, and not a label."""
    return recipe.has_shares or segments.shares is not None


def compile_(network: Any, recipe: Recipe, *, steps: int, with_shares: bool) -> None:
    """Give a network its optimizer, for so many steps, and its loss, of shares or of labels."""
    from keras.losses import CategoricalCrossentropy

    network.compile(
        optimizer(recipe, steps=steps),
        loss=CategoricalCrossentropy(label_smoothing=recipe.label_smoothing)
        if with_shares
        else "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )


def early_stopping(recipe: Recipe) -> Any:
    """Return the keras.callbacks.EarlyStopping; with a schedule it never stops."""
    from keras.callbacks import EarlyStopping

    return EarlyStopping(
        watched(recipe),
        patience=recipe.epochs if recipe.fixed_length else recipe.patience,
        restore_best_weights=not recipe.fixed_length,
    )


def watched(recipe: Recipe) -> str:
    """Return which of Keras's curves says whether a training goes well."""
    return "loss" if recipe.fixed_length else "val_loss"


def kept_epoch(curves: dict[str, list[float]], recipe: Recipe) -> int:
    """Return the epoch, from 1, whose weights are kept; TrainingError if no loss is finite."""
    name = watched(recipe)
    losses = curves[name]
    if not np.isfinite(losses[-1:] if recipe.fixed_length else losses).any():
        raise TrainingError(
            f"the {name.replace('val_', 'validation ')} is not a number: "
            f"the learning rate of {recipe.learning_rate:g} is too large"
        )
    return len(losses) if recipe.fixed_length else int(np.nanargmin(losses)) + 1


def set_batch_norm_momentum(network: Any, momentum: float) -> None:
    """Set how slowly the averages of each layer of batch normalisation change."""
    from keras.layers import BatchNormalization

    for layer in network.layers:
        if isinstance(layer, BatchNormalization):
            layer.momentum = momentum


def clock(seconds: list[float]) -> Any:
    """Return a keras.callbacks.Callback that appends the seconds of each epoch."""
    from keras.callbacks import LambdaCallback

    begun = 0.0

    def begin(_epoch: int, _logs: object) -> None:
        nonlocal begun
        begun = time.perf_counter()

    def end(_epoch: int, _logs: object) -> None:
        seconds.append(time.perf_counter() - begun)

    return LambdaCallback(on_epoch_begin=begin, on_epoch_end=end)


def between_batches(function: Callable[[], None]) -> Any:
    """Return a keras.callbacks.Callback that calls a function after each batch."""
    from keras.callbacks import Callback

    class BetweenBatches(Callback):
        def on_train_batch_end(self, batch: int, logs: object = None) -> None:
            function()

        def on_test_batch_end(self, batch: int, logs: object = None) -> None:
            function()

    return BetweenBatches()


def batches(segments: Segments, split: Split, part: str, recipe: Recipe, seed: int) -> Any:
    """Return the batches.Batches of a part of the split: frames, labels or shares, and weights.

    Shares, (batch, genres), say how much of each genre is in a segment. Only the training part is
    augmented. There are weights only if the recipe asks for class or track weights, or if the
    tracks have weights. Their mean is 1 in each part, so that the losses can be compared.
    """
    from genre.training.batches import Batches  # which imports Keras

    n_genres, of_tracks = len(segments.mapping), segments.shares
    decibel = augmentation.decibel(segments, recipe.augmentation.equalizer_waves)
    chosen = split.parts == part
    of_segment = np.ones(len(chosen), dtype=np.float32)
    of_genre = np.ones(n_genres, dtype=np.float32)
    has_weights = recipe.class_weights or recipe.track_weights or segments.weights is not None
    if recipe.track_weights:
        of_segment = track_weights(segments.track_index, chosen)
    if segments.weights is not None:
        of_segment = weighted(of_segment, segments.weights[segments.track_index], chosen)
    if recipe.class_weights:
        labels, weights = segments.labels[chosen], of_segment[chosen]
        if of_tracks is not None:  # a segment counts for each of its genres
            shares = of_tracks[segments.track_index[chosen]]
            rows, labels = np.nonzero(shares)
            weights = weights[rows] * shares[rows, labels]
        of_genre = class_weights(labels, n_genres, weights)
    with_shares = has_shares(segments, recipe)

    def change(
        frames: np.ndarray, labels: np.ndarray, rows: np.ndarray, rng: np.random.Generator
    ) -> tuple:
        shares = augmentation.one_hot(labels, n_genres)
        if of_tracks is not None:
            shares = of_tracks[segments.track_index[rows]]
        if recipe.augment and part == TRAIN:
            frames, shares = augmentation.augment(frames, shares, decibel, recipe.augmentation, rng)
        targets = shares if with_shares else labels
        if not has_weights:
            return frames, targets
        return frames, targets, of_segment[rows] * (shares @ of_genre)

    return Batches(segments, chosen, recipe.batch_size, seed, change)


def class_weights(
    labels: np.ndarray, n_genres: int, of_segment: np.ndarray | None = None
) -> np.ndarray:
    """Return weights, (genres,), that give all genres the same total; the segments' mean is 1.

    `of_segment` are weights that the segments already have, (segments,).
    """
    counts = np.bincount(labels, weights=of_segment, minlength=n_genres)
    present = counts > 0
    n_present = max(1, present.sum())
    return (counts.sum() / (n_present * np.where(present, counts, 1))).astype(np.float32)


def track_weights(track_index: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return weights, (segments,), that give all tracks the same total.

    Their mean is 1 over the chosen segments, a mask of (segments,).
    """
    counts = np.bincount(track_index[chosen], minlength=track_index.max() + 1)
    mean = chosen.sum() / max(1, np.count_nonzero(counts))  # segments in a track
    return (mean / np.maximum(counts, 1)[track_index]).astype(np.float32)


def weighted(of_segment: np.ndarray, more: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return weights, (segments,), multiplied by others; their mean over the chosen ones is 1."""
    product = of_segment * more
    return (product / (product[chosen].mean() if chosen.any() else 1)).astype(np.float32)


def predictor(network: Any) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function from frames, (segments, frames, bands), to the genres' probabilities."""

    def predict(frames: np.ndarray) -> np.ndarray:
        if len(frames) <= STEP:
            return network.predict_on_batch(frames)
        return network.predict(frames, batch_size=STEP, verbose=0)

    return predict
