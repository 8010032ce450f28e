"""Find the songs that a CSV file lists, one a row, with the columns `path,genre,part,artist`.

path,genre,part,artist
blues/crossroads.mp3,blues,train,Robert Johnson
/music/x.flac,jazz,test,
"""

from collections.abc import Iterator
from pathlib import Path

from genre.errors import DatasetError
from genre.files import printable
from genre.songs import TEST, TRAIN, UNUSED, VALIDATION, Song
from genre.songs.csv_table import records
from genre.songs.listing import Listing, check_is_folder, genre_name, located, sort_out

REQUIRED, OPTIONAL = ("path", "genre"), ("part", "artist")
PART_OF = {"": UNUSED, "train": TRAIN, "training": TRAIN, "test": TEST, "testing": TEST} | (
    dict.fromkeys(("val", "valid", "validation"), VALIDATION)
)


def find(path: Path, folder: Path | None = None) -> Listing:
    """Return the songs that a CSV file lists.

    Their paths are relative to `folder`, by default to the folder of the file. The columns `part`
    and `artist` are optional. Raises DatasetError if the file is not such a list, or as `sort_out`
    does.
    """
    check_is_folder(folder or path.parent)
    return sort_out(songs(path, (folder or path.parent).absolute()), path)


def read_part(text: str, where: str) -> str:
    """Return the part that a list's word means; raises DatasetError for an unknown word."""
    name = text.strip().lower()
    if name not in PART_OF:
        raise DatasetError(f"{where}: part {text!r:.40} is none of train, validation, test")
    return PART_OF[name]


def songs(path: Path, folder: Path) -> Iterator[tuple[int, Song]]:
    """Yield the songs of a list with their lines; raises DatasetError if it is not such a list."""
    for line, values in records(path, REQUIRED, optional=OPTIONAL):
        where = f"{path}, line {line}"
        if not values["path"]:
            raise DatasetError(f"{where}: no path")
        file, track = located(folder, values["path"])
        song = Song(
            path=file,
            track=track,
            genre=genre_name(values["genre"]),
            part=read_part(values["part"], where),
            artist=printable(values["artist"].strip()),
        )
        yield line, song
