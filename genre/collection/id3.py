"""Put texts into an ID3 tag, and leave all its other frames as they are, byte for byte.

mutagen reads every frame, but writes only those that it knows, in version 2.4 or 2.3. So a tag of
another version would be converted, and would lose frames.
"""

import io
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from genre.errors import GenreError
from genre.songs.file_tags import GENRE, MOOD, SOUND

HEADER = 10  # bytes
PADDING = 1024  # bytes of room for later changes
UNSYNCHRONISED, EXTENDED, FOOTER = 0x80, 0x40, 0x10  # bits of a tag's flags
LARGEST = 2**28 - 1  # bytes
FRAME_ID = {2: re.compile(rb"[A-Z0-9]{3}"), 3: re.compile(rb"[A-Z0-9]{3}[A-Z0-9 \0]")}
FRAME_ID[4] = FRAME_ID[3]

Frames = list[tuple[bytes, bytes]]  # each frame's name, and all its bytes


class Frame(NamedTuple):
    """Where a text stands in a tag: in a frame of its own, or in one for texts of any kind."""

    name: bytes
    described: tuple[str, ...] = ()  # what a frame for texts of any kind says before the text


FRAMES = {  # by the tag's version
    2: {
        GENRE: Frame(b"TCO"),
        MOOD: Frame(b"TXX", ("MOOD",)),
        SOUND: Frame(b"TXX", ("SOUND TAGS",)),
    },
    3: {
        GENRE: Frame(b"TCON"),
        MOOD: Frame(b"TXXX", ("MOOD",)),
        SOUND: Frame(b"TXXX", ("SOUND TAGS",)),
    },
    4: {
        GENRE: Frame(b"TCON"),
        MOOD: Frame(b"TMOO"),
        SOUND: Frame(b"TXXX", ("SOUND TAGS",)),
    },
}


class TagError(GenreError):
    """A file's tags cannot be read or written; the text gives the reason, not the file's name."""


def length(start: bytes) -> int:
    """Return the length of the ID3v2 tag that begins with these bytes, in bytes; 0 if none does.

    Raises TagError if its header is damaged.
    """
    if not start.startswith(b"ID3"):
        return 0
    if len(start) < HEADER or max(start[6:HEADER]) > 127:
        raise TagError("its ID3 tag is damaged")
    footer = HEADER if start[3] == 4 and start[5] & FOOTER else 0
    return HEADER + _synchsafe(start[6:HEADER]) + footer


def with_texts(tag: bytes, texts: Mapping[str, Sequence[str]]) -> bytes:
    """Return an ID3v2 tag with some texts, by GENRE, MOOD or SOUND; b"" stands for an empty tag.

    They take the place of its own genre; a mood and sound tags of its own must not be there. The
    tag keeps its version, its other frames and, if the texts fit, its length. Raises TagError if it
    is damaged or of an unknown version.
    """
    version, frames = _parse(tag) if tag else (4, [])
    new = [(FRAMES[version][what], values) for what, values in texts.items()]
    replaced = [frame.name for frame, _ in new if not frame.described]
    kept = [content for name, content in frames if name not in replaced]
    added = [_text_frame(version, frame.name, [*frame.described, *values]) for frame, values in new]
    body = b"".join(kept + added)
    room = len(tag) - HEADER - len(body)
    body += bytes(room if room >= 0 else PADDING)
    if len(body) > LARGEST:
        raise TagError("its ID3 tag is full")
    unsynchronised = tag[5] & UNSYNCHRONISED if version == 4 and tag else 0
    revision = tag[4] if tag else 0
    return (
        struct.pack(">3sBBB", b"ID3", version, revision, unsynchronised)
        + _synchsafe_size(body)
        + body
    )


def v1_with_genre(tag: bytes, names: Sequence[str]) -> bytes:
    """Return an ID3v1 tag with the number of the first of these genres, 255 if it has none."""
    from mutagen.id3 import TCON

    numbers = {name.lower(): number for number, name in reversed(list(enumerate(TCON.GENRES)))}
    return tag[:-1] + bytes([numbers.get(names[0].lower(), 255)])


def from_v1(tag: bytes) -> bytes:
    """Return an ID3v2 tag with the fields of an ID3v1 tag: many players read only one of them."""
    from mutagen.id3 import ID3, ParseID3v1

    content = io.BytesIO()
    fields = ID3()
    for frame in (ParseID3v1(tag) or {}).values():
        fields.add(frame)
    fields.save(content, v1=0, padding=lambda _: PADDING)
    return content.getvalue()


def _parse(tag: bytes) -> tuple[int, Frames]:
    """Return a tag's version and frames; padding, footer and extended header are left out."""
    version, flags = tag[3], tag[5]
    if version not in FRAME_ID or (version == 2 and flags & EXTENDED):
        raise TagError("its ID3 tag is of an unknown version")
    body = tag[HEADER : len(tag) - (HEADER if version == 4 and flags & FOOTER else 0)]
    if flags & UNSYNCHRONISED and version < 4:  # in 2.4 each frame is unsynchronised by itself
        body = body.replace(b"\xff\0", b"\xff")
    if flags & EXTENDED:
        body = body[_extended_length(version, body) :]
    frames = _frames(version, body, _synchsafe if version == 4 else _plain)
    if frames is None and version == 4:  # iTunes has written plain sizes in 2.4
        frames = _frames(version, body, _plain)
    if frames is None:
        raise TagError("its ID3 tag is damaged")
    return version, frames


def _frames(version: int, body: bytes, size_of: Callable[[bytes], int]) -> Frames | None:
    """Return the frames of a tag's body, None if they do not fill it up to the padding."""
    digits, header = (3, 6) if version == 2 else (4, 10)
    frames, at = [], 0
    while at + header <= len(body) and body[at]:
        name = body[at : at + digits]
        end = at + header + size_of(body[at + digits : at + 2 * digits])
        if end > len(body) or not FRAME_ID[version].fullmatch(name):
            return None
        frames.append((name, body[at:end]))
        at = end
    return None if body[at:].strip(b"\0") else frames


def _text_frame(version: int, name: bytes, texts: Sequence[str]) -> bytes:
    """Return a frame with texts, in an encoding that the version has."""
    joined = "\0".join(texts)
    if version == 4:
        content = b"\3" + joined.encode()
    elif joined.isascii():
        content = b"\0" + joined.encode()
    else:
        content = b"\1" + joined.encode("utf-16")
    if version == 2:
        return name + len(content).to_bytes(3, "big") + content
    size = _synchsafe_size(content) if version == 4 else struct.pack(">I", len(content))
    return name + size + bytes(2) + content


def _extended_length(version: int, body: bytes) -> int:
    """Return the length of the extended header; version 2.3 does not count the size itself."""
    return _synchsafe(body[:4]) if version == 4 else 4 + _plain(body[:4])


def _plain(size: bytes) -> int:
    return int.from_bytes(size, "big")


def _synchsafe(size: bytes) -> int:
    """Return the number whose digits are bytes of 7 bits; larger bytes make it too large to fit."""
    if max(size) > 127:
        return LARGEST + 1
    return sum(byte << 7 * place for place, byte in enumerate(reversed(size)))


def _synchsafe_size(content: bytes) -> bytes:
    """Return the length of some content as four bytes of 7 bits."""
    return bytes(len(content) >> shift & 127 for shift in (21, 14, 7, 0))
