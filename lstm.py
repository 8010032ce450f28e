"""Train a recurrent network, which reads a segment frame by frame, in time.

    python lstm.py
    python lstm.py --data output/mine.json --output output/mine-lstm --epochs 100
    python lstm.py --cell gru --bidirectional --output output/gru
    python lstm.py --architecture crnn --summary

What it has heard before decides what it makes of the next frame. The networks that join this to
convolutions stand in genre/recurrent.py.
"""

import argparse
from collections.abc import Sequence

import lazy_loader as lazy

import config
from genre import cli
from genre.networks import recurrent
from genre.training import experiment

keras = lazy.load("keras")


def lstm(
    frames: "keras.KerasTensor",
    n_genres: int,
    *,
    cell: str = "lstm",
    bidirectional: bool = False,
    layers: int = 2,
    units: int = 64,
) -> "keras.KerasTensor":
    """Return each genre's probability for normalised frames, (segments, frames, coefficients).

    The first LSTM passes on what it knows after every frame, the second only what is left at the
    end.
    """
    x = recurrent.recurrent(
        frames, cell=cell, bidirectional=bidirectional, layers=layers, units=units
    )
    x = keras.layers.Dense(64, activation="relu")(x)
    x = keras.layers.Dropout(0.3)(x)
    return keras.layers.Dense(n_genres, activation="softmax")(x)


ARCHITECTURES = {"lstm": lstm, "crnn": recurrent.crnn, "parallel": recurrent.parallel}


def add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--cell",
        choices=recurrent.CELLS,
        help="kind of the recurrent layers (default: lstm; of crnn and parallel: gru)",
    )
    add(
        "--bidirectional",
        action=argparse.BooleanOptionalAction,
        help="read the frames backwards, too (default: no; of parallel: yes)",
    )
    add(
        "--layers",
        type=cli.whole_number(1, 16),
        metavar="N",
        help="recurrent layers (default: 2; of parallel: 1)",
    )
    add(
        "--units",
        type=cli.whole_number(1, 4096),
        metavar="N",
        help="of each recurrent layer (default: 64; of crnn: 32)",
    )


def main(argv: Sequence[str] | None = None) -> int:
    return experiment.main(
        ARCHITECTURES,
        script="lstm",
        output=config.LSTM_PATH,
        description=__doc__,
        add_options=add_options,
        argv=argv,
    )


if __name__ == "__main__":
    cli.run(main)
