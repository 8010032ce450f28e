"""Write a genre into the tags of an audio file, as music players show them."""

import os
import shutil
from pathlib import Path

from genre.errors import GenreError, reason
from genre.files import replacing

# The key of the genre in those formats for which mutagen has no easy keys.
KEYS = {"ASFTags": "WM/Genre", "APEv2": "Genre"}


class TagError(GenreError):
    """A file's tags cannot be read or written; the text gives the reason, not the file's name."""


def read_genre(path: Path) -> str:
    """Return the genre in a file's tags, "" if there is none.

    Raises TagError if mutagen cannot read the file's tags.
    """
    file = _open(path)
    if file.tags is None:
        return ""
    values = file.tags.getall("TCON") if _is_id3(file) else file.tags.get(_key(file), [])
    names = values[0].genres if _is_id3(file) and values else values
    return "; ".join(map(str, names))


def write_genre(path: Path, genre: str) -> None:
    """Write the genre into a file's tags; all other tags, the audio and the file's times stay.

    The new file is written beside the old one, and replaces it when it is complete. A link stays a
    link. If the file cannot be written, it is not changed, and TagError is raised.
    """
    path = path.resolve()
    try:
        before = path.stat()
        with replacing(path) as unfinished:
            shutil.copy2(path, unfinished)
            _write(unfinished, genre)
            os.utime(unfinished, ns=(before.st_atime_ns, before.st_mtime_ns))
    except OSError as error:
        raise TagError(error.strerror or str(error)) from None


def _write(path: Path, genre: str) -> None:
    import mutagen
    from mutagen.id3 import TCON

    file = _open(path)
    try:
        if file.tags is None:
            file.add_tags()
        if _is_id3(file):
            file.tags.setall("TCON", [TCON(encoding=3, text=[genre])])
        else:
            file.tags[_key(file)] = genre
        file.save()
    except mutagen.MutagenError as error:
        raise TagError(f"its tags cannot be written ({reason(error)})") from None


def _open(path: Path):
    """Return a file opened by mutagen, with mutagen's easy keys for its tags if there are any."""
    import mutagen

    try:
        file = mutagen.File(path, easy=True)
    except mutagen.MutagenError as error:
        raise TagError(f"its tags cannot be read ({reason(error)})") from None
    if file is None:
        raise TagError("its format has no tags, or is not known")
    return file


def _is_id3(file) -> bool:
    """Say whether a file has ID3 tags without mutagen's easy keys, as WAV and AIFF do."""
    from mutagen.aiff import AIFF
    from mutagen.dsf import DSF
    from mutagen.wave import WAVE

    return isinstance(file, AIFF | DSF | WAVE)


def _key(file) -> str:
    return KEYS.get(type(file.tags).__name__, "genre")
