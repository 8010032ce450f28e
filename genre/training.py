"""Train one network on one split, and let it judge the test part."""

import contextlib
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import lazy_loader as lazy
import numpy as np

import config
from genre import evaluation
from genre.dataset import PARTS, TEST, TRAIN, VALIDATION, Segments
from genre.errors import TrainingError
from genre.splits import Split

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
    predictions: evaluation.Predictions  # on the test part
    seconds: float

    @property
    def best_epoch(self) -> int:
        """The epoch, from 1, whose weights were kept."""
        return int(np.nanargmin(self.curves["val_loss"])) + 1


def build(layers: Layers, segments: Segments, chosen: np.ndarray) -> "keras.Model":
    """Return an untrained network, its normalisation fitted to the chosen segments, a mask.

    First the segment's level is taken away, so that loudness alone does not change the answer,
    then each coefficient is brought to mean 0 and variance 1.
    """
    frames = keras.Input(segments.frames.shape[1:])
    level_free = without_level(frames, segments.feature)
    normalization = keras.layers.Normalization(name="normalization")
    network = keras.Model(frames, layers(normalization(level_free), len(segments.mapping)))
    to_normalise = keras.Model(frames, level_free).predict(segments.frames[chosen], verbose=0)
    normalization.adapt(to_normalise)
    return network


def without_level(frames: "keras.KerasTensor", feature: str) -> "keras.KerasTensor":
    """Take from frames what a change of volume adds to them, where the feature has such a thing.

    It adds the same number of decibels to every band of every frame, and to MFCCs, which are
    sums over the bands, the same number to the first coefficient alone.
    """
    ops = keras.ops
    if feature == "mfcc":
        first = frames[:, :, :1]
        first -= ops.mean(first, axis=1, keepdims=True)
        return ops.concatenate([first, frames[:, :, 1:]], axis=2)
    if feature == "mel":
        return frames - ops.mean(frames, axis=(1, 2), keepdims=True)
    return frames


def train(
    layers: Layers,
    segments: Segments,
    split: Split,
    *,
    seed: int,
    epochs: int,
    batch_size: int,
    learning_rate: float,
) -> Run:
    """Fit a network, keep the best weights on the validation part, read the test part once.

    Raises TrainingError when no epoch gives a finite validation loss.
    """
    started = time.perf_counter()
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    tensorflow.config.experimental.enable_op_determinism()
    part = {name: split.parts == name for name in PARTS}
    network = build(layers, segments, part[TRAIN])
    network.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    stop_early = keras.callbacks.EarlyStopping(
        "val_loss", patience=config.PATIENCE, restore_best_weights=True
    )
    with contextlib.redirect_stdout(sys.stderr):  # where progress goes; Keras prints to stdout
        history = network.fit(
            segments.frames[part[TRAIN]],
            segments.labels[part[TRAIN]],
            validation_data=(
                segments.frames[part[VALIDATION]],
                segments.labels[part[VALIDATION]],
            ),
            batch_size=batch_size,
            epochs=epochs,
            callbacks=[stop_early],
            verbose=1 if sys.stderr.isatty() else 2,  # a moving bar, or a line for each epoch
        )
    if not np.isfinite(history.history["val_loss"]).any():
        raise TrainingError(
            f"the validation loss is no number: learning rate {learning_rate:g} leads nowhere"
        )
    seconds = time.perf_counter() - started
    predictions = evaluation.predict(network, segments, part[TEST])
    return Run(seed, split, network, history.history, predictions, seconds)
