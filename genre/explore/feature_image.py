"""Draw the frames of a feature over time, with the axes of librosa.display."""

from typing import Any, NamedTuple

import librosa.display
import numpy as np
from matplotlib.ticker import MaxNLocator

from genre import features
from genre.features import librosa_features
from genre.features.settings import Settings
from genre.reporting.figures import PALETTE

LINE = PALETTE[0]  # the colour of a feature that is one line


class Look(NamedTuple):
    """How a feature is drawn."""

    title: str
    shows: str
    bands: str  # the label of the band axis
    y_axis: str | None  # the kind of axis, as librosa.display names it
    unit: str  # of the values


HERTZ = "frequency (Hz)"
CHROMA = ("pitch class", "chroma", "strength")
LOOKS = {
    "mfcc": Look("MFCCs", "the shape of the spectrum: timbre", "coefficient", None, ""),
    "mel": Look("Mel spectrogram", "energy, in bands spaced as in hearing", HERTZ, "mel", "dB"),
    "stft": Look("Spectrogram", "energy at every frequency", HERTZ, "log", "dB"),
    "cqt": Look("Constant-Q transform", "energy at every semitone", "note", "cqt_note", "dB"),
    "chroma_stft": Look("Chroma", "the twelve pitch classes, over all octaves", *CHROMA),
    "chroma_cqt": Look("Chroma", "the twelve pitch classes, over all octaves", *CHROMA),
    "chroma_cens": Look("Chroma (CENS)", "the twelve pitch classes, smoothed", *CHROMA),
    "tempogram": Look(
        "Tempogram", "how regularly onsets repeat: beats", "tempo (BPM)", "tempo", "autocorrelation"
    ),
    "centroid": Look("Spectral centroid", "how bright it sounds", HERTZ, None, "Hz"),
    "contrast": Look("Spectral contrast", "peaks above valleys", "range, low to high", None, "dB"),
    "wavelet": Look(
        "Wavelet scalogram",
        "precise in time at high frequencies, in pitch at low ones",
        HERTZ,
        "cqt_hz",
        "dB",
    ),
    "musicnn": Look("musicnn", "a network's embedding of a segment", "value", None, ""),
}


def has_own_scales(feature: str) -> bool:
    """Say whether the bands have such different scales that they are standardised for a picture."""
    return feature in ("mfcc", "musicnn") or feature not in LOOKS


def standardised(frames: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Return each band minus its mean, in standard deviations."""
    return (frames - mean) / np.where(deviation > 0, deviation, 1)


def draw(axis, frames: np.ndarray, feature: str, settings: Settings | None, **limits: float):
    """Draw frames, (frames, bands), on an axis; return the image. One band is a line: None.

    Without settings, the axes are numbers of frames and bands.
    """
    times = np.arange(len(frames)) * (settings.hop_length / settings.sample_rate if settings else 1)
    if frames.shape[1] == 1:
        axis.plot(times, frames[:, 0], color=LINE)
        return None
    scale: dict[str, Any] = {"x_axis": "frames"}
    if settings:
        scale = {"x_axis": "s", "sr": settings.sample_rate, "hop_length": settings.hop_length}
    if settings and feature in LOOKS:
        scale["y_axis"] = LOOKS[feature].y_axis
    if settings and feature == "wavelet":
        scale["y_coords"] = librosa_features.wavelet_frequencies(settings)
    values = frames.T.astype(float)  # float32 can overflow in the colour scale
    colors = "RdBu_r" if has_own_scales(feature) else "magma"
    image = librosa.display.specshow(
        values, x_coords=times, ax=axis, cmap=colors, **scale, **limits
    )
    axis.set(xlabel="", ylabel="")
    axis.minorticks_off()
    if feature == "cqt" and settings:
        octaves = [f"C{number}" for number in range(1, 8)]
        axis.set_yticks(librosa.note_to_hz(octaves), octaves)
    elif "+" in feature and settings:
        _name_joined(axis, feature, settings)
    elif scale.get("y_axis") is None:
        axis.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    return image


def _name_joined(axis, feature: str, settings: Settings) -> None:
    """Write the name of each of several features beside its bands, with lines between them."""
    widths = [part.bands(settings) for part in features.parts(feature)]
    ends = np.cumsum(widths) - 0.5
    axis.hlines(ends[:-1], *axis.get_xlim(), color="black", linewidth=0.8)
    axis.set_yticks(ends - np.array(widths) / 2, feature.split("+"))
