"""A map of tracks, on which tracks that sound alike are close together."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from genre.files import printable
from genre.reporting.figures import look, new_figure, save

LEGEND_ROWS = 30
MOST_NAMED = 120  # the most tracks for which names are listed below the map
NAME_COLUMNS, NAME_LETTERS, NAME_INCHES = 5, 30, 0.14  # of the list of names; inches in a row


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
        color, mark = look(number)
        axis.scatter(
            *positions[labels == label].T,
            s=2 * size if mark == "*" else size,
            color=color,
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
