"""The constants of config.py, as the library takes them."""

import pytest

import config
from genre.cli import constants
from genre.errors import FeatureError
from genre.experiments.protocol import Protocol
from genre.training.augmentation import Augmentation
from genre.training.recipe import Recipe


@pytest.mark.parametrize("kind", [Recipe, Augmentation, Protocol])
def test_config_holds_the_librarys_own_defaults(kind):
    assert kind(**constants.of(kind)) == kind()


def test_editing_config_changes_the_recipe_and_the_settings(monkeypatch):
    for name, value in {"PATIENCE": 3, "GAIN_DB": 1, "SAMPLE_RATE": 8000}.items():
        monkeypatch.setattr(config, name, value)
    recipe = constants.recipe(epochs=5)
    assert (recipe.patience, recipe.epochs, recipe.augmentation.gain_db) == (3, 5, 1)
    assert constants.settings(n_fft=1024).sample_rate == 8000
    with pytest.raises(FeatureError, match="hop_length is 0"):
        constants.settings(hop_length=0)


def test_every_constant_of_training_is_used():
    names = [name for name in vars(config) if name.isupper()]
    training = names[names.index("TEST_ONE_IN") :]
    taken = {name for kind in (Recipe, Augmentation, Protocol) for name in constants.of(kind)}
    assert {name.lower() for name in training} == taken
