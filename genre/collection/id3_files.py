"""Where the formats with ID3 tags keep them, and how a file with another tag is put together.

A new file is a list of parts: new bytes, and ranges of the old file's bytes. So nothing but the tag
can change, except for the sizes and places in headers that must agree with it.
"""

import os
import re
import struct
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

from genre.collection import id3
from genre.collection.id3 import TagError

V1_LENGTH = 128  # bytes of an ID3v1 tag, which is the end of a file
DSF_HEADER = struct.Struct("<4sQQQ")  # b"DSD ", its own length, that of the file, the tag's place
INFO_HEADER = struct.Struct("<4sI")  # of a field of RIFF INFO: its name and length
INFO_GENRE = b"IGNR"
CHUNK_NAME = re.compile(rb"[ -~]{4}")
DAMAGED = "its parts are not where its header says, so a new tag could be played as sound"

Part = bytes | range


class Layout(NamedTuple):
    """How a format with chunks writes their headers, and calls the chunk with an ID3 tag."""

    header: struct.Struct  # of a chunk: its name, and the length of its content
    tag_name: bytes


LAYOUTS = {  # by the first bytes of a file
    b"RIFF": Layout(struct.Struct("<4sI"), b"id3 "),  # WAV
    b"FORM": Layout(struct.Struct(">4sI"), b"ID3 "),  # AIFF
    b"FRM8": Layout(struct.Struct(">4sQ"), b"ID3 "),  # DSDIFF
}


class Chunk(NamedTuple):
    name: bytes
    start: int  # of its content, in bytes from the beginning of the file
    end: int  # without the byte of padding


def size_of(file: BinaryIO) -> int:
    """Return the length of an open file in bytes."""
    return file.seek(0, os.SEEK_END)


def read(file: BinaryIO, start: int, end: int) -> bytes:
    """Return some bytes of a file. Raises TagError if it ends before."""
    if not 0 <= start <= end <= size_of(file):
        raise TagError(DAMAGED)
    file.seek(start)
    return file.read(end - start)


def tag_at_start(file: BinaryIO) -> bytes:
    """Return the ID3v2 tag with which a file begins, b"" if there is none."""
    return read(file, 0, id3.length(read(file, 0, min(id3.HEADER, size_of(file)))))


def with_tag_at_start(file: BinaryIO, tag: bytes, v1: bytes) -> list[Part]:
    """Return a file that begins with `tag` and ends with `v1`, each in place of the old one."""
    end = size_of(file) - len(tag_v1(file))
    return [tag, range(len(tag_at_start(file)), end), v1]


def tag_v1(file: BinaryIO) -> bytes:
    """Return the ID3v1 tag of a file, b"" if there is none."""
    size = size_of(file)
    if size < V1_LENGTH:
        return b""
    tag = read(file, size - V1_LENGTH, size)
    # "APETAGEX", with which an APEv2 tag begins, has the mark of an ID3v1 tag in it.
    return tag if tag.startswith(b"TAG") and not tag.startswith(b"TAGEX") else b""


def tag_in_chunk(file: BinaryIO) -> bytes:
    """Return the ID3v2 tag of a WAV, AIFF or DSDIFF file, b"" if there is none."""
    layout, _, chunks = _chunks(file)
    for chunk in filter(lambda chunk: _holds_tag(chunk, layout), chunks):
        content = read(file, chunk.start, chunk.end)
        return content[: id3.length(content)]
    return b""


def with_tag_in_chunk(file: BinaryIO, tag: bytes, genres: Sequence[str]) -> list[Part]:
    """Return a WAV, AIFF or DSDIFF file with `tag` in place of its own.

    A genre in the chunk LIST of a WAV file is replaced by the first of `genres`, too, if any.
    """
    layout, form, chunks = _chunks(file)
    new = {chunk: tag for chunk in chunks if _holds_tag(chunk, layout)}
    found = bool(new)
    for chunk in chunks:
        content = _info(file, chunk)
        if genres and _info_genre(content):
            new[chunk] = _with_info_genre(content, genres[0])
    parts: list[Part] = []
    for chunk in chunks:
        if chunk in new:
            parts += _new_chunk(layout, chunk.name, new[chunk])
        else:
            parts += _old_chunk(layout, chunk, size_of(file))
    if not found:
        parts += _new_chunk(layout, layout.tag_name, tag)
    size = len(form) + sum(map(len, parts))
    try:
        return [layout.header.pack(read(file, 0, 4), size), form, *parts]
    except struct.error:
        raise TagError("it would be too large for its format") from None


def tag_of_dsf(file: BinaryIO) -> bytes:
    """Return the ID3v2 tag of a DSF file, b"" if there is none."""
    *_, place = DSF_HEADER.unpack(read(file, 0, DSF_HEADER.size))
    return read(file, place, size_of(file)) if place else b""


def with_tag_of_dsf(file: BinaryIO, tag: bytes) -> list[Part]:
    """Return a DSF file with `tag` at its end in place of its own."""
    name, length, size, place = DSF_HEADER.unpack(read(file, 0, DSF_HEADER.size))
    if size != size_of(file):
        raise TagError(DAMAGED)
    place = place or size
    header = DSF_HEADER.pack(name, length, place + len(tag), place)
    return [header, range(DSF_HEADER.size, place), tag]


def _chunks(file: BinaryIO) -> tuple[Layout, bytes, list[Chunk]]:
    """Return how a file with chunks is laid out, its form, and its chunks.

    Raises TagError if they do not fill the file. The size of the whole may be wrong, as other
    programs do not rely on it, and the last byte of padding may be missing.
    """
    layout = LAYOUTS[read(file, 0, 4)]
    header, size = layout.header, size_of(file)
    at = header.size + 4
    form, chunks = read(file, header.size, at), []
    while at < size:
        name, length = header.unpack(read(file, at, at + header.size))
        chunk = Chunk(name, at + header.size, at + header.size + length)
        if chunk.end > size or not CHUNK_NAME.fullmatch(name):
            raise TagError(DAMAGED)
        chunks.append(chunk)
        at = chunk.end + length % 2
    return layout, form, chunks


def _holds_tag(chunk: Chunk, layout: Layout) -> bool:
    return chunk.name.lower() == layout.tag_name.lower()


def _new_chunk(layout: Layout, name: bytes, content: bytes) -> list[Part]:
    return [layout.header.pack(name, len(content)), content, bytes(len(content) % 2)]


def _old_chunk(layout: Layout, chunk: Chunk, size: int) -> list[Part]:
    """Return a chunk as it is in a file of some size, with a byte of padding if that is missing."""
    end = chunk.end + (chunk.end - chunk.start) % 2
    return [range(chunk.start - layout.header.size, min(end, size)), bytes(max(0, end - size))]


def _info(file: BinaryIO, chunk: Chunk) -> bytes:
    """Return the content of a chunk with the fields of RIFF INFO, b"" if it is another chunk."""
    if chunk.name != b"LIST" or read(file, chunk.start, chunk.start + 4) != b"INFO":
        return b""
    return read(file, chunk.start, chunk.end)


def _info_fields(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the name of each field of RIFF INFO, and all its bytes."""
    at = 4
    while at + INFO_HEADER.size <= len(content):
        name, length = INFO_HEADER.unpack_from(content, at)
        end = at + INFO_HEADER.size + length + length % 2
        yield name, content[at:end]
        at = end


def _info_genre(content: bytes) -> str:
    for name, field in _info_fields(content):
        if name == INFO_GENRE:
            return field[INFO_HEADER.size :].rstrip(b"\0").decode(errors="replace")
    return ""


def _with_info_genre(content: bytes, genre: str) -> bytes:
    text = genre.encode() + b"\0"
    field = INFO_HEADER.pack(INFO_GENRE, len(text)) + text + bytes(len(text) % 2)
    fields = (field if name == INFO_GENRE else old for name, old in _info_fields(content))
    return b"".join([content[:4], *fields])
