"""Songs of every format give frames, and every odd signal has a defined answer."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from helpers import SMALL, noise

from genre import audio, features
from genre.errors import AudioError


def write(path: Path, samples: np.ndarray, rate: int = 22050, subtype: str = "FLOAT") -> Path:
    container = "OGG" if path.suffix == ".opus" else path.suffix[1:].upper()
    soundfile.write(path, samples, rate, format=container, subtype=subtype)
    return path


def wav(folder: Path, samples: np.ndarray, rate: int = 22050) -> Path:
    """Write a song of 32-bit floats, which can hold any value."""
    return write(folder / "song.wav", samples, rate)


def assert_finite(frames: np.ndarray, n_segments: int, settings: features.Settings) -> None:
    assert frames.shape == (n_segments, settings.frames_per_segment, settings.n_mfcc)
    assert frames.dtype == np.float32
    assert np.isfinite(frames).all()


# Formats


@pytest.mark.parametrize(
    ("suffix", "subtype"),
    [
        ("wav", "PCM_U8"),
        ("wav", "PCM_16"),
        ("wav", "PCM_24"),
        ("wav", "DOUBLE"),
        ("wav", "MS_ADPCM"),
        ("aiff", "PCM_16"),
        ("au", "ULAW"),
        ("flac", "PCM_24"),
        ("ogg", "VORBIS"),
        ("opus", "OPUS"),
        ("mp3", "MPEG_LAYER_III"),
        ("w64", "PCM_16"),
        ("caf", "PCM_16"),
    ],
)
def test_formats(suffix, subtype, tmp_path):
    time = np.arange(52800) / 48000
    tone = 0.4 * np.sin(2 * np.pi * 440 * time) * (1 + 0.5 * np.sin(2 * np.pi * 3 * time))
    path = write(tmp_path / f"song.{suffix}", np.stack([tone, tone], axis=1), 48000, subtype)
    assert_finite(features.of_track(path, "mfcc", SMALL).frames, 2, SMALL)
    loudness = np.std(audio.load(path, sample_rate=22050, seconds=1))
    assert loudness == pytest.approx(np.std(tone[:48000]), rel=0.05)


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (192000, 2), (48000, 6)])
def test_rates_and_channels(rate, channels, tmp_path):
    path = wav(tmp_path, noise(1.1, sample_rate=rate, channels=channels), rate)
    assert_finite(features.of_track(path, "mfcc", SMALL).frames, 2, SMALL)


def test_more_channels_than_any_song_has_are_refused(tmp_path):
    path = wav(tmp_path, noise(1.1, channels=100))
    with pytest.raises(AudioError, match="100 channels"):
        features.of_track(path, "mfcc", SMALL)


def test_paths_that_lead_to_no_file_are_refused_with_the_reason(tmp_path):
    (tmp_path / "loop.wav").symlink_to("loop.wav")
    for name, reason in {
        "loop": "Too many levels of symbolic links",
        "long" * 100: "File name too long",
    }.items():
        with pytest.raises(AudioError, match=reason):
            features.of_track(tmp_path / f"{name}.wav", "mfcc", SMALL)


# Signals


@pytest.mark.filterwarnings("error")  # a warning would be a line on stderr
@pytest.mark.parametrize(
    ("signal", "reason"),
    [
        (np.zeros(44100), "silence"),
        (np.full(44100, 0.25), "silence"),
        (np.where(np.arange(44100) == 700, -np.inf, noise(2)), "not numbers"),
        (np.zeros(0), "no sound"),
    ],
    ids=["silence", "a constant", "infinite", "nothing"],
)
def test_signals_without_an_answer_are_refused(signal, reason, tmp_path):
    path = wav(tmp_path, np.stack([signal, signal], axis=1))
    with pytest.raises(AudioError, match=reason):
        features.of_track(path, "mfcc", SMALL)
    with pytest.raises(AudioError, match=reason):
        frames_of_whole_track(path, SMALL)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("exponent", [-38, -20, 5, 15, 38])
def test_samples_of_any_size_give_finite_frames_or_a_reason(exponent, tmp_path):
    square = np.sign(noise(1.5, sample_rate=44100, channels=2)) * 3.4
    path = wav(tmp_path, (square * 10.0**exponent).astype(np.float32), 44100)
    if exponent < 10:
        assert_finite(features.of_track(path, "mfcc", SMALL).frames, 2, SMALL)
    else:
        with pytest.raises(AudioError):
            features.of_track(path, "mfcc", SMALL)


@pytest.mark.filterwarnings("error")
def test_clipped_samples_and_clicks_give_finite_frames(tmp_path):
    click = np.zeros(33000)
    click[5000] = 1
    for samples in (np.sign(noise(1.5)), click, 1e-9 * noise(1.5)):
        assert_finite(features.of_track(wav(tmp_path, samples), "mfcc", SMALL).frames, 2, SMALL)


@pytest.mark.filterwarnings("error")
def test_silence_in_a_song_that_sounds_elsewhere_gives_finite_frames(tmp_path):
    quiet, loud = np.zeros(3 * 22050), noise(1)
    for samples in (np.concatenate([loud, quiet]), np.concatenate([quiet, loud])):
        pieces = frames_of_whole_track(wav(tmp_path, samples), SMALL)
        assert_finite(np.concatenate(pieces), 8, SMALL)
    half = wav(tmp_path, np.concatenate([np.zeros(11025), noise(0.5)]))
    assert_finite(features.of_track(half, "mfcc", SMALL).frames, 2, SMALL)


# Whole songs


def frames_of_whole_track(path: Path, settings: features.Settings) -> list[np.ndarray]:
    rate, seconds = settings.sample_rate, settings.track_seconds
    pieces = audio.blocks(path, sample_rate=rate, seconds=seconds)
    whole = (piece for piece in pieces if len(piece) >= settings.shortest_segment)
    return [features.of_samples(piece, "mfcc", settings).frames for piece in whole]


@pytest.mark.parametrize(
    ("name", "subtype", "tolerance"), [("a.wav", "PCM_16", 1), ("a.mp3", "MPEG_LAYER_III", 3)]
)
def test_the_first_piece_is_what_the_track_alone_gives(name, subtype, tolerance, tmp_path):
    path = write(tmp_path / name, noise(3.3, sample_rate=44100, channels=2), 44100, subtype)
    pieces = frames_of_whole_track(path, SMALL)
    np.testing.assert_array_equal(pieces[0], features.of_track(path, "mfcc", SMALL).frames)
    assert [len(piece) for piece in pieces] == [2, 2, 2]
    everything = features.Settings(
        **SMALL.to_dict() | {"track_seconds": 3, "segments_per_track": 6}
    )
    wanted = features.of_track(path, "mfcc", everything).frames
    np.testing.assert_allclose(np.concatenate(pieces), wanted, atol=tolerance)


@pytest.mark.parametrize("decoder", ["libsndfile", "FFmpeg"])
def test_a_long_song_needs_no_more_memory_than_a_short_one(decoder, tmp_path):
    path, peaks = tmp_path / "song", []
    for times in (3, 9):
        with soundfile.SoundFile(path, "w", 22050, 2, "PCM_16", format="WAV") as file:
            for _ in range(times):
                file.write(noise(30, channels=2))
        if decoder == "FFmpeg":  # it reads what a header leaves out
            content = bytearray(path.read_bytes())
            content[40:44] = bytes(4)
            path.write_bytes(content)
            del content
        tracemalloc.start()
        assert sum(1 for _ in audio.blocks(path, sample_rate=22050, seconds=30)) == times
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0] + 1e6
