"""A short description of a recording, which its duplicates have too, whatever their file format.

J. Haitsma and T. Kalker, "A highly robust audio fingerprinting system", ISMIR 2002: every 40 ms the
energies of 33 bands are compared with each other and with those of the frame before. The 32 answers
are the bits of a number. Loudness, equalisers and compression such as MP3 change few bits; another
speed or pitch changes most.
"""

import numpy as np

SAMPLE_RATE = 4000  # Hz; what is above 2000 Hz suffers most from compression
WINDOW = 1024  # samples, 256 ms
HOP = 160  # samples, 40 ms
AT_ONCE = 64  # windows that are transformed at once: they fit in a processor's cache
BITS = 32
LOWEST, HIGHEST = 100, 1800  # Hz
TAPER = np.hanning(WINDOW).astype(np.float32)
# Of a spectrum, where each band begins; the last one is everything above HIGHEST.
EDGES = np.rint(np.geomspace(LOWEST, HIGHEST, BITS + 2) * WINDOW / SAMPLE_RATE).astype(int)
SHORTEST = 38  # frames that two fingerprints must share, 1.5 s
PART = 0.5  # of the shorter fingerprint that they must share; songs may share a sampled bar
NONE = np.zeros(0, np.uint32)  # of samples that are too short
SAME = 0.25  # fraction of the bits; in duplicates fewer differ, in other recordings more


def of(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Return the fingerprint of samples, (samples,): (frames,) uint32, one number every 40 ms.

    A frame of complete silence is 0. Samples of less than 300 ms have an empty fingerprint.
    """
    import soxr

    low = soxr.resample(samples, sample_rate, SAMPLE_RATE)
    if len(low) < WINDOW + HOP:
        return NONE
    windows = np.lib.stride_tricks.sliding_window_view(low, WINDOW)[::HOP]
    groups = (windows[start : start + AT_ONCE] for start in range(0, len(windows), AT_ONCE))
    energies = np.concatenate([_energies(some) for some in groups])
    slopes = np.diff(energies[:, :-1], axis=1)
    rising = np.diff(slopes, axis=0) > 0
    return np.packbits(rising, axis=1).view(np.uint32)[:, 0]


def _energies(windows: np.ndarray) -> np.ndarray:
    """Return the energies of the bands, (windows, BITS + 2), of samples, (windows, WINDOW)."""
    from scipy import fft

    spectra = fft.rfft(windows * TAPER, axis=1)  # in float32
    return np.add.reduceat(spectra.real**2 + spectra.imag**2, EDGES, axis=1)


def differing_bits(first: np.ndarray, second: np.ndarray, offset: int) -> float:
    """Return the fraction of bits in which two fingerprints differ where they overlap.

    Frame i of `first` is compared with frame i + offset of `second`. Frames that are silent in both
    tell nothing. If too few frames are left to tell, 1 is returned.
    """
    start, end = max(0, -offset), min(len(first), len(second) - offset)
    ours, theirs = first[start:end], second[start + offset : end + offset]
    n_frames = np.count_nonzero(ours | theirs)
    if n_frames < max(SHORTEST, PART * min(len(first), len(second))):
        return 1.0
    return float(np.bitwise_count(ours ^ theirs).sum() / (BITS * n_frames))
