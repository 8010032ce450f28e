"""Turn a track into segments of feature frames: a pure function of a path, a feature and settings.

A feature is a name of FEATURES, or several joined by "+", whose bands then stand side by side.
"""

import argparse
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from genre import audio
from genre.errors import AudioError, FeatureError
from genre.features import librosa_features, spectrum
from genre.features.settings import Settings

Frames = TypeVar("Frames")  # (segments, frames, bands)


class Feature(NamedTuple):
    """How a segment's frames are computed, and what is known of them without computing."""

    compute: Callable[[np.ndarray, Settings], np.ndarray]  # of (samples,): (frames, bands)
    bands: Callable[[Settings], int]
    level: str = ""  # which bands a change of volume adds a constant to: "all", the "first" or none
    settings: tuple[str, ...] = ()  # that it has beside those of all features


FEATURES = {
    "mfcc": Feature(spectrum.mfcc, lambda s: s.n_mfcc, "first", ("n_mels", "n_mfcc")),
    "mel": Feature(spectrum.mel, lambda s: s.n_mels, "all", ("n_mels",)),
    "stft": Feature(spectrum.stft, lambda s: 1 + s.n_fft // 2, "all"),
    "cqt": Feature(librosa_features.cqt, lambda _: librosa_features.CQT_BANDS, "all"),
    "chroma_stft": Feature(librosa_features.chroma_stft, lambda _: 12),
    "chroma_cqt": Feature(librosa_features.chroma_cqt, lambda _: 12),
    "chroma_cens": Feature(librosa_features.chroma_cens, lambda _: 12),
    "tempogram": Feature(librosa_features.tempogram, lambda _: 384),
    "centroid": Feature(librosa_features.centroid, lambda _: 1),
    "contrast": Feature(librosa_features.contrast, lambda _: 7),
    "wavelet": Feature(librosa_features.wavelet, lambda _: librosa_features.WAVELET_BANDS, "all"),
}


def parts(feature: str) -> list[Feature]:
    """Return the features that a name joins; raises FeatureError for an unknown one."""
    names = feature.split("+")
    for name in names:
        if name not in FEATURES:
            raise FeatureError(f"{name!r:.40} is no feature; known are {', '.join(FEATURES)}")
    if len(set(names)) < len(names):
        raise FeatureError(f"{feature} names a feature twice")
    return [FEATURES[name] for name in names]


def known(feature: str) -> str:
    """Read an argument that names a feature."""
    try:
        parts(feature)
    except FeatureError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return feature


def stored(feature: str, settings: Settings) -> dict[str, Any]:
    """Return those settings that the feature depends on, as they stand in a file."""
    special = {name for known in FEATURES.values() for name in known.settings}
    needed = {name for part in parts(feature) for name in part.settings}
    return {
        name: value
        for name, value in settings.to_dict().items()
        if name in needed or name not in special
    }


def levels(feature: str, values: dict[str, Any], n_bands: int) -> list[tuple[str, int]]:
    """Return the `level` of each feature that a name joins, and how many of the bands are its own.

    `values` are the settings as they stand in a file; where they or the name say nothing of these
    bands, no level is known.
    """
    try:
        found = parts(feature)
    except FeatureError:
        return [("", n_bands)]
    if len(found) == 1:
        return [(found[0].level, n_bands)]
    settings = explanation(feature, values, n_bands)
    return [(part.level, part.bands(settings)) for part in found] if settings else [("", n_bands)]


def by_level(frames: Frames, levels: Sequence[tuple[str, int]]) -> Iterator[tuple[str, Frames]]:
    """Yield the bands of each of joined features, with their `level`: arrays or Keras's tensors."""
    start = 0
    for level, n_bands in levels:
        yield level, frames[:, :, start : start + n_bands]
        start += n_bands


def without_level(frames: Frames, levels: Sequence[tuple[str, int]], ops: Any = np) -> Frames:
    """Return frames without what a change of volume adds to them.

    It adds the same number of decibels to every band of every frame. To MFCCs, which are sums over
    the bands, it adds the same number to the first coefficient alone. `ops` is numpy or keras.ops.
    """
    parts = []
    for level, part in by_level(frames, levels):
        if level == "all":
            part = part - ops.mean(part, axis=(1, 2), keepdims=True)
        elif level == "first":
            first = part[:, :, :1]
            first = first - ops.mean(first, axis=1, keepdims=True)
            part = ops.concatenate([first, part[:, :, 1:]], axis=2)
        parts.append(part)
    return ops.concatenate(parts, axis=2) if len(parts) > 1 else parts[0]


def explanation(feature: str, values: dict[str, Any], n_bands: int) -> Settings | None:
    """Return the settings that stand in a file, None where that many bands do not follow."""
    try:
        settings = Settings.from_dict(values)
        expected = sum(part.bands(settings) for part in parts(feature))
    except (FeatureError, ValueError):
        return None
    return settings if expected == n_bands else None


def check(feature: str, settings: Settings) -> tuple[int, int]:
    """Return the shape of a segment's frames, (frames, bands), after trying the feature on noise.

    Raises FeatureError when it cannot be computed with these settings.
    """
    noise = np.random.default_rng(0).normal(0, 0.1, settings.samples_per_segment)
    try:
        with warnings.catch_warnings(action="ignore"):  # what matters comes as an error
            return of_segment(noise.astype(np.float32), feature, settings).shape
    except (ValueError, ArithmeticError, IndexError) as error:  # NumPy's, ours and librosa's
        reason = str(error).split("\n")[0]
        raise FeatureError(f"{feature} cannot be computed with these settings ({reason})") from None


def of_segment(samples: np.ndarray, feature: str, settings: Settings) -> np.ndarray:
    """Return the frames of one segment of samples, (frames, bands) float32."""
    values = [part.compute(samples, settings) for part in parts(feature)]
    return np.concatenate(values, axis=1, dtype=np.float32)


def of_track(
    path: str | Path, feature: str, settings: Settings, shifts: Sequence[float] = ()
) -> np.ndarray:
    """Return the frames of a track's segments, (segments, frames, bands) float32.

    A track shorter than `track_seconds` gives the whole segments it has. Copies follow, shifted in
    pitch by so many semitones each. Raises AudioError when the track cannot be read or is shorter
    than one segment.
    """
    samples = audio.load(path, sample_rate=settings.sample_rate, seconds=settings.track_seconds)
    frames = of_samples(samples, feature, settings)
    if not len(frames):
        raise too_short(len(samples), settings)
    copies = (librosa_features.shifted(samples, settings, shift) for shift in shifts)
    return np.concatenate([frames, *(of_samples(copy, feature, settings) for copy in copies)])


def of_whole_track(path: str | Path, feature: str, settings: Settings) -> Iterator[np.ndarray]:
    """Yield the frames of all of a track's segments, as `of_track` of `track_seconds` at a time.

    The last piece may have fewer segments. Raises AudioError as `of_track` does.
    """
    n_samples, n_segments = 0, 0
    pieces = audio.blocks(path, sample_rate=settings.sample_rate, seconds=settings.track_seconds)
    for samples in pieces:
        frames = of_samples(samples, feature, settings)
        n_samples += len(samples)
        n_segments += len(frames)
        if len(frames):
            yield frames
    if not n_segments:
        raise too_short(n_samples, settings)


def of_samples(samples: np.ndarray, feature: str, settings: Settings) -> np.ndarray:
    """Return the frames of all segments that samples, (samples,), are long enough for."""
    segments = audio.cut(
        samples,
        length=settings.samples_per_segment,
        count=settings.segments_per_track,
        shortest=settings.shortest_segment,
    )
    if not len(segments):
        return segments
    return np.stack([of_segment(segment, feature, settings) for segment in segments])


def too_short(n_samples: int, settings: Settings) -> AudioError:
    """Return what there is to say of so few samples."""
    seconds = n_samples / settings.sample_rate
    needed = f"{settings.segment_seconds:g} s"
    return AudioError(f"is {seconds:.3f} s long, shorter than one segment of {needed}")
