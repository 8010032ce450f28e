"""Test a model on songs from outside of its data set, as strangers' songs are.

    python -m benchmarks.outside --data outside.h5 --other outside_other.h5
    python -m benchmarks.outside --data outside.h5 --model output/mine

The files are segment files of the model's feature. Segments are taken from all over each song, as
predict.py takes them, or from its beginning. The songs of --other are of genres that the model does
not know: it should be open about them.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

import genre
from genre.evaluation.verdict import EITHER, OPEN, SURE
from genre.model.answer import Answer
from genre.segments import Segments, segment_file, take

Choose = Callable[[np.ndarray], np.ndarray]  # from all rows of a song to those that are read


def spread(rows: np.ndarray, count: int) -> np.ndarray:
    """Return `count` rows, each amid one of `count` equal shares; or all, if they are few."""
    if len(rows) <= count:
        return rows
    return rows[((np.arange(count) + 0.5) * len(rows) / count).astype(int)]


def answers(model: genre.Model, data: Segments, choose: Choose) -> list[Answer]:
    """Return the answer for each song of a segment file, in its order."""
    found = []
    for track in range(len(data.tracks)):
        rows = choose(np.flatnonzero(data.track_index == track))
        found.append(model.answer(take(data.frames, rows), rows.astype(float)))
    return found


def shares(found: Sequence[Answer]) -> str:
    """Return the share of each verdict."""
    names = [answer.verdict for answer in found]
    return ", ".join(
        f"{name} {names.count(name) / len(names):.2f}" for name in (SURE, EITHER, OPEN)
    )


def right(found: Sequence[Answer], truth: Sequence[str], *verdicts: str) -> str:
    """Return the share of songs with one of these verdicts, and how many of them are right."""
    named = [
        true in answer.genres
        for answer, true in zip(found, truth, strict=True)
        if answer.verdict in verdicts
    ]
    return f"{len(named) / len(found):.3f} ({np.mean(named):.3f} right)" if named else "0"


def report(found: Sequence[Answer], truth: Sequence[str]) -> None:
    first = [answer.genre == true for answer, true in zip(found, truth, strict=True)]
    two = [
        true in [genre for genre, _ in answer.ranking[:2]]
        for answer, true in zip(found, truth, strict=True)
    ]
    print(f"  right {np.mean(first):.3f}, among the first two {np.mean(two):.3f}")
    print(f"  sure {right(found, truth, SURE)}, either {right(found, truth, EITHER)}")
    print(f"  sure or either {right(found, truth, SURE, EITHER)}")


def by_genre(found: Sequence[Answer], truth: Sequence[str]) -> None:
    for genre_name in sorted(set(truth)):
        chosen = [answer for answer, true in zip(found, truth, strict=True) if true == genre_name]
        n_right = sum(answer.genre == genre_name for answer in chosen)
        print(f"    {genre_name:12} {n_right:3} of {len(chosen):3} right; {shares(chosen)}")


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="songs of the model's genres")
    parser.add_argument("--other", type=Path, help="songs of other genres")
    parser.add_argument("--model", type=Path, help="folder of a model (default: the pretrained)")
    parser.add_argument("--opening", type=int, default=8, help="segments of the beginning to read")
    arguments = parser.parse_args(argv)
    model = genre.load(arguments.model)
    count = model.card.settings["segments_per_track"]
    ways: dict[str, Choose] = {
        f"the first {arguments.opening} segments": lambda rows: rows[: arguments.opening],
        f"{count} segments spread over the song": lambda rows: spread(rows, count),
    }
    data = segment_file.read(arguments.data)
    first_rows = np.unique(data.track_index, return_index=True)[1]
    truth = [data.mapping[data.labels[row]] for row in first_rows]
    for name, choose in ways.items():
        print(f"{arguments.data.name}: {len(truth)} songs, {name}")
        found = answers(model, data, choose)
        report(found, truth)
        if arguments.other:
            others = answers(model, segment_file.read(arguments.other), choose)
            print(f"  {arguments.other.name}: {len(others)} songs, {shares(others)}")
    by_genre(found, truth)


if __name__ == "__main__":
    main()
