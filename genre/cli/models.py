"""The names of models: a script, a network or classifier, options; and the learners they mean."""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from typing import NoReturn

from genre import networks
from genre.classifiers.estimators import CLASSIFIERS
from genre.cli import options
from genre.errors import TrainingError
from genre.experiments.learners import ClassifierLearner, Learner, NetworkLearner
from genre.networks import Known

BASELINE, ALL = "baseline", "all"  # each means several models
Scripts = dict[str, Known]  # the networks of each script, by the script's name


def spelled_out(models: Iterable[str], scripts: Scripts) -> Iterator[str]:
    """Yield each model, with `all` and `baseline` replaced by the models that they mean."""
    for model in models:
        if model == ALL:
            for script, (_, *others) in scripts.items():
                yield from (script, *(f"{script} {other}" for other in others))
        if model in (ALL, BASELINE):
            yield from (f"{BASELINE} {name}" for name in CLASSIFIERS)
        else:
            yield model


class _Options(argparse.ArgumentParser):
    """A parser of the options in a model's name: it raises its errors."""

    def error(self, message: str) -> NoReturn:
        raise TrainingError(message)


def choose(model: str, scripts: Scripts, arguments: argparse.Namespace) -> Learner:
    """Return a model, a network with the recipe of the command line.

    Raises TrainingError if there is no such model.
    """
    try:
        script, *words = model.split() or [""]
        if script == BASELINE:
            return classifier(words)
        if script in scripts:
            return network(script, scripts[script], words, arguments)
        raise TrainingError(f"a model's name begins with {', '.join(scripts)} or {BASELINE}")
    except TrainingError as error:
        raise TrainingError(f"--models {model!r}: {error}") from None


def classifier(words: Sequence[str]) -> ClassifierLearner:
    """Return the classifier that the words after `baseline` name; raises TrainingError."""
    name = _name(words, CLASSIFIERS)
    if not name:
        raise TrainingError(f"it means several models, {', '.join(CLASSIFIERS)}")
    _Options(add_help=False).parse_args(words[1:])  # refuses any
    return ClassifierLearner(name=name)


def network(
    script: str, known: Known, words: Sequence[str], arguments: argparse.Namespace
) -> NetworkLearner:
    """Return the network that the words after a script name; raises TrainingError."""
    name = _name(words, known)
    parser = _Options(add_help=False)
    options.add_own_options(parser, known)
    own = options.own_options(known, parser.parse_args(words[1:] if name else words))
    chosen = networks.choose(script, known, name, own)
    alone = arguments.workers == 1 and not arguments.cluster
    return NetworkLearner(
        script=script,
        chosen=chosen,
        recipe=options.recipe(chosen.network, arguments),
        show_progress=alone and not arguments.quiet,
    )


def _name(words: Sequence[str], known: Iterable[str]) -> str | None:
    """Return the first word, which must be `known`, or None if it is an option."""
    if not words or words[0].startswith("-"):
        return None
    if words[0] not in known:
        raise TrainingError(f"{words[0]!r} is not one of {', '.join(known)}")
    return words[0]


def models_of(scripts: Scripts, arguments: argparse.Namespace) -> tuple[list[Learner], set[str]]:
    """Return the models that the command line asks for, each once, and the titles of those named.

    The others are those that `all` and `baseline` mean. Makes a title of --reference. Raises
    TrainingError if there is no such model.
    """
    named = {
        choose(model, scripts, arguments).title
        for model in arguments.models
        if model not in (ALL, BASELINE)
    }
    spelled = spelled_out(arguments.models, scripts)
    by_title = {each.title: each for each in (choose(it, scripts, arguments) for it in spelled)}
    if arguments.reference:
        reference = choose(arguments.reference, scripts, arguments).title
        if reference not in by_title:
            raise TrainingError(f"--reference {arguments.reference!r} is not one of --models")
        arguments.reference = reference
    return list(by_title.values()), named
