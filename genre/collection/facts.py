"""Read what a song's tags say about it: artist, title and genre, and how long it is."""

from pathlib import Path
from typing import Any, NamedTuple

# The keys of a fact in the tags of different formats: mutagen's easy keys (mp3, m4a, Vorbis
# comments), those of ID3 in wav and aiff, of APEv2 and of ASF (wma).
KEYS = {
    "artist": ("artist", "TPE1", "Artist", "Author"),
    "title": ("title", "TIT2", "Title"),
    "genre": ("genre", "TCON", "Genre", "WM/Genre"),
}


class Facts(NamedTuple):
    """What a file says about its song; "" and 0 stand for what it does not say."""

    artist: str = ""
    title: str = ""
    genre: str = ""
    seconds: float = 0.0


def read(path: Path) -> Facts:
    """Return the facts of a file; none where it has no tags that can be read."""
    import mutagen

    try:
        file = mutagen.File(path, easy=True)
    except (mutagen.MutagenError, OSError):
        return Facts()
    if file is None:
        return Facts()
    texts = {name: _text(file.tags or {}, keys) for name, keys in KEYS.items()}
    return Facts(**texts, seconds=float(getattr(file.info, "length", 0) or 0))


def _text(tags: Any, keys: tuple[str, ...]) -> str:
    """Return the values of the first key that the tags hold, joined to one line."""
    for key in keys:
        try:
            values = tags[key]
        except (KeyError, ValueError):  # ValueError: the format allows no such key
            continue
        return "; ".join(" ".join(str(value).split()) for value in _several(values))
    return ""


def _several(values: Any) -> list:
    if hasattr(values, "text"):  # a frame of ID3
        return values.text
    return values if isinstance(values, list) else [values]
