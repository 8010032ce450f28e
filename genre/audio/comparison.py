"""Compare the sound of two files, to be sure that a new tag has left the sound alone."""

import itertools
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from genre.audio.decoding import decode
from genre.errors import AudioError

PIECE = 10  # seconds that are decoded at a time
LONGEST = 120  # pieces (20 minutes): of the rest of a longer file only the packets are compared


def same_sound(first: Path, second: Path) -> bool:
    """Say whether two files hold the same sound.

    Compared are the packets of all tracks as FFmpeg finds them, and the decoded samples. Both must
    be the same, down to the error at which a damaged file ends. Files of which neither can be read
    are not the same.
    """
    n_packets = _count_alike(_packets(first), _packets(second))
    if n_packets is None:
        return False
    most = LONGEST if n_packets else None
    with closing(_samples(first)) as one, closing(_samples(second)) as other:
        n_pieces = _count_alike(itertools.islice(one, most), itertools.islice(other, most))
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
    """Yield the track, time and content of each packet of a file; a text if it cannot be read."""
    import av  # slow to load

    try:
        with (
            open(path, "rb") as file,  # without its name, which FFmpeg would believe
            av.open(file, metadata_errors="replace") as opened,
            suppress(IndexError),  # from PyAV, where a track is announced late
        ):
            for packet in opened.demux():
                yield b"%d %d " % (packet.stream_index, packet.pts or 0) + bytes(packet)
    except av.FFmpegError as error:
        yield error.strerror


def _samples(path: Path) -> Iterator[bytes | str]:
    """Yield the samples of a file in pieces; a text if it cannot be read any further."""
    try:
        for rate, samples in decode(path, 0, PIECE):
            yield b"%d " % rate + samples.tobytes()
    except AudioError as error:
        yield str(error)
