"""Turn a folder of labelled songs into a file of segmented MFCCs.

    python preprocess.py
    python preprocess.py --dataset ~/Music/by-genre --output output/mine.json

The data set is a folder of genre folders, GTZAN or your own:

    by-genre/
      blues/   any.wav  number.mp3  of.flac ...
      jazz/    ...
"""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import lazy_loader as lazy

import config
from genre import cli, dataset, features, parallel, segmentfile
from genre.errors import AudioError, DatasetError

np = lazy.load("numpy")

WHERE_TO_GET_GTZAN = (
    f"no data set: neither {config.DATASET_PATH} nor genres_original nor genres is here.",
    "Name a folder of genre folders with --dataset, or get GTZAN and put its genre folders there:",
    "  Kaggle         andradaolteanu/gtzan-dataset-music-genre-classification",
    "  Hugging Face   marsyas/gtzan",
    "  GitHub         TempoBeatDownbeat/gtzan_mini (100 of its 1000 tracks)",
)


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--dataset",
        type=Path,
        metavar="DIR",
        help=f"folder of genre folders (default: {config.DATASET_PATH}, genres_original or genres)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        default=config.MFCC_PATH,
        help="segment file to write (default: %(default)s)",
    )
    parser.add_argument(
        "--workers",
        type=cli.count,
        metavar="N",
        help="processes that work at once (default: one for each core)",
    )
    return parser.parse_args(argv)


def find_dataset() -> Path:
    """Return the first of the usual places that is there."""
    for folder in (config.DATASET_PATH, Path("genres_original"), Path("genres")):
        if folder.is_dir():
            return folder
    raise DatasetError(*WHERE_TO_GET_GTZAN)


def frames_or_reason(song: dataset.Song, settings: features.Settings) -> np.ndarray | str:
    """Return a song's frames, (segments, frames, n_mfcc), or why it has none."""
    try:
        return features.of_track(song.path, settings)
    except AudioError as error:
        return str(error)


def main(argv: Sequence[str] | None = None) -> int:
    from tqdm import tqdm

    arguments = parse_arguments(argv)
    settings = features.Settings(
        sample_rate=config.SAMPLE_RATE,
        track_seconds=config.TRACK_SECONDS,
        segments_per_track=config.SEGMENTS_PER_TRACK,
        n_fft=config.N_FFT,
        hop_length=config.HOP_LENGTH,
        n_mfcc=config.N_MFCC,
    )
    segmentfile.check_output(arguments.output)
    songs = dataset.find_songs(arguments.dataset or find_dataset())
    work = partial(frames_or_reason, settings=settings)
    workers = min(arguments.workers or parallel.cores(), len(songs))
    results = zip(songs, parallel.in_processes(work, songs, workers=workers), strict=True)
    bar = tqdm(results, total=len(songs), unit="track", disable=None)
    segments = dataset.collect(bar, feature=features.FEATURE, settings=settings.to_dict())
    segmentfile.write(segments, arguments.output)
    report(segments, arguments.output)
    return cli.SOME_FAILED if segments.skipped else cli.DONE


def report(segments: dataset.Segments, output: Path) -> None:
    """Say what was skipped and what was written."""
    for song in segments.skipped:
        cli.say(f"skipped {song['track']}: {song['reason']}")
    print(
        f"{len(segments.tracks)} tracks of {len(segments.mapping)} genres, "
        f"{len(segments.skipped)} skipped: {len(segments.frames)} segments of shape "
        f"{segments.frames.shape[1:]} in {output} ({output.stat().st_size / 1e6:.1f} MB)"
    )


if __name__ == "__main__":
    cli.run(main)
