"""Turn a folder of labelled songs into a file of segmented MFCCs, or of another feature.

    python preprocess.py
    python preprocess.py --dataset ~/Music/by-genre --output output/mine.json
    python preprocess.py --feature mel --output output/mel.h5
    python preprocess.py --tracks my-songs.csv
    python preprocess.py --fma fma_metadata/tracks.csv --dataset fma_small --limit 20

The data set is a folder of genre folders, GTZAN or your own:

    by-genre/
      blues/   any.wav  number.mp3  of.flac ...
      jazz/    ...

or what a CSV file with the columns path,genre lists (and part and artist, if known), or FMA.
"""

import argparse
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import lazy_loader as lazy

import config
from genre import cli, datasets, executor, features
from genre.datasets import csv_list, fma, segment_file
from genre.errors import AudioError, DatasetError, FeatureError
from genre.features.settings import Settings

np = lazy.load("numpy")

LARGE = 1e9  # bytes of JSON that are worth a word
LARGEST_SHIFT = 12  # semitones
WHERE_TO_GET_GTZAN = (
    f"no data set: neither {config.DATASET_PATH} nor genres_original nor genres is here.",
    "Name a folder of genre folders with --dataset, or get GTZAN and put its genre folders there:",
    "  Kaggle         andradaolteanu/gtzan-dataset-music-genre-classification",
    "  Hugging Face   marsyas/gtzan",
    "  GitHub         TempoBeatDownbeat/gtzan_mini (100 of its 1000 tracks)",
)


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.parser(__doc__)
    add = parser.add_argument
    add(
        "--dataset",
        type=Path,
        metavar="DIR",
        help="folder of genre folders, or the one with the songs of --tracks or --fma (default: "
        f"{config.DATASET_PATH}, genres_original or genres; with --tracks, the list's own folder)",
    )
    lists = parser.add_mutually_exclusive_group()
    lists.add_argument(
        "--tracks",
        type=Path,
        metavar="CSV",
        help="list of songs: columns path,genre, and part (train, validation, test) and artist if "
        "known (default: the songs in genre folders)",
    )
    lists.add_argument(
        "--fma",
        type=Path,
        metavar="CSV",
        help="FMA's tracks.csv, for the songs in --dataset, which holds 000/000002.mp3",
    )
    add("--subset", choices=fma.SUBSETS, help=f"of FMA (default: {fma.SUBSETS[0]})")
    add(
        "--limit",
        type=cli.count,
        metavar="N",
        help="take N tracks of each genre, for a first try (default: all)",
    )
    add(
        "--output",
        type=Path,
        metavar="FILE",
        help="segment file to write: .json, or .h5 for large data "
        f"(default: {config.OUTPUT_PATH}/FEATURE.json)",
    )
    add(
        "--feature",
        type=features.known,
        metavar="NAME",
        default=config.FEATURE,
        help=f"{', '.join(features.FEATURES)}, or several joined frame by frame as in "
        "mfcc+contrast (default: %(default)s)",
    )
    for option, default, what in (
        ("--segments", config.SEGMENTS_PER_TRACK, "equal parts of a track; 1 takes it whole"),
        ("--n-fft", config.N_FFT, "samples an analysis window"),
        ("--hop-length", config.HOP_LENGTH, "samples from one window to the next"),
        ("--n-mels", config.N_MELS, "bands of the mel spectrogram, and under the MFCCs"),
    ):
        add(
            option,
            type=cli.count,
            metavar="N",
            default=default,
            help=f"{what} (default: %(default)s)",
        )
    add(
        "--dtype",
        choices=("float32", "float16"),
        help="numbers of an .h5 file; float16 halves it (default: float32)",
    )
    add(
        "--pitch-shift",
        type=semitones,
        nargs="+",
        metavar="X",
        default=[],
        help="add copies of every track, shifted by so many semitones, which only ever train, as "
        "in --pitch-shift -1 1 (default: none)",
    )
    add(
        "--workers",
        type=cli.count,
        metavar="N",
        help="processes that work at once (default: one for each core)",
    )
    arguments = parser.parse_args(argv)
    if arguments.output is None:
        other = config.OUTPUT_PATH / f"{arguments.feature}.json"
        arguments.output = config.DATA_PATH if arguments.feature == config.FEATURE else other
    if arguments.dtype and arguments.output.suffix == segment_file.JSON:
        parser.error("--dtype is for .h5 files; name one with --output")
    if arguments.fma and not arguments.dataset:
        parser.error("--fma needs --dataset, the folder that holds 000/000002.mp3 and so on")
    if arguments.subset and not arguments.fma:
        parser.error("--subset is for --fma")
    return arguments


def semitones(text: str) -> float:
    """Read a shift in pitch, an octave at most."""
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < abs(value) <= LARGEST_SHIFT:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number of semitones, other than 0 and up to {LARGEST_SHIFT}"
        )
    return value


def settings_of(arguments: argparse.Namespace) -> Settings:
    """Return the settings that the flags and config.py ask for; FeatureError if they do not fit."""
    try:
        return Settings.from_config(
            segments_per_track=arguments.segments,
            n_fft=arguments.n_fft,
            hop_length=arguments.hop_length,
            n_mels=arguments.n_mels,
        )
    except ValueError as error:
        raise FeatureError(f"the settings do not fit each other: {error}") from None


def find_songs(arguments: argparse.Namespace) -> csv_list.Listing:
    """Return the songs that the command line asks for, and what is left out of their list."""
    if arguments.fma:
        subset = arguments.subset or fma.SUBSETS[0]
        found = fma.find(arguments.fma, arguments.dataset, subset=subset)
    elif arguments.tracks:
        found = csv_list.find(arguments.tracks, arguments.dataset)
    else:
        songs = datasets.find_songs(arguments.dataset or find_dataset())
        found = csv_list.Listing(songs, missing=[], notes=[])
    if arguments.limit:
        found = found._replace(songs=datasets.limited(found.songs, arguments.limit))
    return found


def find_dataset() -> Path:
    """Return the first of the usual places that is there."""
    for folder in (config.DATASET_PATH, Path("genres_original"), Path("genres")):
        if folder.is_dir():
            return folder
    raise DatasetError(*WHERE_TO_GET_GTZAN)


def frames_or_reason(
    song: datasets.Song, feature: str, settings: Settings, shifts: Sequence[float]
) -> np.ndarray | str:
    """Return a song's frames, (segments, frames, bands), or why it has none.

    They end with copies, shifted in pitch by so many semitones each.
    """
    try:
        return features.of_track(song.path, feature, settings, shifts)
    except AudioError as error:
        return str(error)


def main(argv: Sequence[str] | None = None) -> int:
    from tqdm import tqdm

    arguments = parse_arguments(argv)
    feature, settings, output = arguments.feature, settings_of(arguments), arguments.output
    segment_file.check_output(output)
    songs, missing, notes = find_songs(arguments)
    for note in notes:
        cli.say(note)
    shape = features.check(feature, settings)  # and loads what the worker processes need, once
    shifts = list(dict.fromkeys(arguments.pitch_shift))
    work = partial(frames_or_reason, feature=feature, settings=settings, shifts=shifts)
    warn_of_size((1 + len(shifts)) * len(songs) * settings.segments_per_track, shape, output)
    workers = min(arguments.workers or executor.cores(), len(songs))
    with (
        closing(executor.in_processes(work, songs, workers=workers)) as results,
        segment_file.writing(output, arguments.dtype or "float32") as (append, finish),
    ):
        pairs = zip(songs, results, strict=True)
        index = datasets.collect(
            tqdm(pairs, total=len(songs), unit="track", disable=None),
            append,
            feature=feature,
            settings=features.stored(feature, settings),
            shifts=shifts,
        )
        finish(index)
    report(index, shape, output)
    return cli.SOME_FAILED if index.skipped or missing else cli.DONE


def warn_of_size(n_segments: int, shape: tuple[int, int], output: Path) -> None:
    """Say what .h5 would save where a .json file of over LARGE bytes is asked for."""
    n_bytes = {
        dtype: n_segments * shape[0] * shape[1] * size for dtype, size in segment_file.BYTES.items()
    }
    if output.suffix == segment_file.JSON and n_bytes["json"] > LARGE:
        about = {dtype: f"{size / 1e9:.1f} GB" for dtype, size in n_bytes.items()}
        cli.say(
            f"{output} will take about {about['json']}; as .h5 it is {about['float32']}, "
            f"with --dtype float16 {about['float16']}"
        )


def report(index: datasets.Index, shape: tuple[int, int], output: Path) -> None:
    """Say what was skipped and what was written."""
    for song in index.skipped:
        cli.say(f"skipped {song['track']}: {song['reason']}")
    n_copies = int(np.sum(~index.originals))
    copies = f", {n_copies} of them shifted copies," if n_copies else ""
    print(
        f"{len(index.tracks)} tracks of {len(index.mapping)} genres, "
        f"{len(index.skipped)} skipped: {len(index.labels)} segments of shape "
        f"{shape}{copies} in {output} ({output.stat().st_size / 1e6:.1f} MB)"
    )


if __name__ == "__main__":
    cli.run(main)
