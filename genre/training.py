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
from genre.splits import Split

keras = lazy.load("keras")
tensorflow = lazy.load("tensorflow")

# Returns an uncompiled network whose layer "normalization" is still to be fitted:
# (shape of a segment's frames, number of genres) -> network.
Build = Callable[[tuple[int, int], int], "keras.Model"]


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
        return int(np.argmin(self.curves["val_loss"])) + 1


def train(
    build: Build,
    segments: Segments,
    split: Split,
    *,
    seed: int,
    epochs: int,
    batch_size: int,
    learning_rate: float,
) -> Run:
    """Fit a network, keep the best weights on the validation part, read the test part once."""
    started = time.perf_counter()
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    tensorflow.config.experimental.enable_op_determinism()
    network = build(segments.frames.shape[1:], len(segments.mapping))
    part = {name: split.parts == name for name in PARTS}
    network.get_layer("normalization").adapt(segments.frames[part[TRAIN]])
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
    seconds = time.perf_counter() - started
    predictions = evaluation.predict(network, segments, part[TEST])
    return Run(seed, split, network, history.history, predictions, seconds)
