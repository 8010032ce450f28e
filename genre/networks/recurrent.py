"""Recurrent layers, and the networks that join them to convolutions."""

import lazy_loader as lazy

from genre.networks import layers as blocks

keras = lazy.load("keras")

CELLS = ("lstm", "gru")


def recurrent(
    x: "keras.KerasTensor", *, cell: str, bidirectional: bool, layers: int, units: int
) -> "keras.KerasTensor":
    """Return what recurrent layers know at the end of a sequence, (segments, frames, values).

    All but the last pass on what they know after every frame. Their defaults stay, because a
    GPU's fast kernel (cuDNN) takes no others.
    """
    kind = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[cell]
    for number in range(1, layers + 1):
        layer = kind(units, return_sequences=number < layers)
        x = keras.layers.Bidirectional(layer)(x) if bidirectional else layer(x)
    return x


def crnn(
    frames: "keras.KerasTensor",
    n_genres: int,
    *,
    cell: str = "gru",
    bidirectional: bool = False,
    layers: int = 2,
    units: int = 32,
) -> "keras.KerasTensor":
    """Let convolutions look at small squares, and recurrent layers read what they find, in time.

    K. Choi, G. Fazekas, M. Sandler and K. Cho, "Convolutional recurrent neural networks for music
    classification" (arXiv 2016, ICASSP 2017), with the maps, the dropout and the recurrent layers
    of the authors' published code. There 1366 frames are pooled to 15; here every pooling takes 2
    frames, so that of a segment of 130 frames 8 are left to read.
    """
    blocks.need_frames(frames, 2 * 2 * 2 * 2, "crnn")
    x = blocks.picture(frames)
    for maps, bands in ((64, 2), (128, 3), (128, 4), (128, None)):
        x = blocks.convolution(x, maps, 3, activation="elu")
        x = blocks.pool(x, 2, bands)
        x = keras.layers.Dropout(0.1)(x)
    x = keras.layers.Reshape((x.shape[1], x.shape[3]))(x)  # one band is left
    x = recurrent(x, cell=cell, bidirectional=bidirectional, layers=layers, units=units)
    x = keras.layers.Dropout(0.3)(x)
    return keras.layers.Dense(n_genres, activation="softmax")(x)


def parallel(
    frames: "keras.KerasTensor",
    n_genres: int,
    *,
    cell: str = "gru",
    bidirectional: bool = True,
    layers: int = 1,
    units: int = 64,
) -> "keras.KerasTensor":
    """Let convolutions and recurrent layers each see the frames, and decide by both.

    L. Feng, S. Liu and J. Yao, "Music genre classification with paralleling recurrent
    convolutional neural network" (arXiv 2017), in its plan: five convolutions beside one
    bidirectional GRU, which reads frames of reduced size. The numbers are ours.
    """
    blocks.need_frames(frames, 2 * 2 * 2 * 4, "parallel")
    seen = blocks.picture(frames)
    for maps, *pooled in ((16, 2, 2), (32, 2, 2), (64, 2, 2), (128, 4, 4), (64, None, 4)):
        seen = blocks.convolution(seen, maps, 3)
        seen = blocks.pool(seen, *pooled)
    seen = keras.layers.Flatten()(seen)
    read = keras.layers.Dense(64)(frames)
    read = recurrent(read, cell=cell, bidirectional=bidirectional, layers=layers, units=units)
    both = keras.layers.Concatenate()([seen, read])
    return keras.layers.Dense(n_genres, activation="softmax")(keras.layers.Dropout(0.3)(both))
