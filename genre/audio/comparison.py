"""Compare the sound of two files, to be sure that a new tag has left the sound alone."""

import itertools
import math
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from genre.audio.decoding import decode, is_mpeg
from genre.errors import AudioError

PIECE = 10  # seconds that are decoded at a time
LONGEST = 1200  # seconds: of the rest of a longer file only the packets are compared


def same_sound(first: Path, second: Path) -> bool:
    """Say whether two files hold the same sound.

    Compared are the packets of all tracks as FFmpeg finds them, and the decoded samples. Both must
    be the same, down to the error at which a damaged file ends. Files of which neither can be read
    are not the same.
    """
    n_packets = _count_alike(_packets(first), _packets(second))
    if n_packets is None or is_mpeg(first) != is_mpeg(second):
        return False
    if n_packets and is_mpeg(first):  # its packets have been decoded
        return True
    most = LONGEST if n_packets else math.inf
    n_pieces = _count_alike(_samples(first, most), _samples(second, most))
    return n_pieces is not None and n_packets + n_pieces > 0


def _count_alike(first: Iterator[bytes | str], second: Iterator[bytes | str]) -> int | None:
    """Return how many bytes objects two iterators share, or None if they differ anywhere."""
    count = 0
    for one, other in itertools.zip_longest(first, second):
        if one != other:
            return None
        count += isinstance(one, bytes)
    return count


def _packets(path: Path) -> Iterator[bytes | str]:
    """Yield the track, time and content of each packet of a file; a text if it cannot be read.

    The packets of MP3 are decoded here, and their samples are yielded, too: libsndfile guesses the
    length of some MP3 files from that of the file, which a tag changes.
    """
    import av  # slow to load

    try:
        with (
            open(path, "rb") as file,  # without its name, which FFmpeg would believe
            av.open(file, mode="r", metadata_errors="replace") as opened,
            suppress(IndexError),  # from PyAV, where a track is announced late
        ):
            is_mp3 = opened.format.name == "mp3"
            for packet in opened.demux():
                yield b"%d %d " % (packet.stream_index, packet.pts or 0) + bytes(packet)
                if is_mp3 and packet.stream.type == "audio":
                    yield from _decoded(packet)
    except av.FFmpegError as error:
        yield str(error.strerror)


def _decoded(packet: Any) -> Iterator[bytes | str]:
    """Yield the samples of a PyAV packet; a text if it is damaged."""
    from av.error import InvalidDataError

    try:
        for frame in packet.decode():
            yield from map(bytes, frame.planes)
    except InvalidDataError as error:
        yield str(error.strerror)


def _samples(path: Path, most: float) -> Iterator[bytes | str]:
    """Yield about the first `most` seconds in pieces; a text if they cannot be read any further."""
    seconds = 0.0
    try:
        for rate, samples in decode(path, 0, PIECE):
            yield b"%d " % rate + samples.tobytes()
            seconds += len(samples) / rate
            if seconds >= most:
                break
    except AudioError as error:
        yield str(error)
