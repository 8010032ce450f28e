"""The networks of the literature, in one registry for all scripts.

The basic networks are in the scripts: mlp.py, cnn.py and lstm.py.

A network is a function of normalised frames, (segments, frames, bands), and the number of genres.
It returns the genres' probabilities. Its keyword-only arguments are its options on the command
line: each has a default, and an annotation with the type and the help text.
"""

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from genre.environment import load_keras
from genre.errors import TrainingError
from genre.networks import convolutional, dense, recurrent
from genre.networks.layers import Layers, Tensor
from genre.segments import Segments


@dataclass(frozen=True)
class Network:
    """A network of the registry."""

    function: Callable[..., Tensor]
    # Those fields of training.recipe.Recipe that differ from its defaults.
    recipe: dict[str, Any] = field(default_factory=dict)
    by_feature: bool = False  # whether the function also takes the number of bands of each feature

    @property
    def options(self) -> dict[str, inspect.Parameter]:
        """The function's keyword-only arguments, by name."""
        parameters = inspect.signature(self.function).parameters
        return {name: each for name, each in parameters.items() if each.kind is each.KEYWORD_ONLY}

    @property
    def defaults(self) -> dict[str, Any]:
        return {name: each.default for name, each in self.options.items()}


VGG_RECIPE = {
    "epochs": 80,
    "batch_size": 16,
    "learning_rate": 0.001,
    "optimizer": "adamw",
    "schedule": "cosine",
    "label_smoothing": 0.1,
    "augment": True,
}
LINEAR_RECIPE = {"learning_rate": 0.001, "schedule": "cosine", "track_weights": True}

Known = dict[str, Network]  # the networks of a script, by name; the first is the default

# The networks of the literature, by script and by name. Each script adds its basic network.
NETWORKS: dict[str, Known] = {
    "mlp": {"linear": Network(dense.linear, LINEAR_RECIPE)},
    "cnn": {
        "branches": Network(convolutional.branches, by_feature=True),
        "frequency": Network(convolutional.frequency),
        "temporal": Network(convolutional.temporal),
        "square": Network(convolutional.square),
        "bbnn": Network(convolutional.bbnn),
        "lenet": Network(convolutional.lenet),
        "wide": Network(convolutional.wide),
        "vgg": Network(convolutional.vgg, VGG_RECIPE),
    },
    "lstm": {
        "crnn": Network(recurrent.crnn),
        "parallel": Network(recurrent.parallel),
    },
}


class Architecture(NamedTuple):
    """A network of the registry, with values for its options."""

    network: Network
    options: dict[str, Any]  # all of them
    title: str  # the script and all that differs from its defaults: "cnn frequency --block resnet"
    card_fields: dict[str, Any]  # the name and the options

    def layers(self, segments: Segments | None = None) -> Layers:
        """Return the layers for segments, by default for those of a single feature."""
        layers = functools.partial(self.network.function, **self.options)
        if segments is None or not self.network.by_feature:
            return layers
        return functools.partial(layers, n_bands=[n_bands for _, n_bands in segments.levels])


def of_script(script: str, basic: Callable[..., Tensor]) -> Known:
    """Return a script's networks by name: its basic one, the default, and those of the registry."""
    return {basic.__name__: Network(basic)} | NETWORKS[script]


def choose(
    script: str,
    known: Known,
    name: str | None = None,
    given: Mapping[str, Any] | None = None,
) -> Architecture:
    """Return one of the networks `of_script`, by default the first.

    `given` are options of the command line, None for one that was not given. Raises TrainingError
    for an option that the network does not have.
    """
    default = next(iter(known))
    network, name = known[name or default], name or default
    asked = {key: value for key, value in (given or {}).items() if value is not None}
    for key in asked:
        if key not in network.options:
            takers = " or ".join(each for each in known if key in known[each].options)
            raise TrainingError(f"{as_typed(key)} is an option of {takers}, not of {name}")
    options = network.defaults | asked
    unusual = [
        as_typed(key, value) for key, value in asked.items() if value != network.defaults[key]
    ]
    words = [script, *([name] if name != default else []), *unusual]
    return Architecture(network, options, " ".join(words), {"name": name} | options)


def plain(layers: Layers, shape: tuple[int, int], n_genres: int) -> Any:
    """Return an untrained keras.Model without normalisation, for frames of one shape.

    Raises TrainingError if the shape is too small for it.
    """
    keras = load_keras()

    frames = keras.Input(shape)
    return keras.Model(frames, layers(frames, n_genres))


def check(chosen: Architecture, segments: Segments) -> None:
    """Raise TrainingError if segments are too short for a network."""
    plain(chosen.layers(segments), segments.frames.shape[1:], len(segments.mapping))


def as_typed(key: str, value: Any = True) -> str:
    """Return an option as it is typed on the command line."""
    option = "--" + (key if value is not False else f"no_{key}").replace("_", "-")
    return option if isinstance(value, bool) else f"{option} {value}"
