"""The network for artists that it has never heard, and the recipe that it is trained by."""

import lazy_loader as lazy

from genre.networks import layers as blocks
from genre.training.recipe import Recipe

keras = lazy.load("keras")

BANDS = 64  # at most: neighbours are averaged until no more are left
RECIPE = Recipe(
    epochs=80,
    batch_size=16,
    learning_rate=0.001,
    optimizer="adamw",
    schedule="cosine",
    label_smoothing=0.1,
    augment=True,
    kernel_machine=True,
)


def vgg(frames: "keras.KerasTensor", n_genres: int, *, maps: int = 12) -> "keras.KerasTensor":
    """Return each genre's probability from seven convolutions and what they find over all time.

    Stages of 3x3 convolutions, each on half the size with twice the maps: K. Simonyan and
    A. Zisserman, "Very deep convolutional networks for large-scale image recognition" (ICLR 2015).
    Averages for poolings, the mean over the bands, then mean and maximum over time: Q. Kong et
    al., "PANNs: Large-scale pretrained audio neural networks for audio pattern recognition"
    (TASLP 2020). `maps` are those of the first stage.
    """
    layers = keras.layers
    blocks.need_frames(frames, 2**4, "vgg")
    x = blocks.picture(frames)
    x = blocks.pool(x, 2, max(1, x.shape[2] // BANDS), average=True)
    for stage, n_convolutions in enumerate((1, 2, 2, 2)):
        if stage:
            x = blocks.pool(x, 2, 2, average=True)
        for _ in range(n_convolutions):
            x = blocks.convolution(x, maps * 2**stage, 3)
    x = keras.ops.mean(x, axis=2)
    x = layers.Concatenate()([layers.GlobalAveragePooling1D()(x), layers.GlobalMaxPooling1D()(x)])
    x = layers.Dropout(0.4)(x)
    return layers.Dense(n_genres, activation="softmax")(x)
