"""How a network is trained, whatever its layers."""

import argparse
from typing import NamedTuple, Self

import lazy_loader as lazy

import config

keras = lazy.load("keras")

OPTIMIZERS, SCHEDULES = ("adam", "adamw", "sgd"), ("constant", "cosine")


class Recipe(NamedTuple):
    """How a network is trained, whatever its layers; each field is an option of the same name."""

    epochs: int = config.EPOCHS
    batch_size: int = config.BATCH_SIZE
    learning_rate: float = config.LEARNING_RATE
    optimizer: str = OPTIMIZERS[0]
    schedule: str = SCHEDULES[0]
    label_smoothing: float = 0.0
    augment: bool = False
    kernel_machine: bool = False

    def changed(self, arguments: argparse.Namespace) -> Self:
        """Return this recipe with what a command line changes of it, where None is not given."""
        asked = {name: getattr(arguments, name) for name in self._fields}
        return self._replace(**{name: it for name, it in asked.items() if it is not None})

    @property
    def to_the_end(self) -> bool:
        """Whether all epochs are run and the last weights kept, whatever the validation part."""
        return self.schedule != SCHEDULES[0]

    @property
    def has_shares(self) -> bool:
        """Whether a segment's genre is given by each genre's share, and not by its label."""
        return self.augment or self.label_smoothing > 0


def optimizer(recipe: Recipe, *, steps: int) -> "keras.Optimizer":
    """Return the optimizer; by the cosine schedule its learning rate is 0 after so many steps.

    I. Loshchilov and F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts" (ICLR 2017,
    without the restarts) and "Decoupled Weight Decay Regularization" (ICLR 2019: AdamW).
    """
    rate = recipe.learning_rate
    if recipe.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, steps)
    if recipe.optimizer == "sgd":
        return keras.optimizers.SGD(rate, momentum=config.MOMENTUM)
    if recipe.optimizer == "adamw":
        return keras.optimizers.AdamW(rate, weight_decay=config.WEIGHT_DECAY)
    return keras.optimizers.Adam(rate)
