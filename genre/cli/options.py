"""The command line of the scripts that train networks, and what of it baseline.py shares."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import config
from genre import cli, networks
from genre.datasets import splits
from genre.training.recipe import OPTIMIZERS, SCHEDULES, Recipe


def parse(
    description: str | None,
    output: Path,
    argv: Sequence[str] | None,
    architectures: networks.Architectures,
    add_options: Callable[[argparse.ArgumentParser], None],
    recipes: Mapping[str, Recipe],
) -> argparse.Namespace:
    """Read a training script's command line; `add_options` adds those of its architectures.

    The `command` itself is among what is returned, for the card.
    """
    parser = cli.parser(description)
    add = parser.add_argument
    add_data_argument(parser)
    add(
        "--output",
        type=Path,
        metavar="DIR",
        default=output,
        help="folder for the network, its card and pictures (default: %(default)s)",
    )
    add_training_arguments(parser, recipes)
    add(
        "--refit",
        action="store_true",
        help="with --folds: save a network that is trained on all tracks, by the same recipe, with "
        "the scores and the calibration of the folds (default: save the first fold's)",
    )
    add(
        "--checkpoint-every",
        type=cli.count,
        metavar="N",
        help="keep the network after every N epochs, in DIR/checkpoints, and what --resume needs "
        "(default: keep the best one at the end)",
    )
    add(
        "--resume",
        action="store_true",
        help="go on from the last checkpoint, to the same network as without a break "
        "(default: begin anew)",
    )
    add(
        "--tensorboard",
        action="store_true",
        help="write TensorBoard's logs into DIR/tensorboard (default: write none)",
    )
    networks.add_arguments(parser, architectures)
    add_options(parser)
    return parser.parse_args(argv, argparse.Namespace(command=cli.command(parser, argv)))


def add_data_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FILE",
        default=config.DATA_PATH,
        help="segment file of preprocess.py (default: %(default)s)",
    )


def add_training_arguments(
    parser: argparse.ArgumentParser, recipes: Mapping[str, Recipe] = MappingProxyType({})
) -> None:
    """Add how the data is split and how networks are trained on it; `recipes` as below."""
    add_split_arguments(parser)
    add_recipe_arguments(parser, recipes)


def add_recipe_arguments(parser: argparse.ArgumentParser, recipes: Mapping[str, Recipe]) -> None:
    """Add a recipe's options, which are None where not given: then they are the architecture's.

    Where that has no recipe of its own among `recipes`, it is the usual one.
    """

    def default(name: str) -> str:
        usual, *others = (_said(getattr(it, name)) for it in (Recipe(), *recipes.values()))
        named = zip(recipes, others, strict=True)
        unlike = [f"; of {key}: {value}" for key, value in named if value != usual]
        return f"(default: {usual}{''.join(unlike)})"

    add = parser.add_argument
    add(
        "--epochs",
        type=cli.count,
        metavar="N",
        help="at most; training stops early when the validation loss no longer falls "
        + default("epochs"),
    )
    add(
        "--batch-size",
        type=cli.count,
        metavar="N",
        help="segments a step " + default("batch_size"),
    )
    add(
        "--learning-rate",
        type=cli.positive_float,
        metavar="X",
        help="the optimizer's step " + default("learning_rate"),
    )
    add(
        "--optimizer",
        choices=OPTIMIZERS,
        help=f"sgd has a momentum of {config.MOMENTUM} and wants a larger step, such as 0.01; "
        f"adamw decays the weights by {config.WEIGHT_DECAY} of the step " + default("optimizer"),
    )
    add(
        "--schedule",
        choices=SCHEDULES,
        help="cosine lets the learning rate fall to 0 over all epochs, without stopping early, "
        "and keeps the last weights " + default("schedule"),
    )
    add(
        "--label-smoothing",
        type=cli.share,
        metavar="X",
        help="the share of each label that is spread over all genres " + default("label_smoothing"),
    )
    add(
        "--augment",
        action=argparse.BooleanOptionalAction,
        help="change training segments at random in every epoch: shift them in time, fade them, "
        "turn an equaliser, mix them with each other, mask frames and bands " + default("augment"),
    )
    add(
        "--kernel-machine",
        action=argparse.BooleanOptionalAction,
        help="let a kernel machine on statistics of each segment judge beside the network; both "
        "are saved as one " + default("kernel_machine"),
    )


def _said(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def add_split_arguments(parser: argparse.ArgumentParser) -> None:
    """Add how the data is split, once or several times, and the seed of all that is random."""
    parser.add_argument(
        "--split",
        type=splits.known,
        metavar="NAME|CSV",
        default="track",
        help=splits.HELP + " (default: %(default)s)",
    )
    several = parser.add_mutually_exclusive_group()
    several.add_argument(
        "--folds",
        type=cli.whole_number(2),
        metavar="K",
        help="cross-validate: K runs that test every track once; what the first trains "
        "is saved, with the scores of all",
    )
    several.add_argument(
        "--repeats",
        type=cli.count,
        metavar="N",
        default=1,
        help="train N times on one split, with seeds that count up; what the first trains is "
        "saved, with the scores of all (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=cli.seed,
        metavar="N",
        default=config.SEED,
        help="of the split, and of all that training leaves to chance (default: %(default)s)",
    )
