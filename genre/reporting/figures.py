"""The pictures of networks and predictions, each written as a PNG, and what all pictures share."""

import warnings
from pathlib import Path
from typing import Any

import lazy_loader as lazy
import numpy as np

from genre.evaluation.metrics import RocCurve
from genre.files import replacing
from genre.reporting.predictions import Prediction

matplotlib = lazy.load("matplotlib")

LONGEST_TITLE = 80  # letters
CONFUSION, ROC, HISTORY = "confusion.png", "roc.png", "history.png"
AUGMENTED, SHOWN = "augmented.png", 6  # a picture, and of how many segments
OF_TRAINING = (CONFUSION, ROC, HISTORY, AUGMENTED)  # the pictures in a network's folder


def new_figure(width: float, height: float, rows: int = 1, columns: int = 1, **subplots: Any):
    """Return a figure, of inches, and its axes, drawn without a screen."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    matplotlib.rcParams["text.parse_math"] = False  # a dollar in a name is a dollar
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, **subplots)


def save(figure, path: Path) -> None:
    """Write a figure as a PNG."""
    with replacing(path) as unfinished, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of letters that the font lacks
        figure.savefig(unfinished, dpi=120)


def history(curves: dict[str, list[float]], best_epoch: int, path: Path) -> None:
    """Draw accuracy and loss over the epochs, for training and validation.

    `curves` is Keras's history; `best_epoch` (from 1) is the one whose weights were kept.
    """
    figure, axes = new_figure(10, 4, columns=2)
    epochs = np.arange(1, len(curves["loss"]) + 1)
    for axis, measure in zip(axes, ("accuracy", "loss"), strict=True):
        axis.plot(epochs, curves[measure], label="training")
        if f"val_{measure}" in curves:
            axis.plot(epochs, curves[f"val_{measure}"], label="validation")
        axis.axvline(best_epoch, color="grey", linestyle=":", label=f"kept: epoch {best_epoch}")
        axis.set(xlabel="epoch", ylabel=f"{measure} per segment")
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.grid(alpha=0.3)
    axes[0].set_ylim(0, 1)
    axes[0].legend()
    save(figure, path)


def confusion(counts: np.ndarray, mapping: list[str], title: str, path: Path) -> None:
    """Draw a confusion matrix, (genres, genres) counts of tracks, with the shares of each row."""
    size = 2.5 + 0.6 * len(mapping)
    figure, axis = new_figure(size, size)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            share = shares[row, column]
            color = "white" if share > 0.5 else "black"
            text = f"{count}\n{share:.0%}"
            axis.text(column, row, text, ha="center", va="center", color=color, fontsize=9)
    ticks = range(len(mapping))
    axis.set_xticks(ticks, mapping, rotation=45, ha="right")
    axis.set_yticks(ticks, mapping)
    axis.set(xlabel="predicted genre", ylabel="true genre", title=title)
    save(figure, path)


def roc(curves: dict[str, RocCurve], title: str, path: Path, *, what: str = "genre") -> None:
    """Draw ROC curves by the genre that each takes against the rest, or by what else they are of.

    The one with the largest area comes first.
    """
    figure, axis = new_figure(7 + 0.1 * max(map(len, curves), default=0), 6)
    colors = _colors(len(curves))
    by_area = sorted(curves.items(), key=lambda item: -item[1][2])
    for number, (name, (false_positive, true_positive, area)) in enumerate(by_area):
        style = ("-", "--", ":")[number % 3]  # told apart without the colours, too
        label = f"{area:.2f}  {name}"
        axis.plot(false_positive, true_positive, style, color=colors[number], label=label)
    axis.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
    axis.set(xlabel="false positive rate", ylabel="true positive rate", title=title)
    axis.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    axis.grid(alpha=0.3)
    axis.legend(title=f"area, {what}", loc="center left", bbox_to_anchor=(1.02, 0.5))
    save(figure, path)


def augmented(
    before: tuple[np.ndarray, np.ndarray],
    after: tuple[np.ndarray, np.ndarray],
    mapping: list[str],
    path: Path,
) -> None:
    """Draw the first segments of a batch as they are, and below them as they are augmented.

    `before` are the frames, (segments, frames, bands), and the labels, (segments,); `after` are
    the frames and each genre's share, (segments, genres). Each band is drawn in its own units, the
    deviations from its mean over the batch.
    """
    count = min(SHOWN, len(before[1]))
    mean, deviation = (how(before[0], axis=(0, 1)) for how in (np.mean, np.std))
    names = [
        [mapping[label] for label in before[1][:count]],
        [
            "\n".join(
                f"{shares[i]:.0%} {mapping[i]}"
                for i in np.argsort(-shares)[:2]
                if shares[i] > 0.005
            )
            for shares in after[1][:count]
        ],
    ]
    figure, axes = new_figure(2 * count, 5.5, rows=2, columns=count, squeeze=False)
    for row, frames in enumerate((before[0], after[0])):
        for column in range(count):
            axis = axes[row][column]
            values = (frames[column] - mean) / np.maximum(deviation, 1e-6)
            axis.imshow(
                values.T,
                aspect="auto",
                origin="lower",
                cmap="magma",
                vmin=-2.5,
                vmax=2.5,
                interpolation="nearest",
            )
            axis.set_title(names[row][column], fontsize=9)
            axis.set_xticks([])
            axis.set_yticks([])
    axes[0][0].set_ylabel("as it is: band")
    axes[1][0].set_ylabel("augmented: band")
    figure.supxlabel("time")
    save(figure, path)


def timeline(prediction: Prediction, mapping: list[str], path: Path) -> None:
    """Draw a song's genres over its time: a row for each genre, a column for each segment."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    figure, axis = new_figure(10, 1.6 + 0.32 * len(mapping))
    seconds = len(prediction.segments) * prediction.segment_seconds
    image = axis.imshow(
        prediction.segments.T,
        aspect="auto",
        cmap="Blues",
        vmin=0,
        vmax=1,
        interpolation="nearest",
        extent=(0, seconds, len(mapping) - 0.5, -0.5),
    )
    labels = [
        f"{genre} {share:4.0%}" for genre, share in zip(mapping, prediction.joined, strict=True)
    ]
    axis.set_yticks(range(len(mapping)), labels)
    axis.get_yticklabels()[prediction.joined.argmax()].set_fontweight("bold")
    axis.xaxis.set_major_locator(MaxNLocator(8, steps=[1, 1.5, 3, 6, 10]))
    axis.xaxis.set_major_formatter(
        FuncFormatter(lambda second, _: f"{int(second // 60)}:{int(second % 60):02}")
    )
    axis.set(xlabel="time (min:s)", title=Path(prediction.song).name[-LONGEST_TITLE:])
    figure.colorbar(image, label="probability of the segment")
    save(figure, path)


def _colors(count: int) -> np.ndarray:
    """Return colours, (count, 4), that differ in lightness as well as in hue."""
    from matplotlib import colormaps

    return colormaps["viridis"](np.linspace(0, 0.9, count))


def dot_plot(runs: dict[str, list[float]], measure: str, title: str, path: Path) -> None:
    """Draw a measure of several models, one a row in the order given, the first at the top.

    Of several runs of a model each is a pale dot; the dark dot is their mean, the line their
    standard deviation.
    """
    figure, axis = new_figure(8, 1.6 + 0.3 * len(runs))
    for row, values in enumerate(runs.values()):
        if len(values) > 1:
            axis.plot(values, [row] * len(values), "o", color="C0", alpha=0.3, markeredgewidth=0)
        spread = np.std(values, ddof=1) if len(values) > 1 else None
        axis.errorbar(np.mean(values), row, xerr=spread, fmt="o", color="C0", capsize=3)
        axis.annotate(
            f"{np.mean(values):.3f}",
            (1.02, row),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=9,
        )
    axis.set_yticks(range(len(runs)), list(runs))
    axis.set_ylim(len(runs) - 0.5, -0.5)
    axis.set(xlabel=measure, title=title)
    axis.grid(axis="x", alpha=0.3)
    save(figure, path)
