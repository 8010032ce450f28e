"""Look at a song's features, or at what is in a segment file of preprocess.py.

    python explore.py song.mp3
    python explore.py output/mfcc.json

Of a song it draws the waveform and six features of the first 30 s, one below another. Of a segment
file it prints a summary, and draws how many tracks each genre has, an example of each genre, and a
map of the tracks, on which those that sound alike lie together.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import lazy_loader as lazy

import config
from genre import audio, cli, datasets
from genre.datasets import segment_file
from genre.errors import AudioError, DatasetError, FeatureError
from genre.explore import data_set, examples, song, track_map
from genre.features.settings import Settings
from genre.files import check_folder, printable

np = lazy.load("numpy")

LONGEST_STEM = 50  # letters of a picture's name: of up to 4 bytes each, where a name holds 255
MOST_GENRES = 40  # in a picture: the largest ones


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.parser(__doc__)
    parser.add_argument(
        "input",
        type=Path,
        metavar="FILE",
        help=f"song, or segment file ({' or '.join(segment_file.ENCODINGS)})",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        default=config.OUTPUT_PATH / "explore",
        help="folder for the pictures, named after FILE (default: %(default)s)",
    )
    return parser.parse_args(argv)


def explore_song(path: Path, picture: Path) -> None:
    """Draw a song's features; raises GenreError where it has none."""
    from tqdm import tqdm

    try:
        settings = Settings.from_config(segments_per_track=1)
        samples = load(path, settings)
        frames = {
            feature: song.compute(samples, feature, settings)
            for feature in tqdm(song.OF_SONG, unit="feature", disable=None)
        }
    except ValueError as error:  # NumPy's and librosa's among them
        reason = str(error).split("\n")[0]
        raise FeatureError(f"config.py's settings do not fit each other: {reason}") from None
    seconds = len(samples) / settings.sample_rate
    which = "first " if seconds >= settings.track_seconds else ""
    song.song(samples, frames, settings, f"{printable(path.name)}, {which}{seconds:.3g} s", picture)
    print(picture)


def load(path: Path, settings: Settings) -> np.ndarray:
    """Return a song's samples, (samples,); raises AudioError where there are too few to draw."""
    try:
        samples = audio.load(path, sample_rate=settings.sample_rate, seconds=settings.track_seconds)
        seconds = len(samples) / settings.sample_rate
        if len(samples) < config.SAMPLES_PER_SEGMENT:
            least = config.SAMPLES_PER_SEGMENT / settings.sample_rate
            raise AudioError(f"is {seconds:.3f} s long, shorter than one segment of {least:g} s")
    except AudioError as error:
        raise AudioError(f"{path}: {error}") from None
    return samples


def explore_segments(segments: datasets.Segments, name: str, start: Path) -> None:
    """Print a summary of a segment file and draw it; the pictures' names begin with `start`."""
    values = data_set.moments(segments)
    print(data_set.summary(segments, values), end="\n\n", flush=True)
    labels = data_set.labels_of_tracks(segments)
    genres = data_set.largest(labels, MOST_GENRES)
    heading = f"{name}: {len(labels)} tracks of {len(segments.mapping)} genres"
    if len(genres) < len(segments.mapping):
        heading += f", the {len(genres)} largest shown"

    picture = Path(f"{start}-genres.png")
    data_set.draw_counts(segments, genres, heading, picture)
    print(picture, flush=True)

    tracks = np.flatnonzero(labels >= 0)
    labels = labels[tracks]
    vectors = track_map.vectors(values.mean[tracks], values.deviation[tracks])
    typical = {label: tracks[examples.typical(vectors, labels, label)] for label in genres}
    title = f"{name}: {segments.feature}, the middle of a typical track of each genre"
    picture = Path(f"{start}-examples.png")
    examples.draw(segments, values, typical, title, picture)
    print(picture, flush=True)

    drawn = track_map.chosen(len(tracks), config.SEED)
    positions = track_map.positions(vectors[drawn], config.SEED)
    if positions is None:
        print(f"no map: fewer than {track_map.FEWEST_TRACKS} different tracks")
        return
    if len(drawn) < len(tracks):
        heading += f"; {len(drawn)} of the tracks"
    title = f"{heading}\nt-SNE of each track's mean and deviation of {segments.feature}"
    names = {label: data_set.short(segments.mapping[label]) for label in genres}
    picture = Path(f"{start}-map.png")
    track_map.draw(positions, labels[drawn], names, title, picture)
    print(picture)


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    path, stem = arguments.input, arguments.input.stem[:LONGEST_STEM]
    if path.is_dir():
        raise DatasetError(
            f"{path}: is a folder; explore a song, or what preprocess.py --dataset makes of it"
        )
    if path.suffix in segment_file.ENCODINGS:
        segments = segment_file.read(path)
        if not segments.originals.any():
            raise DatasetError(f"{path}: holds nothing but copies shifted in pitch")
        check_folder(arguments.output)
        explore_segments(segments, printable(path.name), arguments.output / stem)
    else:
        check_folder(arguments.output)
        explore_song(path, arguments.output / f"{stem}.png")
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
