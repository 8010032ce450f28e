"""A map of tracks, on which tracks that sound alike are close together."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from genre.explore.data_set import short
from genre.reporting import figures
from genre.reporting.figures import Axes, new_figure, save, style

NOT_SURE = 1000  # the label of songs with the verdict either or open, behind those of all genres
LEGEND_ROWS = 30
MOST_NAMED = 120  # the most tracks for which names are listed below the map
NAME_COLUMNS, NAME_LETTERS, NAME_INCHES = 5, 30, 0.14  # of the list of names; inches in a row
WIDTH, HEIGHTS = 9.0, (4.5, 8.0)  # of the map, in inches; the height follows from the positions
THIN = "PX"  # marks that are drawn larger
MARK_INCHES = 1.6, 0.05, 0.12  # a mark's size: so much over the root of the number, least and most
# Where a number can stand, around its mark: 16 directions at two distances, in sizes of the mark.
AROUND = [
    (distance * np.cos(angle), distance * np.sin(angle))
    for distance in (1.0, 1.5)
    for angle in np.arange(16) * np.pi / 8
]


def vectors(mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Return each track's mean and deviation side by side, standardised, (tracks, 2 * bands)."""
    from sklearn.preprocessing import StandardScaler

    return StandardScaler().fit_transform(np.concatenate([mean, deviation], axis=1))


def draw(
    positions: np.ndarray,
    labels: np.ndarray,
    genres: dict[int, str],
    tracks: Sequence[str],
    title: str,
    path: Path,
) -> None:
    """Draw tracks at their positions, (tracks, 2), in the colours and marks of their genres.

    `genres` names the labels that get a colour; the label NOT_SURE is a hollow grey mark, and the
    tracks of all others are grey dots. If there are at most MOST_NAMED tracks, each has a number,
    and their names are listed below the map.
    """
    positions = _lying(positions)
    wide, high = np.ptp(positions, axis=0)
    height = np.clip(WIDTH * high / max(wide, 1e-9), *HEIGHTS)
    rows = -(-len(tracks) // NAME_COLUMNS) if len(tracks) <= MOST_NAMED else 0
    heights = [height, NAME_INCHES * rows] if rows else [height]
    figure, axes = new_figure(
        WIDTH + 2, sum(heights) + 1, len(heights), height_ratios=heights, squeeze=False
    )
    axis = axes[0, 0]
    share, least, most = MARK_INCHES
    size = 72 * np.clip(share / np.sqrt(len(labels)), least, most)  # points
    _draw_marks(axis, positions, labels, genres, size)
    axis.set(xticks=[], yticks=[], aspect=1, adjustable="datalim")
    axis.set_xlabel("Marks close together are tracks that sound alike; positions have no unit.")
    figure.suptitle(title, fontsize="x-large", fontweight="bold")
    n_columns = -(-len(genres) // LEGEND_ROWS)
    legend = axis.legend(
        loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, ncols=n_columns
    )
    for handle in legend.legend_handles:
        handle.set_sizes([60])
    if rows:
        order = np.argsort(labels, kind="stable")  # genre by genre
        _list_tracks(axes[1, 0], [tracks[track] for track in order], rows)
        figure.draw_without_rendering()  # sets the places of all parts
        _number_marks(axis, positions[order], size)
    save(figure, path)


def _lying(positions: np.ndarray) -> np.ndarray:
    """Turn positions so that they reach farthest from left to right."""
    centred = positions - positions.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    return centred @ axes.T


def _draw_marks(
    axis: Axes, positions: np.ndarray, labels: np.ndarray, genres: dict[int, str], size: float
) -> None:
    others = ~np.isin(labels, list(genres))
    if others.any():
        axis.scatter(*positions[others].T, s=8, color="#cccccc", label=" other genres")
    for label, genre in genres.items():
        color, mark = ("none", "o") if label == NOT_SURE else style(label)
        axis.scatter(
            *positions[labels == label].T,
            s=size**2 * (1.6 if mark in THIN else 1),
            color=color,
            marker=mark,
            edgecolor=figures.NO_GENRE if label == NOT_SURE else "white",
            linewidth=1 if label == NOT_SURE else 0.4,
            zorder=1 if label == NOT_SURE else 2,
            label=f" {genre}",  # the space, because matplotlib hides labels that begin with "_"
        )


def _number_marks(axis: Axes, positions: np.ndarray, size: float) -> None:
    """Write numbers from 1 beside marks, where they have most room between marks and numbers."""
    marks = axis.transData.transform(positions) * 72 / axis.figure.dpi  # points
    taken = list(marks)
    for number, mark in enumerate(marks, start=1):
        half = 1 + len(str(number))  # half the width of a number
        places = mark + np.array([(x * (size + half), y * size) for x, y in AROUND])
        away = np.abs(places[:, np.newaxis] - taken) / (1 + half / 4, 1)
        room = np.linalg.norm(away, axis=2).min(axis=1)
        offset = places[np.minimum(room, size).argmax()] - mark  # the nearest place with room
        taken.append(mark + offset)
        axis.annotate(
            f"{number}",
            positions[number - 1],
            offset,
            textcoords="offset points",
            fontsize=6.5,
            ha="center",
            va="center",
        )


def _list_tracks(axis: Axes, tracks: Sequence[str], rows: int) -> None:
    """Write the names of tracks, numbered from 1, in columns."""
    axis.set_axis_off()
    for index, track in enumerate(tracks):
        column, row = divmod(index, rows)
        name = short(track.split("/")[-1], NAME_LETTERS)
        place = (column / NAME_COLUMNS, 1 - row / rows)
        axis.annotate(f"{index + 1}  {name}", place, va="top", fontsize=7)
