"""Draw a song's features, the content of a segment file, or a map of a folder of songs.

    python explore.py song.mp3
    python explore.py output/mfcc.json
    python explore.py ~/Music

For a song: the waveform and six features of the first 30 s, one below another. For a segment file:
a summary as text, then the number of tracks in each genre, an example of each genre, and a map on
which tracks that sound alike are close together. For a folder of songs: a map, coloured by the
genres that the pretrained model is sure of.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import config
import genre
from genre import cli
from genre.cli import constants, progress
from genre.cli import store as store_options
from genre.collection import heard
from genre.errors import DatasetError, FeatureError, ModelError
from genre.evaluation import projection
from genre.evaluation.verdict import SURE
from genre.features.settings import Settings
from genre.files import check_folder, printable
from genre.reporting.figures import LONGEST_STEM
from genre.segments import Segments, segment_file
from genre.songs.folder import songs_in

MOST_GENRES = 40  # that a picture shows: the largest ones


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.parser(__doc__)
    parser.add_argument(
        "input",
        type=Path,
        metavar="PATH",
        help=f"song, segment file ({' or '.join(segment_file.ENCODINGS)}), or folder of songs",
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        default=config.OUTPUT_PATH / "explore",
        help="folder for the pictures, named after PATH (default: %(default)s)",
    )
    store_options.add_arguments(parser)
    return parser.parse_args(argv)


def settings_of_config() -> Settings:
    """Return config.py's settings, for a song as a single segment."""
    from genre.explore import song

    try:
        return song.as_one_segment(constants.settings())
    except FeatureError as error:
        raise FeatureError(f"config.py: {error}") from None


def explore_song(path: Path, picture: Path) -> None:
    """Draw a song's features."""
    from tqdm import tqdm

    with tqdm(total=9, unit="step", disable=None) as bar:  # None: a bar on a terminal only
        bar.set_description("loading librosa")
        from genre.explore import song

        settings = settings_of_config()
        bar.update()
        bar.set_description("reading")
        samples = song.load(path, settings)
        bar.update()
        frames = {}
        for feature in song.FEATURES:
            bar.set_description(feature)
            frames[feature] = song.compute(samples, feature, settings)
            bar.update()
        bar.set_description("drawing")
        seconds = len(samples) / settings.sample_rate
        which = "first " if seconds >= settings.track_seconds else ""
        title = f"{printable(path.name)}, {which}{seconds:.3g} s"
        song.draw(samples, frames, settings, title, picture)
        bar.update()
    print(picture)


def explore_segments(segments: Segments, name: str, start: Path) -> None:
    """Print a summary of a segment file and draw it; the pictures' names begin with `start`."""
    from genre.explore import data_set, track_map

    with progress.working("reading the frames"):
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
    if segments.frames.shape[1] > 1:
        typical = {label: tracks[data_set.typical(vectors, labels, label)] for label in genres}
        title = f"{name}: {segments.feature}, the middle of a typical track of each genre"
        picture = Path(f"{start}-examples.png")
        with progress.working("drawing examples"):
            data_set.draw_examples(segments, values, typical, title, picture)
        print(picture, flush=True)
    else:
        print("no examples: a segment has a single frame", flush=True)

    names = [segments.tracks[track] for track in tracks]
    genre_names = {label: data_set.short(segments.mapping[label]) for label in genres}
    what = f"mean and standard deviation of {segments.feature} over a track"
    explore_tracks(vectors, labels, genre_names, names, heading, what, Path(f"{start}-map.png"))


def explore_tracks(
    vectors: np.ndarray,
    labels: np.ndarray,
    genres: dict[int, str],
    names: Sequence[str],
    heading: str,
    what: str,
    picture: Path,
) -> None:
    """Draw a map of tracks by their vectors, (tracks, values), if there are enough of them."""
    from genre.explore import track_map

    drawn = projection.chosen(len(names), config.SEED)
    with progress.working("placing the tracks on the map"):
        positions = projection.positions(vectors[drawn], config.SEED)
    if positions is None:
        print(f"no map: it needs {projection.FEWEST_TRACKS} different tracks")
        return
    if len(drawn) < len(names):
        heading += f"; {len(drawn)} of the tracks"
    title = f"{heading}\nt-SNE of the {what}"
    with progress.working("drawing the map"):
        track_map.draw(
            positions, labels[drawn], genres, [names[track] for track in drawn], title, picture
        )
    print(picture)


def explore_folder(folder: Path, picture: Path, store: Path | None) -> bool:
    """Draw a map of the songs in a folder; return whether all of them could be used.

    Their embeddings are kept in `store`.
    """
    from tqdm import tqdm

    from genre.explore.track_map import NOT_SURE

    songs, problems = songs_in([folder])
    if not songs:
        raise DatasetError(*problems)
    cli.say(*problems)
    model = genre.load()
    answers = []
    with store_options.opened_if_possible(store) as kept:
        found = heard.answers(kept, model, songs)
        for answer in tqdm(found, total=len(songs), unit="song", disable=None):
            if answer.error:
                cli.say(f"{answer.song}: {answer.error}")
            else:
                answers.append(answer)
    if not answers:
        raise DatasetError(f"{folder}: none of its songs can be used")
    if answers[0].embedding is None:
        raise ModelError(f"{model.folder}: no map, because this model does not use embeddings")
    mapping = model.card.mapping
    labels = np.array(
        [mapping.index(each.genre) if each.verdict == SURE else NOT_SURE for each in answers]
    )
    genres = dict(enumerate(mapping)) | {NOT_SURE: "(either or open)"}
    explore_tracks(
        np.stack([answer.embedding for answer in answers]),
        labels,
        {label: genres[label] for label in sorted(set(labels.tolist()))},
        [answer.song for answer in answers],
        f"{printable(folder.name)}: {len(answers)} songs and their predicted genres",
        "embeddings of the songs",
        picture,
    )
    return len(answers) == len(songs) and not problems


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    path, stem = arguments.input, arguments.input.stem[:LONGEST_STEM]
    if path.is_dir():
        check_folder(arguments.output)
        name = path.resolve().name[:LONGEST_STEM]
        picture = arguments.output / f"{name}-map.png"
        complete = explore_folder(path, picture, arguments.store)
        return cli.DONE if complete else cli.SOME_FAILED
    if segment_file.is_one(path):
        segments = segment_file.read(path)
        if not segments.originals.any():
            raise DatasetError(f"{path}: holds only copies of tracks, shifted in pitch or altered")
        check_folder(arguments.output)
        explore_segments(segments, printable(path.name), arguments.output / stem)
    else:
        check_folder(arguments.output)
        explore_song(path, arguments.output / f"{stem}.png")
    return cli.DONE


if __name__ == "__main__":
    cli.run(main)
