"""Altered copies of a track to train on: they sound like other recordings of it."""

import zlib

import numpy as np

# The equaliser is a sum of cosines over log frequency; their strengths in dB are drawn at random
# with this standard deviation.
EQUALIZER_DB, EQUALIZER_WAVES = 3.0, 5
CUTOFFS = (  # filters: the fraction of copies that have it, range of cutoffs in Hz, slope
    (0.3, (2_500, 7_000), 12),  # low-pass
    (0.2, (50, 200), -4),  # high-pass
)
NOISY, NOISE_DB = 0.3, (20, 40)  # fraction of noisy copies; dB from the noise up to the music
SPEED = 0.1  # the largest change of the speed's logarithm: about 10 %, which shifts the pitch, too


def altered(samples: np.ndarray, sample_rate: int, number: int) -> np.ndarray:
    """Return samples, (samples,), with a random equaliser, bandwidth, noise and speed.

    Each number gives another copy; the same samples and number give the same copy. A faster copy is
    shorter, and is filled up from its beginning.
    """
    import scipy.fft
    import soxr

    rng = np.random.default_rng([number, zlib.crc32(samples.tobytes())])
    frequencies = scipy.fft.rfftfreq(len(samples), 1 / sample_rate)
    spectrum = scipy.fft.rfft(samples) * _gains(frequencies, rng)
    copy = scipy.fft.irfft(spectrum, len(samples))
    if rng.random() < NOISY:
        loudness = np.sqrt(np.mean(np.square(copy)))
        copy += loudness * 10 ** (-rng.uniform(*NOISE_DB) / 20) * rng.standard_normal(len(copy))
    speed = np.exp(rng.uniform(-SPEED, SPEED))
    copy = soxr.resample(copy, sample_rate * speed, sample_rate)
    return np.resize(copy, len(samples)).astype(np.float32)


def _gains(frequencies: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return random factors by which to multiply the amplitude at each frequency."""
    place = np.log1p(frequencies / 50) / np.log1p(frequencies[-1] / 50)  # 0 to 1
    waves = np.cos(np.pi * np.outer(np.arange(1, 1 + EQUALIZER_WAVES), place))
    gains = 10 ** (rng.normal(0, EQUALIZER_DB, EQUALIZER_WAVES) @ waves / 20)
    for share, cutoffs, slope in CUTOFFS:
        if rng.random() < share:
            with np.errstate(divide="ignore"):  # nothing is left at 0 Hz
                gains /= np.sqrt(1 + (frequencies / rng.uniform(*cutoffs)) ** slope)
    return gains
