"""The command line of the training scripts; baseline.py and compare.py use parts of it."""

import argparse
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import config
from genre import cli, splits
from genre.cli import constants
from genre.experiments.protocol import Protocol
from genre.networks import Known, Network
from genre.segments import Segments
from genre.training.recipe import OPTIMIZERS, SCHEDULES, Recipe

LARGEST_SIDE = 2048  # frames or bands for --summary, so that the weights fit into memory
LARGEST_OPTION = 1024  # for those options of a network that are whole numbers
_OR_SEVERAL = ", or several"
_COUNT = {"type": cli.count, "metavar": "N"}
_SWITCH = {"action": argparse.BooleanOptionalAction}
# The fields of a recipe that are options: how argparse reads each, and what it means.
RECIPE_OPTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "epochs": (
        _COUNT,
        "largest number of epochs; training stops early when the validation loss no longer falls",
    ),
    "batch_size": (_COUNT, "segments in a training step"),
    "learning_rate": (
        {"type": cli.positive_float, "metavar": "X"},
        "learning rate of the optimizer",
    ),
    "optimizer": (
        {"choices": OPTIMIZERS},
        f"sgd has a momentum of {config.MOMENTUM} and needs a larger learning rate, such as 0.01; "
        f"adamw has a weight decay of {config.WEIGHT_DECAY}",
    ),
    "schedule": (
        {"choices": SCHEDULES},
        "with cosine the learning rate falls to 0 over all epochs, there is no early stopping, and "
        "the last weights are kept",
    ),
    "label_smoothing": (
        {"type": cli.share, "metavar": "X"},
        "fraction of each label that is spread over all genres",
    ),
    "augment": (
        _SWITCH,
        "change training segments at random in every epoch: shift them in time, change their "
        "volume, apply an equaliser, mix them with each other, mask frames and bands",
    ),
    "class_weights": (
        _SWITCH,
        "weight the segments so that each genre has the same total weight in the loss",
    ),
    "track_weights": (
        _SWITCH,
        "weight the segments so that each track has the same total weight in the loss",
    ),
}


def parse(
    known: Known, description: str | None, output: Path, argv: Sequence[str] | None
) -> argparse.Namespace:
    """Read a training script's command line.

    The result also holds the `command` itself, for the card.
    """
    parser = cli.parser(description)
    add_data_argument(parser)
    add_output_arguments(parser, output, "the network, its card and pictures")
    add_split_arguments(parser)
    add_cluster_argument(parser)
    add_recipe_arguments(parser, known)
    add_refit_argument(parser)
    add_keeping_arguments(parser)
    add_network_arguments(parser, known)
    arguments = parser.parse_args(argv, argparse.Namespace(command=cli.command(parser, argv)))
    if arguments.cluster and (
        arguments.checkpoint_every or arguments.resume or arguments.tensorboard
    ):
        parser.error("--cluster does not go with --checkpoint-every, --resume and --tensorboard")
    return arguments


def add_keeping_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is kept of a training while it runs."""
    add = parser.add_argument
    add(
        "--checkpoint-every",
        type=cli.count,
        metavar="N",
        help="save the network after every N epochs in DIR/checkpoints, with the state that "
        "--resume needs (default: save only the final network)",
    )
    add(
        "--resume",
        action="store_true",
        help="continue from the last checkpoint; the result is the same as without a break "
        "(default: begin again)",
    )
    add(
        "--tensorboard",
        action="store_true",
        help="write logs for TensorBoard into DIR/tensorboard (default: write none)",
    )


def add_data_argument(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    """Add the option for the segment file, or for `several`."""
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FILE",
        help=f"segment file of preprocess.py{_OR_SEVERAL if several else ''} "
        f"(default: {config.DATA_PATH})",
        nargs="+" if several else None,
        default=[config.DATA_PATH] if several else config.DATA_PATH,
    )


def add_output_arguments(parser: argparse.ArgumentParser, default: Path, holds: str) -> None:
    """Add the options for the folder of a model, and say what it `holds`."""
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        default=default,
        help=f"folder for {holds} (default: %(default)s)",
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="replace an earlier model in that folder (default: move it to DIR-before)",
    )


def add_split_arguments(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    """Add the options that say how the data is split, how often, and with which seed.

    With `several` splits no model is saved.
    """
    parser.add_argument(
        "--split",
        type=cli.checked(splits.known),
        metavar="NAME|CSV",
        nargs="+" if several else None,
        help=f"{splits.HELP}{_OR_SEVERAL if several else ''} (default: {Protocol.split}, or "
        "segment if the file does not say which segments are of one track)",
    )
    saved = "" if several else "; the first run's model is saved, with the scores of all runs"
    runs = parser.add_mutually_exclusive_group()
    runs.add_argument(
        "--folds",
        type=cli.whole_number(2),
        metavar="K",
        help=f"cross-validate: K runs, which together test every track once{saved} "
        "(default: one run)",
    )
    runs.add_argument(
        "--repeats",
        type=cli.count,
        metavar="N",
        default=Protocol.repeats,
        help=f"train N times on one split, each time with the next seed{saved} "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=cli.seed,
        metavar="N",
        default=config.SEED,
        help="random seed of the split and of training (default: %(default)s)",
    )


def protocol(arguments: argparse.Namespace, segments: Segments, split: str | None) -> Protocol:
    """Return how the data is split: by one of --split, and as the options beside it say."""
    usual = Protocol.split if segments.tracks_known else "segment"
    given = _given(Protocol, arguments) | {"split": split or usual}
    return Protocol(**constants.of(Protocol) | given)


def protocols(arguments: argparse.Namespace, segments: Segments) -> list[Protocol]:
    """Return the protocols of several splits, each once."""
    splits = dict.fromkeys(arguments.split or [None])
    return [protocol(arguments, segments, split) for split in splits]


def add_cluster_argument(parser: argparse.ArgumentParser) -> None:
    """Add --cluster, of scripts that save one model of several."""
    parser.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="with --folds or --repeats: train the models that are not saved on the workers of the "
        "Dask scheduler at this address (default: here)",
    )


def add_refit_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--refit",
        action="store_true",
        help="with --folds and, for a network, --schedule cosine: train one more model on all "
        "tracks, in the same way, and save it with the scores and the calibration of the folds "
        "(default: save the first fold's)",
    )


def add_recipe_arguments(parser: argparse.ArgumentParser, known: Known) -> None:
    """Add RECIPE_OPTIONS. One that is not given is None: then the network's recipe decides.

    The help texts give the defaults of the `known` networks.
    """
    for field, (how, what) in RECIPE_OPTIONS.items():
        option = f"--{field.replace('_', '-')}"
        parser.add_argument(option, **how, help=f"{what} {_default(known, field)}")


def _default(known: Known, field: str) -> str:
    """Return the default of a recipe's field, and those of networks with another one, as text."""
    usual = _in_words(getattr(constants.recipe(), field))
    unlike = {
        name: _in_words(network.recipe[field])
        for name, network in known.items()
        if field in network.recipe
    }
    others = [f"; {name}: {value}" for name, value in unlike.items() if value != usual]
    return f"(default: {usual}{''.join(others)})"


def recipe(network: Network, arguments: argparse.Namespace) -> Recipe:
    """Return a network's recipe, changed by RECIPE_OPTIONS."""
    return constants.recipe(**network.recipe).changed(**_given(Recipe, arguments))


def _given(kind: type, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the values of those fields of a dataclass that are options of the command line."""
    names = [field.name for field in fields(kind)]
    return {name: getattr(arguments, name) for name in names if name in arguments}


def add_network_arguments(parser: argparse.ArgumentParser, known: Known) -> None:
    """Add --architecture, --summary, and the options of a script's networks."""
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
        help="print the network's layers and parameters instead of training, for segments of this "
        "shape; without a shape, for the segments of --data or, if that file does not exist, of "
        "config.py and ten genres (default: train)",
    )
    add_own_options(parser, known)


def add_own_options(parser: argparse.ArgumentParser, known: Known) -> None:
    """Add the options of a script's networks; one that is not given is None."""
    for name in dict.fromkeys(name for network in known.values() for name in network.options):
        takers = {each: known[each] for each in known if name in known[each].options}
        kind, what = get_args(next(iter(takers.values())).options[name].annotation)
        of = "" if len(takers) == len(known) else f"of {' and '.join(takers)}: "
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            **_reader(kind),
            help=f"{of}{what} (default: {_defaults(name, takers)})",
        )


def own_options(known: Known, arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the options of `add_own_options`, None for one that was not given."""
    names = {name for network in known.values() for name in network.options}
    return {name: getattr(arguments, name) for name in names}


def _reader(kind: Any) -> dict[str, Any]:
    """Return how argparse reads an option of a type: bool, int, a fraction or a choice of words."""
    if kind is bool:
        return {"action": argparse.BooleanOptionalAction}
    if kind is int:
        return {"type": cli.whole_number(1, LARGEST_OPTION), "metavar": "N"}
    if kind is float:
        return {"type": cli.share, "metavar": "X"}
    return {"choices": get_args(kind)}


def _defaults(name: str, takers: dict[str, Network]) -> str:
    """Return the default of the first network that has an option, and other networks' defaults."""
    by_value: dict[str, list[str]] = {}
    for each, network in takers.items():
        by_value.setdefault(_in_words(network.defaults[name]), []).append(each)
    usual, *others = by_value
    return "; ".join([usual, *(f"{' and '.join(by_value[each])}: {each}" for each in others)])


def _shape(text: str) -> tuple[int, int]:
    """Read an argument such as 130x13."""
    side = cli.whole_number(1, LARGEST_SIDE)
    frames, _, bands = text.partition("x")
    try:
        return side(frames), side(bands)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not two whole numbers up to {LARGEST_SIDE}, such as 130x13"
        ) from None


def _in_words(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
