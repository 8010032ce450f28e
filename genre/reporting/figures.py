"""Pictures of models and of answers, and functions that all pictures of the suite use."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from genre.errors import GenreError
from genre.evaluation.metrics import RocCurve
from genre.files import check_folder, check_place, replacing
from genre.model.answer import Answer

# Ten colours found by a search: any two differ as much as possible in Oklab, also as the
# colour-blind see them (deuteranopes and protanopes, by Machado et al. 2009). None is grey, which
# stands for what is uncertain; each has a contrast of 1.9 or more with white and with black.
PALETTE = (
    "#5a87ff",
    "#ff9600",
    "#a5001e",
    "#ff1eb4",
    "#693c87",
    "#0f8778",
    "#f02d1e",
    "#4bd296",
    "#e1a5ff",
    "#3c00ff",
)
MARKS = "os^DvP*X<>"  # matplotlib's names of ten shapes
RIGHT, WRONG, UNTESTED = "Blues", "Oranges", "#e4e4e4"  # in a confusion matrix
STYLES = ("-", "--", ":")  # of lines, so that they can be distinguished without colours
LONGEST_TITLE = 80  # letters
LONGEST_STEM = 50  # letters of a picture's name; a letter may take 4 of the 255 bytes of a name
PICTURE_FORMATS = (".png", ".svg", ".pdf")
CONFUSION, ROC, HISTORY, AUGMENTED = "confusion.png", "roc.png", "history.png", "augmented.png"
OF_TRAINING = (CONFUSION, ROC, HISTORY, AUGMENTED)  # the pictures in a model's folder
WINNER, UNSURE = "#e76300", "#717581"  # for the line of the most likely genre, on blue
WHY_VALIDATION_CAN_BE_BETTER = (
    "Validation can be better than training: it is measured at the end of an epoch, without dropout"
    " and augmentation;\ntraining is the mean over the epoch, with both."
)
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)  # s between ticks


def look(number: int) -> tuple[str, str]:
    """Return the colour and the mark of a genre by its number; a hundred genres differ."""
    mark = MARKS[(number + number // len(PALETTE)) % len(MARKS)]
    return PALETTE[number % len(PALETTE)], mark


def new_figure(width: float, height: float, rows: int = 1, columns: int = 1, **subplots: Any):
    """Return a figure of a size in inches, and its axes; no screen is needed."""
    from matplotlib import rcParams
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rcParams["text.parse_math"] = False  # a dollar in a name is a dollar
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns, **subplots)


def save(figure, path: Path, *, dpi: int = 120) -> None:
    """Write a figure in the format that the suffix names."""
    with replacing(path) as unfinished, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about letters that the font lacks
        figure.savefig(unfinished, dpi=dpi)


def history(
    curves: dict[str, list[float]], best_epoch: int, path: Path, *, title: str = ""
) -> None:
    """Draw accuracy and loss over the epochs, for training and validation.

    `curves` is Keras's history; `best_epoch` (from 1) is the one whose weights were kept.
    """
    figure, axes = new_figure(10, 4.6, columns=2)
    epochs = np.arange(1, len(curves["loss"]) + 1)
    mark = "o" if len(epochs) == 1 else None  # a line of one point is not visible
    validated = "val_loss" in curves
    for axis, measure in zip(axes, ("accuracy", "loss"), strict=True):
        axis.plot(epochs, curves[measure], color=PALETTE[0], marker=mark, label="training")
        if validated:
            axis.plot(
                epochs,
                curves[f"val_{measure}"],
                color=PALETTE[2],
                linestyle="--",
                marker=mark,
                label="validation",
            )
        axis.axvline(best_epoch, color="grey", linestyle=":", label=f"kept: epoch {best_epoch}")
        axis.set(xlabel="epoch", ylabel=f"{measure} per segment")
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.grid(alpha=0.3)
    axes[0].set_ylim(0, 1)
    axes[0].legend()
    if title:
        figure.suptitle(title)
    if validated:
        figure.supxlabel(WHY_VALIDATION_CAN_BE_BETTER, fontsize="small", color="#555555")
    save(figure, path)


def confusion(counts: np.ndarray, mapping: list[str], title: str, path: Path) -> None:
    """Draw a confusion matrix, (genres, genres) counts of tracks, with each row's percentages.

    Right answers are blue and wrong ones orange. The row of a genre without tracks is grey.
    """
    size = 3 + 0.6 * len(mapping)
    figure, axis = new_figure(size, size)
    totals = counts.sum(axis=1)
    shares = counts / np.maximum(totals, 1)[:, np.newaxis]
    axis.imshow(_confusion_colors(shares, totals))
    for (row, column), count in np.ndenumerate(counts):
        if count:
            share = shares[row, column]
            color = "white" if share > 0.55 else "black"
            text = f"{count}\n{share:.0%}"
            axis.text(column, row, text, ha="center", va="center", color=color, fontsize=9)
    ticks = range(len(mapping))
    axis.set_xticks(ticks, mapping, rotation=45, ha="right", rotation_mode="anchor")
    axis.set_yticks(
        ticks, [f"{genre} (n = {total})" for genre, total in zip(mapping, totals, strict=True)]
    )
    axis.set_xticks(np.arange(len(mapping) - 1) + 0.5, minor=True)
    axis.set_yticks(np.arange(len(mapping) - 1) + 0.5, minor=True)
    axis.grid(which="minor", color="white", linewidth=1.5)
    axis.tick_params(which="minor", length=0)
    legend = "blue: right, orange: wrong" + ("" if totals.all() else ", grey: not tested")
    axis.set(xlabel=f"predicted genre ({legend})", ylabel="true genre, and its number of tracks")
    figure.suptitle(title)
    save(figure, path)


def _confusion_colors(shares: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """Return the colour of each cell, (genres, genres, 4), from its share of the row's tracks."""
    from matplotlib import colormaps
    from matplotlib.colors import to_rgba

    right, wrong = (colormaps[name](0.95 * shares) for name in (RIGHT, WRONG))
    diagonal = np.eye(len(shares), dtype=bool)[:, :, np.newaxis]
    tested = (totals > 0)[:, np.newaxis, np.newaxis]
    colors = np.where(diagonal, right, wrong)
    colors = np.where((shares == 0)[:, :, np.newaxis], to_rgba("#f7f7f7"), colors)
    return np.where(tested, colors, to_rgba(UNTESTED))


def roc(curves: dict[str, RocCurve], title: str, path: Path) -> None:
    """Draw the ROC curve of each genre against the rest, the largest area first."""
    figure, axis = new_figure(7.5 + 0.1 * max(map(len, curves), default=0), 6.2)
    axis.plot([0, 1], [0, 1], color="grey", linewidth=1)
    axis.text(
        x=0.62,
        y=0.59,
        s="guessing: area 0.50",
        color="#555555",
        fontsize="small",
        rotation=45,
        rotation_mode="anchor",
    )
    by_area = sorted(curves.items(), key=lambda item: -item[1][2])
    for number, (name, (false_positive, true_positive, area)) in enumerate(by_area):
        axis.plot(
            false_positive,
            true_positive,
            color=_darkened(PALETTE[number % len(PALETTE)]),
            linestyle=STYLES[number % len(STYLES)],
            linewidth=1.8,
            label=f"{area:.2f}  {name}",
        )
    axis.set(xlabel="false positive rate", ylabel="true positive rate")
    axis.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    axis.grid(alpha=0.3)
    if curves:
        axis.legend(
            title="area, genre", loc="center left", bbox_to_anchor=(1.02, 0.5), handlelength=3
        )
    figure.suptitle(title)
    save(figure, path)


def _darkened(color: str) -> tuple[float, float, float]:
    """Return a colour of the palette, dark enough for a thin line on white."""
    from matplotlib.colors import to_rgb

    red, green, blue = to_rgb(color)
    return (0.75 * red, 0.75 * green, 0.75 * blue)


def augmented(
    steps: Sequence[tuple[str, np.ndarray, np.ndarray]],
    mapping: list[str],
    path: Path,
    *,
    seconds: float,
    shown: int = 3,
) -> None:
    """Draw segments unchanged, and after each step of the augmentation.

    A step is its name, the frames after it, (segments, frames, bands), and the shares of the genres
    in them, (segments, genres). The first one holds the unchanged segments. Each band is drawn in
    standard deviations from its mean. A segment lasts `seconds`.
    """
    from matplotlib import colormaps

    before = steps[0][1]
    mean, deviation = before.mean(axis=(0, 1)), np.maximum(before.std(axis=(0, 1)), 1e-6)
    shown = min(shown, len(before))
    colors = colormaps["magma"].resampled(16)  # more colours would make large files
    figure, axes = new_figure(
        width=1 + 2 * len(steps),
        height=1.2 + 1.7 * shown,
        rows=shown,
        columns=len(steps),
        squeeze=False,
        sharex=True,
        sharey=True,
    )
    for column, (name, frames, shares) in enumerate(steps):
        axes[0][column].set_title(name)
        for row, axis in enumerate(axes[:, column]):
            image = axis.imshow(
                ((frames[row] - mean) / deviation).T,
                aspect="auto",
                origin="lower",
                cmap=colors,
                vmin=-2.5,
                vmax=2.5,
                interpolation="nearest",
                extent=(0, seconds, -0.5, before.shape[2] - 0.5),
            )
            axis.set_xlabel(_shares(shares[row], mapping), fontsize="small")
    for axis in axes[:, 0]:
        axis.set_ylabel("band")
        axis.yaxis.get_major_locator().set_params(integer=True)
    figure.colorbar(image, ax=axes, label="standard deviations from the band's mean", pad=0.01)
    figure.supxlabel(
        f"width: {seconds:g} s; below each segment: its genre, or the shares of the mixed genres",
        fontsize="small",
    )
    figure.suptitle("Training segments, changed step by step from left to right")
    save(figure, path, dpi=80)


def _shares(shares: np.ndarray, mapping: list[str]) -> str:
    first, second, *_ = np.argsort(-shares, kind="stable")
    if shares[second] <= 0.005:
        return mapping[first]
    return ", ".join(f"{shares[i]:.0%} {mapping[i]}" for i in (first, second))


def timeline_paths(path: Path, songs: Sequence[Path]) -> dict[Path, Path]:
    """Return the path of each song's picture: the path given, or a file in that folder.

    Raises GenreError for a path that does not fit the songs, OSError if nothing can be written
    there.
    """
    if path.suffix.lower() in PICTURE_FORMATS:
        if len(songs) > 1:
            raise GenreError(f"--timeline {path}: give a folder, for {len(songs)} songs")
        check_place(path)
        return dict.fromkeys(songs, path)
    if path.suffix and not path.is_dir():
        raise GenreError(
            f"--timeline {path}: not a picture that can be written; give a file ending in "
            f"{', '.join(PICTURE_FORMATS)}, or a folder"
        )
    check_folder(path)
    paths, taken = {}, set()
    for song in songs:
        stem = song.stem[:LONGEST_STEM]
        name, number = stem, 1
        while name.lower() in taken:  # some file systems ignore case
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.lower())
        paths[song] = path / f"{name}{PICTURE_FORMATS[0]}"
    return paths


def timeline(answer: Answer, least: float, path: Path) -> None:
    """Draw a song's genres over time: a row for each genre, a column for each segment.

    A line marks the most likely genre. A second plot shows its probability. `least` is the lowest
    probability of a song that is not uncertain.
    """
    genres, segments = list(answer.probabilities), answer.segments
    edges = answer.start + np.arange(len(segments) + 1) * answer.segment_seconds
    height = 0.32 * len(genres)
    figure, (upper, lower) = new_figure(
        10, 2.9 + height, rows=2, sharex=True, height_ratios=(height, 1)
    )
    image = upper.imshow(
        segments.T,
        aspect="auto",
        cmap=RIGHT,
        vmin=0,
        vmax=1,
        interpolation="nearest",
        extent=(edges[0], edges[-1], len(genres) - 0.5, -0.5),
    )
    figure.colorbar(image, ax=upper, label="probability", pad=0.01)
    top, best = segments.max(axis=1), segments.argmax(axis=1)
    upper.hlines(
        y=best,
        xmin=edges[:-1],
        xmax=edges[1:],
        colors=np.where(top < least, UNSURE, WINNER),
        linewidth=2.5,
    )
    upper.set_yticks(range(len(genres)), [f"{it} {answer.probabilities[it]:4.0%}" for it in genres])
    upper.get_yticklabels()[genres.index(answer.genre)].set_fontweight("bold")
    lower.axhspan(0, least, color="#e4e4e4")
    lower.stairs(top, edges, baseline=None, color=WINNER, linewidth=0.9)
    lower.set(ylim=(0, 1), yticks=(0, 0.5, 1), ylabel="of the most\nlikely genre")
    lower.set_xlabel(
        f"{_set_time_ticks(lower, edges)}; grey: a probability below {least:.2f} is uncertain"
    )
    name, share = Path(answer.song).name[-LONGEST_TITLE:], answer.probabilities[answer.genre]
    mark = ", uncertain" if answer.uncertain else ""
    figure.suptitle(f"{name}\n{answer.genre} {share:.0%}{mark}")
    save(figure, path)


def _set_time_ticks(axis, edges: np.ndarray) -> str:
    """Set about eight ticks at round times; return a label that gives their format."""
    first, last = edges[0], edges[-1]
    step = next((step for step in STEPS if (last - first) / step <= 9), STEPS[-1])
    ticks = np.arange(-(-first // step) * step, last + 1e-6, step)
    hours = last >= 3600

    def written(second: float) -> str:
        minutes, seconds = divmod(round(second), 60)
        if hours:
            return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
        return f"{minutes}:{seconds:02}"

    axis.set_xlim(first, last)
    axis.set_xticks(ticks, list(map(written, ticks)))
    return "time (h:min:s)" if hours else "time (min:s)"


def dot_plot(runs: dict[str, list[float]], measure: str, title: str, path: Path) -> None:
    """Draw a measure of several models, one a row, the first at the top.

    If a model has several runs, each is a pale dot; the dark dot is their mean, and the line their
    standard deviation.
    """
    figure, axis = new_figure(8, 1.6 + 0.3 * len(runs))
    color = PALETTE[0]
    for row, values in enumerate(runs.values()):
        spread = None
        if len(values) > 1:
            spread = np.std(values, ddof=1)
            axis.plot(values, [row] * len(values), "o", color=color, alpha=0.3, markeredgewidth=0)
        axis.errorbar(np.mean(values), row, xerr=spread, fmt="o", color=color, capsize=3)
        beside = (1.02, row)
        axis.annotate(
            f"{np.mean(values):.3f}", beside, xycoords=("axes fraction", "data"), va="center"
        )
    axis.set_yticks(range(len(runs)), list(runs))
    axis.set_ylim(len(runs) - 0.5, -0.5)
    axis.set(xlabel=measure, title=title)
    axis.grid(axis="x", alpha=0.3)
    save(figure, path)
