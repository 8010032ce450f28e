"""Save networks during training, and resume a training as if it had not been interrupted.

A run's folder, such as output/cnn/checkpoints/run-1, holds networks, such as epoch-0010.keras, the
network after ten epochs, and last.npz, the state that training resumes from.
"""

import json
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from genre.errors import TrainingError, reason
from genre.files import replacing

FOLDER, STATE_FILE = "checkpoints", "last.npz"
COUNTERS = ("wait", "best", "best_epoch")  # of Keras's EarlyStopping
ARRAYS = ("variables", "best_weights")  # of a State


class Checkpoints(NamedTuple):
    """Where a training saves its networks, how often, and what identifies the training."""

    folder: Path
    every: int | None  # epochs; None saves none
    resume: bool
    identity: dict[str, Any]  # what must be unchanged when the training resumes

    @property
    def state(self) -> Path:
        return self.folder / STATE_FILE


class Facts(msgspec.Struct, kw_only=True):
    """The state of a training after some epochs, without its arrays."""

    identity: dict[str, Any]
    epoch: int  # how many are done
    stopped: bool  # stopped early, so no epochs are left
    seconds: float
    curves: dict[str, list[float]]  # Keras's history
    counters: dict[str, float]  # those of COUNTERS
    batches: list[int]  # the epoch that sets the next order of training and of validation batches


class State(Facts, kw_only=True):
    """The state of a training after some epochs."""

    variables: list[np.ndarray]
    best_weights: list[np.ndarray]


def check(trainings: Sequence[Checkpoints], epochs: int) -> list[int]:
    """Return how many epochs of each training are done.

    Raises TrainingError if there is nothing to resume, if the checkpoints are of another training,
    and if more than `epochs` are done.
    """
    done = []
    for each in trainings:
        with _reading(each) as (facts, _):
            done.append(facts.epoch if facts else 0)
        if done[-1] > epochs:
            raise TrainingError(
                f"{each.state}: {done[-1]} epochs are done already, more than --epochs {epochs}"
            )
    if not any(done):
        folder = trainings[0].folder.parent
        raise TrainingError(
            f"{folder}: nothing to resume; train with --checkpoint-every N to be able to resume"
        )
    return done


def read(training: Checkpoints) -> State | None:
    """Return the state from which a training resumes; None if it begins.

    Raises TrainingError as `check` does.
    """
    if not training.resume:
        return None
    with _reading(training) as (facts, arrays):
        if not facts:
            return None
        variables, best_weights = (
            [arrays[name] for name in arrays if name.startswith(kind)] for kind in ARRAYS
        )
        return State(
            **msgspec.structs.asdict(facts), variables=variables, best_weights=best_weights
        )


@contextmanager
def _reading(training: Checkpoints) -> Iterator[tuple[Facts | None, Any]]:
    """Give the facts and the arrays in a training's file; None and {} if there is no file."""
    if not training.state.exists():
        yield None, {}
        return
    try:
        with open(training.state, "rb") as file, np.load(file) as arrays:
            facts = msgspec.convert(json.loads(arrays["facts"].item()), Facts)
            _compare(training, facts.identity)
            yield facts, arrays
    except (
        EOFError,
        KeyError,
        TypeError,
        ValueError,
        msgspec.MsgspecError,  # a ValueError in new versions only
        zipfile.BadZipFile,
    ) as error:
        raise TrainingError(
            f"{training.state}: not a checkpoint, or damaged: {reason(error)}; leave out --resume"
        ) from None


def _compare(training: Checkpoints, began: dict[str, Any]) -> None:
    """Raise TrainingError if a checkpoint is of another training; it says what differs."""
    then, now = dict(_flat(began)), dict(_flat(training.identity))
    for name in then | now:
        if then.get(name) != now.get(name):
            raise TrainingError(
                f"{training.state}: of another training ({name}: {then.get(name)} then, "
                f"{now.get(name)} now); give the same options and data, or leave out --resume"
            )


def _flat(identity: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for section, value in identity.items():
        if isinstance(value, dict):
            yield from ((f"{section} {name}", each) for name, each in value.items())
        else:
            yield section, value


def callback(
    training: Checkpoints,
    begun: State | None,
    history: Any,
    stop_early: Any,
    batches: Sequence[Any],
    started: float,
) -> Any:
    """Return a keras.callbacks.Callback that restores a training, and saves it every few epochs.

    It must come after `history` and `stop_early`, the callbacks whose state it also saves.
    `batches` are the batches.Batches of training and validation, and `started` is when the training
    began, by time.perf_counter. Keras's BackupAndRestore saves only the weights and the optimizer:
    not the random numbers of dropout, the order of the batches and the patience.
    """
    import keras

    def on_train_begin(_logs: object) -> None:
        if not begun:
            return
        variables = _variables(stop_early.model)
        if [value.shape for value in begun.variables] != [each.shape for each in variables]:
            raise TrainingError(f"{training.state}: of another network; leave out --resume")
        for variable, value in zip(variables, begun.variables, strict=True):
            variable.assign(value)
        history.history.update(begun.curves)
        vars(stop_early).update(begun.counters, best_weights=begun.best_weights)
        for each, epoch in zip(batches, begun.batches, strict=True):
            each.begin(epoch)

    def on_epoch_end(epoch: int, _logs: object) -> None:
        done, network = epoch + 1, stop_early.model
        if not training.every or done % training.every:
            return
        if not begun and done == training.every:
            for older in training.folder.glob("epoch-*.keras"):  # of another training
                older.unlink()
        with replacing(training.folder / f"epoch-{done:04}.keras") as path:
            network.save(path)
        facts = {
            "identity": training.identity,
            "epoch": done,
            "stopped": network.stop_training,
            "seconds": time.perf_counter() - started,
            "curves": history.history,
            "counters": {name: float(getattr(stop_early, name)) for name in COUNTERS},
            "batches": [each.epoch for each in batches],
        }
        arrays = {
            "variables": [variable.numpy() for variable in _variables(network)],
            "best_weights": stop_early.best_weights or [],  # none if the last weights are kept
        }
        named = {f"{kind}-{i}": each for kind in ARRAYS for i, each in enumerate(arrays[kind])}
        with replacing(training.state) as path:
            np.savez(path, facts=json.dumps(facts), **named)

    return keras.callbacks.LambdaCallback(on_train_begin=on_train_begin, on_epoch_end=on_epoch_end)


def _variables(network: Any) -> list[Any]:
    """Return all variables: weights, dropout's random state, the optimizer's state."""
    network.optimizer.build(network.trainable_variables)
    return [*network.variables, *network.optimizer.variables]
