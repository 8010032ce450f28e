"""Tags: a genre is written and found again, and every other byte of the file stays.

Each format that is written has a real file, made by an encoder; only a DSF and a DSDIFF file are
put together here, as no library writes them.
"""

import io
import os
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from genre.collection import id3, tags
from genre.songs.file_tags import GENRE, MOOD, SOUND

RATE = 44100
SAMPLES = (0.1 * np.sin(np.arange(RATE) / 20)).astype(np.float32)
CODECS = {  # of PyAV, by suffix
    ".mp2": ("mp2", "mp2"),
    ".opus": ("opus", "libopus"),
    ".m4a": ("ipod", "aac"),
    ".mp4": ("mp4", "alac"),
    ".m4b": ("ipod", "aac", "faststart"),  # a longer tag moves the sound
    ".wma": ("asf", "wmav2"),
    ".wv": ("wv", "wavpack"),
    ".tta": ("tta", "tta"),
    ".oga": ("oga", "flac"),
}
TITLE_AND_GENRE = {".wma": ("Title", "WM/Genre"), ".wv": ("Title", "Genre")}
TITLE_AND_GENRE |= dict.fromkeys((".m4a", ".m4b", ".mp4"), ("\xa9nam", "\xa9gen"))
DSD_RATE = 2822400


def make(folder: Path, suffix: str) -> Path:
    path = folder / f"song{suffix}"
    if suffix in CODECS:
        encode(path, *CODECS[suffix])
    elif suffix in (".dsf", ".dff"):
        path.write_bytes(dsf() if suffix == ".dsf" else dff())
    else:
        soundfile.write(path, SAMPLES, RATE)
    return path


def encode(path: Path, container: str, codec: str, movflags: str = "") -> None:
    import av

    options = {"movflags": movflags} if movflags else {}
    with av.open(str(path), "w", format=container, options=options) as file:
        stream = file.add_stream(codec, rate=48000 if codec == "libopus" else RATE)
        stream.layout, stream.bit_rate = "mono", 96_000
        stream.format = stream.codec_context.codec.audio_formats[0]
        frame = av.AudioFrame.from_ndarray(SAMPLES[None], "fltp", "mono")
        frame.sample_rate = RATE
        packets = [*stream.encode(frame), *stream.encode(None)]
        file.mux([packet for packet in packets if packet.size])


def dsf() -> bytes:
    data = b"\x69\x96" * 2048 * 8
    form = struct.pack(
        "<4sQIIIIIIQII", b"fmt ", 52, 1, 0, 1, 1, DSD_RATE, 1, len(data) * 8, 4096, 0
    )
    body = form + struct.pack("<4sQ", b"data", 12 + len(data)) + data
    return struct.pack("<4sQQQ", b"DSD ", 28, 28 + len(body), 0) + body


def dff() -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">4sQ", name, len(content)) + content + bytes(len(content) % 2)

    facts = chunk(b"FS  ", struct.pack(">I", DSD_RATE)) + chunk(b"CHNL", b"\0\1C000")
    facts += chunk(b"CMPR", b"DSD \x0enot compressed\0")
    body = chunk(b"FVER", b"\1\5\0\0") + chunk(b"PROP", b"SND " + facts)
    return chunk(b"FRM8", b"DSD " + body + chunk(b"DSD ", b"\x69\x96" * 20000))


def genre_of(path: Path) -> str:
    return "; ".join(tags.read(path).genres)


# What a file holds beside its tags.


def behind_id3(content: bytes) -> list[bytes]:
    return [content[id3.length(content) :]]


def chunks(header: str, tag: bytes) -> Callable[[bytes], list[bytes]]:
    def others(content: bytes) -> list[bytes]:
        size = struct.calcsize(header)
        form, length = struct.unpack_from(header, content)
        assert length == len(content) - size
        found, at = [form, content[size : size + 4]], size + 4
        while at < len(content):
            name, length = struct.unpack_from(header, content, at)
            end = at + size + length + length % 2
            found += [content[at:end]] if name != tag else []
            at = end
        assert at == len(content)
        return found

    return others


def of_dsf(content: bytes) -> list[bytes]:
    size, place = struct.unpack_from("<QQ", content, 12)
    assert size == len(content)
    return [content[28 : place or None]]


def of_flac(content: bytes) -> list[bytes]:
    """All blocks but the comments (4) and the padding (1), and the frames."""
    found, at, last = [], 4, False
    while not last:
        last, kind = content[at] >> 7, content[at] & 127
        end = at + 4 + int.from_bytes(content[at + 1 : at + 4], "big")
        found += [content[at + 1 : end]] if kind not in (1, 4) else []
        at = end
    return [*found, content[at:]]


def of_ogg(content: bytes) -> list[bytes]:
    """All packets but the second, which holds the comments."""
    from mutagen.ogg import OggPage

    file, pages = io.BytesIO(content), []
    while file.tell() < len(content):
        pages.append(OggPage(file))
    first, _, *others = OggPage.to_packets(pages)
    return [first, *others]


def boxes(content: bytes, at: int, end: int, path: str = "") -> Iterator[bytes]:
    """All innermost boxes of MP4 but the tags, padding, and the places of the sound."""
    while at < end:
        size, name = struct.unpack_from(">I4s", content, at)
        where = f"{path}/{name.decode()}"
        if name in (b"moov", b"trak", b"mdia", b"minf", b"stbl"):
            yield from boxes(content, at + 8, at + size, where)
        elif name not in (b"udta", b"free", b"stco", b"co64"):
            yield where.encode() + content[at : at + size]
        at += size


def of_asf(content: bytes) -> list[bytes]:
    """All that follows the header, and the stream's properties."""
    length = struct.unpack_from("<Q", content, 16)[0]
    place = content.index(bytes.fromhex("9107dcb7b7a9cf118ee600c00c205365"))
    size = struct.unpack_from("<Q", content, place + 16)[0]
    return [content[length:], content[place : place + size]]


def before_ape(content: bytes) -> list[bytes]:
    return [content.partition(b"APETAGEX")[0]]


FORMATS: dict[str, Callable[[bytes], list[bytes]]] = {
    **dict.fromkeys((".mp3", ".mp2"), behind_id3),
    **dict.fromkeys((".ogg", ".opus", ".oga"), of_ogg),
    **dict.fromkeys(
        (".m4a", ".m4b", ".mp4"), lambda content: list(boxes(content, 0, len(content)))
    ),
    ".wav": chunks("<4sI", b"id3 "),
    ".aiff": chunks(">4sI", b"ID3 "),
    ".dff": chunks(">4sQ", b"ID3 "),
    ".dsf": of_dsf,
    ".flac": of_flac,
    ".wma": of_asf,
    **dict.fromkeys((".wv", ".tta"), before_ape),
}


@pytest.mark.parametrize("suffix", FORMATS)
def test_only_the_tag_changes(suffix, tmp_path):
    path, others = make(tmp_path, suffix), FORMATS[suffix]
    before = others(path.read_bytes())
    os.utime(path, (1e9, 1e9))
    assert genre_of(path) == ""
    for genre in ("hip hop", "música " + "y" * 3000, "blues"):
        tags.write(path, {GENRE: [genre]})
        assert genre_of(path) == genre
        assert others(path.read_bytes()) == before
    assert path.stat().st_mtime == 1e9
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", FORMATS)
def test_mutagen_reads_the_genre_beside_the_other_tags(suffix, tmp_path):
    import mutagen
    from mutagen.id3 import ID3, TIT2

    path = make(tmp_path, suffix)
    file = mutagen.File(path)
    if file.tags is None:
        file.add_tags()
    if isinstance(file.tags, ID3):
        title, genre = "TIT2", "TCON"
        file.tags.add(TIT2(encoding=3, text=["Crossroads"]))
    else:
        title, genre = TITLE_AND_GENRE.get(suffix, ("title", "genre"))
        file.tags[title] = ["Crossroads"]
    if suffix != ".dff":  # mutagen cannot write into it
        file.save()
    before = list((mutagen.File(path).tags or {}).keys())
    tags.write(path, {GENRE: ["blues"]})
    after = mutagen.File(path).tags
    assert sorted([*before, genre]) == sorted(after.keys())
    assert "blues" in str(after[genre][0] if suffix != ".wv" else after[genre])


@pytest.mark.parametrize("suffix", FORMATS)
def test_several_genres_moods_and_sound_tags_are_values_of_their_own(suffix, tmp_path):
    path, others = make(tmp_path, suffix), FORMATS[suffix]
    before = others(path.read_bytes())
    tags.write(path, {MOOD: ["sad"], SOUND: ["60s", "female vocalists"]})
    assert tags.read(path).genres == ()
    tags.write(path, {GENRE: ["Rock", "Metal"]})
    found = tags.read(path)
    assert (found.genres, found.moods) == (("Rock", "Metal"), ("sad",))
    assert found.sounds == ("60s", "female vocalists")
    assert others(path.read_bytes()) == before


MOODS = {".wma": "WM/Mood", ".wv": "Mood"}
MOODS |= dict.fromkeys((".m4a", ".m4b", ".mp4"), "----:com.apple.iTunes:MOOD")


# FFmpeg writes an APEv2 tag into .tta, which mutagen does not look for there.
@pytest.mark.parametrize("suffix", [suffix for suffix in FORMATS if suffix != ".tta"])
def test_players_find_the_mood_where_they_look_for_it(suffix, tmp_path):
    import mutagen
    from mutagen.id3 import ID3

    path = make(tmp_path, suffix)
    tags.write(path, {MOOD: ["sad", "chill"]})
    found = mutagen.File(path).tags
    if isinstance(found, ID3):
        assert found["TMOO"].text == ["sad", "chill"]
    else:
        values = [getattr(it, "value", it) for it in found[MOODS.get(suffix, "mood")]]
        assert [it.decode() if isinstance(it, bytes) else it for it in values] == ["sad", "chill"]


def test_a_link_stays_a_link(tmp_path):
    path = make(tmp_path, ".flac")
    link = tmp_path / "link.flac"
    link.symlink_to(path)
    tags.write(link, {GENRE: ["blues"]})
    assert link.is_symlink()
    assert genre_of(path) == "blues"


V1 = b"TAG" + b"Title".ljust(30) + b"Artist".ljust(30) + bytes(30) + b"1999" + bytes(30)


def ape_tag(**items: str) -> bytes:
    from mutagen.apev2 import APEv2

    tag, file = APEv2(), io.BytesIO()
    tag.update(items)
    tag.save(file)
    return file.getvalue()


def fields(path: Path) -> dict[str, str]:
    """What mutagen finds in a file with ID3 tags."""
    import mutagen

    return {name: str(frame) for name, frame in mutagen.File(path).tags.items()}


def test_id3v1_alone_gets_an_id3v2_tag_with_all_its_fields(tmp_path):
    path = make(tmp_path, ".mp3")
    sound = path.read_bytes()[id3.length(path.read_bytes()) :]
    path.write_bytes(sound + V1 + b"\xff")
    assert genre_of(path) == ""
    tags.write(path, {GENRE: ["Rock"]})
    content = path.read_bytes()
    assert content[id3.length(content) :] == sound + V1 + b"\x11"  # number 17 is Rock
    found = {"TIT2": "Title", "TPE1": "Artist", "TDRC": "1999", "TCON": "Rock"}
    assert fields(path) == found
    tags.write(path, {GENRE: ["zydeco of my own"]})
    assert path.read_bytes().endswith(V1 + b"\xff")


@pytest.mark.parametrize(
    ("tail", "genre"),
    [
        (ape_tag(Genre="Reggae"), "Reggae"),
        (ape_tag(Genre="Reggae") + V1 + b"\xff", "Reggae"),
        (V1 + b"\0", "Blues"),
        (ape_tag(Title="Crossroads") + V1 + b"\xff", ""),
    ],
)
def test_genres_in_other_tags_of_an_mp3_are_found_and_replaced(tail, genre, tmp_path):
    path = make(tmp_path, ".mp3")
    before = path.read_bytes() + tail
    path.write_bytes(before)
    assert genre_of(path) == genre
    tags.write(path, {GENRE: ["jazz"]})
    after = path.read_bytes()
    assert genre_of(path) == "jazz"
    assert b"Reggae" not in after
    assert (b"Crossroads" in after) == (b"Crossroads" in tail)
    assert after.endswith(V1 + b"\x08") == (b"Artist" in tail)
    assert behind_id3(after)[0].startswith(behind_id3(before)[0].partition(b"APETAGEX")[0][:-128])


def test_an_ape_tag_alone_stays_alone(tmp_path):
    path = make(tmp_path, ".mp3")
    sound = path.read_bytes()[id3.length(path.read_bytes()) :]
    path.write_bytes(sound + ape_tag(Title="Crossroads"))
    tags.write(path, {GENRE: ["jazz"]})
    assert path.read_bytes() == sound + ape_tag(Title="Crossroads", Genre="jazz")


def test_a_genre_in_riff_info_is_found_and_replaced(tmp_path):
    path = make(tmp_path, ".wav")
    info = b"INFOIGNR\7\0\0\0Techno\0\0INAM\5\0\0\0Name\0\0"
    content = path.read_bytes() + struct.pack("<4sI", b"LIST", len(info)) + info
    path.write_bytes(content[:4] + struct.pack("<I", len(content) - 8) + content[8:])
    assert genre_of(path) == "Techno"
    tags.write(path, {GENRE: ["blues"]})
    after = path.read_bytes()
    assert genre_of(path) == "blues"
    assert b"INFOIGNR\6\0\0\0blues\0INAM\5\0\0\0Name\0\0" in after
    np.testing.assert_array_equal(soundfile.read(path)[0], soundfile.read(io.BytesIO(content))[0])


@pytest.mark.parametrize("suffix", [".wav", ".aiff"])
def test_a_tag_is_found_behind_an_odd_number_of_bytes(suffix, tmp_path):
    path = tmp_path / f"odd{suffix}"
    soundfile.write(path, SAMPLES[:22051], RATE, subtype="PCM_U8" if suffix == ".wav" else "PCM_S8")
    path.write_bytes(path.read_bytes()[: -1 if suffix == ".wav" else None])
    tags.write(path, {GENRE: ["blues"]})
    assert fields(path) == {"TCON": "blues"}


def cut_wav(size: int) -> Callable[[bytes], bytes]:
    """Give the sound another size in the header, as programs do that do not know it yet."""
    return lambda wav: wav[:40] + struct.pack("<I", size) + wav[44:]


@pytest.mark.parametrize("size", [0, 2000, 2**32 - 1])
def test_a_wav_file_that_does_not_say_where_its_sound_ends_is_left_alone(size, tmp_path):
    path = make(tmp_path, ".wav")
    refused(path, cut_wav(size)(path.read_bytes()), "its parts are not where its header says")


def test_an_m4a_file_in_fragments_is_left_alone(tmp_path):
    path = tmp_path / "song.m4a"
    encode(path, "ipod", "aac", "frag_keyframe+empty_moov")
    refused(path, path.read_bytes(), "its sound is in fragments")


@pytest.mark.parametrize(
    ("name", "codec", "reason"),
    [
        ("song.mp3", ("webm", "libopus"), "its format has no tags"),
        ("song.aac", ("adts", "aac"), "its format has no tags"),
        ("song.m4a", ("mov", "aac"), "QuickTime"),
    ],
)
def test_other_formats_are_left_alone_whatever_their_names(name, codec, reason, tmp_path):
    encode(tmp_path / name, *codec)
    refused(tmp_path / name, (tmp_path / name).read_bytes(), reason)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("cut.flac", b"fLaC", "cannot be read"),
        ("cut.mp3", b"ID3\4\0\0\0\0\xff\0", "its ID3 tag is damaged"),
        ("x.mp3", b"x", "no tags"),
        ("empty.wav", b"", "no tags"),
        ("cut.wav", b"RIFF\0\0\0\0WAVEdata", "its parts are not where"),
    ],
)
def test_a_damaged_file_is_left_alone(name, content, reason, tmp_path):
    refused(tmp_path / name, content, reason)


def test_a_file_whose_sound_would_change_is_left_alone(tmp_path, monkeypatch):
    path = make(tmp_path, ".flac")

    def write_other_sound(_old: Path, new: Path, _texts: dict) -> None:
        soundfile.write(new, -SAMPLES, RATE)

    damaging = tags.MPEG._replace(write=write_other_sound)
    monkeypatch.setattr(tags, "_format", lambda _: damaging)
    monkeypatch.setattr(tags, "_holds", lambda *_: True)
    refused(path, path.read_bytes(), "a tag would change its sound")


def refused(path: Path, content: bytes, reason: str) -> None:
    path.write_bytes(content)
    with pytest.raises(tags.TagError, match=reason):
        tags.write(path, {GENRE: ["blues"]})
    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]
