"""Draw a feature of a segment of each genre side by side."""

from pathlib import Path

import numpy as np

from genre import features
from genre.datasets import Segments, take
from genre.explore import song
from genre.explore.data_set import Moments, short
from genre.reporting.figures import new_figure, save

COLUMNS = 5


def typical(vectors: np.ndarray, labels: np.ndarray, label: int) -> int:
    """Return the index of the track of a genre whose vector is nearest to the mean of them all.

    The vectors are (tracks, values).
    """
    tracks = np.flatnonzero(labels == label)
    distance = np.linalg.norm(vectors[tracks] - vectors[tracks].mean(axis=0), axis=1)
    return int(tracks[distance.argmin()])


def middle(segments: Segments, track: int) -> np.ndarray:
    """Return the frames of the segment in the middle of a track, (frames, bands)."""
    rows = np.flatnonzero((segments.track_index == track) & segments.originals)
    return take(segments.frames, rows[[len(rows) // 2]])[0]


def draw(
    segments: Segments, values: Moments, tracks: dict[int, int], title: str, path: Path
) -> None:
    """Draw the middle of one track of each genre, {label: track}, all on one scale."""
    feature, n_bands = segments.feature, segments.frames.shape[2]
    settings = features.explanation(feature, segments.settings, n_bands)
    look = song.LOOKS.get(feature) if settings else None
    frames = np.stack([middle(segments, track) for track in tracks.values()])
    limits, unit = {"vmin": frames.min(), "vmax": frames.max()}, look.unit if look else "value"
    if song.has_own_scales(feature):
        frames = song.standardised(frames, values.overall_mean, values.overall_deviation)
        limits, unit = {"vmin": -3, "vmax": 3}, "deviations from the mean of all tracks"
    columns = min(COLUMNS, len(tracks))
    rows = -(-len(tracks) // columns)
    figure, axes = new_figure(
        *(2.4 + 2.2 * columns, 1.2 + 2.1 * rows, rows, columns),
        **{"sharex": True, "sharey": True, "squeeze": False},
    )
    drawn = zip(axes.flat, tracks.items(), frames, strict=False)
    for axis, (label, track), segment in drawn:
        image = song.draw(axis, segment, feature, settings, **limits)
        axis.set_title(short(segments.mapping[label]), loc="left", fontweight="bold", pad=17)
        name = short(segments.tracks[track].split("/")[-1])
        axis.text(0, 1.03, name, transform=axis.transAxes, fontsize=8, color="#555555")
        axis.label_outer()
    for axis in axes.flat[len(tracks) :]:
        axis.set_visible(False)
    if image:
        figure.colorbar(image, ax=axes, label=unit, aspect=30, pad=0.01)
    figure.supxlabel("time (s)" if settings else "frame")
    figure.supylabel(look.bands if look else "feature" if "+" in feature else "band")
    figure.suptitle(title, fontsize="x-large", fontweight="bold")
    save(figure, path)
