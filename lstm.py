"""Train a recurrent network, which reads a segment frame by frame, in time.

    python lstm.py
    python lstm.py --data output/mine.json --output output/mine-lstm --epochs 100
    python lstm.py --cell gru --bidirectional --output output/gru
    python lstm.py --architecture crnn --summary

The network keeps a state, which each frame changes. `crnn` and `parallel` combine recurrent layers
with convolutions: they are in genre/networks/recurrent.py.
"""

from collections.abc import Sequence

import config
from genre import cli
from genre.networks.layers import Tensor
from genre.networks.recurrent import Bidirectional, Cell, LayerCount, Units


def lstm(
    frames: Tensor,
    n_genres: int,
    *,
    cell: Cell = "lstm",
    bidirectional: Bidirectional = False,
    layers: LayerCount = 2,
    units: Units = 64,
) -> Tensor:
    """Two recurrent layers, then a dense one.

    `frames` are normalised, (segments, frames, bands). The first recurrent layer passes on its
    state after every frame, the last one only at the end.
    """
    import keras

    x = frames
    for number in range(1, layers + 1):
        layer = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[cell]
        layer = layer(units, return_sequences=number < layers)
        x = keras.layers.Bidirectional(layer)(x) if bidirectional else layer(x)

    x = keras.layers.Dense(64, activation="relu")(x)
    x = keras.layers.Dropout(0.3)(x)
    return keras.layers.Dense(n_genres, activation="softmax")(x)


def main(argv: Sequence[str] | None = None) -> int:
    from genre.cli import training

    return training.main("lstm", lstm, output=config.LSTM_PATH, description=__doc__, argv=argv)


if __name__ == "__main__":
    cli.run(main)
