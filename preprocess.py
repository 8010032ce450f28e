"""Turn labelled songs into a segment file: the MFCCs, or another feature, of every segment.

    python preprocess.py
    python preprocess.py --dataset ~/Music/by-genre --output output/mine.json
    python preprocess.py --feature mel --output output/mel.h5
    python preprocess.py --dataset ~/Music --labels tags --min-tracks 5
    python preprocess.py --tracks my-songs.csv
    python preprocess.py --fma fma_metadata/tracks.csv --dataset fma_small --limit 20
    python preprocess.py --msd msd_tagtraum_cd2.cls --msd-artists unique_tracks.txt --dataset msd

The data set is a folder of genre folders, GTZAN or your own:

    by-genre/
      blues/   any.wav  number.mp3  of.flac ...
      jazz/    ...

or any folder of songs whose tags name their genres and artists, or the songs that a CSV file lists
(columns path,genre and, if known, part and artist), or FMA, or the Million Song Dataset.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import config
from genre import cli, features
from genre.cli import constants, hearing
from genre.errors import DatasetError
from genre.features.settings import Settings
from genre.segments import Index, segment_file
from genre.songs import csv_list, file_tags, fma, folder, genre_map, msd
from genre.songs.listing import Listing, limited

LABELS = ("folders", "tags")
LARGE = 1e9  # bytes; for a larger .json file, .h5 is suggested
LARGEST_SHIFT = 12  # semitones
SEMITONES = f"a number of semitones from -{LARGEST_SHIFT} to {LARGEST_SHIFT}, other than 0"
WHERE_TO_GET_GTZAN = (
    f"no data set: there is no folder {config.DATASET_PATH}, genres_original or genres here.",
    "Name a folder of genre folders with --dataset, or get GTZAN and put its genre folders there:",
    "  Kaggle         andradaolteanu/gtzan-dataset-music-genre-classification",
    "  Hugging Face   marsyas/gtzan",
    "  GitHub         TempoBeatDownbeat/gtzan_mini (100 of its 1000 tracks)",
)


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.parser(__doc__)
    add_song_arguments(parser)
    add_genre_arguments(parser)
    add_feature_arguments(parser)
    add_output_arguments(parser)
    add_copy_arguments(parser)
    cli.add_worker_arguments(parser, "work")
    arguments = parser.parse_args(argv)
    if arguments.output is None:
        other = config.OUTPUT_PATH / f"{Path(features.short_name(arguments.feature)).stem}.json"
        arguments.output = config.DATA_PATH if arguments.feature == config.FEATURE else other
    check_together(parser, arguments)
    return arguments


def add_song_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which songs there are."""
    add = parser.add_argument
    add(
        "--dataset",
        type=Path,
        metavar="DIR",
        help="folder of genre folders, or the folder with the songs of --labels tags, --tracks, "
        f"--fma or --msd (default: {config.DATASET_PATH}, genres_original or genres; with "
        "--tracks, the folder that holds the list)",
    )
    lists = parser.add_mutually_exclusive_group()
    lists.add_argument(
        "--labels",
        choices=LABELS,
        default=LABELS[0],
        help="what names the genres of the songs in --dataset: the folders in it, or the files' "
        "own tags (default: %(default)s)",
    )
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
    lists.add_argument(
        "--msd",
        type=Path,
        metavar="CLS",
        help="tagtraum's genres of the Million Song Dataset, for the songs in --dataset, which "
        "holds A/B/C/TRABC....mp3",
    )
    add("--subset", choices=fma.SUBSETS, help=f"subset of FMA (default: {fma.SUBSETS[0]})")
    add(
        "--msd-artists",
        type=Path,
        metavar="TXT",
        help="the Million Song Dataset's unique_tracks.txt (default: no artists are known)",
    )


def add_genre_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that change which genres there are, and how many tracks of each."""
    add = parser.add_argument
    add(
        "--genres",
        type=Path,
        metavar="CSV",
        help="map of genres, columns from,to: tracks of one count for the other, or are left out "
        "where `to` is empty (default: all genres stay as they are)",
    )
    add(
        "--min-tracks",
        type=cli.count,
        metavar="N",
        default=1,
        help="leave out genres with fewer than N tracks (default: %(default)s)",
    )
    add(
        "--limit",
        type=cli.count,
        metavar="N",
        help="use only N tracks of each genre, for a first try (default: all)",
    )


def add_feature_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is computed of a segment."""
    add = parser.add_argument
    add(
        "--feature",
        type=cli.checked(features.known),
        metavar="NAME",
        default=config.FEATURE,
        help=f"{', '.join(features.FEATURES)}; or several side by side in each frame, as in "
        "mfcc+contrast; or your own front end, by the path of its description, such as effnet.toml "
        "(default: %(default)s)",
    )
    for option, default, what in (
        ("--segments", config.SEGMENTS_PER_TRACK, "equal parts that a track is cut into"),
        ("--n-fft", config.N_FFT, "samples in an analysis window"),
        ("--hop-length", config.HOP_LENGTH, "samples from one window to the next"),
        ("--n-mels", config.N_MELS, "bands of the mel spectrogram, and of the one behind MFCCs"),
    ):
        add(
            option,
            type=cli.count,
            metavar="N",
            default=default,
            help=f"{what} (default: %(default)s)",
        )


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what file is written."""
    add = parser.add_argument
    add(
        "--output",
        type=Path,
        metavar="FILE",
        help="segment file to write: .json, or .h5 for large data "
        f"(default: {config.OUTPUT_PATH}/FEATURE.json)",
    )
    add(
        "--dtype",
        choices=("float32", "float16"),
        help="type of the numbers in an .h5 file; float16 halves its size (default: float32)",
    )


def add_copy_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options for altered copies, which are used in training only."""
    add = parser.add_argument
    add(
        "--pitch-shift",
        type=cli.number(float, SEMITONES, lambda value: 0 < abs(value) <= LARGEST_SHIFT),
        nargs="+",
        metavar="X",
        default=[],
        help="add a copy of every track, shifted by X semitones, for training only; several X are "
        "possible, as in --pitch-shift -1 1 (default: none)",
    )
    add(
        "--altered",
        type=cli.count,
        metavar="N",
        default=0,
        help="add N copies of every track, for training only, each with a random equaliser, "
        "bandwidth, noise and speed, so that it sounds like another recording (default: none)",
    )


def check_together(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    """Refuse options that do not go together."""
    if arguments.dtype and arguments.output.suffix == segment_file.JSON:
        parser.error("--dtype is for .h5 files; name one with --output")
    if arguments.fma and not arguments.dataset:
        parser.error("--fma needs --dataset, the folder that holds 000/000002.mp3 and so on")
    if arguments.msd and not arguments.dataset:
        parser.error("--msd needs --dataset, the folder that holds the folders A to Z")
    if arguments.subset and not arguments.fma:
        parser.error("--subset is for --fma")
    if arguments.msd_artists and not arguments.msd:
        parser.error("--msd-artists is for --msd")


def settings_of(arguments: argparse.Namespace) -> Settings:
    """Return the settings of the command line and config.py; FeatureError if one is unusable."""
    return constants.settings(
        segments_per_track=arguments.segments,
        n_fft=arguments.n_fft,
        hop_length=arguments.hop_length,
        n_mels=arguments.n_mels,
        front_end=features.digest(arguments.feature),
    )


def find_songs(arguments: argparse.Namespace) -> Listing:
    """Return the songs that the command line asks for, with those that were left out."""
    rules = genre_map.read(arguments.genres) if arguments.genres else {}
    if arguments.fma:
        subset = arguments.subset or fma.SUBSETS[0]
        found = fma.find(arguments.fma, arguments.dataset, subset=subset)
    elif arguments.msd:
        found = msd.find(arguments.msd, arguments.dataset, artists=arguments.msd_artists)
    elif arguments.tracks:
        found = csv_list.find(arguments.tracks, arguments.dataset)
    elif arguments.labels == "tags":
        found = file_tags.find(arguments.dataset or find_dataset(), rules, arguments.min_tracks)
    else:
        found = folder.find(arguments.dataset or find_dataset())
        found.notes.extend(file_tags.hint(found.songs))
    if arguments.labels != "tags":
        found = genre_map.applied(found, rules, arguments.min_tracks)
    if arguments.limit:
        found = found._replace(songs=limited(found.songs, arguments.limit))
    return found


def find_dataset() -> Path:
    """Return the first of the usual folders that exists."""
    for path in (config.DATASET_PATH, Path("genres_original"), Path("genres")):
        if path.is_dir():
            return path
    raise DatasetError(*WHERE_TO_GET_GTZAN)


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    feature, settings, output = arguments.feature, settings_of(arguments), arguments.output
    segment_file.check_output(output)
    songs, left_out, notes = find_songs(arguments)
    cli.say(*notes)
    shape = features.check(feature, settings)
    shifts = list(dict.fromkeys(arguments.pitch_shift))
    n_altered = arguments.altered
    warn_of_size(
        (1 + len(shifts) + n_altered) * len(songs) * settings.segments_per_track, shape, output
    )
    index = hearing.write(
        songs,
        output,
        feature,
        settings,
        shifts=shifts,
        n_altered=n_altered,
        dtype=arguments.dtype or "float32",
        workers=arguments.workers,
        cluster=arguments.cluster,
    )
    print(summary(index, shape, output))
    return cli.SOME_FAILED if index.skipped or left_out else cli.DONE


def warn_of_size(n_segments: int, shape: tuple[int, int], output: Path) -> None:
    """Log how much smaller an .h5 file would be than a .json file of more than LARGE bytes."""
    n_bytes = {
        dtype: n_segments * shape[0] * shape[1] * size for dtype, size in segment_file.BYTES.items()
    }
    if output.suffix == segment_file.JSON and n_bytes["json"] > LARGE:
        about = {dtype: f"{size / 1e9:.1f} GB" for dtype, size in n_bytes.items()}
        cli.say(
            f"{output} will take about {about['json']}; as .h5 it is {about['float32']}, "
            f"with --dtype float16 {about['float16']}"
        )


def summary(index: Index, shape: tuple[int, int], output: Path) -> str:
    """Return a line that describes the file that was written."""
    n_copies = int((~index.originals).sum())
    copies = f", {n_copies} of them copies," if n_copies else ""
    return (
        f"{len(index.tracks)} tracks of {len(index.mapping)} genres, "
        f"{len(index.skipped)} skipped: {len(index.labels)} segments of shape "
        f"{shape}{copies} in {output} ({output.stat().st_size / 1e6:.1f} MB)"
    )


if __name__ == "__main__":
    cli.run(main)
