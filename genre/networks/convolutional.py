"""Convolutional networks beside the basic one of cnn.py; each takes frames as cnn.py's does.

`frequency`, `temporal` and `square` are k1c2, k2c1 and k2c2 of K. Choi, G. Fazekas, M. Sandler and
K. Cho, "Convolutional recurrent neural networks for music classification" (arXiv 2016, ICASSP
2017) in what their convolutions see. The lengths of the kernels, the numbers of maps and the
poolings are as public implementations have them for short clips: three poolings of fixed size, the
last takes all that is left.
"""

import lazy_loader as lazy

from genre.networks import layers as blocks

keras = lazy.load("keras")


def residual(x: "keras.KerasTensor", maps: int, kernel: tuple[int, int]) -> "keras.KerasTensor":
    """Return two convolutions with a way around them (He et al., "Deep residual learning", 2016).

    The way around is a convolution of size 1, since the number of maps may change.
    """
    around = keras.layers.Conv2D(maps, 1)(x)
    x = blocks.convolution(x, maps, kernel)
    x = blocks.batch_norm(keras.layers.Conv2D(maps, kernel, padding="same")(x))
    return keras.layers.ReLU()(keras.layers.Add()([x, around]))


def dense(x: "keras.KerasTensor", maps: int, kernel: tuple[int, int]) -> "keras.KerasTensor":
    """Return convolutions each of which sees all before it (Huang et al., "DenseNet", 2017).

    A convolution of size 1 brings the two of them and the input down to `maps`.
    """
    for _ in range(2):
        x = keras.layers.Concatenate()([x, blocks.convolution(x, maps, kernel)])
    return blocks.convolution(x, maps, 1)


BLOCKS = {"basic": blocks.convolution, "resnet": residual, "densenet": dense}
BLOCK_AT = ("second", "all")


def frequency(
    frames: "keras.KerasTensor", n_genres: int, *, block: str = "basic", block_at: str = "second"
) -> "keras.KerasTensor":
    """Look along time in every band by itself, so that a band keeps its place until the end.

    `block` takes the place of the second convolution or of all: the idea of W. Bian et al.,
    "Audio-based music classification with DenseNet and data augmentation" (2019), in small.
    """
    blocks.need_frames(frames, 4 * 4 * 4, "frequency")
    x = blocks.picture(frames)
    for number, (maps, pooled) in enumerate(((16, 4), (16, 4), (32, 4), (32, None))):
        exchanged = block_at == "all" or number == 1
        x = BLOCKS[block if exchanged else "basic"](x, maps, (5, 1))
        x = blocks.pool(x, pooled, 1)
    return blocks.genres(x, (256, 64), n_genres)


def temporal(frames: "keras.KerasTensor", n_genres: int) -> "keras.KerasTensor":
    """Look at all bands at once, then along time alone: the bands are the first picture's maps."""
    blocks.need_frames(frames, 4 * 4 * 4, "temporal")
    _, n_frames, n_bands = frames.shape
    x = keras.layers.Reshape((n_frames, 1, n_bands))(frames)
    for maps, pooled in ((64, 4), (128, 4), (256, 4), (512, None)):
        x = blocks.convolution(x, maps, (5, 1))
        x = blocks.pool(x, pooled, 1)
    return blocks.genres(x, (256, 64), n_genres)


def square(frames: "keras.KerasTensor", n_genres: int) -> "keras.KerasTensor":
    """Look at small squares of time and band, until one value of each map is left."""
    blocks.need_frames(frames, 4 * 4 * 4, "square")
    x = blocks.picture(frames)
    for maps, *pooled in ((8, 4, 2), (32, 4, 2), (128, 4, 2), (256, None, None)):
        x = blocks.convolution(x, maps, 3)
        x = blocks.pool(x, *pooled)
    return blocks.genres(x, (256, 64), n_genres)


def lenet(
    frames: "keras.KerasTensor", n_genres: int, *, dropout: float = 0.3
) -> "keras.KerasTensor":
    """LeNet-5's maps and dense units (LeCun et al., "Gradient-based learning", 1998).

    Today's parts stand for those of its time: kernels of 3x3, ReLU, the maximum and dropout.
    """
    blocks.need_frames(frames, 2 * 2, "lenet")
    x = blocks.picture(frames)
    for maps in (6, 16):
        x = keras.layers.Conv2D(maps, 3, padding="same", activation="relu")(x)
        x = blocks.pool(x, 2, 2)
    return blocks.genres(x, (120, 84), n_genres, dropout=dropout)


def wide(frames: "keras.KerasTensor", n_genres: int) -> "keras.KerasTensor":
    """Three convolutions of 4x4, as are in use on large pictures of 599 frames and 128 bands.

    Of no paper that we know; the numbers of maps and of dense units are ours.
    """
    blocks.need_frames(frames, 4 * 2 * 2, "wide")
    x = blocks.picture(frames)
    for pooled in (4, 2, 2):
        x = keras.layers.Conv2D(64, 4, padding="same", activation="relu")(x)
        x = blocks.pool(x, pooled, pooled)
    return blocks.genres(x, (64,), n_genres)
