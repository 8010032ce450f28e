"""Decode audio files.

libsndfile decodes a file if it can. If it cannot, or stops before the end, FFmpeg's libraries
decode it, through PyAV. A file's content decides how it is read, not its suffix.
"""

import itertools
import math
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import numpy as np
import soundfile

from genre.environment import muted
from genre.errors import AudioError

PLAUSIBLE_RATES = range(1_000, 1_000_001)  # Hz; a damaged header can hold any number
MOST_CHANNELS = 64
LOUDEST = 1e6  # full scale is 1, but some files hold floats in the range of 16-bit integers
ROUNDING = 2.0**-14  # two steps of 16-bit samples
NOT_SOUND = {  # by first bytes, in lower case: other files that often have the suffix of audio
    b"mthd": "is a MIDI file, which holds notes and no sound",
    b"version https://git-lfs": "is a Git LFS pointer: fetch the file itself with `git lfs pull`",
    b"<!doctype html": "is a web page",
    b"<html": "is a web page",
    b"#extm3u": "is a playlist",
    b"[playlist]": "is a playlist",
    b"\0\5\x16\7": "is a hidden file that macOS keeps beside a song, and not the song itself",
}
CHUNKED = ("WAV", "WAVEX", "RF64", "W64", "AIFF")  # other chunks can follow the samples
CHUNK_ID = re.compile(rb"\0?[ -~]{4}")  # after a byte of padding, if any
SEEKABLE = ("PCM_", "FLOAT", "DOUBLE", "ULAW", "ALAW")  # encodings with samples of a fixed size
NO_OTHERS = {"protocol_whitelist": "none"}  # a playlist must not lead to files or the network
FFMPEG_OPTIONS = {
    **NO_OTHERS,
    "ignore_length": "1",  # in a WAV header; libsndfile reads the files whose length is right
}
MOST_DAMAGED = 10  # largest excess of damaged over good packets
PIECE = 2**16  # samples

Pieces = Iterator[tuple[int, np.ndarray]]  # sample rate in Hz (the same for all), mono samples


def decode(path: Path, offset: float, seconds: float) -> Pieces:
    """Yield the samples of a file from `offset` seconds on, in pieces of `seconds` or less.

    Raises AudioError if the file is not readable audio.
    """
    check_file(path)
    with Content(path) as content:
        for piece in _decode(content, offset, seconds):
            content.check()
            yield piece


def is_mpeg(path: Path) -> bool:
    """Say whether FFmpeg takes a file for MP3 or MP2, which have no mark at their beginning."""
    import av  # few files need it

    try:
        with Content(path) as content, open_ffmpeg(content) as opened:
            return opened.format.name == "mp3"
    except av.FFmpegError:
        return False


def mono(samples: np.ndarray) -> np.ndarray:
    """Average the channels of (samples, channels), and check the values.

    If the channels cancel out, as in stereo with one of them inverted, the first one is returned.
    """
    lowest, highest = samples.min(initial=0), samples.max(initial=0)  # NaN if a sample is NaN
    if not np.isfinite([lowest, highest]).all():
        raise AudioError("holds samples that are not numbers")
    if max(-lowest, highest) > LOUDEST:
        raise AudioError("holds samples too large to be sound")
    if samples.shape[1] == 1 or not len(samples):
        return samples[:, 0]
    mixed = samples.mean(axis=1)
    left = np.ptp(mixed)
    if left <= ROUNDING and left < (highest - lowest) / 100:
        return samples[:, 0]
    return mixed


def packets(path: Path) -> Iterator[bytes]:
    """Yield the encoded packets of a file's main audio track: its sound, without its tags.

    Before them comes a line about their encoding. Raises AudioError if FFmpeg cannot take the file
    apart, and OSError if it cannot be opened.
    """
    import av

    with Content(path) as content:
        try:
            with open_ffmpeg(content) as opened:
                track = opened.streams.best("audio")
                if track is None:
                    raise AudioError("no audio track")
                codec: Any = track.codec_context  # an av.AudioCodecContext
                yield f"{codec.name} {codec.sample_rate} {codec.channels}\n".encode()
                with suppress(IndexError):  # as in audio_frames
                    yield from map(bytes, opened.demux(track))
        except av.FFmpegError as error:
            raise AudioError(error.strerror) from None


class Content:
    """An open file without its name, for libraries that would otherwise believe the suffix."""

    def __init__(self, path: Path) -> None:
        self._file = open(path, "rb")  # noqa: SIM115, closed by __exit__
        self._error: OSError | None = None
        self.tell = self._file.tell

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._file.close()
        if kind is None or issubclass(kind, AudioError):
            self.check()

    def check(self) -> None:
        """Raise AudioError if a read failed; libraries take that for the end of the file."""
        if self._error:
            raise AudioError(self._error.strerror or str(self._error))

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes."""
        try:
            return self._file.read(size)
        except OSError as error:
            self._error = error
            return b""

    def readinto(self, buffer: memoryview) -> int:
        """Read up to as many bytes as `buffer` holds, and return their number."""
        try:
            return self._file.readinto(buffer)
        except OSError as error:
            self._error = error
            return 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position in the file; do nothing if a damaged header asks for one before it."""
        with suppress(OSError, ValueError):
            self._file.seek(offset, whence)
        return self.tell()


class NotAll(Exception):
    """libsndfile cannot read a file, or cannot read all of it."""


def check_file(path: Path) -> None:
    """Raise AudioError if a path is not a file, or if its first bytes show that it is not audio."""
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


def _decode(file: Content, offset: float, seconds: float) -> Pieces:
    """Yield what libsndfile can read, then what FFmpeg can read of the rest."""
    rate, at = None, offset
    try:
        for rate, samples in _libsndfile(file, offset, seconds):
            yield rate, samples
            at += len(samples) / rate
        return
    except NotAll as reason:
        libsndfile = reason
    file.seek(0)
    try:
        yield from _after(at, _ffmpeg(file, rate))
    except AudioError as ffmpeg:
        what = "not readable as audio" if at == offset else f"not readable after {at:.0f} s"
        raise AudioError(f"{what} (libsndfile: {libsndfile}; FFmpeg: {ffmpeg})") from None


def _libsndfile(file: Content, offset: float, seconds: float) -> Pieces:
    """Yield pieces of `seconds` from `offset` on. Raises NotAll if the file seems to hold more.

    A piece is read in one call: soundfile seeks after each call, and in MP3 that can leave a click.
    The MP3 decoder writes warnings to stderr, which are muted.
    """
    try:
        with muted()(soundfile.SoundFile)(file) as sound:
            read = muted()(sound.read)
            start, rate = file.tell(), sound.samplerate
            check_header(rate, sound.channels)
            length, skip = max(1, int(seconds * rate)), int(offset * rate)
            if sound.subtype.startswith(SEEKABLE):
                sound.seek(min(skip, sound.frames))
            else:
                while skip and (skipped := len(read(min(skip, length)))):
                    skip -= skipped
            while len(piece := read(length, dtype="float32", always_2d=True)):
                yield rate, mono(piece)
            if goes_on(file, start, sound):
                raise NotAll("stops before the end of the file")
    except soundfile.LibsndfileError as error:
        reason = error.error_string.strip(" .")
        # libsndfile reports some text files named .mp3 as missing.
        missing = reason.startswith("File does not exist")
        raise NotAll("Format not recognised" if missing else reason) from None


def goes_on(file: Content, start: int, sound: soundfile.SoundFile) -> bool:
    """Return whether a file seems to hold half a second or more that libsndfile did not read.

    The number of samples in a header is too small if a recorder stopped suddenly or if files were
    joined. For an MP3 file without that number, libsndfile guesses it from the first frames.
    """
    end = file.tell()
    rest = file.seek(0, os.SEEK_END) - end
    file.seek(end)
    if sound.format in CHUNKED and CHUNK_ID.match(file.read(5)):
        return False
    second = (end - start) * sound.samplerate / sound.frames if sound.frames else 0  # in bytes
    return rest > second / 2


def _ffmpeg(file: Content, rate: int | None) -> Pieces:
    """Yield the pieces of a whole file at `rate` Hz; None means the file's own rate."""
    try:
        import av  # few files need it
    except ImportError:
        raise AudioError("not tried, as PyAV is not installed") from None
    try:
        with open_ffmpeg(file, FFMPEG_OPTIONS) as opened:
            frames = audio_frames(opened, most_damaged=MOST_DAMAGED if rate is None else math.inf)
            yield from mono_pieces(frames, rate)
    except av.FFmpegError as error:
        raise AudioError(error.strerror) from None


def open_ffmpeg(file: Content, options: dict[str, str] = NO_OTHERS) -> Any:
    """Return the PyAV InputContainer of a file; raises av.FFmpegError if FFmpeg cannot read it."""
    import av

    return av.open(file, mode="r", metadata_errors="replace", container_options=options)


def mono_pieces(frames: Iterable[Any], rate: int | None) -> Pieces:
    """Yield PyAV's frames as mono samples at `rate` Hz; None means the first frame's own rate."""
    import av

    for _, alike in itertools.groupby(frames, _kind):
        # Without a resampler PyAV crashes on eight channels that are stored separately.
        resampler = av.AudioResampler("flt", rate=rate, frame_size=PIECE)
        for frame in itertools.chain(alike, [None]):  # None gives the rest that it holds
            for piece in resampler.resample(frame):
                rate = piece.sample_rate
                yield rate, mono(piece.to_ndarray().reshape(-1, piece.layout.nb_channels))


def audio_frames(opened: Any, most_damaged: float) -> Iterator[Any]:
    """Yield the frames of the main audio track of a PyAV InputContainer; skip damaged packets."""
    from av.error import InvalidDataError

    track = opened.streams.best("audio")
    if track is None:
        raise AudioError("no audio track")
    damaged = decoded = 0
    with suppress(IndexError):  # from PyAV, at the end of a file that announces some tracks late
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
                check_header(frame.sample_rate, frame.layout.nb_channels)
                yield frame


def _kind(frame: Any) -> tuple[str, str, int]:
    """Return the properties that all frames of one resampler must share."""
    return frame.format.name, frame.layout.name, frame.sample_rate


def _after(start: float, pieces: Pieces) -> Pieces:
    """Leave out what comes before `start`, in seconds."""
    skip = None
    for rate, samples in pieces:
        skip = round(start * rate) if skip is None else skip
        if len(samples) > skip:
            yield rate, samples[skip:]
        skip = max(skip - len(samples), 0)


def check_header(rate: int, channels: int) -> None:
    if rate not in PLAUSIBLE_RATES or not 0 < channels <= MOST_CHANNELS:
        raise AudioError(f"names {channels} channels of {rate} Hz")
