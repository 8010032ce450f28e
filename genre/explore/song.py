"""Draw features over time, as librosa.display does: those of a song, one below another."""

from pathlib import Path
from typing import Any, NamedTuple

import lazy_loader as lazy
import numpy as np

from genre import features
from genre.features import librosa_features, spectrum
from genre.features.settings import Settings
from genre.reporting.figures import new_figure, save

librosa = lazy.load("librosa")
matplotlib = lazy.load("matplotlib")

LINE = "#3f90da"  # the colour of what is one line
PIECE, MARGIN = 256, 16  # frames of a scalogram made at once, and those around them to be right


class Look(NamedTuple):
    """How a feature is drawn."""

    title: str
    shows: str
    bands: str  # the axis in words
    y_axis: str | None  # and for librosa
    unit: str  # of the values


HERTZ = "frequency (Hz)"
CHROMA = ("pitch class", "chroma", "strength")
LOOKS = {
    "mfcc": Look("MFCCs", "the shape of the spectrum: timbre", "coefficient", None, ""),
    "mel": Look("Mel spectrogram", "energy, in bands as the ear has them", HERTZ, "mel", "dB"),
    "stft": Look("Spectrogram", "energy at every frequency", HERTZ, "log", "dB"),
    "cqt": Look("Constant-Q transform", "energy at every semitone", "note", "cqt_note", "dB"),
    "chroma_stft": Look("Chroma", "the twelve pitch classes, over all octaves", *CHROMA),
    "chroma_cqt": Look("Chroma", "the twelve pitch classes, over all octaves", *CHROMA),
    "chroma_cens": Look("Chroma (CENS)", "the twelve pitch classes, smoothed", *CHROMA),
    "tempogram": Look(
        "Tempogram", "how regularly onsets recur: beats", "tempo (BPM)", "tempo", "autocorrelation"
    ),
    "centroid": Look("Spectral centroid", "how bright it sounds", HERTZ, None, "Hz"),
    "contrast": Look("Spectral contrast", "peaks over valleys", "range, low to high", None, "dB"),
    "wavelet": Look(
        "Wavelet scalogram", "fine in time where high, in pitch where low", HERTZ, "cqt_hz", "dB"
    ),
    "musicnn": Look("musicnn", "a network's embedding of a segment", "value", None, ""),
}
OF_SONG = ("mel", "mfcc", "cqt", "chroma_cqt", "wavelet", "tempogram")


def compute(samples: np.ndarray, feature: str, settings: Settings) -> np.ndarray:
    """Return the frames of samples of any length, (frames, bands).

    The scalogram is made piece by piece, so that it takes no more memory for longer sound.
    """
    if feature != "wavelet":
        return features.of_segment(samples, feature, settings)
    hop, n_frames, pieces = settings.hop_length, 1 + len(samples) // settings.hop_length, []
    for start in range(0, n_frames, PIECE):
        first = max(0, start - MARGIN)
        around = samples[first * hop : (start + PIECE + MARGIN) * hop]
        frames = features.of_segment(around, feature, settings)
        pieces.append(frames[start - first :][:PIECE])
    frames = np.concatenate(pieces)
    return np.maximum(frames, frames.max() - spectrum.TOP_DB)  # as of the whole


def has_own_scales(feature: str) -> bool:
    """Say whether the bands differ so much in scale that only `standardised` ones can be seen."""
    return feature in ("mfcc", "musicnn") or feature not in LOOKS


def standardised(frames: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Return each band less its mean, in its standard deviations."""
    return (frames - mean) / np.where(deviation > 0, deviation, 1)


def song(
    samples: np.ndarray, frames: dict[str, np.ndarray], settings: Settings, title: str, path: Path
) -> None:
    """Draw the waveform and features, {feature: (frames, bands)}, of a song, one below another."""
    figure, axes = new_figure(11, 2.3 * (1 + len(frames)), rows=1 + len(frames), sharex=True)
    librosa.display.waveshow(samples, sr=settings.sample_rate, ax=axes[0], color=LINE)
    _name(axes[0], "Waveform", "the sound itself", "amplitude")
    for axis, (feature, values) in zip(axes[1:], frames.items(), strict=True):
        look = LOOKS[feature]
        unit, limits = look.unit, {}
        if has_own_scales(feature):
            values = standardised(values, values.mean(axis=0), values.std(axis=0))
            unit, limits = "deviations\nfrom its mean", {"vmin": -3, "vmax": 3}
        image = draw(axis, values, feature, settings, **limits)
        figure.colorbar(image, ax=axis, label=unit, aspect=10, pad=0.01)
        _name(axis, look.title, look.shows, look.bands)
    axes[-1].set(xlabel="time (s)", xlim=(0, len(samples) / settings.sample_rate))
    figure.suptitle(title, fontsize="x-large", fontweight="bold")
    save(figure, path)


def draw(axis, frames: np.ndarray, feature: str, settings: Settings | None, **limits: float):
    """Draw frames, (frames, bands), on an axis; return the image, None for the line of one band.

    Without settings, or for features joined, the axes count frames and bands.
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
    values = frames.T.astype(float)  # in which no colour scale overflows
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
        _name_parts(axis, feature, settings)
    elif scale.get("y_axis") is None:
        axis.yaxis.set_major_locator(matplotlib.ticker.MaxNLocator(5, integer=True))
    return image


def _name_parts(axis, feature: str, settings: Settings) -> None:
    """Write the name of each joined feature beside its bands, with lines between them."""
    widths = [part.bands(settings) for part in features.parts(feature)]
    ends = np.cumsum(widths) - 0.5
    axis.hlines(ends[:-1], *axis.get_xlim(), color="black", linewidth=0.8)
    axis.set_yticks(ends - np.array(widths) / 2, feature.split("+"))


def _name(axis, title: str, shows: str, bands: str) -> None:
    axis.set_title(title, loc="left", fontweight="bold")
    axis.set_title(shows, loc="right", fontsize="medium", color="#555555")
    axis.set_ylabel(bands)
    axis.label_outer()
