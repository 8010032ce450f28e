"""MFCCs by other packages, as near to librosa's as their settings come, where they are installed.

Each function here returns one that takes samples, (segments, samples) float32, to frames,
(segments, frames, n_mfcc). It raises ImportError where its package is missing.
"""

from collections.abc import Callable

import numpy as np

from genre.features import Settings

Mfcc = Callable[[np.ndarray], np.ndarray]
BANDS = 128  # librosa's default
DECIBELS = 10 / np.log(10)  # from natural logarithms of power


def torchaudio(settings: Settings) -> Mfcc:
    """Return torchaudio's MFCC of all segments at once: librosa's mel bands, padding, clipping."""
    import torch
    from torchaudio.transforms import MFCC

    torch.set_num_threads(1)
    transform = MFCC(
        sample_rate=settings.sample_rate,
        n_mfcc=settings.n_mfcc,
        melkwargs={
            "n_fft": settings.n_fft,
            "hop_length": settings.hop_length,
            "n_mels": BANDS,
            "norm": "slaney",
            "mel_scale": "slaney",
            "pad_mode": "constant",
        },
    )

    def mfcc(segments: np.ndarray) -> np.ndarray:
        channels = torch.from_numpy(segments)[:, None]  # clipped for each first index by itself
        return transform(channels)[:, 0].swapaxes(-2, -1).numpy()

    return mfcc


def python_speech_features(settings: Settings) -> Mfcc:
    """Return its MFCC of segment by segment: mel bands of the HTK kind, nothing clipped."""
    from python_speech_features import mfcc as of_samples

    def mfcc(segments: np.ndarray) -> np.ndarray:
        return np.stack(
            [
                DECIBELS
                * of_samples(
                    samples,
                    samplerate=settings.sample_rate,
                    winlen=settings.n_fft / settings.sample_rate,
                    winstep=settings.hop_length / settings.sample_rate,
                    numcep=settings.n_mfcc,
                    nfilt=BANDS,
                    nfft=settings.n_fft,
                    preemph=0,
                    ceplifter=0,
                    appendEnergy=False,
                    winfunc=np.hanning,
                )[: settings.frames_per_segment]
                for samples in _centred(segments, settings)
            ]
        )

    return mfcc


def essentia(settings: Settings) -> Mfcc:
    """Return essentia's MFCC of frame by frame: librosa's mel bands, nothing clipped."""
    import essentia
    from essentia import standard

    essentia.log.infoActive = False
    window = standard.Windowing(
        type="hann", size=settings.n_fft, normalized=False, zeroPhase=False, symmetric=False
    )
    spectrum = standard.Spectrum(size=settings.n_fft)
    coefficients = standard.MFCC(
        inputSize=settings.n_fft // 2 + 1,
        sampleRate=settings.sample_rate,
        numberBands=BANDS,
        numberCoefficients=settings.n_mfcc,
        lowFrequencyBound=0,
        highFrequencyBound=settings.sample_rate / 2,
        warpingFormula="slaneyMel",
        weighting="linear",
        normalize="unit_tri",
        type="power",
        logType="dbpow",
    )

    def of_segment(samples: np.ndarray) -> list[np.ndarray]:
        frames = standard.FrameGenerator(
            samples, frameSize=settings.n_fft, hopSize=settings.hop_length, startFromZero=True
        )
        return [coefficients(spectrum(window(frame)))[1] for frame in frames]

    def mfcc(segments: np.ndarray) -> np.ndarray:
        every = [of_segment(samples) for samples in _centred(segments, settings)]
        return np.array(every)[:, : settings.frames_per_segment]

    return mfcc


def _centred(segments: np.ndarray, settings: Settings) -> np.ndarray:
    """Add the zeros that librosa adds, so that the first window is centred on the first sample."""
    return np.pad(segments, ((0, 0), (settings.n_fft // 2, settings.n_fft // 2)))


PACKAGES = {
    "torchaudio": torchaudio,
    "python_speech_features": python_speech_features,
    "essentia": essentia,
}
