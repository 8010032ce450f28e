"""Read audio of any format as mono samples at one sample rate, and cut it into segments."""

from collections.abc import Generator, Iterator
from contextlib import closing
from functools import partial
from numbers import Real
from os import PathLike
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import ArrayLike

from genre.audio import seeking
from genre.audio.decoding import MOST_CHANNELS, PLAUSIBLE_RATES, Pieces, decode, mono
from genre.errors import AudioError, reason

AnyPath = str | PathLike[str]

# Files with these suffixes are taken for songs. Some cannot be read, such as MIDI and samples
# without a header. They are listed so that the user is told that they were left out.
AUDIO_SUFFIXES = frozenset(
    """
    .3g2 .3ga .3gp .8svx .aa .aa3 .aac .aax .ac3 .aea .aif .aifc .aiff .amr .ape .asf .au .avi
    .awb .bonk .bwf .caf .dff .dsf .dts .eac3 .ec3 .f4a .f4v .flac .flv .gsm .iff .ircam .isma
    .m2a .m2ts .m4a .m4b .m4p .m4r .m4v .mac .mid .midi .mka .mkv .mlp .mogg .mov .mp+ .mp1 .mp2
    .mp3 .mp4 .mpa .mpc .mpeg .mpg .mpga .mpp .mts .nist .nut .oga .ogg .ogv .ogx .oma .omg
    .opus .paf .pcm .pvf .qoa .ra .raw .rf64 .rka .rm .sd2 .sds .shn .snd .sph .spx .svx .tak
    .thd .tta .vob .voc .vqf .w64 .wav .wave .weba .webm .wma .wmv .wv .wve
    """.split()  # noqa: SIM905, a list would be 100 lines
)
SILENCE = "holds nothing but silence"
NO_SOUND = "holds no sound"
LOUDEST_FLOAT = 100  # 40 dB above full scale; samples that go further are integers as floats


def load(path: AnyPath, *, sample_rate: int, seconds: float, offset: float = 0.0) -> np.ndarray:
    """Return `seconds` of an audio file from `offset` on, as mono float32 samples, (samples,).

    Full scale is 1. The channels are averaged and the result is resampled to `sample_rate` Hz, as
    `librosa.load` does. Raises AudioError when the file is not readable audio, or holds nothing but
    silence there.
    """
    with closing(blocks(path, sample_rate=sample_rate, seconds=seconds, offset=offset)) as found:
        return _first(found, seconds, offset)


def blocks(
    path: AnyPath, *, sample_rate: int, seconds: float, offset: float = 0.0
) -> Generator[np.ndarray, None, None]:
    """Yield an audio file from `offset` to its end as `load` returns it, `seconds` at a time.

    Memory does not grow with the length of the file. Raises AudioError as `load` does; for a file
    that is all silence, only after the whole file has been read.
    """
    return _resampled_pieces(decode(Path(path), offset, seconds), sample_rate, seconds, offset)


def spread(
    path: AnyPath, *, sample_rate: int, seconds: float, count: int
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Return `count` parts of `seconds` each, spread evenly over an audio file, as `load` does.

    With them come the times at which they begin, (parts,) in seconds. A file that is not longer
    than all parts together gives none. Only the parts are decoded, where the file's format allows
    that. Parts of nothing but silence are left out. Raises AudioError as `load` does.
    """
    choose = partial(evenly, seconds=seconds, count=count)
    found = seeking.parts(Path(path), choose, seconds)
    if found is None:
        starts, samples = _spread_by_reading(path, choose, sample_rate, seconds)
    else:
        starts, samples = found[0], [_resampled(part, sample_rate) for part in found[1]]
    heard = [i for i, part in enumerate(samples) if np.ptp(part)]
    if samples and not heard:
        raise AudioError(f"{count} parts of {seconds:g} s, from all over it, hold only silence")
    return starts[heard], [samples[i] for i in heard]


def evenly(length: float, *, seconds: float, count: int) -> np.ndarray:
    """Return the times at which parts of a song begin: each is amid one of `count` equal shares.

    All are in seconds. A song that is not longer than the parts together gives none.
    """
    if length <= seconds * count:
        return np.zeros(0)
    return (np.arange(count) + 0.5) * length / count - seconds / 2


def _spread_by_reading(
    path: AnyPath, choose: seeking.Choose, sample_rate: int, seconds: float
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Read a whole file twice: for its length, and for the parts. Memory holds the parts alone."""
    read = partial(blocks, path, sample_rate=sample_rate, seconds=seconds)
    starts = choose(sum(map(len, read())) / sample_rate)
    first, length = (starts * sample_rate).astype(int), int(seconds * sample_rate)
    samples = [np.zeros(length, dtype=np.float32) for _ in starts]
    begin = 0
    for piece in read() if len(starts) else ():
        end = begin + len(piece)
        for i in np.flatnonzero((first < end) & (first + length > begin)):
            lower, upper = max(first[i], begin), min(first[i] + length, end)
            samples[i][lower - first[i] : upper - first[i]] = piece[lower - begin : upper - begin]
        begin = end
    return starts, samples


def from_samples(
    samples: ArrayLike, rate: float, *, sample_rate: int, seconds: float, offset: float = 0.0
) -> np.ndarray:
    """Return samples that are already in memory, at `rate` Hz, as `load` returns those of a file.

    They have the shape (samples,), (samples, channels) as soundfile gives, or (channels, samples)
    as librosa gives: the shorter axis holds the channels. Other axes may have a length of one. Full
    scale is 1 for floats, and that of their type for integers of 8, 16 and 32 bits; those of 8 bits
    without a sign have their zero at 128, as in WAV files. Raises AudioError for all others, whose
    scale or shape could only be guessed.
    """
    if not isinstance(rate, Real) or rate not in PLAUSIBLE_RATES:
        raise AudioError(f"a sample rate of {rate!r} Hz is not usable")
    start = int(offset * rate)
    decoded = iter([(int(rate), mono(_two_dimensional(samples)[start:]))])
    return _first(_resampled_pieces(decoded, sample_rate, seconds, offset), seconds, offset)


def cut(samples: np.ndarray, *, length: int, count: int, shortest: int) -> np.ndarray:
    """Cut samples into at most `count` segments of `length` samples, (segments, length).

    A last segment of at least `shortest` samples is kept and padded with zeros; a shorter one is
    left out.
    """
    whole, rest = divmod(len(samples), length)
    n_segments = min(count, whole + (rest >= shortest))
    segments = np.zeros((n_segments, length), dtype=np.float32)
    used = samples[: n_segments * length]
    segments.reshape(-1)[: len(used)] = used
    return segments


def _first(found: Iterator[np.ndarray], seconds: float, offset: float) -> np.ndarray:
    """Return the first piece; if it is silent, raise an AudioError that says how much is silent."""
    first = next(found)
    if np.ptp(first):
        return first
    for later in found:  # raises AudioError at the end if all pieces are silent
        if np.ptp(later):
            break
    which = (
        f"the {seconds:g} s after {offset:g} s hold" if offset else f"its first {seconds:g} s hold"
    )
    raise AudioError(f"{which} nothing but silence")


def _resampled_pieces(
    decoded: Pieces, sample_rate: int, seconds: float, offset: float
) -> Generator[np.ndarray, None, None]:
    """Yield decoded pieces resampled, `seconds` at a time; the last may be shorter."""
    sounds = None
    for rate, samples in _joined(decoded, seconds):
        sounds = sounds or np.ptp(samples) > 0
        yield _resampled((rate, samples), sample_rate)
    if not sounds:
        what = NO_SOUND if sounds is None else SILENCE
        raise AudioError(f"{what} after {offset:g} s" if offset else what)


def _resampled(part: tuple[int, np.ndarray], sample_rate: int) -> np.ndarray:
    rate, samples = part
    return samples if rate == sample_rate else soxr.resample(samples, rate, sample_rate)


def _joined(decoded: Pieces, seconds: float) -> Iterator[tuple[int, np.ndarray]]:
    """Join and cut pieces so that each has `seconds`; the last may be shorter."""
    held: list[np.ndarray] = []
    for rate, piece in decoded:
        held.append(piece)
        length = max(1, int(seconds * rate))
        while sum(map(len, held)) >= length:
            samples = np.concatenate(held) if len(held) > 1 else held[0]
            yield rate, samples[:length]
            held = [samples[length:]]
    if sum(map(len, held)):
        yield rate, np.concatenate(held)


def _two_dimensional(samples: ArrayLike) -> np.ndarray:
    """Return samples of any usable shape and type as float32, (samples, channels)."""
    try:
        array = np.asarray(samples)
    except Exception as error:  # from whatever the samples are: a list, a tensor, a frame
        raise AudioError(f"the samples are not an array of numbers ({reason(error)})") from None
    if not array.size:
        raise AudioError(NO_SOUND)
    if array.ndim > 2:
        array = np.squeeze(array)
    if array.ndim not in (1, 2):
        raise AudioError(
            f"samples of shape {array.shape} are not (samples,) or (samples, channels)"
        )
    if array.ndim == 1:
        array = array[:, None]
    elif array.shape[0] == array.shape[1] > 1:
        raise AudioError(f"samples of shape {array.shape} do not say which axis holds the channels")
    elif array.shape[0] < array.shape[1]:
        array = array.T
    if array.shape[1] > MOST_CHANNELS:
        raise AudioError(f"samples of shape {array.shape} have too many channels")
    if array.dtype.kind == "f":
        if (peak := np.abs(array).max()) > LOUDEST_FLOAT:
            raise AudioError(
                f"samples of up to {peak:.6g} do not have a full scale of 1; divide those that "
                "come from integers of 16 bits by 32768"
            )
        return array.astype(np.float32)
    if array.dtype == np.uint8:
        return (array.astype(np.float32) - 128) / 128
    if array.dtype.kind == "i" and array.dtype.itemsize <= 4:
        return array.astype(np.float32) / -float(np.iinfo(array.dtype).min)
    raise AudioError(
        f"samples of type {array.dtype} are not usable; use floats with a full scale of 1, or "
        "integers of 8, 16 or 32 bits"
    )
