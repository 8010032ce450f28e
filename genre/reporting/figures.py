"""Pictures of models and of answers, and functions that all pictures of the suite use."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from genre.errors import GenreError
from genre.evaluation.metrics import RocCurve
from genre.files import check_folder, check_place, replacing
from genre.model.answer import Answer

Axes = Any  # matplotlib.axes.Axes; matplotlib is loaded when a picture is drawn

# The colour and the mark of each genre, in the order of the mapping. A colour has a contrast of 3:1
# or more on white. As simulated for the three kinds of colour blindness, any two are at least 14
# apart in CAM02-UCS, where 1 is about the least difference that can be seen.
PALETTE = (
    "#5a1eff",
    "#969600",
    "#b45a4b",
    "#c378b4",
    "#781e96",
    "#1ea587",
    "#4b6978",
    "#9678ff",
    "#4b5a00",
    "#96004b",
)
MARKS = "os^DvPX<>p"  # with the colours they give a hundred looks
LINE, SECOND_LINE = "#1f3b57", "#b8640c"  # the colours of lines that are no genre's
NO_GENRE = "#767676"  # the colour of hollow marks and of all that is no genre
RIGHT, WRONG, UNTESTED = "Blues", "Oranges", "#e4e4e4"  # in a confusion matrix
ROC_COLUMNS = 5  # panels side by side
AUGMENTED_SEGMENTS = 2  # that are shown
FEW_TRACKS = 10  # of which an area under the curve says little: one track more can change it a lot
LONGEST_TITLE = 80  # letters
LONGEST_STEM = 50  # letters of a picture's name; a letter may take 4 of the 255 bytes of a name
PICTURE_FORMATS = (".png", ".svg", ".pdf")
CONFUSION, ROC, HISTORY, AUGMENTED = "confusion.png", "roc.png", "history.png", "augmented.png"
OF_TRAINING = (CONFUSION, ROC, HISTORY, AUGMENTED)  # the pictures in a model's folder
WINNER = "#e76300"  # for the line of the most likely genre, on blue
WHY_VALIDATION_CAN_BE_BETTER = (
    "Validation can be better than training: it is measured at the end of an epoch, without dropout"
    " and augmentation;\ntraining is the mean over the epoch, with both."
)
NO_VALIDATION = (
    "No validation curve: the network was trained on all tracks. That it gets better here says"
    " nothing about other songs."
)
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)  # s between ticks


def new_figure(
    width: float, height: float, rows: int = 1, columns: int = 1, **subplots: Any
) -> tuple[Any, Any]:
    """Return a figure of a size in inches, and its axes; no screen is needed."""
    from matplotlib import rcParams
    from matplotlib.figure import Figure

    rcParams["text.parse_math"] = False  # a dollar in a name is a dollar
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, **subplots)


def save(figure: Any, path: Path, *, dpi: int = 120) -> None:
    """Write a figure in the format that the suffix names."""
    with replacing(path) as unfinished, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about letters that the font lacks
        figure.savefig(unfinished, dpi=dpi)


def style(label: int) -> tuple[str, str]:
    """Return the colour and the mark of a genre, given its label."""
    rounds, number = divmod(label, len(PALETTE))
    return PALETTE[number], MARKS[(number + rounds) % len(MARKS)]


def history(curves: dict[str, list[float]], best_epoch: int, path: Path, *, title: str) -> None:
    """Draw accuracy and loss over the epochs, for training and validation.

    `curves` is Keras's history; `best_epoch` (from 1) is the one whose weights were kept.
    """
    figure, axes = new_figure(10, 4.6, columns=2)
    epochs = np.arange(1, len(curves["loss"]) + 1)
    mark = "o" if len(epochs) == 1 else None  # a line of one point is not visible
    validated = "val_loss" in curves
    for axis, measure in zip(axes, ("accuracy", "loss"), strict=True):
        axis.plot(epochs, curves[measure], color=LINE, marker=mark, label="training")
        if validated:
            axis.plot(
                epochs,
                curves[f"val_{measure}"],
                color=SECOND_LINE,
                linestyle="--",
                marker=mark,
                label="validation",
            )
        axis.axvline(best_epoch, color="grey", linestyle=":", label=f"kept: epoch {best_epoch}")
        axis.set(xlabel="epoch", ylabel=f"{measure} per segment")
        axis.xaxis.get_major_locator().set_params(integer=True)
        axis.grid(alpha=0.3)
    axes[0].set_ylim(0, 1.02)  # so that a line at 1 is seen
    axes[0].legend()
    figure.suptitle(title)
    note = WHY_VALIDATION_CAN_BE_BETTER if validated else NO_VALIDATION
    figure.supxlabel(note, fontsize="small", color="#555555")
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


def roc(curves: dict[str, RocCurve], tracks: dict[str, int], title: str, path: Path) -> None:
    """Draw the ROC curve of each genre against the rest in a panel of its own.

    `tracks` are the numbers of tracks of all genres, in the order of the mapping. The other genres'
    curves are grey.
    """
    columns = min(ROC_COLUMNS, max(1, len(curves)))
    rows = -(-max(1, len(curves)) // columns)
    figure, axes = new_figure(
        width=1 + 2.2 * columns,
        height=1.2 + 2.4 * rows,
        rows=rows,
        columns=columns,
        squeeze=False,
        sharex=True,
        sharey=True,
    )
    for axis, (name, curve) in zip(axes.flat, curves.items(), strict=False):
        for false_positive, true_positive, _ in curves.values():
            axis.plot(false_positive, true_positive, color="#dddddd", linewidth=0.8)
        axis.plot([0, 1], [0, 1], color=NO_GENRE, linestyle=":", linewidth=1)
        color, _ = style(list(tracks).index(name))
        axis.plot(*curve[:2], color=color, linewidth=2)
        few = "\ntoo few to tell" if tracks[name] < FEW_TRACKS else ""
        axis.text(0.97, 0.06, f"area {curve[2]:.2f}\nn = {tracks[name]}{few}", ha="right")
        axis.set_title(name, loc="left", fontsize="medium", fontweight="bold")
        axis.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
        axis.set(xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    for axis in axes.flat[len(curves) :]:
        axis.set_visible(False)
    figure.supxlabel("false positive rate; dotted: guessing, area 0.50; grey: the other genres")
    figure.supylabel("true positive rate")
    figure.suptitle(title)
    save(figure, path)


def augmented(
    steps: Sequence[tuple[str, np.ndarray, np.ndarray]],
    mapping: list[str],
    path: Path,
    *,
    seconds: float,
) -> None:
    """Draw segments unchanged and after each step of the augmentation, and what each step changes.

    A step is its name, the frames after it, (segments, frames, bands), and the shares of the genres
    in them, (segments, genres). The first one holds the unchanged segments. The segments that are
    mixed most are shown, in each band's standard deviations. A segment lasts `seconds`.
    """
    _, before, _ = steps[0]
    mean, deviation = before.mean(axis=(0, 1)), np.maximum(before.std(axis=(0, 1)), 1e-6)
    most_mixed = np.argsort(steps[-1][2].max(axis=1), kind="stable")[:AUGMENTED_SEGMENTS]
    figure, axes = new_figure(
        width=1.6 + 2 * len(steps),
        height=1.2 + 2.6 * len(most_mixed),
        rows=2 * len(most_mixed),
        columns=len(steps),
        squeeze=False,
        sharex=True,
        sharey=True,
    )
    for row, segment in enumerate(most_mixed):
        last = None
        for column, (name, frames, shares) in enumerate(steps):
            upper, lower = axes[2 * row : 2 * row + 2, column]
            values = (frames[segment] - mean) / deviation
            upper.set_title(f"{name}\n{_shares(shares[segment], mapping)}", fontsize="small")
            image = _draw_bands(upper, values, "magma", seconds)
            if last is None:
                lower.set_visible(False)
            else:
                change = _draw_bands(lower, values - last, "RdBu_r", seconds)
            last = values
        axes[2 * row, 0].set_ylabel("band")
        axes[2 * row + 1, 1].set_ylabel("what the\nstep changes", fontsize="small")
    axes[0, 0].yaxis.get_major_locator().set_params(integer=True)
    figure.colorbar(image, ax=axes, label="deviations from the band's mean", pad=0.01)
    figure.colorbar(change, ax=axes, label="change, in deviations", pad=0.01)
    figure.supxlabel("time (s)", fontsize="small")
    figure.suptitle("Training segments, changed step by step from left to right")
    save(figure, path, dpi=80)


def _draw_bands(axis: Axes, values: np.ndarray, colors: str, seconds: float) -> Any:
    """Draw standardised frames, (frames, bands), and return the image."""
    from matplotlib import colormaps

    return axis.imshow(
        values.T,
        aspect="auto",
        origin="lower",
        cmap=colormaps[colors].resampled(15),  # more colours would make large files
        vmin=-2.5,
        vmax=2.5,
        interpolation="nearest",
        extent=(0, seconds, -0.5, values.shape[1] - 0.5),
    )


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


SMALLEST_GAP = 0.01  # s, between two segments


def timeline(answer: Answer, least: float, path: Path) -> None:
    """Draw a song's genres over time: a row for each genre, a column for each segment.

    A line marks the most likely genre. A second plot shows its probability. `least` is the lowest
    probability of which the model is sure.
    """
    genres, segments = list(answer.probabilities), answer.segments
    begins, ends = answer.starts, answer.starts + answer.segment_seconds
    height = 0.32 * len(genres)
    figure, (upper, lower) = new_figure(
        10, 2.9 + height, rows=2, sharex=True, height_ratios=(height, 1)
    )
    edges, columns = _with_gaps(begins, ends, segments)
    image = upper.pcolormesh(
        edges, np.arange(len(genres) + 1) - 0.5, columns.T, cmap=RIGHT, vmin=0, vmax=1
    )
    upper.invert_yaxis()
    figure.colorbar(image, ax=upper, label="probability", pad=0.01)
    top, best = segments.max(axis=1), segments.argmax(axis=1)
    upper.hlines(
        y=best,
        xmin=begins,
        xmax=ends,
        colors=np.where(top < least, NO_GENRE, WINNER),
        linewidth=2.5,
    )
    upper.set_yticks(range(len(genres)), [f"{it} {answer.probabilities[it]:4.0%}" for it in genres])
    upper.get_yticklabels()[genres.index(answer.genre)].set_fontweight("bold")
    lower.axhspan(0, least, color="#e4e4e4")
    lower.hlines(top, begins, ends, color=WINNER, linewidth=1.5)
    lower.set(ylim=(0, 1), yticks=(0, 0.5, 1), ylabel="probability of the\nmost likely genre")
    lower.set_xlabel(
        f"{_set_time_ticks(lower, edges)}; grey: a probability below {least:.2f} is not sure"
    )
    name = Path(answer.song).name[-LONGEST_TITLE:]
    why = f", open: {answer.reason}" if answer.reason else ""
    figure.suptitle(f"{name}\n{answer.named} {answer.together:.0%}{why}")
    save(figure, path)


def _with_gaps(
    begins: np.ndarray, ends: np.ndarray, segments: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the edges of columns over time, and a column for each segment and for each gap."""
    edges, columns = [begins[0]], []
    for begin, end, segment in zip(begins, ends, segments, strict=True):
        if begin > edges[-1] + SMALLEST_GAP:
            edges.append(begin)
            columns.append(np.full(len(segment), np.nan))
        edges.append(end)
        columns.append(segment)
    return np.array(edges), np.array(columns)


def _set_time_ticks(axis: Axes, edges: np.ndarray) -> str:
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


class Dots(NamedTuple):
    """A measure between 0 and 1 of a model."""

    runs: list[float]
    interval: tuple[float, float]  # of their mean, with 95 % confidence


def dot_plot(panels: dict[str, dict[str, Dots]], measure: str, path: Path) -> None:
    """Draw a measure of models, one a row, in panels side by side, each under its title.

    The dot is the mean of a model's runs, which are pale dots if there are several. The line is the
    interval. The rows are those of all panels, in their order; a panel may lack some of them.
    """
    names = list(dict.fromkeys(name for panel in panels.values() for name in panel))
    figure, axes = new_figure(
        3 + 5 * len(panels),
        1.8 + 0.3 * len(names),
        columns=len(panels),
        sharey=True,
        squeeze=False,
    )
    for axis, (title, panel) in zip(axes[0], panels.items(), strict=True):
        for name, dots in panel.items():
            _draw_dots(axis, names.index(name), dots)
        axis.set(xlabel=f"{measure}, with 95 % confidence intervals", title=title, xlim=(0, 1))
        axis.grid(axis="x", alpha=0.3)
    axes[0, 0].set_yticks(range(len(names)), names)
    axes[0, 0].set_ylim(len(names) - 0.5, -0.5)
    save(figure, path)


def _draw_dots(axis: Any, row: int, dots: Dots) -> None:
    """Draw a model in its row, and write its figures beside the axis."""
    middle, (low, high) = np.mean(dots.runs), dots.interval
    axis.hlines(row, low, high, color=LINE, alpha=0.45, linewidth=4)
    if len(dots.runs) > 1:
        axis.plot(dots.runs, [row] * len(dots.runs), "o", color=LINE, alpha=0.3, markeredgewidth=0)
    axis.plot(middle, row, "o", color=LINE)
    text = f"{middle:.2f}  ({low:.2f} to {high:.2f})"
    axis.annotate(text, (1.02, row), xycoords=("axes fraction", "data"), va="center")
