"""Load Keras and TensorFlow without the notes that TensorFlow writes while it starts."""

import os
import sys

import lazy_loader as lazy

keras = lazy.load("keras")


def load() -> None:
    """Import Keras and, under it, TensorFlow; what they write to stderr meanwhile is dropped.

    No setting reaches those lines (https://github.com/tensorflow/tensorflow/issues/100442), and
    they would bury our one-line messages. Python's own errors come through as ever.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    stderr, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        _ = keras.__version__  # the first attribute asked for imports the package
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)
