"""Every format that people have songs in gives frames, and every odd signal a defined answer."""

import itertools
import shutil
import subprocess
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from helpers import GTZAN, SMALL, noise

from genre import audio, features
from genre.errors import AudioError

RATES = (8000, 11025, 16000, 22050, 44100, 48000, 96000, 192000)
FORMATS = {  # what a file ends in, and libsndfile's names of what it can hold
    "wav": ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "MS_ADPCM"),
    "aiff": ("PCM_S8", "PCM_16", "PCM_24", "PCM_32", "FLOAT"),
    "au": ("PCM_S8", "PCM_16", "PCM_24", "FLOAT", "ULAW"),
    "flac": ("PCM_S8", "PCM_16", "PCM_24"),
    "ogg": ("VORBIS", "OPUS"),
    "opus": ("OPUS",),
    "mp3": ("MPEG_LAYER_III",),
    "w64": ("PCM_16",),
    "caf": ("PCM_16",),
}
CONTAINERS = {"opus": "OGG"}  # where it is not called as the suffix
FFMPEG = {"m4a": "aac", "aac": "aac", "mp4": "aac", "wma": "wmav2"}  # suffix: ffmpeg's encoder

needs_ffmpeg = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")


def write(path: Path, samples: np.ndarray, rate: int = 22050, subtype: str = "FLOAT") -> Path:
    form = CONTAINERS.get(path.suffix[1:], path.suffix[1:]).upper()
    soundfile.write(path, samples, rate, format=form, subtype=subtype)
    return path


def wav(folder: Path, samples: np.ndarray, rate: int = 22050) -> Path:
    """Write a song of 32-bit floats, which can hold any value."""
    return write(folder / "song.wav", samples, rate)


def assert_finite(frames: np.ndarray, n_segments: int, settings: features.Settings) -> None:
    assert frames.shape == (n_segments, settings.frames_per_segment, settings.n_mfcc)
    assert frames.dtype == np.float32
    assert np.isfinite(frames).all()


# Formats


def tone(seconds: float, rate: int) -> np.ndarray:
    """Return a tone that swells, (samples,): no codec takes anything from it."""
    time = np.arange(round(seconds * rate)) / rate
    return 0.4 * np.sin(2 * np.pi * 440 * time) * (1 + 0.5 * np.sin(2 * np.pi * 3 * time))


@pytest.mark.parametrize(
    ("suffix", "subtype"),
    [(suffix, subtype) for suffix, subtypes in FORMATS.items() for subtype in subtypes],
)
def test_formats_rates_and_channels(suffix, subtype, tmp_path):
    path = tmp_path / f"song.{suffix}"
    written = set()
    for rate, channels in [
        *itertools.product(RATES, (1, 2)),
        *itertools.product([48000], range(3, 9)),
    ]:
        samples = np.repeat(tone(1.1, rate)[:, None], channels, axis=1)
        try:
            write(path, samples, rate, subtype)
        except soundfile.LibsndfileError:  # a combination that the format does not have
            continue
        written.add((rate, channels))
        assert_finite(features.of_track(path, "mfcc", SMALL), 2, SMALL)
        if rate == 48000:
            loudness = np.std(audio.load(path, sample_rate=22050, seconds=1))
            rel = 0.05 if channels <= 2 else 0.2  # a codec may take one of six for the bass alone
            assert loudness == pytest.approx(np.std(samples[:rate]), rel=rel)
    assert {(48000, 1), (48000, 2)} <= written
    if suffix in ("wav", "flac", "aiff", "au") and "ADPCM" not in subtype:
        assert {(rate, 2) for rate in RATES} | {(48000, 8)} <= written


@needs_ffmpeg
@pytest.mark.parametrize("suffix", FFMPEG)
@pytest.mark.parametrize(("rate", "channels"), [(44100, 2), (22050, 1)])
def test_formats_that_ffmpeg_reads(suffix, rate, channels, tmp_path):
    source = wav(tmp_path, noise(3.2, sample_rate=rate, channels=channels), rate)
    path = tmp_path / f'it\'s "it" -{suffix}.{suffix.upper()}'
    command = ["ffmpeg", "-v", "error", "-i", source, "-c:a", FFMPEG[suffix], path]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    assert_finite(features.of_track(path, "mfcc", SMALL), 2, SMALL)
    whole = list(features.of_whole_track(path, "mfcc", SMALL))
    np.testing.assert_array_equal(whole[0], features.of_track(path, "mfcc", SMALL))
    assert 6 <= sum(map(len, whole)) <= 7
    loudness = [np.std(audio.load(p, sample_rate=22050, seconds=3)) for p in (source, path)]
    assert loudness[0] == pytest.approx(loudness[1], rel=0.2)


@needs_ffmpeg
@pytest.mark.parametrize("content", [b"", b"not music\n" * 100])
def test_what_ffmpeg_cannot_read_is_refused_in_a_line(content, tmp_path):
    path = tmp_path / "song.m4a"
    path.write_bytes(content)
    with pytest.raises(AudioError) as caught:
        features.of_track(path, "mfcc", SMALL)
    assert len(str(caught.value).splitlines()) == 1
    assert "is empty" in str(caught.value) if not content else "not readable" in str(caught.value)


@pytest.mark.parametrize("suffix", FFMPEG)
def test_without_ffmpeg_a_line_says_so(suffix, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    path = tmp_path / f"song.{suffix}"
    path.write_bytes(b"anything")
    for read in (features.of_track, lambda *given: list(features.of_whole_track(*given))):
        with pytest.raises(AudioError, match=rf"\.{suffix} .*ffmpeg.* not installed") as caught:
            read(path, "mfcc", SMALL)
        assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("name", ["song.raw", "song.RAW", "song", "song.jpg", "song.wav.bak"])
def test_bytes_of_no_format_are_refused(name, tmp_path):
    (tmp_path / name).write_bytes(b"\x01\x02\x03\x04" * 20_000)
    with pytest.raises(AudioError, match="not readable as audio"):
        features.of_track(tmp_path / name, "mfcc", SMALL)


@pytest.mark.parametrize("suffix", ["wav", "m4a"])
def test_paths_that_lead_to_no_file_are_refused_with_the_reason(suffix, tmp_path):
    (tmp_path / f"folder.{suffix}").mkdir()
    (tmp_path / f"loop.{suffix}").symlink_to(f"loop.{suffix}")
    for name, reason in {
        "missing": "No such file",
        "folder": "Is a directory",
        "loop": "Too many levels of symbolic links",
        "long" * 100: "File name too long",
    }.items():
        with pytest.raises(AudioError, match=reason):
            features.of_track(tmp_path / f"{name}.{suffix}", "mfcc", SMALL)


def test_more_channels_than_any_song_has_are_refused(tmp_path):
    path = wav(tmp_path, noise(1.1, channels=100))
    with pytest.raises(AudioError, match="100 channels"):
        features.of_track(path, "mfcc", SMALL)


# Signals

SIGNALS = {
    "silence": np.zeros(44100),
    "a constant": np.full(44100, 0.25),
    "one that is not a number": np.where(np.arange(44100) == 700, np.nan, noise(2)),
    "one that is infinite": np.where(np.arange(44100) == 700, -np.inf, noise(2)),
    "nothing": np.zeros(0),
}


@pytest.mark.filterwarnings("error")  # a warning would be a line on stderr
@pytest.mark.parametrize(
    ("signal", "reason"),
    [
        ("silence", "silence"),
        ("a constant", "silence"),
        ("one that is not a number", "not numbers"),
        ("one that is infinite", "not numbers"),
        ("nothing", "no sound"),
    ],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_signals_without_an_answer_are_refused(signal, reason, channels, tmp_path):
    samples = np.repeat(SIGNALS[signal][:, None], channels, axis=1)
    path = wav(tmp_path, samples)
    with pytest.raises(AudioError, match=reason):
        features.of_track(path, "mfcc", SMALL)
    with pytest.raises(AudioError, match=reason):
        list(features.of_whole_track(path, "mfcc", SMALL))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("exponent", [-45, -40, -20, -5, 0, 3, 5, 10, 15, 18, 20, 25, 30, 38])
@pytest.mark.parametrize("rate", [22050, 44100])
@pytest.mark.parametrize("channels", [1, 2])
def test_samples_of_any_size_give_finite_frames_or_a_reason(exponent, rate, channels, tmp_path):
    square = np.sign(noise(1.5, sample_rate=rate)) * 3.4
    samples = np.repeat(square[:, None], channels, axis=1) * 10.0**exponent
    path = wav(tmp_path, samples.astype(np.float32), rate)
    try:
        frames = features.of_track(path, "mfcc", SMALL)
    except AudioError as error:
        assert exponent >= 10 or exponent <= -40
        assert len(str(error).splitlines()) == 1
    else:
        assert_finite(frames, 2, SMALL)


@pytest.mark.filterwarnings("error")
def test_clipped_samples_and_clicks_give_finite_frames(tmp_path):
    click = np.zeros(33000)
    click[5000] = 1
    for samples in (np.sign(noise(1.5)), np.clip(50 * noise(1.5), -1, 1), click, 1e-9 * noise(1.5)):
        assert_finite(features.of_track(wav(tmp_path, samples), "mfcc", SMALL), 2, SMALL)


@pytest.mark.filterwarnings("error")
def test_silence_in_a_song_that_sounds_elsewhere_gives_finite_frames(tmp_path):
    quiet_end = wav(tmp_path, np.concatenate([noise(1), np.zeros(3 * 22050)]))
    assert_finite(np.concatenate(list(features.of_whole_track(quiet_end, "mfcc", SMALL))), 8, SMALL)
    half = wav(tmp_path, np.concatenate([np.zeros(11025), noise(0.5)]))
    assert_finite(features.of_track(half, "mfcc", SMALL), 2, SMALL)
    quiet_start = wav(tmp_path, np.concatenate([np.zeros(3 * 22050), noise(1)]))
    assert_finite(
        np.concatenate(list(features.of_whole_track(quiet_start, "mfcc", SMALL))), 8, SMALL
    )
    with pytest.raises(AudioError, match="silence"):
        features.of_track(quiet_start, "mfcc", SMALL)


# Whole songs


@pytest.mark.parametrize(
    ("name", "subtype", "rate"),
    [
        ("song.wav", "PCM_16", 22050),
        ("song.wav", "PCM_16", 44100),
        ("song.flac", "PCM_16", 48000),
        ("song.mp3", "MPEG_LAYER_III", 44100),
        ("song.ogg", "VORBIS", 32000),
    ],
)
def test_the_first_piece_is_what_the_track_alone_gives(name, subtype, rate, tmp_path):
    path = write(tmp_path / name, noise(3.3, sample_rate=rate, channels=2), rate, subtype)
    pieces = list(features.of_whole_track(path, "mfcc", SMALL))
    np.testing.assert_array_equal(pieces[0], features.of_track(path, "mfcc", SMALL))
    assert [len(piece) for piece in pieces] == [2, 2, 2]
    everything = features.Settings(
        **SMALL.to_dict() | {"track_seconds": 3, "segments_per_track": 6}
    )
    np.testing.assert_allclose(
        np.concatenate(pieces),
        features.of_track(path, "mfcc", everything),
        atol=3 if "mp3" in name else 1,
    )


SHORTEST = GTZAN.shortest_segment


@pytest.mark.parametrize(
    ("n_samples", "n_segments"),
    [
        (SHORTEST, 1),
        (66150, 1),
        (10 * 66150, 10),
        (10 * 66150 + SHORTEST - 1, 10),
        (10 * 66150 + SHORTEST, 11),
        (25 * 66150, 25),
        (29 * 66150 + SHORTEST, 30),
        (30 * 66150 - 200, 29),
    ],
)
def test_a_whole_song_gives_every_segment_it_has(n_samples, n_segments, tmp_path):
    path = wav(tmp_path, noise(n_samples / 22050)[:n_samples])
    pieces = list(features.of_whole_track(path, "mfcc", GTZAN))
    assert sum(map(len, pieces)) == n_segments
    assert all(len(piece) == 10 for piece in pieces[:-1])
    assert_finite(np.concatenate(pieces), n_segments, GTZAN)


def test_a_whole_song_shorter_than_a_segment_is_refused(tmp_path):
    path = wav(tmp_path, noise(3)[: SHORTEST - 1])
    with pytest.raises(AudioError, match="shorter than one segment"):
        list(features.of_whole_track(path, "mfcc", GTZAN))


def peak_memory(path: Path) -> tuple[int, int]:
    """Return how many segments a whole song gives, and the most memory they took, in bytes."""
    tracemalloc.start()
    try:
        n_segments = sum(len(piece) for piece in features.of_whole_track(path, "mfcc", GTZAN))
        return n_segments, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_long_song_needs_no_more_memory_than_a_short_one(tmp_path):
    path = tmp_path / "song.wav"
    half_a_minute = noise(30, sample_rate=44100, channels=2)
    peaks = {}
    for seconds in (120, 600):
        with soundfile.SoundFile(path, "w", 44100, 2, "PCM_16") as file:
            for _ in range(seconds // 30):
                file.write(half_a_minute)
        n_segments, peaks[seconds] = peak_memory(path)
        assert n_segments == seconds // 3
    assert peaks[600] < 1.1 * peaks[120] + 1e6
