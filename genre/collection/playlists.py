"""Write playlists as M3U8 files, which most players read."""

import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

from genre.files import replacing

OPEN = "open"  # the name of the list of songs of which no genre is named
LONGEST_NAME = 200  # bytes; a file's name has 255 at most
# Names of devices, which Windows allows for no file, whatever its suffix.
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
COMMENT = "#"  # a line of a playlist that begins with it names no song


def fits(song: Path) -> bool:
    """Say whether a playlist can hold a song: not one with a line break in its path."""
    return not {"\n", "\r"} & set(str(song))


def write(songs: Sequence[Path], playlist: Path) -> None:
    """Write a playlist. Paths are relative to its folder, so that all can be moved together.

    Raises OSError if it cannot be written.
    """
    lines = ["#EXTM3U", *(_line(song, playlist.parent) for song in songs), ""]
    with replacing(playlist) as unfinished:
        text = "\n".join(lines)
        unfinished.write_text(text, encoding="utf-8", errors="surrogateescape", newline="\n")


def file_names(lists: Iterable[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """Return the file name of each list of songs, given by the genres that its songs may be of.

    A list of no genre holds the songs that are open. No two names are the same, even where a file
    system ignores case.
    """
    names: dict[tuple[str, ...], str] = {}
    taken: set[str] = set()
    for genres in lists:
        stem = name = _file_name(" or ".join(genres) or OPEN)
        number = 1
        while (key := unicodedata.normalize("NFC", name).casefold()) in taken:
            number += 1
            name = f"{stem} ({number})"
        taken.add(key)
        names[genres] = f"{name}.m3u8"
    return names


def _line(song: Path, folder: Path) -> str:
    try:
        line = Path(os.path.relpath(song, folder)).as_posix()
    except ValueError:  # on another drive of Windows
        return str(song.absolute())
    return f"./{line}" if line.startswith(COMMENT) or line[0].isspace() else line


def _file_name(genre: str) -> str:
    """Return a genre's name as all systems allow it in file names."""
    name = re.sub(r'[<>:"/\\|?*\x00-\x1f]', "-", genre)
    name = name.encode(errors="replace")[:LONGEST_NAME].decode(errors="ignore").strip(" .")
    return f"{name}_" if DEVICES.match(name) else name or "genre"
