"""Find the songs of the Million Song Dataset whose audio the user has.

The data set names its songs by numbers, and its folders by three of their letters:
`A/B/C/TRABC....mp3`. Genres are those of tagtraum's files: after headings that begin with "#", a
line `number<TAB>genre` for each song, where a second genre can follow. Artists are listed in the
data set's `unique_tracks.txt`: `number<SEP>song<SEP>artist<SEP>title`.

Sources: T. Bertin-Mahieux, D. Ellis, B. Whitman and P. Lamere, "The Million Song Dataset", ISMIR
2011; H. Schreiber, "Improving Genre Annotations for the Million Song Dataset", ISMIR 2015,
https://www.tagtraum.com/msd_genre_datasets.html.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from genre.errors import DatasetError
from genre.files import printable
from genre.songs import Song
from genre.songs.listing import Listing, check_is_folder, genre_name, sort_out

SEPARATOR = "<SEP>"  # of the values in unique_tracks.txt
NUMBER = re.compile("TR[A-Z]{5}[0-9A-F]{11}")


def find(genres: Path, dataset: Path, *, artists: Path | None = None) -> Listing:
    """Return the songs of one of tagtraum's files, with the first of their genres.

    `dataset` is the folder with `A` to `Z`, and `artists` is `unique_tracks.txt`; without it, no
    artist is known. Raises DatasetError if a file has another form, or as `sort_out` does.
    """
    check_is_folder(dataset)
    return sort_out(_songs(genres, dataset, _artists(artists) if artists else {}), genres)


def _songs(genres: Path, dataset: Path, artist_of: dict[str, str]) -> Iterator[tuple[int, Song]]:
    """Yield the songs with their line numbers in the file of genres."""
    for line, text in _lines(genres):
        number, *names = text.split("\t")
        if text.startswith("#"):
            continue
        if not NUMBER.fullmatch(number) or not names:
            raise DatasetError(f"{genres}, line {line}: not a track's number, a tab and a genre")
        track = "/".join([*number[2:5], f"{number}.mp3"])
        genre, artist = genre_name(names[0]), artist_of.get(number, "")
        yield line, Song(dataset / track, track, genre, artist=artist)


def _artists(path: Path) -> dict[str, str]:
    """Return the artist of each song, by its number."""
    artist_of = {}
    for line, text in _lines(path):
        values = text.split(SEPARATOR)
        if len(values) < 4:
            raise DatasetError(f"{path}, line {line}: not number, song, artist and title")
        artist_of[values[0]] = printable(values[2].strip())
    return artist_of


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file, without blank ones, with their numbers."""
    try:
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line.rstrip("\n")
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not text in UTF-8 ({error})") from None
