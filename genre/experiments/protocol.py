"""An experiment: the runs that a protocol asks for, and everything that decides their networks."""

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

from genre import splits
from genre.errors import TrainingError
from genre.networks import Architecture
from genre.segments import Segments
from genre.splits import Split
from genre.training.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Protocol:
    """How the data is split, how many runs there are, and the random seed."""

    split: str = "track"  # the name of a split, or a CSV file's path
    folds: int | None = None
    repeats: int = 1
    seed: int = 42
    test_one_in: int = splits.TEST_ONE_IN
    validation_one_in: int = splits.VALIDATION_ONE_IN


def plan(
    segments: Segments, protocol: Protocol, *, validation: bool = True
) -> list[tuple[int, Split]]:
    """Return the seed and the split of every run.

    Without `validation`, a fold trains on all tracks that it does not test.
    """
    seed, name = protocol.seed, protocol.split
    if protocol.folds:
        folds = splits.folds(
            segments,
            name,
            n_folds=protocol.folds,
            seed=seed,
            validation_one_in=protocol.validation_one_in if validation else None,
        )
        return [(seed, split) for split in folds]
    split = split_of(segments, protocol)
    return [(seed + number, split) for number in range(protocol.repeats)]


def split_of(segments: Segments, protocol: Protocol) -> Split:
    """Return the split of a protocol without folds."""
    return splits.split(
        segments,
        protocol.split,
        seed=protocol.seed,
        test_one_in=protocol.test_one_in,
        validation_one_in=protocol.validation_one_in,
    )


def plan_refit(segments: Segments, recipe: Recipe, protocol: Protocol) -> list[tuple[int, Split]]:
    """Return the folds, without validation parts, and last the run that trains on all tracks.

    Raises TrainingError if the training needs a validation part.
    """
    if not (protocol.folds and recipe.fixed_length):
        raise TrainingError(
            "--refit needs --folds, and --schedule cosine, which needs no validation part"
        )
    return [
        *plan(segments, protocol, validation=False),
        (protocol.seed, splits.everything(segments)),
    ]


def identity(
    chosen: Architecture,
    recipe: Recipe,
    *,
    data: str,
    split: Split,
    seed: int,
    versions: dict[str, str],
) -> dict[str, Any]:
    """Return everything that decides a network: equal values give equal networks on one machine.

    `data` is the digest of the segment file. These values are on the card and in checkpoints. A
    training can be resumed only if none of them has changed.
    """
    parts = hashlib.sha256("\n".join(split.parts).encode()).hexdigest()
    training = {"seed": seed} | asdict(recipe)
    if not recipe.augment:
        training["augmentation"] = {}
    return {
        "architecture": chosen.card_fields,
        "data": data,
        "split": {"name": split.name, "parts": parts},
        "training": training,
        "versions": versions,
    }
