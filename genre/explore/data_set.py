"""What is in a segment file: in numbers, as text, and how many tracks each genre has."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from genre.datasets import PARTS, UNUSED, Segments, blocks
from genre.files import printable
from genre.reporting.figures import new_figure, save

LONGEST_NAME = 28  # letters in a picture
MOST_SKIPPED = 5  # songs that the summary names
COLORS = dict(zip((*PARTS, UNUSED), ("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2"), strict=True))


class Moments(NamedTuple):
    """The frames in numbers, copies shifted in pitch left out."""

    mean: np.ndarray  # (tracks, bands) of each track's frames; NaN where a track has none
    deviation: np.ndarray  # (tracks, bands)
    overall_mean: np.ndarray  # (bands,) of all frames
    overall_deviation: np.ndarray  # (bands,)
    lowest: float
    highest: float


def moments(segments: Segments) -> Moments:
    """Return means and standard deviations of the frames, which are read block by block."""
    n_tracks, n_bands = len(segments.tracks), segments.frames.shape[2]
    originals, start = segments.originals, 0
    lowest, highest = np.inf, -np.inf
    count, total, squares = np.zeros((n_tracks, 1)), *np.zeros((2, n_tracks, n_bands))
    origin = segments.frames[0, 0].astype(float)  # near the mean, so that no digits are lost
    for block in blocks(segments.frames):
        rows = slice(start, start := start + len(block))
        frames, tracks = block[originals[rows]], segments.track_index[rows][originals[rows]]
        lowest = min(lowest, frames.min(initial=np.inf))
        highest = max(highest, frames.max(initial=-np.inf))
        frames = frames - origin
        np.add.at(count, tracks, frames.shape[1])
        np.add.at(total, tracks, frames.sum(axis=1))
        np.add.at(squares, tracks, (frames**2).sum(axis=1))
    mean, deviation = _mean_and_deviation(count, total, squares)
    overall_mean, overall_deviation = _mean_and_deviation(
        count.sum(), total.sum(axis=0), squares.sum(axis=0)
    )
    return Moments(
        *(origin + mean, deviation, origin + overall_mean, overall_deviation),
        *(float(lowest), float(highest)),
    )


def labels_of_tracks(segments: Segments) -> np.ndarray:
    """Return the label of every track, -1 where it has no segments."""
    labels = np.full(len(segments.tracks), -1)
    originals = segments.originals
    labels[segments.track_index[originals]] = segments.labels[originals]
    return labels


def summary(segments: Segments, values: Moments) -> str:
    """Return the feature, the settings and the genres in some lines and a table."""
    n_segments, *shape = segments.frames.shape
    labels = labels_of_tracks(segments)
    settings = ", ".join(f"{name} {value}" for name, value in segments.settings.items())
    lines = [
        f"feature   {segments.feature}, {n_segments} segments of shape {tuple(shape)}, "
        f"values from {values.lowest:.4g} to {values.highest:.4g}",
        f"settings  {settings}",
        f"tracks    {len(labels)} of {len(segments.mapping)} genres, "
        f"{len(segments.skipped)} skipped",
    ]
    if segments.pitch_shift is not None:
        shifts = ", ".join(f"{shift:g}" for shift in np.unique(segments.pitch_shift) if shift)
        n_copies = np.sum(~segments.originals)
        lines.append(f"copies    {n_copies} of the segments, shifted by {shifts} semitones")
    if segments.parts:
        tracks_in = Counter(segments.parts)
        lines.append(
            "parts     "
            + ", ".join(f"{part or 'none'} {tracks_in[part]}" for part in (*PARTS, UNUSED))
        )
    if segments.artists:
        n_unknown = segments.artists.count("")
        lines.append(f"artists   {len({*segments.artists} - {''})}, unknown for {n_unknown} tracks")
    lines += ["", *_table(segments, labels)]
    for song in segments.skipped[:MOST_SKIPPED]:
        lines.append(f"skipped {song['track']}: {song['reason']}")
    if more := segments.skipped[MOST_SKIPPED:]:
        lines.append(f"and {len(more)} more skipped")
    return "\n".join(map(printable, lines))


def short(name: str) -> str:
    """Return a name as it stands in a picture, where a long one would leave no room."""
    name = printable(name)
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def largest(labels: np.ndarray, most: int) -> list[int]:
    """Return the labels of the genres with the most tracks, in their own order."""
    counts = Counter(labels[labels >= 0].tolist())
    return sorted(label for label, _ in counts.most_common(most))


def draw_counts(segments: Segments, genres: list[int], title: str, path: Path) -> None:
    """Draw how many tracks each of the genres has, the largest first, and in which parts."""
    labels = labels_of_tracks(segments)
    parts = np.array(segments.parts or [UNUSED] * len(labels))
    genres = sorted(genres, key=lambda label: (np.sum(labels == label), -label))  # upwards
    figure, axis = new_figure(8, 1.5 + 0.32 * len(genres))
    names = [short(segments.mapping[label]) for label in genres]
    left = np.zeros(len(genres), dtype=int)
    for part in [part for part in COLORS if part in parts]:
        counts = np.array([np.sum((labels == label) & (parts == part)) for label in genres])
        color = COLORS[part if segments.parts else PARTS[0]]
        bars = axis.barh(range(len(genres)), counts, left=left, color=color, label=part or "none")
        left += counts
    axis.bar_label(bars, left, padding=4)
    axis.set_yticks(range(len(genres)), names)
    axis.set(xlabel="tracks", xlim=(0, 1.08 * left.max()))
    figure.suptitle(title, fontsize="x-large", fontweight="bold")
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.spines[["top", "right"]].set_visible(False)
    if segments.parts:
        axis.legend(title="part", loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    save(figure, path)


def _table(segments: Segments, labels: np.ndarray) -> list[str]:
    """Return a line for each genre, with its tracks, segments and, where known, artists."""
    width = max(len("genre"), *map(len, segments.mapping))
    lines = [f"{'genre':{width}}  tracks  segments" + "  artists" * bool(segments.artists)]
    for label, genre in enumerate(segments.mapping):
        of_genre = labels == label
        line = f"{genre:{width}}  {of_genre.sum():>6}  {np.sum(segments.labels == label):>8}"
        if segments.artists:
            names = {segments.artists[track] for track in np.flatnonzero(of_genre)} - {""}
            line += f"  {len(names):>7}"
        lines.append(line)
    return lines


def _mean_and_deviation(
    count: np.ndarray, total: np.ndarray, squares: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    with np.errstate(invalid="ignore"):  # no frames have no mean
        mean = total / count
        return mean, np.sqrt(np.maximum(squares / count - mean**2, 0))
