"""Train one network on one split, and let it judge the test part."""

import contextlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import lazy_loader as lazy
import numpy as np

import config
from genre import evaluation
from genre.datasets import TEST, TRAIN, VALIDATION, Segments
from genre.datasets.splits import Split
from genre.environment import keep_freed_memory
from genre.errors import TrainingError
from genre.evaluation import calibration
from genre.networks.normalisation import Layers, build
from genre.training import augmentation, checkpoints
from genre.training.recipe import Recipe, optimizer

if TYPE_CHECKING:
    from genre.training.batches import Batches  # which loads Keras at once

keras = lazy.load("keras")
tensorflow = lazy.load("tensorflow")


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
        raise TrainingError(
            f"split {split.name} has no validation part, without which training needs "
            "--schedule cosine"
        )
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
    network = keras.Model(network.input, network.output)  # without the optimizer's state
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
    from genre.training.batches import Batches  # which loads Keras at once

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
