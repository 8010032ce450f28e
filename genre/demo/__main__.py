"""Write a corpus of synthetic songs in folders like GTZAN's, to try the suite without any data.

    python -m genre.demo OUTPUT_DIR                           # 12 tracks in each of ten genres
    python -m genre.demo OUTPUT_DIR --tracks 1 --seed 1000    # different tracks

Scores on these songs say nothing about real music.
"""

from collections.abc import Sequence
from pathlib import Path

from genre import cli
from genre.demo import GENRES, MOST_TRACKS, write_corpus


def main(argv: Sequence[str] | None = None) -> int:
    parser = cli.parser(__doc__)
    parser.add_argument("output", type=Path, metavar="OUTPUT_DIR", help="folder to write to")
    parser.add_argument(
        "--tracks",
        type=cli.whole_number(1, MOST_TRACKS),
        metavar="N",
        default=12,
        help="tracks in each genre (default: %(default)s)",
    )
    parser.add_argument(
        "--seconds",
        type=cli.whole_number(1, 3600),
        metavar="S",
        default=30,
        help="length of a track in seconds (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=cli.seed,
        metavar="N",
        default=0,
        help="different seeds give different songs (default: %(default)s)",
    )
    given = parser.parse_args(argv)
    paths = write_corpus(
        given.output, tracks_per_genre=given.tracks, seconds=given.seconds, seed=given.seed
    )
    print(f"{len(paths)} tracks of {len(GENRES)} genres in {given.output}")
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
