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


def lstm(frames: "keras.KerasTensor", n_genres: int) -> "keras.KerasTensor":
    """Return each genre's probability for normalised frames, (segments, frames, coefficients).

    The first LSTM passes on what it knows after every frame, the second only what is left at the
    end. Their defaults stay, because a GPU's fast kernel (cuDNN) takes no others.
    """
    layers = keras.layers
    x = layers.LSTM(64, return_sequences=True)(frames)
    x = layers.LSTM(64)(x)
    x = layers.Dense(64, activation="relu")(x)
    x = layers.Dropout(0.3)(x)
    return layers.Dense(n_genres, activation="softmax")(x)


def main(argv: Sequence[str] | None = None) -> int:
    return experiment.main(
        lstm, script="lstm", output=config.LSTM_PATH, description=__doc__, argv=argv
    )


if __name__ == "__main__":
    cli.run(main)
