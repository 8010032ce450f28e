"""The bottom-up broadcast network: small, and every block sees what all before it have found.

C. Liu, L. Feng, G. Liu, H. Wang and S. Liu, "Bottom-up broadcast neural network for music genre
classification" (arXiv 2019, Multimedia Tools and Applications 2021). Layers and their order are
those of the authors' published code, so that the parameters are as many as there: 190,826 for ten
genres, 180,458 of them without the batch normalisation.
"""

import lazy_loader as lazy

from genre.networks import layers as blocks

keras = lazy.load("keras")

MAPS = 32  # of every convolution


def bbnn(frames: "keras.KerasTensor", n_genres: int) -> "keras.KerasTensor":
    """Three Inception blocks, each of which is handed the picture and the blocks before it."""
    blocks.need_frames(frames, 4 * 2, "bbnn")
    x = blocks.convolution(blocks.picture(frames), MAPS, 3)
    x = blocks.pool(x, 4, 1)
    for _ in range(3):
        x = keras.layers.Concatenate()([x, inception(x)])
    x = convolution(x, 1)
    x = blocks.pool(x, 2, 2, average=True)
    x = keras.layers.ReLU()(blocks.batch_norm(x))
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.layers.Dense(n_genres, activation="softmax")(x)


def inception(x: "keras.KerasTensor") -> "keras.KerasTensor":
    """Return what kernels of three sizes and the neighbourhood's maximum find in a picture."""
    highest = keras.layers.MaxPooling2D(3, strides=1, padding="same")(x)
    return keras.layers.Concatenate()(
        [
            convolution(x, 1),
            convolution(convolution(x, 1), 3),
            convolution(convolution(x, 1), 5),
            convolution(highest, 1),
        ]
    )


def convolution(x: "keras.KerasTensor", kernel: int) -> "keras.KerasTensor":
    """Return a convolution that normalises before it and not, as elsewhere, behind."""
    x = keras.layers.ReLU()(blocks.batch_norm(x))
    if kernel == 1:
        return keras.layers.Dense(MAPS)(x)  # the same, in half the time on a CPU
    return keras.layers.Conv2D(MAPS, kernel, padding="same")(x)
