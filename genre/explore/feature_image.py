"""Draw the frames of a feature over time, with the axes of librosa.display."""

from typing import Any

import librosa.display
import numpy as np
from matplotlib.ticker import MaxNLocator

from genre import features
from genre.features.settings import Settings
from genre.reporting.figures import LINE, Axes


def standardised(frames: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Return each band minus its mean, in standard deviations."""
    return (frames - mean) / np.where(deviation > 0, deviation, 1)


def draw(
    axis: Axes, frames: np.ndarray, feature: str, settings: Settings | None, **limits: Any
) -> Any:
    """Draw frames, (frames, bands), on an axis; return the image. One band is a line: None.

    Without settings, the axes are numbers of frames and bands.
    """
    times = np.arange(len(frames)) * (settings.hop_length / settings.sample_rate if settings else 1)
    if frames.shape[1] == 1:
        axis.plot(times, frames[:, 0], color=LINE)
        return None
    look, scale = features.look(feature), _scale(feature, settings)
    values = frames.T.astype(float)  # float32 can overflow in the colour scale
    colors = "RdBu_r" if look.own_scales else "magma"
    image = librosa.display.specshow(
        values, x_coords=times, ax=axis, cmap=colors, **scale, **limits
    )
    axis.set(xlabel="", ylabel="")
    axis.minorticks_off()
    if scale.get("y_axis") == "cqt_note":
        octaves = [f"C{number}" for number in range(1, 8)]
        axis.set_yticks(librosa.note_to_hz(octaves), octaves)
    elif "+" in feature and settings:
        _name_joined(axis, feature, settings)
    elif scale.get("y_axis") is None:
        axis.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    return image


def _scale(feature: str, settings: Settings | None) -> dict[str, Any]:
    """Return the scales of both axes, as librosa.display takes them."""
    if settings is None:
        return {"x_axis": "frames"}
    look = features.look(feature)
    scale = {"x_axis": "s", "sr": settings.sample_rate, "hop_length": settings.hop_length}
    if look.frequencies:
        scale["y_coords"] = look.frequencies(settings)
    return scale | {"y_axis": look.scale}


def _name_joined(axis: Axes, feature: str, settings: Settings) -> None:
    """Write the name of each of several features beside its bands, with lines between them."""
    widths = [part.bands(settings) for part in features.parts(feature)]
    ends = np.cumsum(widths) - 0.5
    axis.hlines(ends[:-1], *axis.get_xlim(), color="black", linewidth=0.8)
    axis.set_yticks(ends - np.array(widths) / 2, feature.split("+"))
