"""Write a genre into the tags of an audio file, as music players show them.

A file is never worse than before: the new one is put together beside it, and takes its place only
if the genre is found in it and its sound is the same.
"""

import re
import shutil
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

from genre.audio.comparison import same_sound
from genre.audio.decoding import is_mpeg
from genre.collection import id3, id3_files, mutagen_files
from genre.collection.id3 import TagError
from genre.files import rewriting

CHUNK = 2**20  # bytes that are copied at once
SEPARATOR = "; "  # between the genres of one file, where they are shown


class Format(NamedTuple):
    """How a file keeps its tags; read and write genres, from one file into a copy of it."""

    beginning: re.Pattern[bytes]  # after an ID3 tag, if the file begins with one
    read: Callable[[Path], list[str]]
    write: Callable[[Path, Path, Sequence[str]], None]


def read_genre(path: Path) -> str:
    """Return the genre in a file's tags, "" if there is none. Any kind of tag counts.

    Raises TagError if the file's format has no tags, or if they cannot be read.
    """
    try:
        return SEPARATOR.join(_format(path).read(path))
    except OSError as error:
        raise TagError(error.strerror or str(error)) from None


def write_genre(path: Path, genre: str) -> None:
    """Write the genre into a file's tags; its other tags, its sound and its facts stay.

    A link stays a link. Raises TagError, and leaves the file as it is, if it cannot be written, if
    the genre is not found in the new file, or if that does not sound the same.
    """
    path = path.resolve()
    try:
        with rewriting(path) as unfinished:
            _format(path).write(path, unfinished, [genre])
            if read_genre(unfinished) != genre:
                raise TagError("the genre could not be found after it was written")
            if not same_sound(path, unfinished):
                raise TagError("a tag would change its sound")
    except OSError as error:
        raise TagError(error.strerror or str(error)) from None


def _format(path: Path) -> Format:
    """Return how a file keeps its tags. Its content decides, not its name."""
    with open(path, "rb") as file:
        at = len(id3_files.tag_at_start(file))
        beginning = id3_files.read(file, at, min(at + 16, id3_files.size_of(file)))
    for known in FORMATS:
        if known.beginning.match(beginning):
            return known
    if is_mpeg(path):
        return MPEG
    raise TagError("its format has no tags, or is not known")


def _read_mpeg(path: Path) -> list[str]:
    """Return the genres of a file with tags at its start, at its end, or both."""
    with open(path, "rb") as file:
        tag, v1 = id3_files.tag_at_start(file), id3_files.tag_v1(file)
    return (
        (id3.genres(tag) if tag else [])
        or mutagen_files.read_ape(path)
        or (id3.genres_of_v1(v1) if v1 else [])
    )


def _write_mpeg(old: Path, new: Path, names: Sequence[str]) -> None:
    """Write genres into the ID3 tag, and into all other tags that hold one.

    If a file has an APEv2 tag only, the genres go into that: an ID3 tag beside it would hide its
    other fields from some players.
    """
    ape = mutagen_files.ape_tag(old)
    with open(old, "rb") as file:
        tag, v1 = id3_files.tag_at_start(file), id3_files.tag_v1(file)
        if ape is None or tag:
            tag = id3.with_genre(tag or (id3.from_v1(v1) if v1 else b""), names)
        v1 = id3.v1_with_genre(v1, names) if v1 else v1
        _compose(file, id3_files.with_tag_at_start(file, tag, v1), new)
    if ape is not None and (not tag or "Genre" in ape):
        mutagen_files.write_ape(new, names)


def _read_chunk(path: Path) -> list[str]:
    with open(path, "rb") as file:
        tag, genre = id3_files.tag_in_chunk(file), id3_files.genre_in_info(file)
    return (id3.genres(tag) if tag else []) or ([genre] if genre else [])


def _write_chunk(old: Path, new: Path, names: Sequence[str]) -> None:
    with open(old, "rb") as file:
        tag = id3.with_genre(id3_files.tag_in_chunk(file), names)
        _compose(file, id3_files.with_tag_in_chunk(file, tag, names), new)


def _read_dsf(path: Path) -> list[str]:
    with open(path, "rb") as file:
        tag = id3_files.tag_of_dsf(file)
    return id3.genres(tag) if tag else []


def _write_dsf(old: Path, new: Path, names: Sequence[str]) -> None:
    with open(old, "rb") as file:
        tag = id3.with_genre(id3_files.tag_of_dsf(file), names)
        _compose(file, id3_files.with_tag_of_dsf(file, tag), new)


def _write_copy(write: Callable, old: Path, new: Path, names: Sequence[str]) -> None:
    """Copy a file, and let mutagen write into the copy."""
    shutil.copyfile(old, new)
    write(new, names=names)


def _compose(file: BinaryIO, parts: Iterable[id3_files.Part], path: Path) -> None:
    """Write a file from parts that are new, and parts that another file holds."""
    with open(path, "wb") as new:
        for part in parts:
            if isinstance(part, bytes):
                new.write(part)
                continue
            file.seek(part.start)
            left = len(part)
            while left and (chunk := file.read(min(left, CHUNK))):
                new.write(chunk)
                left -= len(chunk)


def _by_mutagen(beginning: bytes, opening: mutagen_files.Open) -> Format:
    """Return a format of which mutagen reads and writes the tags."""
    return Format(
        re.compile(beginning, re.DOTALL),
        partial(mutagen_files.read, opening=opening),
        partial(_write_copy, partial(mutagen_files.write, opening=opening)),
    )


MPEG = Format(re.compile(rb"TTA1"), _read_mpeg, _write_mpeg)
FORMATS = (
    MPEG,
    Format(
        re.compile(rb"RIFF....WAVE|FORM....AIF[FC]|FRM8.{8}DSD ", re.DOTALL),
        _read_chunk,
        _write_chunk,
    ),
    Format(re.compile(rb"DSD "), _read_dsf, _write_dsf),
    Format(
        re.compile(rb"MAC |wvpk|MPCK|MP\+|tBaK"),
        mutagen_files.read_ape,
        partial(_write_copy, mutagen_files.write_ape),
    ),
    _by_mutagen(rb"fLaC|OggS", mutagen_files.open_comments),
    _by_mutagen(rb"....ftyp", mutagen_files.open_mp4),
    _by_mutagen(rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", mutagen_files.open_asf),
)
