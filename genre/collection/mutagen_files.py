"""Write into the tags that mutagen writes well: Vorbis comments, APEv2, MP4 and ASF."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from genre.collection import id3_files
from genre.collection.id3 import TagError
from genre.errors import reason
from genre.songs import file_tags

FREE_FORM = "----"  # how those keys of MP4 begin that programs make up
UNREADABLE = "\N{REPLACEMENT CHARACTER}"  # what mutagen gives for bytes that are no text
UNSAFE = "its other tags would not stay as they are"
QUICKTIME = b"qt  "  # the brand of QuickTime's own files, which keep tags in other places
LYRICS = b"LYRICS200"  # the end of a Lyrics3 tag, which mutagen would remove

Opened = Any  # a file that mutagen has opened
Open = Callable[[Path], Opened]
Texts = Mapping[str, Sequence[str]]  # by the words in file_tags.KEYS


def open_comments(path: Path) -> Opened:
    """Open a file with Vorbis comments: FLAC, or Ogg with any of its codecs."""
    import mutagen
    from mutagen.flac import FLAC
    from mutagen.oggflac import OggFLAC
    from mutagen.oggopus import OggOpus
    from mutagen.oggspeex import OggSpeex
    from mutagen.oggtheora import OggTheora
    from mutagen.oggvorbis import OggVorbis

    kinds = [FLAC, OggFLAC, OggOpus, OggSpeex, OggTheora, OggVorbis]
    file = mutagen.File(path, options=kinds)
    if file is None:
        raise TagError("its codec has no tags, or is not known")
    return file


def open_mp4(path: Path) -> Opened:
    """Open an MP4 file. Raises TagError if it is of a kind in which mutagen moves the sound."""
    from mutagen.mp4 import MP4

    brand, names = _boxes(path)
    if brand == QUICKTIME:
        raise TagError("QuickTime files have other tags")
    if b"moof" in names:
        raise TagError("its sound is in fragments, whose places a tag would change")
    return MP4(path)


def open_asf(path: Path) -> Opened:
    """Open a WMA or another ASF file."""
    from mutagen.asf import ASF

    return ASF(path)


def write(path: Path, opening: Open, texts: Texts) -> None:
    """Write texts into the tags of a file, in place.

    Raises TagError if the file cannot be written, or if its other tags then differ.
    """
    file = _opened(path, opening)
    before = _others(file, texts)
    if any(UNREADABLE in key + value for key, value in before):
        raise TagError(f"{UNSAFE}: some hold bytes that are no text")
    try:
        if file.tags is None:
            file.add_tags()
        _put(file.tags, texts)
        file.save()
    except Exception as error:  # mutagen raises many kinds where a file is damaged
        raise TagError(f"its tags cannot be written ({reason(error)})") from error
    if _others(_opened(path, opening), texts) != before:
        raise TagError(UNSAFE)


def ape_tag(path: Path) -> Any:
    """Return the APEv2 tag of a file, None if it has none."""
    from mutagen.apev2 import APENoHeaderError, APEv2

    try:
        return APEv2(path)
    except APENoHeaderError:
        return None
    except Exception as error:  # mutagen raises many kinds where a tag is damaged
        raise TagError(f"its tags cannot be read ({reason(error)})") from error


def write_ape(path: Path, texts: Texts) -> None:
    """Write texts into the APEv2 tag of a file, in place. An ID3v1 tag stays behind it."""
    from mutagen.apev2 import APEv2

    with open(path, "r+b") as file:
        v1 = id3_files.tag_v1(file)
        file.truncate(id3_files.size_of(file) - len(v1))
        file.seek(-min(len(LYRICS), id3_files.size_of(file)), os.SEEK_END)
        if file.read() == LYRICS:
            raise TagError("its lyrics stand where a tag would be written")
    tags = ape_tag(path)
    tags = APEv2() if tags is None else tags
    before = _items(tags, texts)
    _put(tags, texts)
    try:
        tags.save(path)
    except Exception as error:  # mutagen raises many kinds where a tag is damaged
        raise TagError(f"its tags cannot be written ({reason(error)})") from error
    if _items(ape_tag(path), texts) != before:
        raise TagError(UNSAFE)
    with open(path, "ab") as file:
        file.write(v1)


def _opened(path: Path, opening: Open) -> Opened:
    try:
        return opening(path)
    except TagError:
        raise
    except Exception as error:  # mutagen raises many kinds where a file is damaged
        raise TagError(f"its tags cannot be read ({reason(error)})") from error


def _put(tags: Any, texts: Texts) -> None:
    for what, values in texts.items():
        key, *_ = file_tags.keys(tags)[what]
        # MP4 keeps what its own keys do not name as bytes.
        tags[key] = [it.encode() if key.startswith(FREE_FORM) else it for it in values]


def _others(file: Opened, texts: Texts) -> list[tuple[str, str]]:
    """Return all tags but those of `texts`, and the pictures of a FLAC file, to compare them."""
    pictures = [("", repr(picture.data)) for picture in getattr(file, "pictures", [])]
    return pictures + ([] if file.tags is None else _items(file.tags, texts))


def _items(tags: Any, texts: Texts) -> list[tuple[str, str]]:
    """Return all tags but those of `texts`, in a form to compare."""
    written = {file_tags.keys(tags)[what][0].lower() for what in texts}
    items = ((key.lower(), repr(value)) for key, value in tags.items())
    return sorted(item for item in items if item[0] not in written)


def _boxes(path: Path) -> tuple[bytes, list[bytes]]:
    """Return the brand of an MP4 file, and the names of its outermost boxes."""
    names, at = [], 0
    with open(path, "rb") as file:
        size = id3_files.size_of(file)
        while at + 8 <= size:
            header = id3_files.read(file, at, min(at + 16, size))
            length, name = int.from_bytes(header[:4], "big"), header[4:8]
            if length == 1:
                length = int.from_bytes(header[8:16], "big")
            names.append(name)
            at = at + length if length >= 8 else size  # 0 means up to the end
        return id3_files.read(file, 8, 12), names
