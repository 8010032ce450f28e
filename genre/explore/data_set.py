"""What a segment file holds: a summary, how many tracks each genre has, an example of each."""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

from genre import features
from genre.explore import feature_image
from genre.files import printable
from genre.reporting.figures import LINE, SECOND_LINE, new_figure, save, style
from genre.segments import Segments, blocks, take
from genre.songs import PARTS, UNUSED

LONGEST_NAME = 28  # letters of a name in a picture
MOST_SKIPPED = 5  # skipped songs that the summary names
COLUMNS = 5  # in the picture of examples
COLORS = dict(zip((*PARTS, UNUSED), (LINE, "#5d87b0", SECOND_LINE, "#bbbbbb"), strict=True))


class Moments(NamedTuple):
    """Statistics of the frames, without those of copies."""

    mean: np.ndarray  # (tracks, bands) of each track's frames; NaN for a track without frames
    deviation: np.ndarray  # (tracks, bands)
    overall_mean: np.ndarray  # (bands,) of all frames
    overall_deviation: np.ndarray  # (bands,)
    lowest: float
    highest: float


def moments(segments: Segments) -> Moments:
    """Return the statistics of a data set's frames, which are read block by block."""
    n_tracks, n_bands = len(segments.tracks), segments.frames.shape[2]
    originals, start = segments.originals, 0
    lowest, highest = np.inf, -np.inf
    count = np.zeros((n_tracks, 1))
    total, squares = np.zeros((2, n_tracks, n_bands))
    origin = segments.frames[0, 0].astype(float)  # sums relative to a typical value are more exact
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
        mean=origin + mean,
        deviation=deviation,
        overall_mean=origin + overall_mean,
        overall_deviation=overall_deviation,
        lowest=float(lowest),
        highest=float(highest),
    )


def labels_of_tracks(segments: Segments) -> np.ndarray:
    """Return the label of every track, -1 for a track without segments."""
    labels = np.full(len(segments.tracks), -1)
    originals = segments.originals
    labels[segments.track_index[originals]] = segments.labels[originals]
    return labels


def summary(segments: Segments, values: Moments) -> str:
    """Return the feature, the settings and a table of the genres, as text."""
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
        n_copies = np.sum(segments.pitch_shift != 0)
        lines.append(f"copies    {n_copies} of the segments, shifted by {shifts} semitones")
    if segments.altered is not None:
        n_copies = np.sum(segments.altered != 0)
        lines.append(f"copies    {n_copies} of the segments, altered at random")
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


def short(name: str, most: int = LONGEST_NAME) -> str:
    """Return a name for a picture; one of more than `most` letters is cut."""
    name = printable(name)
    return name if len(name) <= most else f"{name[: most - 1]}…"


def largest(labels: np.ndarray, most: int) -> list[int]:
    """Return the labels of the `most` genres with the most tracks, in ascending order."""
    counts = Counter(labels[labels >= 0].tolist())
    return sorted(label for label, _ in counts.most_common(most))


def draw_counts(segments: Segments, genres: list[int], title: str, path: Path) -> None:
    """Draw the number of tracks in each genre and part, the largest genre on top."""
    labels = labels_of_tracks(segments)
    parts = np.array(segments.parts or [UNUSED] * len(labels))
    genres = sorted(genres, key=lambda label: (np.sum(labels == label), -label))  # from the bottom
    figure, axis = new_figure(8, 1.5 + 0.32 * len(genres))
    names = [short(segments.mapping[label]) for label in genres]
    left = np.zeros(len(genres), dtype=int)
    for part in [part for part in COLORS if part in parts]:
        counts = np.array([np.sum((labels == label) & (parts == part)) for label in genres])
        color = COLORS[part] if segments.parts else [style(label)[0] for label in genres]
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


def typical(vectors: np.ndarray, labels: np.ndarray, label: int) -> int:
    """Return the index of the genre's track that is nearest to the genre's mean.

    The vectors are (tracks, values).
    """
    tracks = np.flatnonzero(labels == label)
    distance = np.linalg.norm(vectors[tracks] - vectors[tracks].mean(axis=0), axis=1)
    return int(tracks[distance.argmin()])


def middle(segments: Segments, track: int) -> np.ndarray:
    """Return the frames of the segment in the middle of a track, (frames, bands)."""
    rows = np.flatnonzero((segments.track_index == track) & segments.originals)
    return take(segments.frames, rows[[len(rows) // 2]])[0]


def draw_examples(
    segments: Segments, values: Moments, tracks: dict[int, int], title: str, path: Path
) -> None:
    """Draw the middle of one track of each genre, {label: track}, all with one colour scale."""
    feature, n_bands = segments.feature, segments.frames.shape[2]
    settings = features.matching_settings(feature, segments.settings, n_bands)
    look = features.look(feature)
    frames = np.stack([middle(segments, track) for track in tracks.values()])
    limits, unit = {"vmin": frames.min(), "vmax": frames.max()}, look.unit
    if look.own_scales:
        frames = feature_image.standardised(frames, values.overall_mean, values.overall_deviation)
        limits, unit = {"vmin": -3, "vmax": 3}, "standard deviations from the mean of all tracks"
    columns = min(COLUMNS, len(tracks))
    rows = -(-len(tracks) // columns)
    figure, axes = new_figure(
        width=2.4 + 2.2 * columns,
        height=1.2 + 2.1 * rows,
        rows=rows,
        columns=columns,
        sharex=True,
        sharey=True,
        squeeze=False,
    )
    drawn = zip(axes.flat, tracks.items(), frames, strict=False)
    for axis, (label, track), segment in drawn:
        image = feature_image.draw(axis, segment, feature, settings, **limits)
        axis.set_title(short(segments.mapping[label]), loc="left", fontweight="bold", pad=17)
        name = short(segments.tracks[track].split("/")[-1])
        axis.text(0, 1.03, name, transform=axis.transAxes, fontsize=8, color="#555555")
        axis.label_outer()
    for axis in axes.flat[len(tracks) :]:
        axis.set_visible(False)
    if image:
        figure.colorbar(image, ax=axes, label=unit, aspect=30, pad=0.01)
    figure.supxlabel("time (s)" if settings else "frame")
    figure.supylabel(look.bands if settings else "band")
    figure.suptitle(title, fontsize="x-large", fontweight="bold")
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
    with np.errstate(invalid="ignore"):  # a track without frames has no mean
        mean = total / count
        return mean, np.sqrt(np.maximum(squares / count - mean**2, 0))
