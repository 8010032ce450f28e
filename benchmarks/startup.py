"""Measure how long a script takes to start: --help, and predict.py on one song.

    python -m benchmarks.startup --model output/cnn --song song.mp3
    git worktree add ../before fe21518
    python -m benchmarks.startup --song song.mp3 --before ../before

--help is compared with `import tensorflow`. With --before, predict.py is compared with that of an
older checkout and its own pretrained model: the whole process, its time and its peak memory.
"""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks import measure
from genre import cli
from genre.model import files

SCRIPTS = sorted(path.name for path in measure.ROOT.glob("*.py") if path.stem != "config")
COLUMNS = ("process", "s", "CPU s", "peak, MiB", "of the time", "of the CPU time", "of the memory")


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = measure.parser(__doc__)
    add = parser.add_argument
    add(
        "--model",
        type=Path,
        metavar="PATH",
        default=files.PRETRAINED,
        help="folder of a trained model (default: the pretrained one)",
    )
    add("--song", type=Path, metavar="FILE", required=True, help="audio file to predict")
    add(
        "--before",
        type=Path,
        metavar="DIR",
        help="older checkout to compare with (default: none)",
    )
    return parser.parse_args(argv)


def row(name: str, used: measure.Usage, reference: measure.Usage | None) -> list[object]:
    """Return a process's row, with its shares of what the reference used."""
    shares = (
        [ours / theirs for ours, theirs in zip(used, reference, strict=True)]
        if reference
        else [""] * 3
    )
    return [name, *used, *shares]


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    model, song = arguments.model.resolve(), arguments.song.resolve()
    helps = {f"{script} --help": partial(measure.process, script, "--help") for script in SCRIPTS}
    tensorflow, predict, before = "import tensorflow", "predict.py, one song", "the same, before"
    ways = {
        tensorflow: partial(measure.process, "-c", "import tensorflow"),
        **helps,
        predict: partial(
            measure.process, "predict.py", "--model", model, "--no-store", "--input", song
        ),
    }
    if arguments.before:
        ways[before] = partial(
            measure.process, "predict.py", "--input", song, folder=arguments.before
        )
    used = measure.usages(ways, arguments.runs)
    reference = dict.fromkeys(helps, used[tensorflow]) | {predict: used.get(before)}
    measure.table(COLUMNS, (row(name, found, reference.get(name)) for name, found in used.items()))
    measure.machine(arguments.runs)
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
