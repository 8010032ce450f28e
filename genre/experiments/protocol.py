"""The runs that a protocol asks for: how the data is split, how often, and with which seeds."""

from dataclasses import dataclass
from typing import NamedTuple

from genre import splits
from genre.errors import TrainingError
from genre.segments import Segments
from genre.splits import Split


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How the data is split, how many runs there are, and the random seed."""

    split: str = "track"  # the name of a split, or a CSV file's path
    folds: int | None = None
    repeats: int = 1
    refit: bool = False  # whether one more model is trained on all tracks, after the folds
    seed: int = 42
    test_one_in: int = splits.TEST_ONE_IN
    validation_one_in: int = splits.VALIDATION_ONE_IN


class Run(NamedTuple):
    """One training of an experiment."""

    number: int  # from 1
    seed: int
    split: Split


def plan(segments: Segments, protocol: Protocol, *, needs_validation: bool = True) -> list[Run]:
    """Return the runs of a protocol. With a refit, the last one trains on all tracks.

    With a refit no fold has a validation part, because the refit has none either. Raises
    TrainingError if there are no folds then, or if the training `needs_validation`.
    """
    if protocol.refit and not (protocol.folds and not needs_validation):
        raise TrainingError(
            "--refit needs --folds and, for a network, --schedule cosine, which needs no "
            "validation part"
        )
    if protocol.folds:
        dealt = splits.folds(
            segments,
            protocol.split,
            n_folds=protocol.folds,
            seed=protocol.seed,
            validation_one_in=None if protocol.refit else protocol.validation_one_in,
        )
        dealt += [splits.everything(segments)] if protocol.refit else []
        return [Run(number, protocol.seed, split) for number, split in enumerate(dealt, start=1)]
    split = split_of(segments, protocol)
    return [Run(1 + i, protocol.seed + i, split) for i in range(protocol.repeats)]


def split_of(segments: Segments, protocol: Protocol) -> Split:
    """Return the split of a protocol without folds."""
    return splits.split(
        segments,
        protocol.split,
        seed=protocol.seed,
        test_one_in=protocol.test_one_in,
        validation_one_in=protocol.validation_one_in,
    )
