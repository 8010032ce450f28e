"""Read short parts of an audio file from all over it, and decode little else.

libsndfile goes to any sample of the files that it reads. FFmpeg's libraries go to a time in files
that hold an index of their packets. All other files have to be read from their beginning.
"""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from genre.audio.decoding import (
    FFMPEG_OPTIONS,
    MOST_DAMAGED,
    Content,
    NotAll,
    audio_frames,
    check_file,
    check_header,
    goes_on,
    mono,
    mono_pieces,
    open_ffmpeg,
)
from genre.environment import muted
from genre.errors import AudioError

LEAD = 0.2  # s that are decoded before a part and left out: a decoder needs some frames to settle
INDEXED = ("mov", "matroska", "asf")  # FFmpeg's names of containers with an index

# From the length of a song to the times at which parts begin, all in seconds.
Choose = Callable[[float], np.ndarray]
Part = tuple[int, np.ndarray]  # sample rate in Hz, mono samples


def parts(path: Path, choose: Choose, seconds: float) -> tuple[np.ndarray, list[Part]] | None:
    """Return the times that `choose` gives for a file, and `seconds` of sound from each on.

    Return None where the file's length is not known, or where one cannot go to a time in it.
    Raises AudioError if the file is not audio.
    """
    check_file(path)
    for read in (_by_libsndfile, _by_ffmpeg):
        with Content(path) as file:
            try:
                starts, found = read(file, choose, seconds)
            except (NotAll, soundfile.LibsndfileError, AudioError):
                continue  # whoever reads the file from its beginning says what is wrong with it
        if all(len(part) == int(seconds * rate) for rate, part in found):
            return starts, found
    return None


def _by_libsndfile(file: Content, choose: Choose, seconds: float) -> tuple[np.ndarray, list[Part]]:
    """Read the parts by libsndfile; raises NotAll if the file seems to be longer than it says."""
    with muted()(soundfile.SoundFile)(file) as sound:
        read, seek = muted()(sound.read), muted()(sound.seek)
        begin, rate = file.tell(), sound.samplerate
        check_header(rate, sound.channels)
        starts = choose(sound.frames / rate)
        found = []
        for start in starts:
            first = int(start * rate)
            lead = min(first, int(LEAD * rate))
            seek(first - lead)
            samples = read(lead + int(seconds * rate), dtype="float32", always_2d=True)
            found.append((rate, mono(samples[lead:])))
        seek(max(sound.frames - 1, 0))
        read(1)
        if goes_on(file, begin, sound):
            raise NotAll
    return starts, found


def _by_ffmpeg(file: Content, choose: Choose, seconds: float) -> tuple[np.ndarray, list[Part]]:
    """Read the parts by FFmpeg's libraries; raises NotAll if there is no index to go by."""
    try:
        import av  # few files need it
    except ImportError:
        raise NotAll from None
    try:
        with open_ffmpeg(file, FFMPEG_OPTIONS) as opened:
            if opened.format.name.split(",")[0] not in INDEXED or not opened.duration:
                raise NotAll
            starts = choose(opened.duration / av.time_base)
            found = [_part_at(opened, start, seconds, av.time_base) for start in starts.tolist()]
    except av.FFmpegError:
        raise NotAll from None
    return starts, found


def _part_at(opened: Any, start: float, seconds: float, time_base: int) -> Part:
    """Return `seconds` of a PyAV InputContainer from `start` on; fewer at the end of the file."""
    opened.seek(int(max(0, start - LEAD) * time_base))
    frames = iter(audio_frames(opened, MOST_DAMAGED))
    first = next(frames, None)
    if first is None or first.time is None or first.time > start:
        raise NotAll
    rate, skip = first.sample_rate, round((start - first.time) * first.sample_rate)
    needed = skip + int(seconds * rate)
    enough = _until(itertools.chain([first], frames), needed)
    samples = np.concatenate([piece for _, piece in mono_pieces(enough, rate)])
    return rate, samples[skip:needed]


def _until(frames: Iterator[Any], needed: int) -> Iterator[Any]:
    """Yield frames until they hold as many samples as are needed."""
    for frame in frames:
        yield frame
        needed -= frame.samples
        if needed <= 0:
            return
