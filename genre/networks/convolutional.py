"""Convolutional networks, which read a segment as a picture of time by band.

`frequency`, `temporal` and `square` are k1c2, k2c1 and k2c2 of K. Choi, G. Fazekas, M. Sandler and
K. Cho, "Convolutional recurrent neural networks for music classification" (arXiv 2016, ICASSP
2017): their convolutions are along the same axes. The lengths of the kernels, the numbers of maps
and the poolings are those of public implementations for short clips: three poolings of fixed size,
then one over all remaining frames.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from genre.networks.layers import Tensor, classify, convolution, need_frames, picture, pool

BBNN_MAPS = 32  # feature maps of every convolution of bbnn
VGG_BANDS = 64  # vgg averages neighbouring bands of a feature that has at least twice as many


def three_convolutions(frames: Tensor) -> Tensor:
    """Return the feature maps of the convolutions of cnn.py, as a picture."""
    from keras import layers

    x = picture(frames)
    for kernel, size in ((3, 3), (3, 3), (2, 2)):
        x = layers.Conv2D(32, kernel, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(size, strides=2, padding="same")(x)
        x = layers.BatchNormalization()(x)
    return x


def branches(frames: Tensor, n_genres: int, n_bands: Sequence[int] | None = None) -> Tensor:
    """The convolutions of cnn.py for each of several features separately, then a dense layer.

    `n_bands` are the numbers of bands of the features, in their order.
    """
    from keras import layers

    found, start = [], 0
    for count in n_bands or [frames.shape[2]]:
        found.append(layers.Flatten()(three_convolutions(frames[:, :, start : start + count])))
        start += count
    return classify(layers.Concatenate()(found) if len(found) > 1 else found[0], (64,), n_genres)


def residual(x: Tensor, maps: int, kernel: tuple[int, int]) -> Tensor:
    """Return two convolutions with a shortcut (He et al., "Deep residual learning", 2016).

    The shortcut is a convolution of size 1, since the number of maps may change.
    """
    from keras import layers

    shortcut = layers.Conv2D(maps, 1)(x)
    x = convolution(x, maps, kernel)
    x = layers.Conv2D(maps, kernel, padding="same")(x)
    x = layers.BatchNormalization()(x)
    return layers.ReLU()(layers.Add()([x, shortcut]))


def densely_connected(x: Tensor, maps: int, kernel: tuple[int, int]) -> Tensor:
    """Return convolutions on the outputs of all earlier ones (Huang et al., "DenseNet", 2017).

    There are two; a convolution of size 1 reduces their outputs and the input to `maps` maps.
    """
    from keras import layers

    for _ in range(2):
        x = layers.Concatenate()([x, convolution(x, maps, kernel)])
    return convolution(x, maps, 1)


BLOCKS = {"basic": convolution, "resnet": residual, "densenet": densely_connected}


def frequency(
    frames: Tensor,
    n_genres: int,
    *,
    block: Annotated[
        Literal["basic", "resnet", "densenet"], "block that replaces a convolution"
    ] = "basic",
    block_at: Annotated[
        Literal["second", "all"], "which of the four convolutions --block replaces"
    ] = "second",
) -> Tensor:
    """Convolutions along time, in each band separately; bands are combined only by dense layers.

    `block` replaces the second convolution or all four: a small version of the idea of W. Bian et
    al., "Audio-based music classification with DenseNet and data augmentation" (2019).
    """
    need_frames(frames, 4 * 4 * 4, "frequency")
    x = picture(frames)
    for number, (maps, pooled) in enumerate(((16, 4), (16, 4), (32, 4), (32, None))):
        replaced = block_at == "all" or number == 1
        x = BLOCKS[block if replaced else "basic"](x, maps, (5, 1))
        x = pool(x, pooled, 1)
    return classify(x, (256, 64), n_genres)


def temporal(frames: Tensor, n_genres: int) -> Tensor:
    """Convolutions over all bands at once, then along time alone."""
    from keras import layers

    need_frames(frames, 4 * 4 * 4, "temporal")
    _, n_frames, n_bands = frames.shape
    x = layers.Reshape((n_frames, 1, n_bands))(frames)  # the bands are the picture's maps
    for maps, pooled in ((64, 4), (128, 4), (256, 4), (512, None)):
        x = convolution(x, maps, (5, 1))
        x = pool(x, pooled, 1)
    return classify(x, (256, 64), n_genres)


def square(frames: Tensor, n_genres: int) -> Tensor:
    """Convolutions over small squares of time and band, until each map is one value."""
    need_frames(frames, 4 * 4 * 4, "square")
    x = picture(frames)
    for maps, *pooled in ((8, 4, 2), (32, 4, 2), (128, 4, 2), (256, None, None)):
        x = convolution(x, maps, 3)
        x = pool(x, *pooled)
    return classify(x, (256, 64), n_genres)


def bbnn(frames: Tensor, n_genres: int) -> Tensor:
    """The bottom-up broadcast network: three Inception blocks.

    Each block takes the outputs of all earlier blocks. C. Liu, L. Feng, G. Liu, H. Wang and S. Liu,
    "Bottom-up broadcast neural network for music genre classification" (arXiv 2019, Multimedia
    Tools and Applications 2021). The layers, their order and the number of parameters are those of
    the authors' published code: 190,826 for ten genres, of which 180,458 are outside the batch
    normalisation.
    """
    from keras import layers

    need_frames(frames, 4 * 2, "bbnn")
    x = convolution(picture(frames), BBNN_MAPS, 3)
    x = pool(x, 4, 1)
    for _ in range(3):
        x = layers.Concatenate()([x, inception(x)])
    x = normalised_convolution(x, 1)
    x = pool(x, 2, 2, average=True)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.GlobalAveragePooling2D()(x)
    return layers.Dense(n_genres, activation="softmax")(x)


def inception(x: Tensor) -> Tensor:
    """Return the feature maps of kernels of three sizes and of a max pooling, side by side."""
    from keras import layers

    highest = layers.MaxPooling2D(3, strides=1, padding="same")(x)
    return layers.Concatenate()(
        [
            normalised_convolution(x, 1),
            normalised_convolution(normalised_convolution(x, 1), 3),
            normalised_convolution(normalised_convolution(x, 1), 5),
            normalised_convolution(highest, 1),
        ]
    )


def normalised_convolution(x: Tensor, kernel: int) -> Tensor:
    """Return a convolution with batch normalisation before it; `convolution` has it after."""
    from keras import layers

    x = layers.ReLU()(layers.BatchNormalization()(x))
    if kernel == 1:
        return layers.Dense(BBNN_MAPS)(x)  # the same, in half the time on a CPU
    return layers.Conv2D(BBNN_MAPS, kernel, padding="same")(x)


def lenet(
    frames: Tensor,
    n_genres: int,
    *,
    dropout: Annotated[float, "fraction of dense units left out at each step"] = 0.3,
) -> Tensor:
    """A network with LeNet-5's numbers of maps and dense units.

    LeCun et al., "Gradient-based learning applied to document recognition" (1998). Everything else
    is as usual today: kernels of 3x3, ReLU, max pooling and dropout.
    """
    from keras import layers

    need_frames(frames, 2 * 2, "lenet")
    x = picture(frames)
    for maps in (6, 16):
        x = layers.Conv2D(maps, 3, padding="same", activation="relu")(x)
        x = pool(x, 2, 2)
    return classify(x, (120, 84), n_genres, dropout=dropout)


def wide(frames: Tensor, n_genres: int) -> Tensor:
    """Three convolutions of 4x4, as used on large pictures of 599 frames and 128 bands.

    We know of no paper that describes it; the numbers of maps and of dense units are ours.
    """
    from keras import layers

    need_frames(frames, 4 * 2 * 2, "wide")
    x = picture(frames)
    for pooled in (4, 2, 2):
        x = layers.Conv2D(64, 4, padding="same", activation="relu")(x)
        x = pool(x, pooled, pooled)
    return classify(x, (64,), n_genres)


def vgg(
    frames: Tensor,
    n_genres: int,
    *,
    maps: Annotated[int, "maps of the first stage; each stage has twice as many"] = 12,
) -> Tensor:
    """Seven convolutions, then the mean and the maximum of their feature maps over time.

    Stages of 3x3 convolutions, each with half the size and twice the maps: K. Simonyan and
    A. Zisserman, "Very deep convolutional networks for large-scale image recognition" (ICLR 2015).
    Average pooling, the mean over the bands, then mean and maximum over time: Q. Kong et al.,
    "PANNs: Large-scale pretrained audio neural networks for audio pattern recognition" (TASLP
    2020).
    """
    from keras import layers, ops

    need_frames(frames, 2**4, "vgg")
    x = picture(frames)
    x = pool(x, 2, max(1, x.shape[2] // VGG_BANDS), average=True)
    for stage, n_convolutions in enumerate((1, 2, 2, 2)):
        if stage:
            x = pool(x, 2, 2, average=True)
        for _ in range(n_convolutions):
            x = convolution(x, maps * 2**stage, 3)
    x = ops.mean(x, axis=2)
    x = layers.Concatenate()([layers.GlobalAveragePooling1D()(x), layers.GlobalMaxPooling1D()(x)])
    x = layers.Dropout(0.4)(x)
    return layers.Dense(n_genres, activation="softmax")(x)
