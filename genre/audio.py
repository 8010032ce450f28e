"""Decode any file that libsndfile reads, bring it to one rate and one channel, cut it."""

from pathlib import Path

import numpy as np
import soundfile
import soxr

from genre.errors import AudioError


def load(path: str | Path, *, sample_rate: int, seconds: float) -> np.ndarray:
    """Return the first `seconds` of an audio file as mono float32 samples in [-1, 1], (samples,).

    Channels are averaged and the rate is brought to `sample_rate` Hz, as `librosa.load` does.
    Raises AudioError when the file is not readable audio, is empty or holds NaN or infinity.
    """
    try:
        with soundfile.SoundFile(path) as file:
            rate = file.samplerate
            channels = file.read(int(seconds * rate), dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise AudioError(_why_unreadable(path, error)) from None
    samples = channels.mean(axis=1)
    if not len(samples):
        raise AudioError("holds no sound")
    if not np.isfinite(samples).all():
        raise AudioError("holds samples that are not numbers")
    return soxr.resample(samples, rate, sample_rate)


def _why_unreadable(path: str | Path, error: soundfile.LibsndfileError) -> str:
    """Tell what the system says of the file, where libsndfile knows only of a "System error"."""
    try:
        with open(path, "rb") as file:
            if not file.read(1):
                return "is empty"
    except OSError as system_error:
        return system_error.strerror or str(system_error)
    return f"not readable as audio ({error.error_string.strip(' .')})"


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
