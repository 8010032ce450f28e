"""Keep networks while they train, and go on from the last as if nothing had broken the training.

A training's folder, such as output/cnn/checkpoints/run-1, holds epoch-0010.keras, the network as it
was after ten epochs, and others; and last.npz, all that decides how it goes on after the last one.
"""

import json
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import lazy_loader as lazy
import numpy as np

from genre import checks
from genre.errors import TrainingError
from genre.files import replacing

if TYPE_CHECKING:
    from genre.training.batches import Batches  # which loads Keras at once

keras = lazy.load("keras")

FOLDER, STATE_FILE = "checkpoints", "last.npz"
COUNTERS = ("wait", "best", "best_epoch")  # of Keras's EarlyStopping
ARRAYS = ("variables", "best_weights")  # of a State


class Checkpoints(NamedTuple):
    """Where a training keeps its networks, how often, and what the training is."""

    folder: Path
    every: int | None  # epochs; None keeps none
    resume: bool
    identity: dict[str, Any]  # what must be the same for a training to go on

    @property
    def state(self) -> Path:
        return self.folder / STATE_FILE


class State(NamedTuple):
    """A training after some epochs."""

    epoch: int  # how many are done
    stopped: bool  # early, so that none is left
    seconds: float
    curves: dict[str, list[float]]  # Keras's history
    counters: dict[str, float]  # those of COUNTERS
    batches: list[int]  # the epochs whose order is next, for training and validation
    variables: list[np.ndarray]
    best_weights: list[np.ndarray]


def check(trainings: Sequence[Checkpoints], epochs: int) -> list[int]:
    """Return how many epochs of each training are done, to be called before any of them goes on.

    Raises TrainingError where there is nothing to go on from, where it is of another training, and
    where more than `epochs` are done.
    """
    done = []
    for each in trainings:
        with _reading(each) as (facts, _):
            done.append(facts.get("epoch", 0))
        if done[-1] > epochs:
            raise TrainingError(
                f"{each.state}: {done[-1]} epochs are done already, more than --epochs {epochs}"
            )
    if not any(done):
        folder = trainings[0].folder.parent
        raise TrainingError(f"{folder}: nothing to resume; --checkpoint-every N keeps what can be")
    return done


def read(training: Checkpoints) -> State | None:
    """Return where a training stands that is to be resumed, None for one to begin.

    Raises TrainingError as `check` does.
    """
    if not training.resume:
        return None
    with _reading(training) as (facts, arrays):
        if not facts:
            return None
        lists = {
            kind: [arrays[name] for name in arrays if name.startswith(kind)] for kind in ARRAYS
        }
        return State(**{name: facts[name] for name in State._fields if name not in ARRAYS}, **lists)


@contextmanager
def _reading(training: Checkpoints) -> Iterator[tuple[dict[str, Any], Any]]:
    """Give what a training's file says in words, and its arrays by name; nothing without a file."""
    if not training.state.exists():
        yield {}, {}
        return
    try:
        with np.load(training.state) as arrays:
            facts = checks.mapping(json.loads(arrays["facts"].item()), "what stands in it")
            began = checks.mapping(facts["identity"], "identity")
            for key, value in training.identity.items():
                if began.get(key) != value:
                    raise TrainingError(
                        f"{training.state}: that training began with {key} {began.get(key)}, this "
                        f"one has {value}; give the same options and data, or leave out --resume"
                    )
            checks.number(facts["epoch"], "epoch")
            yield facts, arrays
    except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        reason = str(error).split("\n")[0]
        raise TrainingError(
            f"{training.state}: not a whole checkpoint ({reason}); leave out --resume"
        ) from None


def callback(
    training: Checkpoints,
    begun: State | None,
    history: "keras.callbacks.History",
    stop_early: "keras.callbacks.EarlyStopping",
    batches: Sequence["Batches"],
    started: float,
) -> "keras.callbacks.Callback":
    """Return what brings back where a training stood, and keeps it after every so many epochs.

    It must stand behind the two callbacks whose state it keeps, too; `started` is when the training
    began, by time.perf_counter. Keras's BackupAndRestore keeps the weights and the optimizer alone,
    not the random numbers of dropout, the order of the batches and the patience.
    """

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
        state = State(
            epoch=done,
            stopped=network.stop_training,
            seconds=time.perf_counter() - started,
            curves=history.history,
            counters={name: getattr(stop_early, name) for name in COUNTERS},
            batches=[each.epoch for each in batches],
            variables=[variable.numpy() for variable in _variables(network)],
            best_weights=stop_early.best_weights or [],  # none where the last are kept
        )
        _write(training, state)

    return keras.callbacks.LambdaCallback(on_train_begin=on_train_begin, on_epoch_end=on_epoch_end)


def _write(training: Checkpoints, state: State) -> None:
    facts = {"identity": training.identity} | state._asdict()
    arrays = {
        f"{kind}-{number}": value for kind in ARRAYS for number, value in enumerate(facts.pop(kind))
    }
    with replacing(training.state) as path:
        np.savez(path, facts=json.dumps(facts), **arrays)


def _variables(network: "keras.Model") -> list["keras.Variable"]:
    """Return all that training changes: weights, dropout's random state, the optimizer's state."""
    network.optimizer.build(network.trainable_variables)
    return [*network.variables, *network.optimizer.variables]
