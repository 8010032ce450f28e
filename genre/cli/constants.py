"""Turn the constants of config.py into the dataclasses that the library takes.

A field of a dataclass is a constant by the same name in capitals: `batch_size` is BATCH_SIZE. A
field without a constant keeps the dataclass's own default.
"""

from dataclasses import fields
from typing import Any

import config
from genre.errors import FeatureError
from genre.features.settings import Settings
from genre.training.augmentation import Augmentation
from genre.training.recipe import Recipe


def of(kind: type) -> dict[str, Any]:
    """Return the constants for the fields of a dataclass, by the fields' names."""
    constants = vars(config)
    names = [field.name for field in fields(kind)]
    return {name: constants[name.upper()] for name in names if name.upper() in constants}


def settings(**others: Any) -> Settings:
    """Return the settings of the features, changed by `others`.

    Raises FeatureError if a value cannot be used.
    """
    try:
        return Settings.from_dict(of(Settings) | others)
    except ValueError as error:
        raise FeatureError(str(error)) from None


def recipe(**others: Any) -> Recipe:
    """Return the recipe of a network, changed by `others`."""
    augmentation = Augmentation(**of(Augmentation))
    return Recipe(**of(Recipe) | {"augmentation": augmentation} | others)
