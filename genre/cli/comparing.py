"""What compare.py and baseline.py do: train several learners on the same tracks, and report."""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from genre import cli
from genre.cli import options
from genre.errors import SplitError, TrainingError
from genre.experiments import comparison, model_folder, predictions_file, results_file
from genre.experiments.comparison import Entry, Table
from genre.experiments.learners import Learner, NetworkLearner
from genre.experiments.protocol import plan
from genre.experiments.results_file import Row
from genre.experiments.run import Result, Trial
from genre.files import check_folder, check_place
from genre.reporting import figures, tables, text
from genre.reporting.figures import Dots
from genre.segments import Segments, segment_file
from genre.songs import TEST

MARKDOWN, CSV, LATEX = FORMATS = ("markdown", "csv", "latex")
NONE_CAN_LEARN = "none of the models can learn from this data"

Compared = tuple[Table, list[Entry]]  # a table whose learners are to be trained, and its entries


def suited(learners: Iterable[Learner], segments: Segments, data: Path) -> list[Learner]:
    """Return the learners that can use a file's segments; say which are left out, and why."""
    kept = []
    for learner in learners:
        try:
            learner.check(segments)
        except TrainingError as error:
            cli.say(f"left out of {data.name}: {learner.title}: {error}")
        else:
            kept.append(learner)
    return kept


def planned(arguments: argparse.Namespace, learners: Sequence[Learner]) -> tuple[list[Table], bool]:
    """Return a table for each data set and split, with those learners that suit the data.

    If there are several, say which data cannot be split in which way, and leave that out; then the
    second value is False. Raises SplitError if none can, and DatasetError if a file cannot be read.
    """
    tables, problems = [], []
    segments_of = {path: segment_file.read(path) for path in arguments.data}
    for path, segments in segments_of.items():
        able = suited(learners, segments, path)
        for protocol in options.protocols(arguments, segments):
            try:
                runs = plan(segments, protocol)
            except SplitError as error:
                problems.append((f"{path.name}, {protocol.split}: {error}", error))
                continue
            tables.append(
                Table(data=path, segments=segments, protocol=protocol, planned=runs, learners=able)
            )
    if not tables:
        raise problems[0][1]
    cli.say(*(problem for problem, _ in problems))
    return tables, not problems


def resumed(table: Table, rows: Iterable[Row], folder: Path | None) -> Compared:
    """Return a table with only those learners that are to be trained, and the other's entries.

    `rows` are those of earlier comparisons. If predictions are kept in a `folder`, a model whose
    predictions are not there is trained again.
    """
    earlier = {row["conditions"]: row for row in rows}
    left, entries = [], []
    for learner in table.learners:
        row = earlier.get(comparison.conditions(table, learner)["conditions"])
        path = predictions_file.path_of(row, folder) if row and folder else None
        if not row or (path and not path.exists()):
            left.append(learner)
        else:
            right = predictions_file.right(path, table.segments) if path else None
            entries.append(Entry(row, right))
    return replace(table, learners=left), entries


def check_places(arguments: argparse.Namespace) -> None:
    """Raise TrainingError or OSError if results cannot be written where they should be."""
    if arguments.append and not arguments.output:
        raise TrainingError("--append needs --output")
    if arguments.output:
        if arguments.output.exists() and not arguments.append:
            raise TrainingError(f"{arguments.output} exists; --append adds to it")
        check_place(arguments.output)
    if arguments.predictions:
        check_folder(arguments.predictions)


def name_of_run(table: Table, learner: Learner, number: int) -> str:
    """Return what progress calls a run: "mlp, mel.h5, artist, fold 2 of 5"."""
    protocol = table.protocol
    parts = [learner.title, table.data.name, protocol.split]
    if protocol.folds:
        parts.append(f"fold {number} of {protocol.folds}")
    elif protocol.repeats > 1:
        parts.append(f"repeat {number} of {protocol.repeats}")
    return ", ".join(parts)


def trials(tables: Iterable[Table]) -> Iterator[Trial]:
    """Yield the runs of the models of some tables, for any process and any working folder.

    Before a run that prints a line on each epoch, say which it is.
    """
    for table in tables:
        for learner in table.learners:
            for run in table.planned:
                if isinstance(learner, NetworkLearner) and learner.show_progress:
                    cli.say(name_of_run(table, learner, run.number))
                yield Trial(learner, table.data.absolute(), table.protocol, run.number)


def finished(
    table: Table, found: Iterator[Result | str], *, quiet: bool
) -> Iterator[tuple[Learner, list[Result]]]:
    """Yield each learner of a table with the results of its runs, as soon as all are there.

    `found` are the results, learner by learner, or the reasons why there is none. A learner without
    a result in some run is left out.
    """
    for learner in table.learners:
        results, reasons = [], []
        for run, result in zip(table.planned, islice(found, len(table.planned)), strict=True):
            name = name_of_run(table, learner, run.number)
            if isinstance(result, Result):
                results.append(result)
                if not quiet:
                    cli.say(f"{name}: trained in {result.training['seconds']:.1f} s")
            elif result not in reasons:  # it is often the same in all runs
                reasons.append(result)
                cli.say(f"{name}: {result}")
        if not reasons:
            yield learner, results


def report_all(compared: Sequence[Compared], arguments: argparse.Namespace) -> None:
    """Print the tables as --format asks for, and draw them beside the file of --output."""
    how, output = arguments.format, arguments.output
    compared = [(table, entries) for table, entries in compared if entries]
    for number, (table, entries) in enumerate(compared):
        if how == MARKDOWN:
            frames, bands = table.segments.frames.shape[1:]
            what = f"{table.segments.feature}, segments of {frames} frames, {bands} bands"
            print("\n" * (number > 0) + f"{table.data.name}: {what}")
        report(table, entries, reference=arguments.reference, how=how)
    if how == CSV:
        rows = [row for _, entries in compared for row, _ in comparison.best_first(entries)]
        results_file.write_to(sys.stdout, rows)
    if output:
        picture = output.with_suffix(".png")
        draw(compared, picture)
        (print if how == MARKDOWN else cli.say)(f"table in {output}, picture in {picture}")


def report(
    table: Table, entries: Sequence[Entry], *, reference: str | None = None, how: str = MARKDOWN
) -> None:
    """Print a table of models, the best first, and what to know about it; in CSV only the latter.

    What is not the table goes to stdout in Markdown only.
    """
    ranked = comparison.best_first(entries)
    rights = comparison.rights(ranked)
    rows, tests = [each.row for each in ranked], []
    if reference in rights and len(rights) > 1:
        rows = comparison.with_p(rows, reference, rights)
        tests = [comparison.p_line(reference, rights)]
    elif len(rights) > 1:
        tests = [comparison.differences(rights)]
    about = [*tests, *notes(table, ranked)]
    if how == MARKDOWN:
        print(heading(table), "", tables.markdown(rows), *([""] if about else []), *about, sep="\n")
        return
    title = f"{table.data.name}, {heading(table)}"
    if how == LATEX:
        print(f"% {title}", tables.latex(rows), sep="\n")
    cli.say(title, *about)


def notes(table: Table, entries: Iterable[Entry]) -> list[str]:
    """Return the warnings on the splits of a table and on its models, each as a line."""
    lines = [f"note: {note}" for note in model_folder.notes(table.planned)]
    for row, right in entries:
        if not row["converged"]:
            lines.append(f"note: {text.unconverged(row['model'])}")
        if right is None:
            lines.append(
                f"note: {row['model']} is in no test, because its predictions were not kept"
            )
    return lines


def heading(table: Table) -> str:
    """Return a heading for the scores of runs: split, numbers of segments and tracks, seed."""
    count, split = len(table.planned), table.planned[0].split
    several = f", {count} {'folds' if table.protocol.folds else 'repeats'}" if count > 1 else ""
    tested = np.logical_or.reduce([run.split.parts == TEST for run in table.planned])
    return (
        f"test part of split {split.name}{several}: {tested.sum()} segments, "
        f"{len(np.unique(table.segments.track_index[tested]))} tracks, seed {table.protocol.seed}"
    )


def draw(compared: Sequence[Compared], path: Path) -> None:
    """Draw the accuracy per track of each model, and of its runs, with a panel for each split.

    A row is a model or, if there are several data sets, a model on one of them.
    """
    several = len({table.data for table, _ in compared}) > 1
    of_panel: dict[str, list[Entry]] = {}
    for table, entries in compared:
        title = heading(table) if len(compared) == 1 else f"split {table.planned[0].split.name}"
        of_panel.setdefault(title, []).extend(entries)
    panels = {
        title: {
            f"{row['model']}, {row['data']}" if several else row["model"]: _dots(row)
            for row, _ in comparison.best_first(entries)
        }
        for title, entries in of_panel.items()
    }
    figures.dot_plot(panels, "accuracy per track", path)


def _dots(row: dict[str, Any]) -> Dots:
    runs = [float(accuracy) for accuracy in row["track_accuracy_runs"].split()]
    return Dots(runs, (row["track_accuracy_low"], row["track_accuracy_high"]))
