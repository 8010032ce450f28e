"""Name the genre of songs with a trained network.

    python predict.py --input song.mp3
    python predict.py --input ~/Music/unsorted --count 3
    python predict.py --input long.mp3 --whole --timeline long.png
    python predict.py --input ~/Music --format csv > genres.csv
    python predict.py --model output/cnn --input song.mp3

The network judges each segment of a song's first 30 s; its answers are joined over the song. A song
whose top probability says too little, by what the network's card says, is called uncertain.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

import lazy_loader as lazy

import config
from genre import cli, evaluation, executor, features
from genre.datasets.folder import audio_files
from genre.errors import AudioError, GenreError
from genre.files import check_folder, check_place, printable
from genre.reporting import card, figures, predictions

np = lazy.load("numpy")
tqdm = lazy.load("tqdm")

LONGEST_STEM = 50  # letters of a picture's name: of up to 4 bytes each, where a name holds 255


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.parser(__doc__)
    add = parser.add_argument
    add(
        "--model",
        type=Path,
        metavar="PATH",
        default=config.PRETRAINED_PATH,
        help="folder of a trained network or of a classifier of baseline.py, or the model in it "
        "(default: the network that comes with the code, in pretrained/)",
    )
    add(
        "--input",
        type=Path,
        nargs="+",
        metavar="PATH",
        required=True,
        help="audio files, and folders to search through for them",
    )
    add(
        "--type",
        choices=evaluation.JOINS,
        default="mean",
        help="how the segments' probabilities are joined over a song (default: %(default)s)",
    )
    add(
        "--count",
        type=cli.count,
        metavar="N",
        help="show the N most likely genres, highest first (default: all, in the network's order)",
    )
    add(
        "--whole",
        action="store_true",
        help="judge the whole song (default: as much of its beginning as the network was "
        "trained on, 30 s by default)",
    )
    add(
        "--format",
        choices=predictions.FORMATS,
        default="table",
        help="table for people; csv with a column for each genre, or json, one object a line, "
        "for programs (default: %(default)s)",
    )
    add(
        "--timeline",
        type=Path,
        metavar="PATH",
        help="draw the genres over the song's time: a .png file for one song, a folder for "
        "several; json then holds the segments' probabilities, too (default: no picture)",
    )
    add(
        "--skip-done",
        type=Path,
        metavar="FILE",
        help="leave out the songs of an earlier csv or json output, and the csv header, so that "
        "the output can be appended to it (default: predict all)",
    )
    return parser.parse_args(argv)


def find_songs(paths: Iterable[Path], problems: list[OSError]) -> Iterator[Path]:
    """Yield the files among the paths, and the audio files in the folders among them.

    What keeps a folder from being read is put among the problems.
    """
    for path in paths:
        if not os.path.isdir(path):  # noqa: PTH112, Path.is_dir raises for some paths
            yield path
            continue
        try:
            yield from audio_files(path)
        except OSError as error:
            problems.append(error)


def frames_of(
    song: Path, feature: str, settings: features.Settings, whole: bool
) -> Iterable[np.ndarray]:
    """Return a song's frames in one piece, or in many where the whole song is wanted."""
    if whole:
        return (piece.frames for piece in features.of_whole_track(song, feature, settings))
    return [features.of_track(song, feature, settings).frames]


def timeline_files(path: Path, songs: Sequence[Path]) -> dict[Path, Path]:
    """Return where each song's picture goes: the file named, or files in the folder named.

    Raises GenreError when one .png file is named for several songs, OSError when nothing can be
    written there.
    """
    if path.suffix.lower() == ".png":
        if len(songs) > 1:
            raise GenreError(f"--timeline {path}: name a folder, for {len(songs)} songs")
        check_place(path)
        return dict.fromkeys(songs, path)
    check_folder(path)
    files, taken = {}, set()
    for song in songs:
        stem = song.stem[:LONGEST_STEM]
        name, number = stem, 1
        while name.lower() in taken:  # some file systems take capital letters for small ones
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.lower())
        files[song] = path / f"{name}.png"
    return files


def predict(
    judge: evaluation.Judge,
    song: Path,
    pieces: Iterable[np.ndarray],
    *,
    how: str,
    threshold: float,
    segment_seconds: float,
) -> predictions.Prediction:
    """Return what a network or a classifier makes of a song's pieces, (segments, frames, bands)."""
    segments = np.concatenate([judge(frames) for frames in pieces])
    joined = evaluation.join(segments, how)
    # The threshold is fitted on means, whatever is shown.
    uncertain = bool(evaluation.join(segments).max() < threshold)
    return predictions.Prediction(printable(song), joined, segments, segment_seconds, uncertain)


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    problems: list[OSError] = []
    songs = list(dict.fromkeys(find_songs(arguments.input, problems)))
    for error in problems:
        cli.say(f"{printable(error.filename)}: {error.strerror}")
    if not songs:
        raise GenreError(f"no audio files in {', '.join(map(printable, arguments.input))}")
    earlier = predictions.read_earlier(arguments.skip_done) if arguments.skip_done else None
    if earlier:
        songs = [song for song in songs if printable(song) not in earlier.songs]
    if not songs:
        cli.say(f"all songs are in {printable(arguments.skip_done)} already")
        return cli.SOME_FAILED if problems else cli.DONE
    pictures = timeline_files(arguments.timeline, songs) if arguments.timeline else {}
    model, the_card = card.load(arguments.model)
    settings = card.settings(the_card, model)
    header = predictions.header(arguments.format, the_card.mapping, arguments.count)
    if earlier:
        predictions.check_earlier(earlier, arguments.format, header, arguments.skip_done)
        if earlier.cut_off:
            print()  # so that what is appended begins a line
        if earlier.first:
            header = None
    work = partial(frames_of, feature=the_card.feature, settings=settings, whole=arguments.whole)
    bar = tqdm.tqdm(total=len(songs), unit="song", disable=True if len(songs) == 1 else None)
    n_failed = 0
    for song, pieces in executor.in_threads(songs, work, workers=executor.cores()):
        try:
            prediction = predict(
                *(model.judge, song, pieces),
                how=arguments.type,
                threshold=the_card.calibrated.threshold,
                segment_seconds=settings.segment_seconds,
            )
        except AudioError as error:
            n_failed += 1
            bar.write(f"{printable(song)}: {error}", file=sys.stderr)
        else:
            line = predictions.row(
                arguments.format,
                prediction,
                the_card.mapping,
                count=arguments.count,
                with_segments=bool(pictures),
            )
            for text in filter(None, (header, line)):
                bar.write(text, file=sys.stdout)
            header = None
            sys.stdout.flush()
            if pictures:
                figures.timeline(prediction, the_card.mapping, pictures[song])
        bar.update()
    bar.close()
    if n_failed == len(songs):
        return cli.NOTHING_DONE
    return cli.SOME_FAILED if n_failed or problems else cli.DONE


if __name__ == "__main__":
    cli.run(main)
