"""Measure predict.py without a store, with a new one, and with one that knows the songs.

    python -m benchmarks.store --input ~/Music
    python -m benchmarks.store --input ~/Music --model output/mine

The pretrained model hears the songs first. Then --model names their genres from what the store
knows. The share is that of the first run's time. All songs should be readable, and none a copy.
"""

import argparse
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks import measure
from genre import cli
from genre.model import files
from genre.songs.folder import songs_in

COLUMNS = ("store", "songs", "s", "CPU s", "peak, MiB", "share", "MB a song")


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = measure.parser(__doc__)
    parser.add_argument(
        "--input", type=Path, nargs="+", metavar="DIR", required=True, help="songs, and folders"
    )
    parser.add_argument(
        "--model",
        type=Path,
        metavar="PATH",
        default=files.PRETRAINED,
        help="folder of the model that asks again (default: the pretrained one)",
    )
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    songs = [path.resolve() for path in arguments.input]
    n_songs = len(songs_in(songs)[0])
    predict = partial(measure.process, "predict.py", "--format", "csv", "--input", *songs)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.sqlite"

        def hear() -> measure.Usage:
            path.unlink(missing_ok=True)
            return predict("--store", path)

        ways = {
            "none": partial(predict, "--no-store"),
            "new": hear,
            "known": partial(predict, "--store", path, "--model", arguments.model.resolve()),
        }
        used = measure.usages(ways, arguments.runs)
        size = path.stat().st_size / 1e6 / n_songs
    first = used["new"].seconds
    rows = ([name, n_songs, *each, each.seconds / first] for name, each in used.items())
    measure.table(COLUMNS, ([*row, size if row[0] == "new" else ""] for row in rows))
    measure.machine(arguments.runs)
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
