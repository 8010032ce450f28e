"""Name the genre of songs with a trained network.

    python predict.py --model output/cnn --input song.mp3
    python predict.py --model output/cnn --input song.mp3 ~/Music/unsorted --count 3
    python predict.py --model output/lstm --input song.mp3 --type max

The network judges each segment of a song's first 30 s; its answers are joined over the song.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from genre import card, cli, dataset, evaluation, features
from genre.errors import AudioError, GenreError

SONGS_PER_BATCH = 32  # bounds memory; one call of the network costs more than many segments do


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--model",
        type=Path,
        metavar="PATH",
        required=True,
        help="folder of a trained network, or the .keras file in it",
    )
    parser.add_argument(
        "--input",
        type=Path,
        nargs="+",
        metavar="PATH",
        required=True,
        help="audio files, and folders to search through for them",
    )
    parser.add_argument(
        "--type",
        choices=evaluation.JOINS,
        default="mean",
        help="how the segments' probabilities are joined over a song (default: %(default)s)",
    )
    parser.add_argument(
        "--count",
        type=cli.count,
        metavar="N",
        help="print the N most likely genres, highest first (default: all, in the network's order)",
    )
    return parser.parse_args(argv)


def find_inputs(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield the files among the paths, and the audio files in the folders among them."""
    for path in paths:
        if path.is_dir():
            yield from dataset.audio_files(path)
        else:
            yield path


def in_batches(
    songs: Sequence[Path], settings: features.Settings, failed: list[Path]
) -> Iterator[list[tuple[Path, np.ndarray]]]:
    """Yield songs with their frames, SONGS_PER_BATCH at once; unusable ones go to `failed`."""
    batch = []
    for song in songs:
        try:
            batch.append((song, features.of_track(song, settings)))
        except AudioError as error:
            cli.say(f"{song}: {error}")
            failed.append(song)
        if len(batch) == SONGS_PER_BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def predict(
    network: "card.keras.Model", batch: list[tuple[Path, np.ndarray]], how: str
) -> Iterator[tuple[Path, np.ndarray]]:
    """Yield each song of the batch with its joined probabilities, (genres,)."""
    frames = [frames for _, frames in batch]
    probabilities = network.predict_on_batch(np.concatenate(frames))
    borders = np.cumsum([len(segments) for segments in frames])[:-1]
    for (song, _), of_song in zip(batch, np.split(probabilities, borders), strict=True):
        yield song, evaluation.join(of_song, how)


def row(song: Path, probabilities: np.ndarray, mapping: list[str], count: int | None) -> str:
    """Return a song's line: its name and its genres with their probabilities."""
    order = range(len(mapping)) if count is None else np.argsort(-probabilities)[:count]
    return f"{song}: " + ", ".join(f"{mapping[i]} {probabilities[i]:.1%}" for i in order)


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    songs = list(find_inputs(arguments.input))
    if not songs:
        raise GenreError(f"no audio files in {', '.join(map(str, arguments.input))}")
    network, the_card = card.load(arguments.model)
    settings = card.settings(the_card)
    failed: list[Path] = []
    for batch in in_batches(songs, settings, failed):
        for song, probabilities in predict(network, batch, arguments.type):
            print(row(song, probabilities, the_card.mapping, arguments.count))
    if len(failed) == len(songs):
        return cli.NOTHING_DONE
    return cli.SOME_FAILED if failed else cli.DONE


if __name__ == "__main__":
    cli.run(main)
