"""Train a convolutional network, which reads a segment as a picture of time by coefficient.

    python cnn.py
    python cnn.py --data output/mine.json --output output/mine-cnn --epochs 100
    python cnn.py --architecture frequency --block densenet --output output/frequency
    python cnn.py --architecture bbnn --summary

The basic network looks for the same small patterns wherever they are in the segment. For the
MFCCs of a segment of GTZAN and ten genres:

    layer               output        parameters
    Reshape             130 x 13 x 1
    Conv2D              130 x 13 x 32        320
    MaxPooling2D        65 x 7 x 32
    BatchNormalization  65 x 7 x 32          128
    Conv2D              65 x 7 x 32         9248
    MaxPooling2D        33 x 4 x 32
    BatchNormalization  33 x 4 x 32          128
    Conv2D              33 x 4 x 32         4128
    MaxPooling2D        17 x 2 x 32
    BatchNormalization  17 x 2 x 32          128
    Flatten             1088
    Dense               64                 69696
    Dropout             64
    Dense               10                   650

It is `basic` in genre/networks/convolutional.py. The networks there come from the literature.
"""

from collections.abc import Sequence

import config
from genre import cli


def main(argv: Sequence[str] | None = None) -> int:
    from genre.cli import training

    return training.main("cnn", output=config.CNN_PATH, description=__doc__, argv=argv)


if __name__ == "__main__":
    cli.run(main)
