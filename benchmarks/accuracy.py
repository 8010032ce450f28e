"""Train the three networks under each split and print the scores as a Markdown table.

    python -m benchmarks.accuracy --data output/mfcc.json
    python -m benchmarks.accuracy --data output/mel.h5 --splits my-split.csv

Each seed deals the split anew, where the split is dealt, and starts the network anew. A cell is
the mean over the seeds and its sample standard deviation, on the test part.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import mean

import cnn
import lstm
import mlp
from genre import cli, dataset, evaluation, segmentfile, splits, training
from genre.errors import SplitError
from genre.recipe import Recipe

NETWORKS = {"MLP": mlp.mlp, "CNN": cnn.cnn, "LSTM": lstm.lstm}
COLUMNS = ("data", "split", "network", "per segment", "per track", "test tracks", "seconds")


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--data", type=Path, nargs="+", metavar="FILE", required=True, help="segment files"
    )
    parser.add_argument(
        "--splits",
        type=splits.known,
        nargs="+",
        metavar="NAME|CSV",
        default=list(splits.SPLITS),
        help="splits to compare; those that do not fit the data are passed over (default: "
        + " ".join(splits.SPLITS)
        + ")",
    )
    parser.add_argument(
        "--seeds",
        type=cli.seed,
        nargs="+",
        metavar="N",
        default=[42, 43, 44],
        help="two or more (default: 42 43 44)",
    )
    return parser.parse_args(argv)


def rows(
    data: Path, segments: dataset.Segments, name: str, seeds: Sequence[int]
) -> Iterator[tuple[str, ...]]:
    """Yield a row of the table for each network, trained on one split with several seeds."""
    dealt = [splits.split(segments, name, seed=seed) for seed in seeds]
    for network, layers in NETWORKS.items():
        runs = [
            training.train(
                layers,
                segments,
                split,
                Recipe(),
                seed=seed,
            )
            for seed, split in zip(seeds, dealt, strict=True)
        ]
        scores = [evaluation.score(run.predictions, segments.mapping) for run in runs]
        spread = evaluation.spread(scores)
        per_segment, per_track = (
            f"{spread[measure]['mean']:.2f} ± {spread[measure]['std']:.2f}"
            for measure in ("segment_accuracy", "track_accuracy")
        )
        tracks = sorted({score["tracks"] for score in scores})
        test_tracks = " to ".join(str(count) for count in (tracks[0], tracks[-1])[: len(tracks)])
        seconds = f"{mean(run.seconds for run in runs):.0f}"
        yield data.name, Path(name).name, network, per_segment, per_track, test_tracks, seconds


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    print("|", " | ".join(COLUMNS), "|")
    print("|", " | ".join("---" for _ in COLUMNS), "|")
    for data in arguments.data:
        segments = segmentfile.read(data)
        for name in arguments.splits:
            try:
                for row in rows(data, segments, name, arguments.seeds):
                    print("|", " | ".join(row), "|", flush=True)
            except SplitError as error:
                cli.say(f"{data}: passed over: {error}")
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
