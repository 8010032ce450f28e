"""Decode audio files, resample them, mix them to mono and cut them into segments.

libsndfile decodes a file where it can. Where it cannot, or stops before the end, the libraries of
FFmpeg do, through PyAV. What a file holds decides how it is read; its suffix does not.
"""

import itertools
import math
import os
import re
import stat
from collections.abc import Iterator
from contextlib import closing, suppress
from numbers import Real
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import soundfile
import soxr
from numpy.typing import ArrayLike

from genre.errors import AudioError

# Suffixes of files in a data set that are taken for songs. Some cannot be read (MIDI, headerless
# samples): such files are reported, not passed over in silence.
AUDIO_SUFFIXES = frozenset(
    {".3ga", ".3gp", ".aac", ".ac3", ".aif", ".aifc", ".aiff", ".amr", ".ape", ".asf", ".au"}
    | {".avi", ".caf", ".dff", ".dsf", ".dts", ".eac3", ".flac", ".flv", ".m4a", ".m4b", ".m4p"}
    | {".m4r", ".m4v", ".mid", ".midi", ".mka", ".mkv", ".mov", ".mp2", ".mp3", ".mp4", ".mpc"}
    | {".mpeg", ".mpg", ".mpga", ".oga", ".ogg", ".ogv", ".opus", ".pcm", ".ra", ".raw", ".rf64"}
    | {".rm", ".shn", ".snd", ".spx", ".tak", ".tta", ".w64", ".wav", ".wave", ".weba", ".webm"}
    | {".wma", ".wmv", ".wv"}
)
PLAUSIBLE_RATES = range(1_000, 1_000_001)  # Hz; a damaged header can name any
MOST_CHANNELS = 64
LOUDEST = 1e6  # full scale is 1, but some files hold floats as large as 16-bit integers
ROUNDING = 2.0**-14  # two steps of 16-bit samples
SILENCE = "holds nothing but silence"
NOT_SOUND = {  # how files begin, in lower case, that are often named like audio
    b"mthd": "is a MIDI file, which holds notes and no sound",
    b"version https://git-lfs": "is a Git LFS pointer: fetch the file itself with `git lfs pull`",
    b"<!doctype html": "is a web page",
    b"<html": "is a web page",
}
CHUNKED = ("WAV", "WAVEX", "RF64", "W64", "AIFF")  # other chunks can follow the samples
CHUNK_ID = re.compile(rb"\0?[ -~]{4}")  # after a byte that makes the samples' size even
SEEKABLE = ("PCM_", "FLOAT", "DOUBLE", "ULAW", "ALAW")  # encodings that can be read from anywhere
FFMPEG_OPTIONS = {
    "protocol_whitelist": "none",  # a playlist must not lead to other files, or to the network
    "ignore_length": "1",  # of WAV files; libsndfile reads those that are right
}
MOST_DAMAGED = 10  # packets, more than are right, in something that may be no sound at all
PIECE = 2**16  # samples

Pieces = Iterator[tuple[int, np.ndarray]]  # the rate in Hz, the same for all, and mono samples


def load(path: str | Path, *, sample_rate: int, seconds: float, offset: float = 0.0) -> np.ndarray:
    """Return `seconds` of an audio file from `offset` on, as mono float32 samples, (samples,).

    Full scale is 1. The channels are averaged and the result is resampled to `sample_rate` Hz, as
    `librosa.load` does. Raises AudioError when the file is not readable audio, or holds nothing but
    silence there.
    """
    with closing(blocks(path, sample_rate=sample_rate, seconds=seconds, offset=offset)) as all_:
        return _first(all_, seconds, offset)


def blocks(
    path: str | Path, *, sample_rate: int, seconds: float, offset: float = 0.0
) -> Iterator[np.ndarray]:
    """Yield an audio file from `offset` to its end as `load` returns it, `seconds` at a time.

    Memory does not grow with the length of the file. Raises AudioError as `load` does; that there
    is nothing but silence is known at the end only.
    """
    path = Path(path)
    _check_file(path)
    with open(path, "rb") as file:
        content = _Content(file)
        try:
            for block in _blocks(_decode(content, offset, seconds), sample_rate, seconds, offset):
                content.check()
                yield block
        except AudioError:
            content.check()
            raise


def from_samples(
    samples: ArrayLike, rate: float, *, sample_rate: int, seconds: float, offset: float = 0.0
) -> np.ndarray:
    """Return samples that were read elsewhere, at `rate` Hz, as `load` returns those of a file.

    They have the shape (samples,), (samples, channels) as soundfile gives, or (channels, samples)
    as librosa gives: the shorter axis is that of the channels. Full scale is 1 for floats; integers
    of 8 (unsigned), 16 and 32 bits are scaled as in WAV files. Raises AudioError when they are not
    usable.
    """
    if not isinstance(rate, Real) or rate not in PLAUSIBLE_RATES:
        raise AudioError(f"a sample rate of {rate!r} Hz is not usable")
    start = int(offset * rate)
    mono = _mono(_two_dimensional(samples)[start:])
    pieces = iter([(int(rate), mono)])
    return _first(_blocks(pieces, sample_rate, seconds, offset), seconds, offset)


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


# Blocks


def _first(blocks: Iterator[np.ndarray], seconds: float, offset: float) -> np.ndarray:
    """Return the first block. If it is silent, raise an AudioError that says how far that goes."""
    first = next(blocks)
    if np.ptp(first):
        return first
    for later in blocks:  # raises AudioError at the end if all is silent
        if np.ptp(later):
            break
    which = (
        f"the {seconds:g} s after {offset:g} s hold" if offset else f"its first {seconds:g} s hold"
    )
    raise AudioError(f"{which} nothing but silence")


def _blocks(
    pieces: Pieces, sample_rate: int, seconds: float, offset: float
) -> Iterator[np.ndarray]:
    """Yield pieces of any length as resampled blocks of `seconds`; the last may be shorter."""
    sounds = None
    for rate, samples in _joined(pieces, seconds):
        sounds = sounds or np.ptp(samples) > 0
        yield samples if rate == sample_rate else soxr.resample(samples, rate, sample_rate)
    if not sounds:
        what = "holds no sound" if sounds is None else SILENCE
        raise AudioError(f"{what} after {offset:g} s" if offset else what)


def _joined(pieces: Pieces, seconds: float) -> Iterator[tuple[int, np.ndarray]]:
    """Join and cut pieces to `seconds` each, but for the last."""
    held: list[np.ndarray] = []
    for rate, piece in pieces:
        held.append(piece)
        length = int(seconds * rate)
        while sum(map(len, held)) >= length:
            samples = np.concatenate(held) if len(held) > 1 else held[0]
            yield rate, samples[:length]
            held = [samples[length:]]
    if sum(map(len, held)):
        yield rate, np.concatenate(held)


def _mono(samples: np.ndarray) -> np.ndarray:
    """Average the channels of (samples, channels) and check the values.

    Where the channels cancel out, the average is silence, and not what rounding left of them.
    """
    lowest, highest = samples.min(initial=0), samples.max(initial=0)  # NaN if one of them is
    if not np.isfinite([lowest, highest]).all():
        raise AudioError("holds samples that are not numbers")
    if max(-lowest, highest) > LOUDEST:
        raise AudioError("holds samples too large to be sound")
    if samples.shape[1] == 1 or not len(samples):
        return samples[:, 0]
    mono = samples.mean(axis=1)
    left = np.ptp(mono)
    if left <= ROUNDING and left < (highest - lowest) / 100:
        mono[:] = 0
    return mono


def _two_dimensional(samples: ArrayLike) -> np.ndarray:
    """Return samples of any usable shape and type as float32, (samples, channels)."""
    try:
        array = np.asarray(samples)
    except ValueError:
        raise AudioError("the samples are not an array of numbers") from None
    if array.ndim not in (1, 2):
        raise AudioError(
            f"samples of shape {array.shape} are not (samples,) or (samples, channels)"
        )
    if array.ndim == 1:
        array = array[:, None]
    elif array.shape[0] < array.shape[1]:
        array = array.T
    if array.shape[1] > MOST_CHANNELS:
        raise AudioError(f"samples of shape {array.shape} have too many channels")
    if array.dtype.kind == "f":
        return array.astype(np.float32)
    if array.dtype == np.uint8:
        return (array.astype(np.float32) - 128) / 128
    if array.dtype in (np.int16, np.int32):
        return array.astype(np.float32) / -float(np.iinfo(array.dtype).min)
    raise AudioError(
        f"samples of type {array.dtype} are not usable: give floats with a full scale of 1, "
        "or integers of 16 bits"
    )


# Files


class _Content:
    """What a file holds, without its name, for libraries that would believe the suffix."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: OSError | None = None
        self.tell = file.tell

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes; an error is kept for `check`."""
        try:
            return self._file.read(size)
        except OSError as error:
            self.error = error
            return b""

    def check(self) -> None:
        """Raise AudioError where reading failed: the libraries take that for the end."""
        if self.error:
            raise AudioError(self.error.strerror or str(self.error))

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place in the file; stay where a damaged header names a place before it."""
        with suppress(OSError, ValueError):
            self._file.seek(offset, whence)
        return self.tell()


class _NotAll(Exception):
    """libsndfile cannot read a file, or not all of it."""


def _check_file(path: Path) -> None:
    """Raise AudioError where a path leads to no file, or to one that is known not to be sound."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise AudioError("Is a directory" if stat.S_ISDIR(mode) else "not a file")
        with open(path, "rb") as file:
            start = file.read(100)
    except OSError as error:
        raise AudioError(error.strerror or str(error)) from None
    if not start:
        raise AudioError("is empty")
    for beginning, reason in NOT_SOUND.items():
        if start.lstrip().lower().startswith(beginning):
            raise AudioError(reason)


def _decode(file: _Content, offset: float, seconds: float) -> Pieces:
    """Yield the pieces of a file from `offset` on: by libsndfile, and by FFmpeg what is left."""
    rate, at = None, offset
    try:
        for rate, samples in _libsndfile(file, offset, seconds):
            yield rate, samples
            at += len(samples) / rate
        return
    except _NotAll as reason:
        libsndfile = reason
    file.seek(0)
    try:
        yield from _from(at, _ffmpeg(file, rate))
    except AudioError as ffmpeg:
        what = "not readable as audio" if at == offset else f"not readable after {at:.0f} s"
        raise AudioError(f"{what} (libsndfile: {libsndfile}; FFmpeg: {ffmpeg})") from None


def _libsndfile(file: _Content, offset: float, seconds: float) -> Pieces:
    """Yield pieces of `seconds` from `offset` on. Raises _NotAll where that is not all there is.

    A piece is read at once: after each reading soundfile seeks, which in MP3 can leave a click.
    """
    try:
        with soundfile.SoundFile(file) as sound:
            start, rate = file.tell(), sound.samplerate
            _check_header(rate, sound.channels)
            length, skip = int(seconds * rate), int(offset * rate)
            if sound.subtype.startswith(SEEKABLE):
                sound.seek(min(skip, sound.frames))
                skip = 0
            while skip and (skipped := len(sound.read(min(skip, length)))):
                skip -= skipped
            while len(block := sound.read(length, dtype="float32", always_2d=True)):
                yield rate, _mono(block)
            if _goes_on(file, start, sound):
                raise _NotAll("stops before the end of the file")
    except soundfile.LibsndfileError as error:
        what = error.error_string.strip(" .")
        # What it says of some files that are not MP3 is that they do not exist.
        known = not what.startswith("File does not exist")
        raise _NotAll(what if known else "Format not recognised") from None


def _goes_on(file: _Content, start: int, sound: soundfile.SoundFile) -> bool:
    """Return whether a file seems to hold more sound than libsndfile read, half a second or more.

    A header counts too little where a recorder died or files were joined, and MP3 files without
    such a header are taken to go on as they begin.
    """
    end = file.tell()
    rest = file.seek(0, os.SEEK_END) - end
    file.seek(end)
    if sound.format in CHUNKED and CHUNK_ID.match(file.read(5)):
        return False
    second = (end - start) * sound.samplerate / sound.frames if sound.frames else 0  # in bytes
    return rest > second / 2


def _ffmpeg(file: _Content, rate: int | None) -> Pieces:
    """Yield the pieces of a whole file, at `rate` Hz, or at the file's own rate for None."""
    try:
        import av  # few files need it
    except ImportError:
        raise AudioError("PyAV, which brings it along, is not installed") from None
    try:
        with av.open(file, metadata_errors="replace", container_options=FFMPEG_OPTIONS) as opened:
            frames = _frames(opened, most_damaged=MOST_DAMAGED if rate is None else math.inf)
            for _, alike in itertools.groupby(frames, _kind):
                # Not straight to an array: PyAV crashes on eight channels in planes of their own.
                resampler = av.AudioResampler("flt", rate=rate, frame_size=PIECE)
                for frame in itertools.chain(alike, [None]):  # None for what it still holds
                    for piece in resampler.resample(frame):
                        rate = piece.sample_rate
                        samples = piece.to_ndarray().reshape(-1, piece.layout.nb_channels)
                        yield rate, _mono(samples)
    except av.FFmpegError as error:
        raise AudioError(error.strerror) from None


def _frames(opened: Any, most_damaged: float) -> Iterator[Any]:
    """Decode the main audio track of PyAV's InputContainer. Damaged frames are left out."""
    from av.error import InvalidDataError

    track = opened.streams.best("audio")
    if track is None:
        raise AudioError("no audio track")
    damaged = decoded = 0
    for packet in opened.demux(track):
        try:
            frames = packet.decode()
        except InvalidDataError:
            damaged += 1
            if damaged > decoded + most_damaged:
                raise AudioError("most of it is damaged") from None
            continue
        decoded += 1
        for frame in frames:
            _check_header(frame.sample_rate, frame.layout.nb_channels)
            yield frame


def _kind(frame: Any) -> tuple[str, str, int]:
    """Return what is the same in all frames that one resampler takes."""
    return frame.format.name, frame.layout.name, frame.sample_rate


def _from(start: float, pieces: Pieces) -> Pieces:
    """Leave out what comes before `start`, in seconds."""
    skip = None
    for rate, samples in pieces:
        skip = round(start * rate) if skip is None else skip
        if len(samples) > skip:
            yield rate, samples[skip:]
        skip = max(skip - len(samples), 0)


def _check_header(rate: int, channels: int) -> None:
    if rate not in PLAUSIBLE_RATES or not 0 < channels <= MOST_CHANNELS:
        raise AudioError(f"names {channels} channels of {rate} Hz")
