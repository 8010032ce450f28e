"""ID3 tags, byte by byte: a genre is put in, every other frame stays."""

import io
import struct

import pytest
from mutagen.id3 import ID3

from genre.collection import id3
from genre.collection.id3 import TagError
from genre.songs.file_tags import GENRE, MOOD, SOUND


def synchsafe(number: int) -> bytes:
    return bytes(number >> shift & 127 for shift in (21, 14, 7, 0))


def tag(version: int, body: bytes, flags: int = 0) -> bytes:
    return b"ID3" + bytes([version, 0, flags]) + synchsafe(len(body)) + body


def frame(version: int, name: bytes, content: bytes, flags: bytes = b"\0\0") -> bytes:
    if version == 2:
        return name + len(content).to_bytes(3, "big") + content
    size = synchsafe(len(content)) if version == 4 else struct.pack(">I", len(content))
    return name + size + flags + content


def frames(content: bytes) -> bytes:
    """What a tag holds, without its padding."""
    return content[id3.HEADER :].rstrip(b"\0")


def found(content: bytes) -> ID3:
    return ID3(io.BytesIO(content))


def genres(content: bytes) -> list[str]:
    return found(content)["TCON"].genres


NAMES = {
    2: (b"TT2", b"TCO", b"RVA"),
    3: (b"TIT2", b"TCON", b"RVAD"),
    4: (b"TIT2", b"TCON", b"NCON"),
}


@pytest.mark.parametrize("version", NAMES)
def test_frames_that_nobody_knows_stay_in_every_version(version):
    title, genre, unknown = NAMES[version]
    others = frame(version, unknown, bytes(range(1, 200))), frame(version, title, b"\0Same") * 2
    old = tag(version, others[0] + frame(version, genre, b"\0old") + others[1] + bytes(100))
    new = id3.with_texts(old, {GENRE: ["blues"]})
    encoding = b"\3" if version == 4 else b"\0"
    assert frames(new) == b"".join(others) + frame(version, genre, encoding + b"blues")
    assert len(new) == len(old)
    assert new[3] == version
    assert genres(new) == ["blues"]
    longer = id3.with_texts(old, {GENRE: ["b" * 500]})
    assert len(longer) == id3.length(longer) > len(old)
    assert genres(longer) == ["b" * 500]


@pytest.mark.parametrize("version", NAMES)
def test_any_text_and_several_genres_can_be_written(version):
    names = ["ÿ música", "水"]
    assert genres(id3.with_texts(tag(version, bytes(10)), {GENRE: names})) == names


@pytest.mark.parametrize(("version", "mood"), [(2, "TXXX:MOOD"), (3, "TXXX:MOOD"), (4, "TMOO")])
def test_moods_and_sound_tags_stand_beside_other_texts_of_any_kind(version, mood):
    name = b"TXX" if version == 2 else b"TXXX"
    other = frame(version, name, b"\0CATALOG\x0012")
    new = id3.with_texts(tag(version, other), {MOOD: ["sad", "chill"], SOUND: ["80s"]})
    assert frames(new).startswith(other)
    texts = {key: found(new)[key].text for key in ("TXXX:CATALOG", mood, "TXXX:SOUND TAGS")}
    assert texts == {"TXXX:CATALOG": ["12"], mood: ["sad", "chill"], "TXXX:SOUND TAGS": ["80s"]}


def test_unsynchronised_frames_are_read(version=3):
    content = frame(version, b"PRIV", b"x\0\xff\xe0\xff\0\0")
    old = tag(version, content.replace(b"\xff", b"\xff\0"), flags=0x80)
    new = id3.with_texts(old, {GENRE: ["blues"]})
    assert new[5] == 0
    assert frames(new) == content + frame(version, b"TCON", b"\0blues")


def test_version_4_keeps_its_unsynchronised_frames_as_they_are():
    content = frame(4, b"PRIV", b"x\0\xff\0\xe0", flags=b"\0\2")
    new = id3.with_texts(tag(4, content, flags=0x80), {GENRE: ["ÿ"]})
    assert new[5] == 0x80
    assert frames(new) == content + frame(4, b"TCON", b"\3" + "ÿ".encode())
    assert genres(new) == ["ÿ"]


@pytest.mark.parametrize(
    ("version", "extended"), [(3, b"\0\0\0\6" + bytes(6)), (4, b"\0\0\0\6\1\0")]
)
def test_extended_headers_and_footers_go(version, extended):
    content = frame(version, b"TIT2", b"\0Title")
    old = tag(version, extended + content, flags=0x50 if version == 4 else 0x40)
    old += b"3DI" + old[3:10] if version == 4 else b""
    new = id3.with_texts(old, {GENRE: ["blues"]})
    assert id3.length(old) == len(old)
    assert new[5] == 0
    assert frames(new).startswith(content)


def test_plain_sizes_in_version_4_are_read_as_itunes_wrote_them():
    picture = b"APIC" + struct.pack(">I", 300) + bytes(2) + b"\xaa" * 300
    new = id3.with_texts(tag(4, picture + frame(4, b"TIT2", b"\0Title")), {GENRE: ["blues"]})
    assert frames(new).startswith(picture + frame(4, b"TIT2", b"\0Title"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (tag(3, frame(3, b"TIT2", b"\0Title")[:-2]), "damaged"),
        (tag(3, b"TIT2" + bytes(6) + b"no frame"), "damaged"),
        (tag(3, frame(3, b"TIT2", b"\0Title") + bytes(5) + b"\xff\xfb"), "damaged"),
        (tag(5, frame(4, b"TIT2", b"\0Title")), "unknown version"),
        (tag(2, frame(2, b"TT2", b"\0Title"), flags=0x40), "unknown version"),
    ],
)
def test_a_damaged_tag_is_refused(content, words):
    with pytest.raises(TagError, match=words):
        id3.with_texts(content, {GENRE: ["blues"]})


def test_a_tag_of_its_own_has_all_fields_of_an_id3v1_tag():
    v1 = (
        b"TAG"
        + b"Title".ljust(30, b"\0")
        + b"\xe9" * 30
        + bytes(30)
        + b"1999"
        + bytes(29)
        + b"\7\2"
    )
    new = found(id3.with_texts(id3.from_v1(v1), {GENRE: ["blues"]}))
    texts = {name: str(frame) for name, frame in new.items()}
    expected = {"TIT2": "Title", "TPE1": "é" * 30, "TDRC": "1999", "TRCK": "7", "TCON": "blues"}
    assert texts == expected
    assert id3.v1_with_genre(v1, ["rock"]) == v1[:-1] + b"\x11"
    assert id3.v1_with_genre(v1, ["of my own"]) == v1[:-1] + b"\xff"
