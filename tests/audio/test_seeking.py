"""Parts from all over a song: the right ones in every format, and little else is decoded."""

import numpy as np
import pytest
import soundfile
from audio.test_decoding import encoded, ffmpeg_encoded

from genre import audio
from genre.audio import decoding
from genre.errors import AudioError

RATE, LENGTH = 22050, 40  # Hz, s
RISE = 100.0  # Hz a second, by which a tone rises from 500 Hz: its pitch tells the time


def rising(rate: int = RATE, length: float = LENGTH) -> np.ndarray:
    times = np.arange(int(rate * length)) / rate
    return np.sin(2 * np.pi * (500 + RISE / 2 * times) * times) / 2


def time_of(part: np.ndarray) -> float:
    """Return the time in the song at the middle of a part, by its pitch."""
    strengths = np.abs(np.fft.rfft(part * np.hanning(len(part)), 8 * len(part)))
    pitch = strengths.argmax() * RATE / (8 * len(part))
    return (pitch - 500) / RISE


def spread(path, seconds=0.5, count=8):
    return audio.spread(path, sample_rate=RATE, seconds=seconds, count=count)


@pytest.mark.parametrize("container", ["WAV", "FLAC", "OGG", "MP3", "mp4", "webm", "asf", "adts"])
def test_parts_are_spread_evenly_in_every_format(container, tmp_path):
    path = tmp_path / "song"
    codecs = {"mp4": "aac", "webm": "libopus", "asf": "wmav2", "adts": "aac"}
    if codec := codecs.get(container):
        path.write_bytes(ffmpeg_encoded(container, codec, rising(48000)))
    else:
        with soundfile.SoundFile(path, "w", RATE, 1, format=container) as file:
            for piece in np.array_split(rising(), 100):  # libsndfile crashes on much Vorbis at once
                file.write(piece)
    starts, parts = spread(path)
    np.testing.assert_allclose(starts, np.arange(8) * 5 + 2.25, atol=0.1)
    assert [len(part) for part in parts] == [RATE // 2] * 8
    np.testing.assert_allclose([time_of(part) for part in parts], starts + 0.25, atol=0.1)


def test_only_the_parts_are_decoded(tmp_path, monkeypatch):
    def sequential(*_):
        raise AssertionError("the whole file is read")

    monkeypatch.setattr(decoding, "_decode", sequential)
    for name, content in {
        "song.wav": encoded("WAV", samples=rising()),
        "song.m4a": ffmpeg_encoded("mp4", "aac", rising(48000)),
    }.items():
        (tmp_path / name).write_bytes(content)
        assert len(spread(tmp_path / name)[1]) == 8


def test_a_song_that_is_longer_than_its_header_says_is_read_from_its_beginning(tmp_path):
    content = bytearray(encoded("WAV", samples=rising()))
    at = content.index(b"data") + 4
    content[at : at + 4] = (RATE * 2 * 10).to_bytes(4, "little")  # ten seconds
    (tmp_path / "song.wav").write_bytes(content)
    starts, parts = spread(tmp_path / "song.wav")
    assert starts[-1] == pytest.approx(37.25, abs=0.1)
    assert time_of(parts[-1]) == pytest.approx(37.5, abs=0.1)


def test_a_song_that_is_cut_off_is_spread_over_what_is_left(tmp_path):
    content = encoded("WAV", samples=rising())
    (tmp_path / "song.wav").write_bytes(content[: len(content) // 2])
    starts, parts = spread(tmp_path / "song.wav")
    assert starts[-1] == pytest.approx(18.5, abs=0.1)
    assert time_of(parts[-1]) == pytest.approx(18.75, abs=0.1)


def test_a_song_no_longer_than_its_parts_gives_none(tmp_path):
    (tmp_path / "song.wav").write_bytes(encoded("WAV", samples=rising(length=4)))
    starts, parts = spread(tmp_path / "song.wav")
    assert len(starts) == len(parts) == 0


def test_silent_parts_are_left_out(tmp_path):
    samples = rising()
    samples[: 20 * RATE] = 0
    (tmp_path / "song.wav").write_bytes(encoded("WAV", samples=samples))
    starts, parts = spread(tmp_path / "song.wav")
    assert starts.tolist() == pytest.approx([22.25, 27.25, 32.25, 37.25])
    assert len(parts) == 4


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (encoded("WAV", samples=np.zeros(RATE * 9)), "hold only silence"),
        (b"not music\n" * 1000, "not readable as audio"),
        (b"", "is empty"),
    ],
)
def test_what_holds_no_sound_is_refused(content, reason, tmp_path):
    (tmp_path / "song.wav").write_bytes(content)
    with pytest.raises(AudioError, match=reason):
        spread(tmp_path / "song.wav")
