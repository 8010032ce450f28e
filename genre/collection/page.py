"""Write a library of songs as one HTML page that needs no internet connection.

The page holds the number of songs in each genre, a table that can be sorted and filtered, with a
strip that shows each song's genres over time, and, if songs have embeddings, a map of the library
by similarity.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from genre.files import printable, replacing
from genre.model.answer import Answer

TEMPLATE = Path(__file__).with_name("page.html")
Songs = Sequence[tuple[Path, Answer]]

STRIP = 120  # the most columns of a song's strip


def write(
    songs: Songs,
    mapping: Sequence[str],
    colors: Sequence[str],
    path: Path,
    *,
    title: str,
    failed: Sequence[tuple[str, str]] = (),
    positions: np.ndarray | None = None,
) -> None:
    """Write a page about songs.

    `colors` are those of the genres, as "#rrggbb". `failed` names the unusable files, each with the
    reason. `positions`, (songs, 2), are those of the songs on the map; None gives no map.
    """
    import jinja2

    n_uncertain = sum(answer.uncertain for _, answer in songs)
    resources, the_map = ("", "") if positions is None else _map(songs, mapping, colors, positions)
    template = jinja2.Template(TEMPLATE.read_text(encoding="utf-8"), autoescape=True)
    text = template.render(
        title=title,
        summary=f"{len(songs)} songs, {n_uncertain} of them uncertain",
        failed=[(printable(name), reason) for name, reason in failed],
        genres=_counts(songs, mapping, colors),
        map_resources=resources,
        map=the_map,
        data=_data(songs, mapping, colors),
    )
    with replacing(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def _counts(songs: Songs, mapping: Sequence[str], colors: Sequence[str]) -> list[dict[str, Any]]:
    """Return each genre's number of songs, and the widths of its bars as percentages."""
    by_genre = {name: [answer for _, answer in songs if answer.genre == name] for name in mapping}
    most = max(1, *map(len, by_genre.values()))
    counts = []
    for (name, found), color in zip(by_genre.items(), colors, strict=True):
        n_uncertain = sum(answer.uncertain for answer in found)
        counts.append(
            {
                "name": name,
                "color": color,
                "count": len(found),
                "certain_width": round(85 * (len(found) - n_uncertain) / most, 2),
                "uncertain_width": round(85 * n_uncertain / most, 2),
            }
        )
    return counts


def _data(songs: Songs, mapping: Sequence[str], colors: Sequence[str]) -> str:
    """Return the data for the page's script, as JSON that is safe inside an HTML element."""
    label = {name: number for number, name in enumerate(mapping)}
    rows = []
    for path, answer in songs:
        stretches = [
            part.mean(axis=0)
            for part in np.array_split(answer.segments, min(STRIP, len(answer.segments)))
        ]
        rows.append(
            {
                "name": printable(path),
                "genre": label[answer.genre],
                "percent": round(100 * answer.probabilities[answer.genre]),
                "uncertain": bool(answer.uncertain),
                "seconds": round(len(answer.segments) * answer.segment_seconds),
                "winners": [int(part.argmax()) for part in stretches],
                "shares": [round(100 * float(part.max())) for part in stretches],
            }
        )
    content = {"genres": list(mapping), "colors": list(colors), "songs": rows}
    return json.dumps(content, separators=(",", ":")).replace("<", "\\u003c")


def _map(
    songs: Songs,
    mapping: Sequence[str],
    colors: Sequence[str],
    positions: np.ndarray,
) -> tuple[str, str]:
    """Return Bokeh's scripts and the map, as HTML."""
    from bokeh.embed import components
    from bokeh.models import HoverTool
    from bokeh.plotting import figure
    from bokeh.resources import Resources

    hover = HoverTool(tooltips=[("", "@name"), ("", "@genre @percent %@uncertain")])
    plot = figure(
        height=520,
        sizing_mode="stretch_width",
        tools=["pan,wheel_zoom,box_zoom,reset", hover],
        output_backend="canvas",
    )
    plot.axis.visible = plot.grid.visible = False
    for genre, color in zip(mapping, colors, strict=True):
        places = [number for number, (_, answer) in enumerate(songs) if answer.genre == genre]
        if not places:
            continue
        found = [songs[number] for number in places]
        data = {
            "x": positions[places, 0],
            "y": positions[places, 1],
            "name": [printable(path.name) for path, _ in found],
            "genre": [answer.genre for _, answer in found],
            "percent": [round(100 * answer.probabilities[answer.genre]) for _, answer in found],
            "uncertain": [", uncertain" if answer.uncertain else "" for _, answer in found],
            "alpha": [0.35 if answer.uncertain else 0.9 for _, answer in found],
        }
        plot.scatter("x", "y", source=data, size=8, color=color, fill_alpha="alpha")
    script, division = components(plot)
    resources = Resources(mode="inline", components=["bokeh"])
    return resources.render(), division + script
