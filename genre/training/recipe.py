"""How a network is trained, apart from its layers."""

from dataclasses import dataclass, field, replace
from typing import Any, Self

from genre.training.augmentation import Augmentation

OPTIMIZERS, SCHEDULES = ("adam", "adamw", "sgd"), ("constant", "cosine")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a network is trained, apart from its layers; most fields are also options."""

    epochs: int = 60
    batch_size: int = 32
    learning_rate: float = 0.0005
    optimizer: str = OPTIMIZERS[0]
    schedule: str = SCHEDULES[0]
    label_smoothing: float = 0.0
    augment: bool = False
    class_weights: bool = False
    track_weights: bool = False
    patience: int = 10  # epochs without a better validation loss before stopping
    momentum: float = 0.9  # of sgd
    weight_decay: float = 0.01  # of adamw, multiplied by the learning rate at each step
    batch_norm_momentum: float = 0.9  # Keras's 0.99 averages over more batches than small data has
    augmentation: Augmentation = field(default_factory=Augmentation)  # used with `augment`

    def changed(self, **changes: Any) -> Self:
        """Return this recipe with changes; a change to None is ignored."""
        return replace(self, **{key: value for key, value in changes.items() if value is not None})

    @property
    def fixed_length(self) -> bool:
        """Whether all epochs are run and the last weights are kept, without early stopping."""
        return self.schedule != SCHEDULES[0]

    @property
    def has_shares(self) -> bool:
        """Whether a segment's target is each genre's share, and not a label."""
        return self.augment or self.label_smoothing > 0


def optimizer(recipe: Recipe, *, steps: int) -> Any:
    """Return the keras.Optimizer; the cosine schedule lowers its learning rate to 0 in `steps`.

    I. Loshchilov and F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts" (ICLR 2017,
    without the restarts) and "Decoupled Weight Decay Regularization" (ICLR 2019: AdamW).
    """
    from keras import optimizers

    rate = recipe.learning_rate
    if recipe.schedule == "cosine":
        rate = optimizers.schedules.CosineDecay(rate, steps)
    if recipe.optimizer == "sgd":
        return optimizers.SGD(rate, momentum=recipe.momentum)
    if recipe.optimizer == "adamw":
        return optimizers.AdamW(rate, weight_decay=recipe.weight_decay)
    return optimizers.Adam(rate)
