"""Networks of dense layers, which read a segment as one vector."""

from typing import Annotated

from genre.networks.layers import Tensor


def mlp(
    frames: Tensor,
    n_genres: int,
    *,
    regularization: Annotated[bool, "use L2 and dropout; without them the network overfits"] = True,
) -> Tensor:
    """Three dense layers.

    L2 and dropout regularise a network that has more weights than GTZAN has values to learn from.
    """
    from keras import layers, regularizers

    x = layers.Flatten()(frames)
    for units in (512, 256, 64):
        small_weights = regularizers.L2(0.001) if regularization else None
        x = layers.Dense(units, activation="relu", kernel_regularizer=small_weights)(x)
        if regularization:
            x = layers.Dropout(0.3)(x)
    return layers.Dense(n_genres, activation="softmax")(x)


def linear(frames: Tensor, n_genres: int) -> Tensor:
    """Logistic regression, for embeddings: another network has already extracted the features.

    Embeddings have more values than most data sets have tracks: so L2 is strong, and the weights
    begin at 0.
    """
    from keras import layers, regularizers

    return layers.Dense(
        n_genres,
        activation="softmax",
        kernel_initializer="zeros",
        kernel_regularizer=regularizers.L2(0.2),
    )(layers.Flatten()(frames))
