"""Compute the feature frames of a track's segments.

A feature is a name from FEATURES, or several names joined by "+": then each frame holds the bands
of all of them, side by side. Or it is the path of the description of a front end: see `front_end`.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from genre import audio
from genre.audio import fingerprint
from genre.errors import FeatureError, reason
from genre.features import front_end, librosa_features, musicnn, spectrum
from genre.features.alteration import altered
from genre.features.settings import Settings
from genre.files import printable

Frames = Any  # (segments, frames, bands): an array, or a tensor of Keras
STEADY = 2e-3  # two steps of float16, relative to the value
Compute = Callable[[np.ndarray, Settings], np.ndarray]
Levels = Sequence[tuple[str, int]]  # the level and the number of bands of each joined feature


class Look(NamedTuple):
    """How a feature is drawn over time."""

    title: str
    shows: str  # what can be seen in it, in a few words
    bands: str  # the label of the band axis
    unit: str = ""  # of the values
    scale: str | None = None  # of the band axis, as librosa.display names it; None: band numbers
    # The frequency of each band in Hz, where librosa.display does not know it.
    frequencies: Callable[[Settings], np.ndarray] | None = None
    own_scales: bool = False  # bands are of different sizes: each is drawn relative to its mean


class Feature(NamedTuple):
    """How a feature is computed and drawn, and what is known of its frames without computing it."""

    compute: Compute  # from (segments, samples) to (segments, frames, bands)
    bands: Callable[[Settings], int]  # their number
    look: Look
    level: str = ""  # the bands to which a change of volume adds a constant: "all", "first" or none
    settings: tuple[str, ...] = ()  # the settings that only some features have
    embedding: bool = False  # whether a segment is one vector, near those of songs that sound alike


class Track(NamedTuple):
    """The frames of a track's segments, (segments, frames, bands) float32."""

    frames: np.ndarray
    short: bool = False  # whether the track is shorter than one segment, and repeated to fill it
    fingerprint: np.ndarray = fingerprint.NONE  # of its samples, if asked for
    starts: np.ndarray = np.zeros(0)  # s, when each segment begins, where a model reads the track


def each(compute: Compute) -> Compute:
    """Turn a function of one segment's samples, (samples,), into a function of many segments."""

    def of_all(segments: np.ndarray, settings: Settings) -> np.ndarray:
        return np.stack([compute(samples, settings) for samples in segments])

    return of_all


def chroma(compute: Compute, title: str, shows: str) -> Feature:
    """Return a feature of twelve pitch classes."""
    look = Look(title, shows, "pitch class", "strength", "chroma")
    return Feature(each(compute), lambda _: 12, look)


def embedding(description: Path, title: str) -> Feature:
    """Return the feature that a front end computes, given the path of its description."""
    return Feature(
        partial(front_end.embed, path=description),
        bands=lambda _: front_end.read(description).values,
        look=Look(title, "a network's embedding of a segment", "value", own_scales=True),
        embedding=True,
    )


HERTZ = "frequency (Hz)"
FEATURES = {
    "mfcc": Feature(
        each(spectrum.mfcc),
        bands=lambda s: s.n_mfcc,
        look=Look("MFCCs", "the shape of the spectrum: timbre", "coefficient", own_scales=True),
        level="first",
        settings=("n_mels", "n_mfcc"),
    ),
    "mel": Feature(
        each(spectrum.mel),
        bands=lambda s: s.n_mels,
        look=Look("Mel spectrogram", "energy, in bands spaced as in hearing", HERTZ, "dB", "mel"),
        level="all",
        settings=("n_mels",),
    ),
    "stft": Feature(
        each(spectrum.stft),
        bands=lambda s: 1 + s.n_fft // 2,
        look=Look("Spectrogram", "energy at every frequency", HERTZ, "dB", "log"),
        level="all",
    ),
    "cqt": Feature(
        each(librosa_features.cqt),
        bands=lambda _: librosa_features.CQT_BANDS,
        look=Look("Constant-Q transform", "energy at every semitone", "note", "dB", "cqt_note"),
        level="all",
    ),
    "chroma_stft": chroma(
        librosa_features.chroma_stft, "Chroma", "the twelve pitch classes, over all octaves"
    ),
    "chroma_cqt": chroma(
        librosa_features.chroma_cqt, "Chroma", "the twelve pitch classes, over all octaves"
    ),
    "chroma_cens": chroma(
        librosa_features.chroma_cens, "Chroma (CENS)", "the twelve pitch classes, smoothed"
    ),
    "tempogram": Feature(
        each(librosa_features.tempogram),
        bands=lambda _: 384,
        look=Look(
            title="Tempogram",
            shows="how regularly onsets repeat: beats",
            bands="tempo (BPM)",
            unit="autocorrelation",
            scale="tempo",
        ),
    ),
    "centroid": Feature(
        each(librosa_features.centroid),
        bands=lambda _: 1,
        look=Look("Spectral centroid", "how bright it sounds", HERTZ, "Hz"),
    ),
    "contrast": Feature(
        each(librosa_features.contrast),
        bands=lambda _: 7,
        look=Look("Spectral contrast", "peaks above valleys", "range, low to high", "dB"),
    ),
    "wavelet": Feature(
        each(librosa_features.wavelet),
        bands=lambda _: librosa_features.WAVELET_BANDS,
        look=Look(
            title="Wavelet scalogram",
            shows="precise in time at high frequencies, in pitch at low ones",
            bands=HERTZ,
            unit="dB",
            scale="cqt_hz",
            frequencies=librosa_features.wavelet_frequencies,
        ),
        level="all",
    ),
    "musicnn": embedding(musicnn.DESCRIPTION, "musicnn"),
}


def is_front_end(feature: str) -> bool:
    """Say whether a feature is a person's own front end, by the suffix of its description."""
    return feature.endswith(front_end.DESCRIPTION)


def short_name(feature: str) -> str:
    """Return a feature's name; that of a front end is the name of its description's file."""
    return Path(feature).name if is_front_end(feature) else feature


def parts(feature: str) -> list[Feature]:
    """Return the features that a name consists of; raises FeatureError for an unknown one."""
    if is_front_end(feature):
        front_end.read(Path(feature))
        return [embedding(Path(feature), short_name(feature))]
    names = feature.split("+")
    for name in names:
        if name not in FEATURES:
            raise FeatureError(f"{name!r:.40} is not a feature; features are {', '.join(FEATURES)}")
    if len(set(names)) < len(names):
        raise FeatureError(f"{feature} names a feature twice")
    return [FEATURES[name] for name in names]


def known(feature: str) -> str:
    """Return a feature's name, a description's absolute path; raises FeatureError if unknown."""
    if is_front_end(feature):
        feature = str(Path(feature).absolute())
        if not feature.isprintable():
            raise FeatureError(f"{printable(feature)}: has a path that cannot be written as text")
    parts(feature)
    return feature


def is_embedding(feature: str) -> bool:
    """Return whether a name is that of an embedding; False for an unknown name."""
    return is_front_end(feature) or (feature in FEATURES and FEATURES[feature].embedding)


def digest(feature: str) -> str:
    """Return what tells the embeddings of a person's own front end from others, "" without one."""
    return front_end.digest(Path(feature)) if is_front_end(feature) else ""


def stored(feature: str, settings: Settings) -> dict[str, Any]:
    """Return the settings that a feature depends on, as they are stored in a file."""
    of_some = {name for known in FEATURES.values() for name in known.settings}
    needed = {name for part in parts(feature) for name in part.settings}
    return {
        name: value
        for name, value in settings.to_dict().items()
        if name in needed or name not in of_some
    }


def look(feature: str) -> Look:
    """Return how a feature is drawn, also one that is joined or unknown."""
    if feature in FEATURES:
        return FEATURES[feature].look
    return Look(feature, "", "feature" if "+" in feature else "band", own_scales=True)


def levels(feature: str, values: dict[str, Any], n_bands: int) -> Levels:
    """Return the `level` and the number of bands of each feature that a name consists of.

    `values` are the settings as stored in a file. If the name or the settings are unknown, no band
    has a level. `Segments.levels` are those of a data set.
    """
    try:
        found = parts(feature)
    except FeatureError:
        return [("", n_bands)]
    if len(found) == 1:
        return [(found[0].level, n_bands)]
    settings = matching_settings(feature, values, n_bands)
    return [(part.level, part.bands(settings)) for part in found] if settings else [("", n_bands)]


def by_level(frames: Frames, levels: Levels) -> Iterator[tuple[str, Frames]]:
    """Yield the `level` and the bands of each feature."""
    start = 0
    for level, n_bands in levels:
        yield level, frames[:, :, start : start + n_bands]
        start += n_bands


def without_level(frames: Frames, levels: Levels, ops: Any = np) -> Frames:
    """Return frames without their level, so that a change of volume does not change them.

    A change of volume adds the same number of decibels to every band of every frame. In MFCCs it
    changes only the first coefficient, by the same number in every frame. `ops` is numpy or
    keras.ops.
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


def rounded(embeddings: np.ndarray) -> np.ndarray:
    """Return embeddings with the values that float16 can hold, which are those that are kept."""
    return embeddings.astype(np.float16).astype(np.float32)


def scale(mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Return what values are divided by to standardise them: their deviation, or 1.

    It is 1 for values that do not vary by more than STEADY of their mean. Many values of an
    embedding are constant. Float16 rounds them, and the network of another machine does, too:
    divided by next to nothing, the rounding would be the largest of all values.
    """
    steady = deviation <= STEADY * np.maximum(np.abs(mean), 1)
    return np.where(steady, 1, deviation).astype(np.float32)


def matching_settings(feature: str, values: dict[str, Any], n_bands: int) -> Settings | None:
    """Return the settings stored in a file; None if they do not give this number of bands."""
    try:
        settings = Settings.from_dict(values)
        expected = sum(part.bands(settings) for part in parts(feature))
    except (FeatureError, ValueError):
        return None
    return settings if expected == n_bands else None


def check(feature: str, settings: Settings) -> tuple[int, int]:
    """Compute a feature of noise, and return the shape of a segment's frames, (frames, bands).

    Raises FeatureError if the feature cannot be computed with these settings, or if a person's own
    front end does not give the reference of its description.
    """
    if is_front_end(feature):
        front_end.verify(Path(feature))
    noise = np.random.default_rng(0).normal(0, 0.1, settings.samples_per_segment)
    try:
        with warnings.catch_warnings(action="ignore"):  # real problems are errors
            return of_segments(noise.astype(np.float32)[None], feature, settings).shape[1:]
    except (ValueError, ArithmeticError, IndexError) as error:  # from NumPy, librosa or our code
        raise FeatureError(
            f"{short_name(feature)} cannot be computed with these settings ({reason(error)})"
        ) from None


def of_segments(segments: np.ndarray, feature: str, settings: Settings) -> np.ndarray:
    """Return the frames, (segments, frames, bands), of segments' samples, (segments, samples)."""
    values = [part.compute(segments, settings) for part in parts(feature)]
    if len({each.shape[1] for each in values}) > 1:
        raise ValueError("these features do not have the same number of frames")
    return np.concatenate(values, axis=2, dtype=np.float32)


def of_segment(samples: np.ndarray, feature: str, settings: Settings) -> np.ndarray:
    """Return the frames, (frames, bands) float32, of one segment's samples, (samples,)."""
    return of_segments(samples[np.newaxis], feature, settings)[0]


def of_track(
    path: str | Path,
    feature: str,
    settings: Settings,
    shifts: Sequence[float] = (),
    *,
    n_altered: int = 0,
    with_fingerprint: bool = False,
) -> Track:
    """Return the frames of a track, of its first `track_seconds`.

    A track that ends earlier gives its whole segments. A track shorter than a segment gives one.
    After the track's own segments come those of its copies: one shifted in pitch by each of
    `shifts` semitones, then `n_altered` copies as from `alteration.altered`. The fingerprint, by
    which duplicates are found, takes time. Raises AudioError if the track cannot be read.
    """
    samples = audio.load(path, sample_rate=settings.sample_rate, seconds=settings.track_seconds)
    track = of_samples(samples, feature, settings)
    copies = [
        *(librosa_features.shifted(samples, settings, shift) for shift in shifts),
        *(altered(samples, settings.sample_rate, number) for number in range(1, 1 + n_altered)),
    ]
    all_frames = [track.frames, *(of_samples(copy, feature, settings).frames for copy in copies)]
    track = track._replace(frames=np.concatenate(all_frames))
    if with_fingerprint:
        return track._replace(fingerprint=fingerprint.of(samples, settings.sample_rate))
    return track


def of_samples(samples: np.ndarray, feature: str, settings: Settings) -> Track:
    """Return the frames of all whole segments in samples, (samples,).

    Too few samples for one segment are repeated to fill it.
    """
    short = len(samples) < settings.shortest_segment
    segments = audio.cut(
        np.resize(samples, settings.samples_per_segment) if short else samples,
        length=settings.samples_per_segment,
        count=settings.segments_per_track,
        shortest=settings.shortest_segment,
    )
    return Track(of_segments(segments, feature, settings), short)
