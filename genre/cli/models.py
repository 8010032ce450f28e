"""The names of models: a script, a network or classifier, options; and the learners they mean."""

import argparse
from collections.abc import Iterable, Iterator

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


def choose(model: str, scripts: Scripts, arguments: argparse.Namespace) -> Learner:
    """Return a model, a network with the recipe of the command line.

    Raises TrainingError if there is no such model.
    """
    script, *words = model.split() or [""]

    def refuse(reason: str) -> None:
        raise TrainingError(f"--models {model!r}: {reason}")

    known = {**scripts, BASELINE: CLASSIFIERS}.get(script)
    if known is None:
        refuse(f"a model's name begins with {', '.join(scripts)} or {BASELINE}")
    name = words.pop(0) if words and not words[0].startswith("-") else None
    if name not in (None, *known):
        refuse(f"{name!r} is not one of {', '.join(known)}")
    parser = argparse.ArgumentParser(add_help=False)
    parser.error = refuse
    if script == BASELINE:
        parser.parse_args(words)  # refuses any
        return ClassifierLearner(name=name)
    options.add_own_options(parser, known)
    own = options.own_options(known, parser.parse_args(words))
    chosen = networks.choose(script, known, name, own)
    alone = arguments.workers == 1 and not arguments.cluster
    return NetworkLearner(
        script=script,
        chosen=chosen,
        recipe=options.recipe(chosen.network, arguments),
        show_progress=alone and not arguments.quiet,
    )


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
