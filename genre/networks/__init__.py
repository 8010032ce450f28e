"""Which network a training script builds: an architecture by its name, with its options.

An architecture is a function of normalised frames, (segments, frames, bands), and the number of
genres to their probabilities. Its keyword arguments are the options that it takes on the command
line, their values there the defaults.
"""

import argparse
import functools
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import lazy_loader as lazy

import config
from genre import cli
from genre.datasets import Segments, segment_file
from genre.errors import TrainingError
from genre.networks.normalisation import Layers
from genre.training.recipe import Recipe

keras = lazy.load("keras")

GENRES = 10  # of a summary where no data says how many
LARGEST = 2048  # frames or bands of a summary, whose weights must fit into memory
Architectures = Mapping[str, Callable[..., "keras.KerasTensor"]]  # by name, the default first


class Architecture(NamedTuple):
    """An architecture as the command line asks for it."""

    layers: Layers
    title: str  # the script and what was asked for beyond its defaults: "cnn frequency"
    account: dict[str, Any]  # its name and all of its options, for the card
    recipe: Recipe  # its own, which a command line can change


def add_arguments(parser: argparse.ArgumentParser, known: Architectures) -> None:
    """Add the choice of an architecture, where there are several, and a look at it."""
    if len(known) > 1:
        parser.add_argument(
            "--architecture",
            choices=known,
            default=next(iter(known)),
            help="the network's layers (default: %(default)s)",
        )
    parser.add_argument(
        "--summary",
        nargs="?",
        const=(),
        type=_shape,
        metavar="FRAMESxBANDS",
        help="print the network's layers and parameters and do no more, for segments of that "
        "shape; without one, for those of --data or, where there are none yet, for those that "
        "config.py sets and ten genres (default: train)",
    )


def options(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the options that an architecture takes, with their defaults."""
    parameters = inspect.signature(function).parameters.values()
    return {each.name: each.default for each in parameters if each.kind is each.KEYWORD_ONLY}


def choose(
    script: str,
    known: Architectures,
    arguments: argparse.Namespace,
    recipes: Mapping[str, Recipe] = MappingProxyType({}),
) -> Architecture:
    """Return the architecture that the command line asks for, where None is an option not given.

    Its recipe is that of the same name, or the usual one.

    Raises TrainingError for an option that the architecture does not take.
    """
    default = next(iter(known))
    name = getattr(arguments, "architecture", default)
    function = known[name]
    possible = dict.fromkeys(key for each in known.values() for key in options(each))
    given = {key: getattr(arguments, key) for key in possible}
    given = {key: value for key, value in given.items() if value is not None}
    taken = options(function)
    for key in (key for key in given if key not in taken):
        takers = " or ".join(each for each in known if key in options(known[each]))
        raise TrainingError(f"{_option(key)} is an option of {takers}, not of {name}")
    unlike = [as_typed(key, value) for key, value in given.items() if value != taken[key]]
    words = [script, *([name] if name != default else []), *unlike]
    account = {"name": name} | taken | given
    recipe = recipes.get(name, Recipe())
    return Architecture(functools.partial(function, **given), " ".join(words), account, recipe)


def build(layers: Layers, shape: tuple[int, int], n_genres: int) -> "keras.Model":
    """Return an untrained network without the normalisation, for frames of one shape.

    Raises TrainingError where the shape is too small for it.
    """
    frames = keras.Input(shape)
    return keras.Model(frames, layers(frames, n_genres))


def check(chosen: Architecture, segments: Segments) -> None:
    """Raise TrainingError, before the work, where segments are too small for an architecture."""
    build(chosen.layers, segments.frames.shape[1:], len(segments.mapping))


def summarize(chosen: Architecture, data: Path, shape: tuple[int, int] | tuple[()]) -> None:
    """Print a network's layers and parameters, for a shape, else the data's, else config.py's."""
    n_genres, shape_of_data = GENRES, (config.FRAMES_PER_SEGMENT, config.N_MFCC)
    if not shape and (data.exists() or data != config.DATA_PATH):
        segments = segment_file.read(data)
        n_genres, shape_of_data = len(segments.mapping), segments.frames.shape[1:]
    frames, bands = shape or shape_of_data
    network = build(chosen.layers, (frames, bands), n_genres)
    print(f"{chosen.title}, for segments of {frames} frames by {bands} bands, {n_genres} genres")
    network.summary(print_fn=print)


def _shape(text: str) -> tuple[int, int]:
    """Read an argument such as 130x13."""
    side = cli.whole_number(1, LARGEST)
    frames, _, bands = text.partition("x")
    try:
        return side(frames), side(bands)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not two whole numbers up to {LARGEST}, such as 130x13"
        ) from None


def _option(key: str) -> str:
    return "--" + key.replace("_", "-")


def as_typed(key: str, value: Any) -> str:
    """Return an option as it stands on the command line."""
    if isinstance(value, bool):
        return _option(key if value else f"no_{key}")
    return f"{_option(key)} {value}"
