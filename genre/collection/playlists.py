"""Write a playlist for each genre, as M3U8 files, which most players read."""

import os
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from genre.collection import NamedSong
from genre.files import replacing

UNCERTAIN = "uncertain"


def write(songs: Iterable[NamedSong], folder: Path) -> tuple[list[Path], list[Path]]:
    """Write `genre.m3u8` for each genre and `uncertain.m3u8` for the uncertain songs.

    Paths are relative to the folder, so that playlists and songs can be moved together. Returns the
    playlists, and the songs that no playlist can hold: those with a line break in their path.
    Existing playlists of genres without songs are not changed.
    """
    lines: dict[str, list[str]] = defaultdict(list)
    left_out = []
    for song in songs:
        if "\n" in str(song.path) or "\r" in str(song.path):
            left_out.append(song.path)
            continue
        name = UNCERTAIN if song.uncertain else song.genre
        lines[name].append(_relative(song.path, folder))
    written = []
    for name, paths in sorted(lines.items()):
        playlist = folder / f"{_file_name(name)}.m3u8"
        with replacing(playlist) as unfinished:
            text = "\n".join(["#EXTM3U", *paths, ""])
            unfinished.write_text(text, encoding="utf-8", errors="surrogateescape", newline="\n")
        written.append(playlist)
    return written, left_out


def _relative(song: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(song, folder)).as_posix()
    except ValueError:  # on another drive of Windows
        return str(song.absolute())


def _file_name(genre: str) -> str:
    """Return a genre's name without characters that some system does not allow in file names."""
    return re.sub(r'[<>:"/\\|?*\x00-\x1f]', "-", genre).strip(" .")[:100] or "genre"
