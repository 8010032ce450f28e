"""Train one network on one split, and let it judge the test part."""

import contextlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import lazy_loader as lazy
import numpy as np

import config
from genre import augmentation, calibration, checkpoints, evaluation, features
from genre.allocator import keep_freed_memory
from genre.dataset import TEST, TRAIN, VALIDATION, Index, Segments, pieces
from genre.errors import TrainingError
from genre.recipe import Recipe, optimizer
from genre.splits import Split

if TYPE_CHECKING:
    from genre.batches import Batches  # which loads Keras at once

keras = lazy.load("keras")
tensorflow = lazy.load("tensorflow")

# The layers that make a network: from normalised frames, (segments, frames, coefficients), and the
# number of genres to their probabilities, (segments, genres).
Layers = Callable[["keras.KerasTensor", int], "keras.KerasTensor"]


class Run(NamedTuple):
    """A trained network, what it was trained on, and how it did."""

    seed: int
    split: Split
    network: "keras.Model"
    curves: dict[str, list[float]]  # Keras's history
    predictions: evaluation.Predictions  # on the test part, calibrated
    calibration: dict[str, Any]  # for the card
    seconds: float
    epoch_seconds: list[float]  # of each epoch, validation included
    best_epoch: int  # from 1, whose weights were kept


def build(layers: Layers, segments: Segments, chosen: np.ndarray) -> "keras.Model":
    """Return an untrained network, its normalisation fitted to the chosen segments, a mask.

    First the segment's level is taken away, so that loudness alone does not change the answer,
    then each coefficient is brought to mean 0 and variance 1.
    """
    frames = keras.Input(segments.frames.shape[1:])
    level_free = without_level(frames, segments)
    normalization = keras.layers.Normalization(name="normalization")
    network = keras.Model(frames, layers(normalization(level_free), len(segments.mapping)))
    normalization.adapt(_on(keras.Model(frames, level_free), segments, chosen))
    return network


def _on(model: "keras.Model", segments: Segments, chosen: np.ndarray) -> "tensorflow.data.Dataset":
    """Return what a model makes of the chosen segments, a mask, piece by piece."""
    rows = np.flatnonzero(chosen)
    return tensorflow.data.Dataset.from_generator(
        lambda: map(model.predict_on_batch, pieces(segments.frames, rows)),
        output_signature=tensorflow.TensorSpec((None, *model.output_shape[1:])),
    )


def without_level(frames: "keras.KerasTensor", index: Index) -> "keras.KerasTensor":
    """Take from frames what a change of volume adds to them, where the feature has such a thing.

    It adds the same number of decibels to every band of every frame, and to MFCCs, which are
    sums over the bands, the same number to the first coefficient alone.
    """
    ops, parts, start = keras.ops, [], 0
    levels = features.levels(index.feature, index.settings, frames.shape[2])
    for level, n_bands in levels:
        part = frames[:, :, start : start + n_bands]
        if level == "all":
            part -= ops.mean(part, axis=(1, 2), keepdims=True)
        elif level == "first":
            first = part[:, :, :1] - ops.mean(part[:, :, :1], axis=1, keepdims=True)
            part = ops.concatenate([first, part[:, :, 1:]], axis=2)
        parts.append(part)
        start += n_bands
    return ops.concatenate(parts, axis=2) if len(parts) > 1 else parts[0]


def train(
    layers: Layers,
    segments: Segments,
    split: Split,
    recipe: Recipe,
    *,
    seed: int,
    kept: checkpoints.Checkpoints | None = None,
    logs: Path | None = None,
) -> Run:
    """Fit a network, keep the best weights on the validation part, read the test part once.

    Where the learning rate falls by a schedule, the last weights are kept: they are the ones that
    it leads to, and no validation part is needed. `kept` says where networks are kept along the
    way, and whether to go on from there; `logs` is a folder for TensorBoard's. Raises TrainingError
    when no epoch gives a finite loss, and without both a schedule and a validation part.
    """
    if not recipe.to_the_end and not (split.parts == VALIDATION).any():
        raise TrainingError("without a validation part training needs --schedule cosine")
    started = time.perf_counter()
    begun = checkpoints.read(kept) if kept else None
    if begun:
        started -= begun.seconds
    keep_freed_memory()
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    tensorflow.config.experimental.enable_op_determinism()
    network = build(layers, segments, split.parts == TRAIN)
    to_train, to_validate = (
        batches(segments, split, part, recipe, seed) for part in (TRAIN, VALIDATION)
    )
    network.compile(
        optimizer(recipe, steps=recipe.epochs * len(to_train)),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing)
        if recipe.has_shares
        else "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    history = keras.callbacks.History()
    watched = "loss" if recipe.to_the_end else "val_loss"
    stop_early = keras.callbacks.EarlyStopping(
        watched,
        patience=recipe.epochs if recipe.to_the_end else config.PATIENCE,
        restore_best_weights=not recipe.to_the_end,
    )
    epoch_seconds: list[float] = []
    callbacks = [clock(epoch_seconds), history, stop_early]
    if kept:
        both = (to_train, to_validate)
        callbacks.append(checkpoints.callback(kept, begun, history, stop_early, both, started))
    if logs:
        callbacks.append(keras.callbacks.TensorBoard(logs))
    epoch = begun.epoch if begun else 0
    with contextlib.redirect_stdout(sys.stderr):  # where progress goes; Keras prints to stdout
        network.fit(
            to_train,
            validation_data=to_validate if len(to_validate) else None,
            initial_epoch=epoch,
            epochs=epoch if begun and begun.stopped else recipe.epochs,
            callbacks=callbacks,
            shuffle=False,  # not the batches once more, which would read the disk up and down
            verbose=1 if sys.stderr.isatty() else 2,  # a moving bar, or a line for each epoch
        )
    losses = history.history[watched]
    if not np.isfinite(losses[-1:] if recipe.to_the_end else losses).any():
        raise TrainingError(
            f"the {watched.replace('val_', 'validation ')} is no number: "
            f"learning rate {recipe.learning_rate:g} leads nowhere"
        )
    best_epoch = len(losses) if recipe.to_the_end else int(np.nanargmin(losses)) + 1
    seconds = time.perf_counter() - started
    judge, curves = evaluation.judge_of(network), history.history
    predictions, account = calibration.apply(
        *(evaluation.predict(judge, segments, split.parts == part) for part in (VALIDATION, TEST))
    )
    return Run(
        *(seed, split, network, curves, predictions, account),
        *(seconds, epoch_seconds, best_epoch),
    )


def clock(seconds: list[float]) -> "keras.callbacks.Callback":
    """Return a callback that appends what each epoch takes, in seconds."""
    begun = 0.0

    def begin(_epoch: int, _logs: object) -> None:
        nonlocal begun
        begun = time.perf_counter()

    def end(_epoch: int, _logs: object) -> None:
        seconds.append(time.perf_counter() - begun)

    return keras.callbacks.LambdaCallback(on_epoch_begin=begin, on_epoch_end=end)


def batches(
    segments: Segments,
    split: Split,
    part: str,
    recipe: Recipe,
    seed: int,
) -> "Batches":
    """Return the batches of a part of the split: frames and labels, or each genre's share.

    Only the segments of the training part are augmented. Shares are (batch, genres).
    """
    from genre.batches import Batches  # which loads Keras at once

    change = None
    if recipe.has_shares:
        n_genres = len(segments.mapping)
        decibel = augmentation.decibel(segments, segments.frames.shape[2])

        def change(frames, labels, rng):
            shares = augmentation.one_hot(labels, n_genres)
            if recipe.augment and part == TRAIN:
                return augmentation.augment(frames, shares, decibel, rng)
            return frames, shares

    chosen = split.parts == part
    return Batches(segments, chosen, recipe.batch_size, seed, change)
