"""A map of tracks, on which tracks that sound alike are close together."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from genre.files import printable
from genre.reporting.figures import PALETTE, new_figure, save

MARKS = "os^DvP*X<>"  # with the ten colours of the palette they give a hundred different marks
LEGEND_ROWS = 30
FEWEST_TRACKS = 30  # with fewer, t-SNE shows groups that do not exist
LARGEST_PERPLEXITY = 30  # about the number of neighbours of a track; smaller for few tracks
MOST_TRACKS = 2000  # more would take minutes, and hide each other
DIMENSIONS = 50  # principal components to which longer vectors are reduced, as in t-SNE's paper
MOST_NAMED = 120  # the most tracks for which names are listed below the map
NAME_COLUMNS, NAME_LETTERS, NAME_INCHES = 5, 30, 0.14  # of the list of names; inches in a row


def vectors(mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Return each track's mean and deviation side by side, standardised, (tracks, 2 * bands)."""
    from sklearn.preprocessing import StandardScaler

    return StandardScaler().fit_transform(np.concatenate([mean, deviation], axis=1))


def chosen(n_tracks: int, seed: int) -> np.ndarray:
    """Return the indices of the tracks to draw: all, or MOST_TRACKS random ones."""
    if n_tracks <= MOST_TRACKS:
        return np.arange(n_tracks)
    return np.sort(np.random.default_rng(seed).choice(n_tracks, MOST_TRACKS, replace=False))


def positions(vectors: np.ndarray, seed: int) -> np.ndarray | None:
    """Return the position of each track, (tracks, 2), by t-SNE (van der Maaten and Hinton 2008).

    The vectors, (tracks, values), describe the tracks, for instance embeddings. Returns None if
    fewer than FEWEST_TRACKS of them differ.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    if len(np.unique(vectors, axis=0)) < FEWEST_TRACKS:
        return None
    if min(vectors.shape) > DIMENSIONS:
        vectors = PCA(DIMENSIONS, random_state=seed).fit_transform(vectors)
    perplexity = min(LARGEST_PERPLEXITY, len(vectors) ** 0.5)
    return TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(vectors)


def all_positions(vectors: np.ndarray, seed: int) -> np.ndarray | None:
    """Return the position of each track, (tracks, 2), for any number of tracks.

    t-SNE places the `chosen` tracks. Each other track is placed between the three most similar of
    them. Returns None as `positions` does.
    """
    from sklearn.neighbors import KNeighborsRegressor

    placed = chosen(len(vectors), seed)
    known = positions(vectors[placed], seed)
    if known is None or len(placed) == len(vectors):
        return known
    neighbours = KNeighborsRegressor(n_neighbors=3, weights="distance").fit(vectors[placed], known)
    found = neighbours.predict(vectors)
    found[placed] = known
    return found


def draw(
    positions: np.ndarray,
    labels: np.ndarray,
    genres: dict[int, str],
    tracks: Sequence[str],
    title: str,
    path: Path,
) -> None:
    """Draw tracks at their positions, (tracks, 2), in the colours and marks of their genres.

    `genres` names the labels that get a colour; the tracks of all others are grey dots. If there
    are at most MOST_NAMED tracks, each has a number, and their names are listed below the map.
    """
    rows = -(-len(tracks) // NAME_COLUMNS) if len(tracks) <= MOST_NAMED else 0
    heights = [8, NAME_INCHES * rows] if rows else [8]
    figure, axes = new_figure(11, sum(heights), len(heights), height_ratios=heights, squeeze=False)
    axis = axes[0, 0]
    _draw_marks(axis, positions, labels, genres)
    axis.set(xticks=[], yticks=[], aspect=1, adjustable="datalim")
    axis.set_xlabel("Marks close together are tracks that sound alike; positions have no unit.")
    figure.suptitle(title, fontsize="x-large", fontweight="bold")
    n_columns = -(-len(genres) // LEGEND_ROWS)
    axis.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, ncols=n_columns)
    if rows:
        order = np.argsort(labels, kind="stable")  # genre by genre
        for number, track in enumerate(order, start=1):
            axis.annotate(
                f"{number}", positions[track], (6, 3), textcoords="offset points", fontsize=7
            )
        _list_tracks(axes[1, 0], [tracks[track] for track in order], rows)
    save(figure, path)


def _draw_marks(axis, positions: np.ndarray, labels: np.ndarray, genres: dict[int, str]) -> None:
    others = ~np.isin(labels, list(genres))
    if others.any():
        axis.scatter(*positions[others].T, s=8, color="#cccccc", label=" other genres")
    size = 70 if len(labels) < 300 else 30
    for number, (label, genre) in enumerate(genres.items()):
        mark = MARKS[(number + number // len(PALETTE)) % len(MARKS)]
        axis.scatter(
            *positions[labels == label].T,
            s=2 * size if mark == "*" else size,
            color=PALETTE[number % len(PALETTE)],
            marker=mark,
            edgecolor="black",
            linewidth=0.5,
            label=f" {genre}",  # the space, because matplotlib hides labels that begin with "_"
        )


def _list_tracks(axis, tracks: Sequence[str], rows: int) -> None:
    """Write the names of tracks, numbered from 1, in columns."""
    axis.set_axis_off()
    for index, track in enumerate(tracks):
        column, row = divmod(index, rows)
        name = printable(track.split("/")[-1])
        if len(name) > NAME_LETTERS:
            name = f"{name[: NAME_LETTERS - 1]}…"
        place = (column / NAME_COLUMNS, 1 - row / rows)
        axis.annotate(f"{index + 1}  {name}", place, va="top", fontsize=7)
