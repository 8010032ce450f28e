"""Every picture that the suite draws; each function writes one PNG."""

from pathlib import Path

import numpy as np

from genre.files import replacing


def _figure(width: float, height: float, columns: int = 1):
    """Return a figure and its axes, drawn without a screen."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(1, columns)


def _save(figure, path: Path) -> None:
    with replacing(path) as unfinished:
        figure.savefig(unfinished, dpi=120)


def history(curves: dict[str, list[float]], best_epoch: int, path: Path) -> None:
    """Draw accuracy and loss over the epochs, for training and validation.

    `curves` is Keras's history; `best_epoch` (from 1) is the one whose weights were kept.
    """
    figure, axes = _figure(10, 4, columns=2)
    epochs = np.arange(1, len(curves["loss"]) + 1)
    for axis, measure in zip(axes, ("accuracy", "loss"), strict=True):
        axis.plot(epochs, curves[measure], label="training")
        axis.plot(epochs, curves[f"val_{measure}"], label="validation")
        axis.axvline(best_epoch, color="grey", linestyle=":", label=f"kept: epoch {best_epoch}")
        axis.set(xlabel="epoch", ylabel=f"{measure} per segment")
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.grid(alpha=0.3)
    axes[0].set_ylim(0, 1)
    axes[0].legend()
    _save(figure, path)


def confusion(counts: np.ndarray, mapping: list[str], title: str, path: Path) -> None:
    """Draw a confusion matrix, (genres, genres) counts of tracks; colour is the row's share."""
    size = 2.5 + 0.55 * len(mapping)
    figure, axis = _figure(size, size)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            color = "white" if shares[row, column] > 0.5 else "black"
            axis.text(column, row, str(count), ha="center", va="center", color=color)
    ticks = range(len(mapping))
    axis.set_xticks(ticks, mapping, rotation=45, ha="right")
    axis.set_yticks(ticks, mapping)
    axis.set(xlabel="predicted genre", ylabel="true genre", title=title)
    _save(figure, path)
