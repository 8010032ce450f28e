"""Train a recurrent network, which reads a segment frame by frame, in time.

    python lstm.py
    python lstm.py --data output/mine.json --output output/mine-lstm --epochs 100

What it has heard before decides what it makes of the next frame.
"""

from collections.abc import Sequence

import lazy_loader as lazy

import config
from genre import cli, experiment

keras = lazy.load("keras")


def build_lstm(shape: tuple[int, int], n_genres: int) -> "keras.Model":
    """Return the network for segments of `shape` (frames, coefficients).

    The first LSTM passes on what it knows after every frame, the second only what is left at the
    end. Their defaults stay, because a GPU's fast kernel (cuDNN) takes no others.
    """
    layers = keras.layers
    network = keras.Sequential([keras.Input(shape), layers.Normalization(name="normalization")])
    network.add(layers.LSTM(64, return_sequences=True))
    network.add(layers.LSTM(64))
    network.add(layers.Dense(64, activation="relu"))
    network.add(layers.Dropout(0.3))
    network.add(layers.Dense(n_genres, activation="softmax"))
    return network


def main(argv: Sequence[str] | None = None) -> int:
    return experiment.main(
        build_lstm, script="lstm", output=config.LSTM_PATH, description=__doc__, argv=argv
    )


if __name__ == "__main__":
    cli.run(main)
