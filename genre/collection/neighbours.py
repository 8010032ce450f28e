"""Find the most similar songs of every song of a library at once, from their embeddings."""

from collections.abc import Iterable, Iterator

import numpy as np

from genre.collection.similar import unit

DIMENSIONS = 200  # to which embeddings are reduced; keeps 0.95 of the ten most similar songs
MOST_FITTED = 2000  # songs from which that reduction is learnt
AT_ONCE = 2000  # songs that are reduced at a time
COMPARED = 5_000_000  # pairs of songs that are compared at a time: 20 MB
GROUP = 256  # songs whose largest similarity says whether the others are looked at


def reduced(embeddings: np.ndarray, seed: int) -> np.ndarray:
    """Return embeddings, (songs, values), as (songs, up to DIMENSIONS) float32 of length 1.

    Their inner products are about the cosine similarities of the embeddings. The array may be a
    memory map: it is read AT_ONCE songs at a time.
    """
    from sklearn.decomposition import TruncatedSVD
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng(seed)
    count = min(len(embeddings), MOST_FITTED)
    chosen = np.sort(rng.choice(len(embeddings), count, replace=False))
    fitted = unit(embeddings[chosen].astype(np.float32))
    svd = TruncatedSVD(min(DIMENSIONS, *fitted.shape), random_state=seed)
    with threadpool_limits(1):  # several threads mostly wait for each other
        svd.fit(fitted)
        groups = _parts(len(embeddings), AT_ONCE)
        projected = [svd.transform(unit(embeddings[group].astype(np.float32))) for group in groups]
    return unit(np.concatenate(projected))


def nearest(vectors: np.ndarray, count: int) -> Iterator[np.ndarray]:
    """Yield, for some songs at a time, the indices of each one's most similar songs, best first.

    `vectors`, (songs, values), have length 1. An array is (songs, neighbours): `count` neighbours,
    or fewer if there are not so many other songs. No song is a neighbour of itself. There are two
    songs or more.
    """
    count, n_songs = min(count, len(vectors) - 1), len(vectors)
    others = np.pad(vectors, ((0, -n_songs % GROUP), (0, 0)))
    for part in _parts(n_songs, max(1, COMPARED // n_songs)):
        similarity = vectors[part] @ others.T
        similarity[:, n_songs:] = -np.inf
        own = np.arange(len(similarity))
        similarity[own, own + part.start] = -np.inf
        yield _largest(similarity, count)


def _largest(values: np.ndarray, count: int) -> np.ndarray:
    """Return the columns of the `count` largest values of each row, the largest first.

    They lie in the `count` groups of columns whose maxima are the largest, so only those are
    searched.
    """
    groups = values.reshape(len(values), -1, GROUP)
    maxima = groups.max(axis=2)
    best = np.argsort(-maxima, axis=1)[:, :count, np.newaxis]
    columns = (GROUP * best + np.arange(GROUP)).reshape(len(values), -1)
    some = np.take_along_axis(groups, best, axis=1).reshape(len(values), -1)
    largest = np.argpartition(some, -count, axis=1)[:, -count:]
    order = np.argsort(-np.take_along_axis(some, largest, axis=1), axis=1, kind="stable")
    largest = np.take_along_axis(largest, order, axis=1)
    return np.take_along_axis(columns, largest, axis=1)


def _parts(count: int, size: int) -> Iterable[slice]:
    return (slice(start, start + size) for start in range(0, count, size))
