"""Train a recurrent network, which reads a segment frame by frame, in time.

    python lstm.py
    python lstm.py --data output/mine.json --output output/mine-lstm --epochs 100
    python lstm.py --cell gru --bidirectional --output output/gru
    python lstm.py --architecture crnn --summary

The network keeps a state, which each frame changes. The default network has two LSTM layers of 64
units and a dense layer. `crnn` and `parallel` combine recurrent layers with convolutions. All are
in genre/networks/recurrent.py.
"""

from collections.abc import Sequence

import config
from genre import cli


def main(argv: Sequence[str] | None = None) -> int:
    from genre.cli import training

    return training.main("lstm", output=config.LSTM_PATH, description=__doc__, argv=argv)


if __name__ == "__main__":
    cli.run(main)
