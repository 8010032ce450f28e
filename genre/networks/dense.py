"""Networks of dense layers, which read a segment as one vector."""

from genre.networks.layers import Tensor


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
