"""Draw a song: its waveform and features, one below another."""

import warnings
from dataclasses import replace
from pathlib import Path

import librosa.display
import numpy as np

from genre import audio, features
from genre.errors import AudioError
from genre.explore import feature_image
from genre.features import spectrum
from genre.features.settings import Settings
from genre.reporting.figures import LINE, Axes, new_figure, save

FEATURES = ("mel", "mfcc", "cqt", "chroma_cqt", "wavelet", "tempogram")
SHORTEST = 1.0  # s; the longest filter of the constant-Q transform takes half of it
AT_ONCE = 256  # frames of a scalogram that are computed at once
PITCHED_DB = 60  # below the loudest frame; softer frames have no pitches
MARGIN = 16  # frames that are computed around these, so that their edges are right


def as_one_segment(settings: Settings) -> Settings:
    """Return the settings for a song as a single segment.

    Raises FeatureError if a feature cannot be computed with these settings.
    """
    for feature in FEATURES:
        features.check(feature, settings)
    return replace(settings, segments_per_track=1)


def load(path: Path, settings: Settings) -> np.ndarray:
    """Return a song's samples, (samples,); raises AudioError if there are too few to draw."""
    try:
        samples = audio.load(path, sample_rate=settings.sample_rate, seconds=settings.track_seconds)
    except AudioError as error:
        raise AudioError(f"{path}: {error}") from None
    seconds = len(samples) / settings.sample_rate
    if seconds < SHORTEST:
        raise AudioError(
            f"{path}: is {seconds:.3f} s long; a picture needs at least {SHORTEST:g} s"
        )
    return samples


def compute(samples: np.ndarray, feature: str, settings: Settings) -> np.ndarray:
    """Return the frames of samples of any length, (frames, bands).

    The scalogram is computed some frames at a time, so that memory does not grow with the song.
    """
    if feature != "wavelet":
        with warnings.catch_warnings(action="ignore"):  # about clips that need padding
            return features.of_segment(samples, feature, settings)
    hop, n_frames, computed = settings.hop_length, 1 + len(samples) // settings.hop_length, []
    for start in range(0, n_frames, AT_ONCE):
        first = max(0, start - MARGIN)
        around = samples[first * hop : (start + AT_ONCE + MARGIN) * hop]
        frames = features.of_segment(around, feature, settings)
        computed.append(frames[start - first :][:AT_ONCE])
    frames = np.concatenate(computed)
    return np.maximum(frames, frames.max() - spectrum.TOP_DB)  # clipped as if computed at once


def draw(
    samples: np.ndarray, frames: dict[str, np.ndarray], settings: Settings, title: str, path: Path
) -> None:
    """Draw the waveform and features, {feature: (frames, bands)}, of a song."""
    figure, axes = new_figure(11, 2.3 * (1 + len(frames)), rows=1 + len(frames), sharex=True)
    librosa.display.waveshow(samples, sr=settings.sample_rate, ax=axes[0], color=LINE)
    _name(axes[0], "Waveform", "the samples", "amplitude")
    for axis, (feature, values) in zip(axes[1:], frames.items(), strict=True):
        look = features.look(feature)
        unit, limits = look.unit, {}
        if look.scale == "chroma":  # of next to nothing, librosa takes the loudest pitch as 1
            loudness = frames["mel"].max(axis=1, keepdims=True)
            values = np.where(loudness < loudness.max() - PITCHED_DB, 0, values)
        if look.own_scales:
            values = feature_image.standardised(values, values.mean(axis=0), values.std(axis=0))
            unit, limits = "standard deviations\nfrom the mean", {"vmin": -3, "vmax": 3}
        image = feature_image.draw(axis, values, feature, settings, **limits)
        figure.colorbar(image, ax=axis, label=unit, aspect=10, pad=0.01)
        _name(axis, look.title, look.shows, look.bands)
    axes[-1].set(xlabel="time (s)", xlim=(0, len(samples) / settings.sample_rate))
    figure.suptitle(title, fontsize="x-large", fontweight="bold")
    save(figure, path)


def _name(axis: Axes, title: str, shows: str, bands: str) -> None:
    axis.set_title(title, loc="left", fontweight="bold")
    axis.set_title(shows, loc="right", fontsize="medium", color="#555555")
    axis.set_ylabel(bands)
    axis.label_outer()
