"""A map of a data set's tracks, on which those that sound alike lie together."""

from pathlib import Path

import numpy as np

from genre.reporting.figures import new_figure, save

# A set of ten colours that differ for colour-blind readers, too (Petroff 2021); marks tell more
# genres apart, and the same ones once more.
COLORS = ("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6")
COLORS += ("#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd")
MARKS = "os^DvP*X<>"
LEGEND_ROWS = 30
FEWEST_TRACKS = 4  # of fewer, all are neighbours of all
LARGEST_PERPLEXITY = 30  # neighbours that a track has, about; fewer where there are few tracks
MOST_TRACKS = 2000  # more would take minutes, and hide each other
DIMENSIONS = 50  # principal components kept of longer vectors, as t-SNE's authors do


def vectors(mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Return both of each track's bands side by side, standardised, (tracks, 2 * bands)."""
    from sklearn.preprocessing import StandardScaler

    return StandardScaler().fit_transform(np.concatenate([mean, deviation], axis=1))


def chosen(n_tracks: int, seed: int) -> np.ndarray:
    """Return the indices of the tracks to be drawn: all, or MOST_TRACKS at random."""
    if n_tracks <= MOST_TRACKS:
        return np.arange(n_tracks)
    return np.sort(np.random.default_rng(seed).choice(n_tracks, MOST_TRACKS, replace=False))


def positions(vectors: np.ndarray, seed: int) -> np.ndarray | None:
    """Return where each track lies, (tracks, 2), by t-SNE (van der Maaten and Hinton 2008).

    None where there are too few different tracks for neighbours to mean anything.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    if len(np.unique(vectors, axis=0)) < FEWEST_TRACKS:
        return None
    if min(vectors.shape) > DIMENSIONS:
        vectors = PCA(DIMENSIONS, random_state=seed).fit_transform(vectors)
    perplexity = min(LARGEST_PERPLEXITY, len(vectors) ** 0.5)  # below the number of tracks
    return TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(vectors)


def draw(
    positions: np.ndarray, labels: np.ndarray, genres: dict[int, str], title: str, path: Path
) -> None:
    """Draw tracks at their positions, (tracks, 2), in the colours and marks of their genres.

    `genres` names the labels that have a colour of their own; all others are grey dots.
    """
    figure, axis = new_figure(10, 8)
    others = ~np.isin(labels, list(genres))
    if others.any():
        axis.scatter(*positions[others].T, s=8, color="#cccccc", label=" other genres")
    size = 70 if len(labels) < 300 else 30
    for number, (label, genre) in enumerate(genres.items()):
        mark = MARKS[(number + number // len(COLORS)) % len(MARKS)]
        axis.scatter(
            *positions[labels == label].T,
            s=2 * size if mark == "*" else size,
            color=COLORS[number % len(COLORS)],
            marker=mark,
            edgecolor="black",
            linewidth=0.5,
            label=f" {genre}",  # matplotlib hides labels that begin with "_"
        )
    axis.set(xticks=[], yticks=[], aspect=1, adjustable="datalim")
    axis.set_xlabel("positions have no unit: marks that lie together are tracks that sound alike")
    figure.suptitle(title, fontsize="x-large", fontweight="bold")
    n_columns = -(-len(genres) // LEGEND_ROWS)
    axis.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, ncols=n_columns)
    save(figure, path)
