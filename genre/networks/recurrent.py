"""Networks with recurrent layers, which read a segment frame by frame, in time."""

from typing import Annotated, Literal

from genre.networks.layers import Tensor, convolution, need_frames, picture, pool

Cell = Annotated[Literal["lstm", "gru"], "kind of the recurrent layers"]
Bidirectional = Annotated[bool, "read the frames backwards, too"]
LayerCount = Annotated[int, "number of recurrent layers"]
Units = Annotated[int, "units of each recurrent layer"]


def crnn(
    frames: Tensor,
    n_genres: int,
    *,
    cell: Cell = "gru",
    bidirectional: Bidirectional = False,
    layers: LayerCount = 2,
    units: Units = 32,
) -> Tensor:
    """Convolutions over small squares, then recurrent layers that read their feature maps.

    K. Choi, G. Fazekas, M. Sandler and K. Cho, "Convolutional recurrent neural networks for music
    classification" (arXiv 2016, ICASSP 2017), with the maps, the dropout and the recurrent layers
    of the authors' published code. There, 1366 frames are pooled to 15; here every pooling halves
    their number, so that 130 frames become 8.
    """
    import keras

    need_frames(frames, 2 * 2 * 2 * 2, "crnn")
    x = picture(frames)
    for maps, bands in ((64, 2), (128, 3), (128, 4), (128, None)):
        x = convolution(x, maps, 3, activation="elu")
        x = pool(x, 2, bands)
        x = keras.layers.Dropout(0.1)(x)
    x = keras.layers.Reshape((x.shape[1], x.shape[3]))(x)  # one band is left
    x = recurrent(x, cell=cell, bidirectional=bidirectional, layers=layers, units=units)
    x = keras.layers.Dropout(0.3)(x)
    return keras.layers.Dense(n_genres, activation="softmax")(x)


def parallel(
    frames: Tensor,
    n_genres: int,
    *,
    cell: Cell = "gru",
    bidirectional: Bidirectional = True,
    layers: LayerCount = 1,
    units: Units = 64,
) -> Tensor:
    """Convolutions and, beside them, recurrent layers; their outputs are joined at the end.

    L. Feng, S. Liu and J. Yao, "Music genre classification with paralleling recurrent
    convolutional neural network" (arXiv 2017). The plan is theirs: five convolutions beside one
    bidirectional GRU, which reads frames of reduced size. The sizes are ours.
    """
    import keras

    need_frames(frames, 2 * 2 * 2 * 4, "parallel")
    seen = picture(frames)
    for maps, *pooled in ((16, 2, 2), (32, 2, 2), (64, 2, 2), (128, 4, 4), (64, None, 4)):
        seen = convolution(seen, maps, 3)
        seen = pool(seen, *pooled)
    seen = keras.layers.Flatten()(seen)
    read = keras.layers.Dense(64)(frames)
    read = recurrent(read, cell=cell, bidirectional=bidirectional, layers=layers, units=units)
    both = keras.layers.Concatenate()([seen, read])
    return keras.layers.Dense(n_genres, activation="softmax")(keras.layers.Dropout(0.3)(both))


def recurrent(x: Tensor, *, cell: str, bidirectional: bool, layers: int, units: int) -> Tensor:
    """Return the final state of recurrent layers that read a sequence, (segments, units).

    As in lstm.py, all layers except the last pass on their state after every frame. They keep
    Keras's default activations, because a GPU's fast kernel (cuDNN) takes no others.
    """
    import keras

    kind = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[cell]
    for number in range(1, layers + 1):
        layer = kind(units, return_sequences=number < layers)
        x = keras.layers.Bidirectional(layer)(x) if bidirectional else layer(x)
    return x
