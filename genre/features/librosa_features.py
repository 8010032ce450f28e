"""The features that librosa and PyWavelets compute: pitch, rhythm, timbre and the scalogram.

Every function takes one segment's samples, (samples,) float32, and returns (frames, bands). librosa
takes a second and a half to load, so each function loads it when it is called.
"""

import warnings
from collections.abc import Callable

import numpy as np

from genre.environment import load_librosa
from genre.features.settings import Settings

CQT_BANDS = 84  # seven octaves of semitones from C1
WAVELET = "cmor1.5-1.0"  # the complex Morlet wavelet, whose magnitude is a smooth envelope
WAVELET_BANDS = 64
LOWEST = 32.70  # Hz, C1, the lowest band of the scalogram
HIGHEST = 0.8  # the highest band's frequency, as a fraction of half the sample rate


def cqt(samples: np.ndarray, settings: Settings) -> np.ndarray:
    """Return the constant-Q transform in dB: 12 bands an octave, the first at C1."""
    librosa = load_librosa()
    spectrum = _of_hops(librosa.cqt, samples, settings, n_bins=CQT_BANDS)
    return librosa.amplitude_to_db(np.abs(spectrum))


def chroma_stft(samples: np.ndarray, settings: Settings) -> np.ndarray:
    """Return the strength of the twelve pitch classes, from the spectrum."""
    return _of_frames(load_librosa().feature.chroma_stft, samples, settings)


def chroma_cqt(samples: np.ndarray, settings: Settings) -> np.ndarray:
    """Return the strength of the twelve pitch classes, from the constant-Q transform."""
    return _of_hops(load_librosa().feature.chroma_cqt, samples, settings)


def chroma_cens(samples: np.ndarray, settings: Settings) -> np.ndarray:
    """Return the strength of the pitch classes, smoothed over time (Müller and Ewert 2011)."""
    return _of_hops(load_librosa().feature.chroma_cens, samples, settings)


def tempogram(samples: np.ndarray, settings: Settings) -> np.ndarray:
    """Return the local autocorrelation of the onset strength, a band for each lag in frames."""
    return _of_hops(load_librosa().feature.tempogram, samples, settings)


def centroid(samples: np.ndarray, settings: Settings) -> np.ndarray:
    """Return the spectrum's centre of mass in Hz, one band."""
    return _of_frames(load_librosa().feature.spectral_centroid, samples, settings)


def contrast(samples: np.ndarray, settings: Settings) -> np.ndarray:
    """Return how far peaks are above valleys in seven ranges of the spectrum, in dB."""
    return _of_frames(load_librosa().feature.spectral_contrast, samples, settings)


def wavelet(samples: np.ndarray, settings: Settings) -> np.ndarray:
    """Return the Morlet scalogram in dB at log-spaced frequencies from C1, lowest first.

    Its power, one value for each sample, is averaged over the hop around each frame's centre.
    """
    librosa = load_librosa()
    import pywt

    frequencies = wavelet_frequencies(settings) / settings.sample_rate
    scales = pywt.frequency2scale(WAVELET, frequencies)
    coefficients, _ = pywt.cwt(samples, scales, WAVELET, method="fft")
    hop, n_frames = settings.hop_length, 1 + len(samples) // settings.hop_length
    padded = np.pad(np.abs(coefficients) ** 2, ((0, 0), (hop // 2, hop)))[:, : n_frames * hop]
    return librosa.power_to_db(padded.reshape(WAVELET_BANDS, n_frames, hop).mean(axis=-1)).T


def wavelet_frequencies(settings: Settings) -> np.ndarray:
    """Return the frequency of each band of the scalogram in Hz.

    Raises ValueError if the sample rate is too low.
    """
    highest = HIGHEST * settings.sample_rate / 2
    if highest <= LOWEST:
        raise ValueError(f"{settings.sample_rate} Hz are too low a sample rate for the scalogram")
    return np.geomspace(LOWEST, highest, WAVELET_BANDS)


def shifted(samples: np.ndarray, settings: Settings, semitones: float) -> np.ndarray:
    """Return samples, (samples,), raised in pitch and of the same length."""
    return load_librosa().effects.pitch_shift(samples, sr=settings.sample_rate, n_steps=semitones)


def _of_frames(function: Callable, samples: np.ndarray, settings: Settings) -> np.ndarray:
    """Return a feature of librosa's that is made of a spectrum."""
    return _of_hops(function, samples, settings, n_fft=settings.n_fft)


def _of_hops(
    function: Callable, samples: np.ndarray, settings: Settings, **more: int
) -> np.ndarray:
    """Return a feature of librosa's; raises ValueError where the settings do not allow it."""
    librosa = load_librosa()
    with warnings.catch_warnings():  # silence has no tuning to estimate, which does no harm
        warnings.filterwarnings("ignore", "Trying to estimate tuning")
        try:
            values = function(
                y=samples, sr=settings.sample_rate, hop_length=settings.hop_length, **more
            )
        except librosa.ParameterError as error:
            raise ValueError(str(error)) from None
    return values.T
