"""Write the genre of a song, its mood and what else is heard into its file's own tags.

A file is never worse than before: the new one is put together beside it, and takes its place only
if the texts are found in it and its sound is the same.
"""

import re
import shutil
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

from genre.audio.comparison import same_sound
from genre.audio.decoding import is_mpeg
from genre.collection import id3, id3_files, mutagen_files
from genre.collection.id3 import TagError
from genre.collection.mutagen_files import Texts
from genre.errors import DatasetError
from genre.files import rewriting
from genre.songs import file_tags
from genre.songs.file_tags import GENRE, MOOD, SOUND, Tags

CHUNK = 2**20  # bytes that are copied at once


class Format(NamedTuple):
    """How a file keeps its tags; writes texts from one file into a copy of it."""

    beginning: re.Pattern[bytes]  # after an ID3 tag, if the file begins with one
    write: Callable[[Path, Path, Texts], None]


def read(path: Path) -> Tags:
    """Return what a file's tags say. Raises TagError if they cannot be read, or if there are none.

    There are none where the file's format has none that can be written.
    """
    try:
        _format(path)
        return file_tags.read(path)
    except OSError as error:
        raise TagError(error.strerror or str(error)) from None
    except DatasetError as error:
        raise TagError(*error.args) from None


def write(path: Path, texts: Texts) -> None:
    """Write texts into a file's tags, by GENRE, MOOD or SOUND; all else in the file stays.

    A mood and sound tags of its own must not be there. A link stays a link. Raises TagError, and
    leaves the file as it is, if it cannot be written, if the texts are not found in the new file,
    or if that does not sound the same.
    """
    path = path.resolve()
    try:
        with rewriting(path) as unfinished:
            _format(path).write(path, unfinished, texts)
            if not _holds(read(unfinished), texts):
                raise TagError("what was written could not be found afterwards")
            if not same_sound(path, unfinished):
                raise TagError("a tag would change its sound")
    except OSError as error:
        raise TagError(error.strerror or str(error)) from None


def _holds(found: Tags, texts: Texts) -> bool:
    said = {GENRE: found.genres, MOOD: found.moods, SOUND: found.sounds}
    return all(said[what] == file_tags.separated(values) for what, values in texts.items())


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


def _write_mpeg(old: Path, new: Path, texts: Texts) -> None:
    """Write texts into the ID3 tag, and a genre into all other tags that hold one.

    If a file has an APEv2 tag only, the texts go into that: an ID3 tag beside it would hide its
    other fields from some players.
    """
    ape = mutagen_files.ape_tag(old)
    with open(old, "rb") as file:
        tag, v1 = id3_files.tag_at_start(file), id3_files.tag_v1(file)
        if ape is None or tag:
            tag = id3.with_texts(tag or (id3.from_v1(v1) if v1 else b""), texts)
        v1 = id3.v1_with_genre(v1, texts[GENRE]) if v1 and GENRE in texts else v1
        _compose(file, id3_files.with_tag_at_start(file, tag, v1), new)
    if ape is not None and not tag:
        mutagen_files.write_ape(new, texts)
    elif ape is not None and GENRE in texts and "Genre" in ape:
        mutagen_files.write_ape(new, {GENRE: texts[GENRE]})


def _write_chunk(old: Path, new: Path, texts: Texts) -> None:
    with open(old, "rb") as file:
        tag = id3.with_texts(id3_files.tag_in_chunk(file), texts)
        _compose(file, id3_files.with_tag_in_chunk(file, tag, texts.get(GENRE, ())), new)


def _write_dsf(old: Path, new: Path, texts: Texts) -> None:
    with open(old, "rb") as file:
        tag = id3.with_texts(id3_files.tag_of_dsf(file), texts)
        _compose(file, id3_files.with_tag_of_dsf(file, tag), new)


def _write_copy(write: Callable, old: Path, new: Path, texts: Texts) -> None:
    """Copy a file, and let mutagen write into the copy."""
    shutil.copyfile(old, new)
    write(new, texts=texts)


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
    """Return a format whose tags mutagen writes."""
    write = partial(mutagen_files.write, opening=opening)
    return Format(re.compile(beginning, re.DOTALL), partial(_write_copy, write))


MPEG = Format(re.compile(rb"TTA1"), _write_mpeg)
FORMATS = (
    MPEG,
    Format(re.compile(rb"RIFF....WAVE|FORM....AIF[FC]|FRM8.{8}DSD ", re.DOTALL), _write_chunk),
    Format(re.compile(rb"DSD "), _write_dsf),
    Format(re.compile(rb"MAC |wvpk|MPCK|MP\+|tBaK"), partial(_write_copy, mutagen_files.write_ape)),
    _by_mutagen(rb"fLaC|OggS", mutagen_files.open_comments),
    _by_mutagen(rb"....ftyp", mutagen_files.open_mp4),
    _by_mutagen(rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", mutagen_files.open_asf),
)
