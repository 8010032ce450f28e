"""Measure how long scripts take to answer: --help, and predict.py on one song.

    python -m benchmarks.startup --model output/cnn --song song.mp3

--help is measured against `import tensorflow`, predict.py against a bare process that imports
Keras, loads the network and calls it once on a made-up song.
"""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks import measure
from genre import cli
from genre.reporting import card

BARE = """\
import sys
import keras
import numpy as np
network = keras.saving.load_model(sys.argv[1], compile=False)
network(np.zeros((10, *network.input_shape[1:]), dtype=np.float32))
"""


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = measure.parser(__doc__)
    parser.add_argument("--model", type=Path, required=True, help="folder of a trained network")
    parser.add_argument("--song", type=Path, required=True, help="audio file to predict")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    model, song = arguments.model.resolve(), arguments.song.resolve()
    scripts = sorted(path.name for path in measure.ROOT.glob("*.py") if path.stem != "config")
    helps = {f"{script} --help": partial(measure.process, script, "--help") for script in scripts}
    bare_import = "import tensorflow"
    bare_call = "import keras, load, one call"
    predict = "predict.py, one song"
    usages = measure.in_turn(
        {
            bare_import: partial(measure.process, "-c", bare_import),
            **helps,
            bare_call: partial(measure.process, "-c", BARE, model / card.MODEL_FILE),
            predict: partial(measure.process, "predict.py", "--model", model, "--input", song),
        },
        arguments.runs,
    )
    took = measure.medians(usages)
    measure.table(
        ("process", "s", "measured against", "ratio"),
        [
            [bare_import, took[bare_import], "", ""],
            *([name, took[name], bare_import, took[name] / took[bare_import]] for name in helps),
            [bare_call, took[bare_call], "", ""],
            [predict, took[predict], bare_call, took[predict] / took[bare_call]],
        ],
    )
    measure.machine(arguments.runs)
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
