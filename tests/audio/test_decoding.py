"""What a file holds decides how it is read: not its name, and not a header that is wrong."""

import builtins
import io
import re
import struct
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from helpers import noise

from genre import audio
from genre.errors import AudioError

RATE = 22050
SONG = noise(4)


def load(path: Path, seconds: float = 60, offset: float = 0.0) -> np.ndarray:
    return audio.load(path, sample_rate=RATE, seconds=seconds, offset=offset)


def encoded(container: str, subtype: str | None = None, samples=SONG, rate=RATE, **how) -> bytes:
    """Return a file as libsndfile writes it."""
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=container, subtype=subtype, **how)
    return file.getvalue()


def ffmpeg_encoded(container: str, codec: str, samples=SONG, rate=48000, layout="mono") -> bytes:
    """Return a file as FFmpeg's libraries write it."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as opened:
        track = opened.add_stream(codec, rate=rate, layout=layout)
        track.bit_rate = 128_000
        for start in range(0, len(samples), 1024):
            piece = samples[start : start + 1024].astype(np.float32).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(piece, format="flt", layout=layout)
            frame.sample_rate, frame.pts = rate, start
            opened.mux(track.encode(frame))
        opened.mux(track.encode(None))
    return file.getvalue()


def video() -> bytes:
    """Return a film without sound."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as opened:
        track = opened.add_stream("mpeg4", rate=25, width=16, height=16)
        frame = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8))
        for some in (frame, None):
            opened.mux(track.encode(some))
    return file.getvalue()


def patched(content: bytes, at: int, number: bytes) -> bytes:
    return content[:at] + number + content[at + len(number) :]


def without_xing(mp3: bytes) -> bytes:
    """Return an MP3 file without the frame that says how many there are."""
    frame = mp3[:2]
    assert b"Xing" in mp3[:200] or b"Info" in mp3[:200]
    return mp3[mp3.index(frame, 100) :]


# Names


@pytest.mark.parametrize("container", ["WAV", "AIFF", "AU", "CAF", "FLAC", "OGG", "MP3"])
def test_a_wrong_suffix_changes_nothing(container, tmp_path):
    content = encoded(container)
    right, wrong = tmp_path / f"song.{container.lower()}", tmp_path / "song.au"
    wrong = wrong.with_suffix(".mp3") if container == "AU" else wrong
    right.write_bytes(content)
    wrong.write_bytes(content)
    np.testing.assert_array_equal(load(wrong), load(right))


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        ("mp4", "aac"),
        ("mp4", "alac"),
        ("adts", "aac"),
        ("asf", "wmav2"),
        ("webm", "libopus"),
        ("matroska", "flac"),
        ("mp2", "mp2"),
        ("wv", "wavpack"),
        ("tta", "tta"),
        ("ogg", "flac"),
    ],
)
def test_what_libsndfile_cannot_read_ffmpegs_libraries_do(container, codec, tmp_path):
    path = tmp_path / "song.mp3"
    path.write_bytes(ffmpeg_encoded(container, codec, noise(4, sample_rate=48000)))
    samples = load(path)
    assert len(samples) == pytest.approx(4 * RATE, abs=0.1 * RATE)
    expected = audio.from_samples(noise(4, sample_rate=48000), 48000, sample_rate=RATE, seconds=9)
    assert np.std(samples) == pytest.approx(np.std(expected), rel=0.1)


def test_eight_channels_are_averaged(tmp_path):
    path = tmp_path / "song.m4a"
    samples = np.repeat(noise(2, sample_rate=48000)[:, None], 8, axis=1)
    path.write_bytes(ffmpeg_encoded("mp4", "alac", samples, layout="7.1(wide)"))
    expected = audio.from_samples(samples, 48000, sample_rate=RATE, seconds=9)
    np.testing.assert_allclose(load(path), expected, atol=1e-4)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("zeroed.au", bytes(4) + encoded("AU")[4:], "not readable as audio"),
        ("text.snd", b"not music\n" * 1000, "not readable as audio"),
        ("page.au", b"\n<!DOCTYPE html><p>404</p>" * 1000, "web page"),
        ("raw.raw", b"\1\2\3\4" * 20_000, "not readable as audio"),
        ("noise.mp3", np.random.default_rng(0).bytes(60_000), "not readable as audio"),
        ("notes.mid", b"MThd\0\0\0\6\0\0\0\1\0\x60", "MIDI"),
        ("pointer.wav", b"version https://git-lfs.github.com/spec/v1\noid sha256:0", "git lfs"),
        ("list.mp3", b"#EXTM3U\nsong.wav\n", "playlist"),
        ("._song.mp3", b"\0\5\x16\7\0\2\0\0Mac OS X" + bytes(4000), "macOS"),
        ("video.mp4", video(), "no audio track"),
        ("cut.m4a", ffmpeg_encoded("mp4", "aac")[:9000], "not readable as audio"),
        ("rate.wav", patched(encoded("WAV"), 24, struct.pack("<I", 5)), "5 Hz"),
        ("no_rate.wav", patched(encoded("WAV"), 24, bytes(4)), "not readable as audio"),
        ("no_channels.wav", patched(encoded("WAV"), 22, bytes(2)), "not readable as audio"),
    ],
)
def test_what_is_no_sound_is_refused_in_a_line(name, content, reason, tmp_path):
    (tmp_path / name).write_bytes(content)
    said = set()
    for _ in range(2):
        with pytest.raises(AudioError, match=reason) as caught:
            load(tmp_path / name)
        said.add(str(caught.value))
    (line,) = said  # the same each time
    assert len(line.splitlines()) == 1
    assert not re.search("0x|object at", line)


@pytest.mark.parametrize(
    "text",
    [
        "ffconcat version 1.0\nfile song.wav\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
        "m=audio 5004 RTP/AVP 96\na=rtpmap:96 L16/44100\n",
    ],
    ids=["to a file", "to the network"],
)
def test_a_list_leads_nowhere(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("song.wav").write_bytes(encoded("WAV"))
    Path("list.mp3").write_text(text)
    started = time.monotonic()
    with pytest.raises(AudioError, match="not readable as audio"):
        load(Path("list.mp3"))
    assert time.monotonic() - started < 15  # FFmpeg waits 20 s for a network that does not answer


def test_both_libraries_say_why(tmp_path):
    path = tmp_path / "song.mp3"
    path.write_bytes(b"not music\n" * 1000)
    with pytest.raises(AudioError) as caught:
        load(path)
    assert str(caught.value) == (
        "not readable as audio (libsndfile: Format not recognised; "
        "FFmpeg: Invalid data found when processing input)"
    )


def test_without_pyav_its_part_of_the_reason_says_so(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    path = tmp_path / "song.m4a"
    path.write_bytes(ffmpeg_encoded("mp4", "aac"))
    with pytest.raises(AudioError, match="PyAV is not installed"):
        load(path)


# Lengths


def wrong_lengths() -> dict[str, tuple[bytes, float]]:
    """Return files whose headers count too little or nothing, and how long they are in seconds."""
    wav, flac, mp3, ogg = (encoded(container) for container in ("WAV", "FLAC", "MP3", "OGG"))
    size = wav.index(b"data") + 4
    count = mp3.index(b"Info" if b"Info" in mp3[:200] else b"Xing") + 8
    quiet_then_loud = encoded(
        "MP3",
        samples=np.concatenate([0.001 * noise(1), noise(6)]),
        bitrate_mode="VARIABLE",
        compression_level=0.2,
    )
    return {
        "died.wav": (patched(patched(wav, size, bytes(4)), 4, bytes(4)), 4),
        "half.wav": (patched(wav, size, struct.pack("<I", 4 * RATE)), 4),
        "size of the header.au": (patched(encoded("AU"), 8, struct.pack(">I", 2 * RATE)), 4),
        "unknown.flac": (patched(flac, 21, bytes([flac[21] & 0xF0]) + bytes(4)), 4),
        "half.flac": (patched(flac, 22, struct.pack(">I", 2 * RATE)), 4),
        "no xing.mp3": (without_xing(quiet_then_loud), 7),
        "xing too small.mp3": (patched(mp3, count, struct.pack(">I", 50)), 4),
        "joined.mp3": (mp3 * 3, 12),
        "joined.ogg": (ogg * 2, 8),
        "joined.flac": (flac * 2, 8),
        "joined rates.mp3": (
            mp3 + encoded("MP3", samples=noise(2, sample_rate=48000), rate=48000),
            6,
        ),
    }


@pytest.mark.parametrize(("content", "seconds"), wrong_lengths().values(), ids=wrong_lengths())
def test_all_is_read_whatever_the_header_counts(content, seconds, tmp_path):
    path = tmp_path / "song.wav"
    path.write_bytes(content)
    assert len(load(path)) == pytest.approx(seconds * RATE, abs=0.3 * RATE)
    pieces = list(audio.blocks(path, sample_rate=RATE, seconds=1))
    assert {len(piece) for piece in pieces[:-1]} == {RATE}
    assert len(pieces) == pytest.approx(seconds, abs=1)


def test_what_follows_the_part_that_the_header_counts_is_sound_without_a_gap(tmp_path):
    path = tmp_path / "song.wav"
    path.write_bytes(patched(encoded("WAV"), 40, struct.pack("<I", 4 * RATE)))
    np.testing.assert_allclose(load(path), SONG, atol=1e-4)


@pytest.mark.parametrize("padding", [b"", b"\0"])
def test_a_chunk_after_the_samples_is_not_sound(padding, tmp_path):
    path = tmp_path / "song.wav"
    picture = np.random.default_rng(0).bytes(200_000)
    content = encoded("WAV") + padding + b"id3 " + struct.pack("<I", len(picture)) + picture
    path.write_bytes(content)
    assert len(load(path)) == len(SONG)


def test_a_tag_after_the_sound_is_not_sound(tmp_path):
    path = tmp_path / "song.mp3"
    path.write_bytes(encoded("MP3") + b"TAG" + bytes(125))
    tagged = load(path)
    path.write_bytes(encoded("MP3"))
    np.testing.assert_array_equal(tagged, load(path))


@pytest.mark.parametrize("container", ["WAV", "FLAC", "MP3", "OGG"])
def test_a_file_that_was_cut_is_read_as_far_as_it_goes(container, tmp_path):
    path = tmp_path / "song"
    content = encoded(container)
    path.write_bytes(content[: len(content) // 2])
    assert 1.3 * RATE <= len(load(path)) <= 2.5 * RATE


@pytest.mark.parametrize("container", ["MP3", "FLAC"])
def test_a_damaged_place_costs_little(container, tmp_path):
    path = tmp_path / "song"
    content = encoded(container)
    path.write_bytes(patched(content, len(content) // 2, bytes(500)))
    assert len(load(path)) == pytest.approx(4 * RATE, abs=RATE)


def test_junk_before_the_sound_is_passed_over(tmp_path):
    path = tmp_path / "song.mp3"
    path.write_bytes(bytes(5000) + encoded("MP3"))
    assert len(load(path)) == pytest.approx(4 * RATE, abs=0.2 * RATE)


def test_what_cannot_be_read_to_its_end_is_refused(tmp_path):
    path = tmp_path / "song.ogg"
    path.write_bytes(encoded("OGG", "VORBIS") + encoded("OGG", "OPUS", rate=24000))
    with pytest.raises(AudioError, match="not readable after 4 s"):
        load(path)


def test_a_disk_that_fails_is_blamed_and_not_the_file(tmp_path, monkeypatch):
    path = tmp_path / "song.wav"
    path.write_bytes(encoded("WAV"))

    class Failing(io.FileIO):
        def readinto(self, buffer):
            if self.tell() > 10_000:
                raise OSError(5, "Input/output error")
            return super().readinto(buffer)

    def failing(file, mode="r", **how):
        return io.BufferedReader(Failing(file)) if file == path else open_(file, mode, **how)

    open_ = builtins.open
    monkeypatch.setattr(builtins, "open", failing)
    with pytest.raises(AudioError, match="Input/output error"):
        load(path)


# Places


@pytest.mark.parametrize("container", ["WAV", "FLAC", "MP3", "OGG", "mp4"])
def test_an_offset_leaves_out_the_beginning(container, tmp_path):
    path = tmp_path / "song"
    content = ffmpeg_encoded("mp4", "alac", rate=RATE) if container == "mp4" else encoded(container)
    path.write_bytes(content)
    whole, later = load(path), load(path, seconds=1, offset=1.5)
    np.testing.assert_allclose(later, whole[int(1.5 * RATE) : int(2.5 * RATE)], atol=1e-4)
    with pytest.raises(AudioError, match="no sound after 9 s"):
        load(path, offset=9)


# Channels


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
def test_of_channels_that_cancel_the_first_is_taken(subtype, tmp_path):
    path = tmp_path / "song.wav"
    path.write_bytes(encoded("WAV", subtype, np.stack([SONG, -SONG], axis=1)))
    np.testing.assert_allclose(load(path), SONG, atol=1e-4)
    path.write_bytes(encoded("WAV", subtype, np.stack([0 * SONG + 0.5, 0 * SONG - 0.5], axis=1)))
    with pytest.raises(AudioError, match="silence"):
        load(path)


def test_faint_sound_is_not_taken_for_channels_that_cancel(tmp_path):
    path = tmp_path / "song.wav"
    path.write_bytes(encoded("WAV", "FLOAT", 1e-6 * np.stack([SONG, SONG / 2], axis=1)))
    np.testing.assert_allclose(load(path), 0.75e-6 * SONG, rtol=1e-4, atol=1e-12)
