"""Positions of tracks on a plane, so that tracks that sound alike are close together."""

import numpy as np

FEWEST_TRACKS = 30  # with fewer, t-SNE shows groups that do not exist
LARGEST_PERPLEXITY = 30  # about the number of neighbours of a track; smaller for few tracks
MOST_TRACKS = 2000  # more would take minutes, and hide each other
ITERATIONS = 500  # of t-SNE; 1000 take twice as long for the same map
LANDMARKS = 1000  # of a larger library; t-SNE of these takes seconds
DIMENSIONS = 50  # principal components to which longer vectors are reduced, as in t-SNE's paper


def chosen(n_tracks: int, seed: int) -> np.ndarray:
    """Return the indices of the tracks to draw: all, or MOST_TRACKS random ones."""
    return _some(n_tracks, MOST_TRACKS, seed)


def _some(n_tracks: int, most: int, seed: int) -> np.ndarray:
    if n_tracks <= most:
        return np.arange(n_tracks)
    return np.sort(np.random.default_rng(seed).choice(n_tracks, most, replace=False))


def positions(vectors: np.ndarray, seed: int) -> np.ndarray | None:
    """Return the position of each track, (tracks, 2), by t-SNE (van der Maaten and Hinton 2008).

    The vectors, (tracks, values), describe the tracks, for instance embeddings. Returns None if
    fewer than FEWEST_TRACKS of them differ.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    if len(np.unique(vectors, axis=0)) < FEWEST_TRACKS:
        return None
    if min(vectors.shape) > DIMENSIONS:
        vectors = PCA(DIMENSIONS, random_state=seed).fit_transform(vectors)
    perplexity = min(LARGEST_PERPLEXITY, len(vectors) ** 0.5)
    tsne = TSNE(perplexity=perplexity, init="pca", max_iter=ITERATIONS, random_state=seed)
    with threadpool_limits(1):  # several threads mostly wait for each other
        return tsne.fit_transform(vectors)


def all_positions(vectors: np.ndarray, seed: int) -> np.ndarray | None:
    """Return the position of each track, (tracks, 2), for any number of tracks.

    t-SNE places LANDMARKS random tracks. Each other track is placed between the three most similar
    of them. Returns None as `positions` does.
    """
    from sklearn.neighbors import KNeighborsRegressor

    placed = _some(len(vectors), LANDMARKS, seed)
    known = positions(vectors[placed], seed)
    if known is None or len(placed) == len(vectors):
        return known
    neighbours = KNeighborsRegressor(n_neighbors=3, weights="distance").fit(vectors[placed], known)
    found = neighbours.predict(vectors)
    found[placed] = known
    return found
