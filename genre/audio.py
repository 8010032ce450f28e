"""Decode any audio file, bring it to one rate and one channel, cut it into segments.

libsndfile decodes; what it does not know (m4a, aac, wma) goes through ffmpeg where it is installed.
"""

import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import soundfile
import soxr

from genre.errors import AudioError

FFMPEG_SUFFIXES = frozenset({".aac", ".m4a", ".mp4", ".wma"})
PLAUSIBLE_RATES = range(1_000, 1_000_001)  # Hz; a damaged header can name any
MOST_CHANNELS = 64
LOUDEST = 1e6  # full scale is 1, but some write floats as large as 16 bit numbers
SILENCE = "holds nothing but silence"


def load(path: str | Path, *, sample_rate: int, seconds: float) -> np.ndarray:
    """Return the first `seconds` of an audio file as mono float32 samples, (samples,).

    Full scale is 1. Channels are averaged and the rate is brought to `sample_rate` Hz, as
    `librosa.load` does. Raises AudioError when the file is not readable audio, or holds nothing but
    silence there.
    """
    with closing(blocks(path, sample_rate=sample_rate, seconds=seconds)) as pieces:
        samples = next(pieces)
    if not np.ptp(samples):
        raise AudioError(SILENCE)
    return samples


def blocks(path: str | Path, *, sample_rate: int, seconds: float) -> Iterator[np.ndarray]:
    """Yield the whole of an audio file as `load` returns its beginning, `seconds` at a time.

    Memory does not grow with the length of the file. Raises AudioError as `load` does, silence
    being found out only at the end.
    """
    path = Path(path)
    _check_file(path)
    decode = _ffmpeg if path.suffix.lower() in FFMPEG_SUFFIXES else _libsndfile
    sounds = None
    for rate, samples in decode(path, sample_rate, seconds):
        sounds = sounds or np.ptp(samples) > 0
        yield samples if rate == sample_rate else soxr.resample(samples, rate, sample_rate)
    if not sounds:
        raise AudioError("holds no sound" if sounds is None else SILENCE)


def cut(samples: np.ndarray, *, length: int, count: int, shortest: int) -> np.ndarray:
    """Cut samples into at most `count` segments of `length` samples, (segments, length).

    A last segment of at least `shortest` samples is kept and filled up with zeros; a shorter
    one is left out.
    """
    whole, rest = divmod(len(samples), length)
    n_segments = min(count, whole + (rest >= shortest))
    segments = np.zeros((n_segments, length), dtype=np.float32)
    used = samples[: n_segments * length]
    segments.reshape(-1)[: len(used)] = used
    return segments


def _libsndfile(path: Path, _: int, seconds: float) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the rate in Hz and mono samples, (samples,), block by block.

    A block is read at once: after each reading soundfile seeks, which in MP3 can leave a click.
    """
    name = os.fsencode(path) if os.name == "posix" else str(path)  # any bytes can be a name
    try:
        with soundfile.SoundFile(name) as file:
            if file.samplerate not in PLAUSIBLE_RATES or file.channels > MOST_CHANNELS:
                raise AudioError(f"names {file.channels} channels of {file.samplerate} Hz")
            length = int(seconds * file.samplerate)
            while len(block := file.read(length, dtype="float32", always_2d=True)):
                yield file.samplerate, _mono(_plausible(block))
    except soundfile.LibsndfileError as error:
        raise AudioError(f"not readable as audio ({_what(error)})") from None
    except TypeError:  # soundfile wants to be told more of a .raw file
        raise AudioError("not readable as audio (it has no header)") from None


def _plausible(samples: np.ndarray) -> np.ndarray:
    """Return samples; raises AudioError where they are no numbers or no sound could be so loud."""
    lowest, highest = samples.min(initial=0), samples.max(initial=0)  # NaN if one of them is
    if not np.isfinite([lowest, highest]).all():
        raise AudioError("holds samples that are not numbers")
    if max(-lowest, highest) > LOUDEST:
        raise AudioError("holds samples too large to be sound")
    return samples


def _mono(samples: np.ndarray) -> np.ndarray:
    """Average the channels of (samples, channels)."""
    return samples[:, 0] if samples.shape[1] == 1 else samples.mean(axis=1)


def _what(error: soundfile.LibsndfileError) -> str:
    what = error.error_string.strip(" .")
    # What it says of text called .mp3 is that the file does not exist.
    return "Format not recognised" if what.startswith("File does not exist") else what


def _check_file(path: Path) -> None:
    """Raise AudioError where a path leads to no file with something in it."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise AudioError("Is a directory" if stat.S_ISDIR(mode) else "not a file")
        with open(path, "rb") as file:
            if not file.read(1):
                raise AudioError("is empty")
    except OSError as error:
        raise AudioError(error.strerror or str(error)) from None


def _ffmpeg(path: Path, sample_rate: int, seconds: float) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the rate in Hz and mono samples, (samples,), block by block, as ffmpeg resamples."""
    if not shutil.which("ffmpeg"):
        raise AudioError(f"{path.suffix} is read through ffmpeg, which is not installed")
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", f"file:{path}", "-vn"]
    command += ["-af", "aresample=ochl=mono:rematrix_maxval=1"]  # the channels' mean, no more
    command += ["-f", "f32le", "-ar", str(sample_rate), "-"]
    length = 4 * int(seconds * sample_rate)  # bytes
    with (
        tempfile.TemporaryFile() as problems,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=problems) as process,
    ):
        while data := process.stdout.read(length):
            yield sample_rate, _plausible(np.frombuffer(data[: len(data) // 4 * 4], "<f4"))
        if process.wait():
            problems.seek(0)
            lines = problems.read().decode(errors="replace").strip().splitlines()
            raise AudioError(f"not readable as audio ({lines[-1] if lines else 'by ffmpeg'})")
