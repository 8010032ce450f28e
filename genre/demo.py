"""Write a corpus of made-up songs, laid out as GTZAN is, which stands in for it.

    python -m genre.demo OUTPUT_DIR                           # 12 tracks in each of ten genres
    python -m genre.demo OUTPUT_DIR --tracks 1 --seed 1000    # songs that the line above lacks

Scores on it say nothing about music.
"""

import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from genre import cli
from genre.files import replacing
from genre.synth import GENRES, SAMPLE_RATE, make_track

MOST_TRACKS = 100_000  # of a genre: GTZAN numbers them with five digits


def write_track(path: Path, audio: np.ndarray) -> None:
    """Write audio at SAMPLE_RATE as 16-bit PCM."""
    with replacing(path) as unfinished, unfinished.open("wb") as file, wave.open(file) as wav:
        wav.setparams((1, 2, SAMPLE_RATE, len(audio), "NONE", None))
        wav.writeframes((32767 * audio).round().astype("<i2").tobytes())


def write_corpus(
    folder: str | Path,
    *,
    tracks_per_genre: int = 12,
    seconds: float = 30.0,
    seed: int = 0,
    genres: Sequence[str] = GENRES,
) -> list[Path]:
    """Write `folder/<genre>/<genre>.00000.wav` and so on; return the paths.

    Another seed gives other tracks. Raises ValueError for an unknown genre.
    """
    paths = []
    jobs = [(genre, number) for genre in genres for number in range(tracks_per_genre)]
    for genre, number in tqdm(jobs, unit="track", disable=None):  # None: only on a terminal
        audio = make_track(genre, seed * MOST_TRACKS + number, seconds=seconds)
        paths.append(Path(folder, genre, f"{genre}.{number:05}.wav"))
        write_track(paths[-1], audio)
    return paths


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
        help="length of a track (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=cli.seed,
        metavar="N",
        default=0,
        help="another seed, other songs (default: %(default)s)",
    )
    given = parser.parse_args(argv)
    paths = write_corpus(
        given.output, tracks_per_genre=given.tracks, seconds=given.seconds, seed=given.seed
    )
    print(f"{len(paths)} tracks of {len(GENRES)} genres in {given.output}")
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
