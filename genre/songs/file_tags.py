"""Read what the tags of audio files say: genres, artist and title.

    Music/Artist/Album/song.mp3    with the tag  genre: Hip-Hop

`find` makes a data set of a folder of such songs, wherever in it they lie.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from genre.errors import DatasetError, reason
from genre.files import printable
from genre.songs import Song, some
from genre.songs.folder import audio_files
from genre.songs.genre_map import Labelled, choose
from genre.songs.listing import Listing, check_is_folder, genre_name, letters

SEVERAL = ";"  # stands between genres where a program has written several into one value
# Album artists that stand for many. The artist of the song is taken instead.
VARIOUS = ("various", "various artists", "va", "v.a.")
# The keys in those formats for which mutagen has no easy keys: genre, album artist, artist, title.
KEYS = {
    "ID3": ("TCON", "TPE2", "TPE1", "TIT2"),
    "ASFTags": ("WM/Genre", "WM/AlbumArtist", "Author", "Title"),
    "APEv2": ("Genre", "Album Artist", "Artist", "Title"),
}
ASKED = 30  # songs whose tags tell what the folders are
EASY_KEYS = ("genre", "albumartist", "artist", "title")


class Tags(NamedTuple):
    """What the tags of a song say; empty where they say nothing."""

    genres: tuple[str, ...] = ()
    artist: str = ""  # of the album, where that is not a compilation, so that albums stay together
    title: str = ""


def read(path: Path) -> Tags:
    """Return what the tags of a file say; nothing for a file without tags.

    Raises DatasetError if the tags cannot be read; its text is the reason.
    """
    import mutagen

    try:
        file = mutagen.File(path, easy=True)
        if file is None or file.tags is None:
            return Tags()
        named, album_artists, artists, titles = (
            _values(file.tags, key) for key in _keys(file.tags)
        )
        genres = _genres(named)
    except Exception as error:  # mutagen raises whatever its parts raise on damaged tags
        raise DatasetError(f"its tags cannot be read ({reason(error)})") from None
    artists = [name for name in album_artists if name.casefold() not in VARIOUS] + artists
    return Tags(genres, next(iter(artists), ""), next(iter(titles), ""))


def find(
    dataset: Path, rules: dict[str, str], least: int, corrections: Mapping[str, str] | None = None
) -> Listing:
    """Return the songs in a folder whose tags name a genre, sorted by genre and path.

    `rules` and `least` are those of `genre_map.choose`. `corrections` give the genres of some
    tracks, whatever their tags say. Raises DatasetError if the folder holds no audio, if no genre
    is known, and as `choose` does.
    """
    corrections = corrections or {}
    check_is_folder(dataset)
    labelled, unreadable, n_songs = [], [], 0
    for path in audio_files(dataset):
        n_songs += 1
        track = printable(path.relative_to(dataset).as_posix())
        try:
            tags = read(path)
        except DatasetError as error:
            unreadable.append(f"{track}: {error}")
            continue
        genres = [corrections[track]] if track in corrections else tags.genres
        labelled.append(Labelled(Song(path, track, "", artist=tags.artist), genres))
    if not n_songs:
        raise DatasetError(f"{dataset}: no audio files in it")
    if not any(each.genres for each in labelled):
        raise DatasetError(
            f"{dataset}: no genre in the tags of {n_songs} songs; --labels folders takes the "
            "folders' names"
        )
    songs, notes = choose(labelled, rules, least)
    if unreadable:
        notes.append(f"{len(unreadable)} songs are left out: {some(unreadable)}")
    return Listing(songs, unreadable, notes)


def hint(songs: Sequence[Song]) -> list[str]:
    """Return a line for the user if the folders of songs are those of artists, not of genres.

    The tags of a few songs, from all over the list, tell.
    """
    chosen = {songs[round(place)] for place in np.linspace(0, len(songs) - 1, ASKED)}
    by_folder = 0
    for song in chosen:
        with suppress(DatasetError):
            by_folder += letters(read(song.path).artist) == letters(song.genre)
    if 2 * by_folder <= len(chosen):
        return []
    return [
        f"the folders look like artists: {by_folder} of {len(chosen)} songs are by the artist that "
        "their folder is named after; --labels tags takes the genres from the files' tags"
    ]


def _keys(tags: Any) -> tuple[str, ...]:
    """Return the keys of genre, album artist, artist and title in a file's tags."""
    kinds = [kind.__name__ for kind in type(tags).__mro__]
    return next((KEYS[kind] for kind in kinds if kind in KEYS), EASY_KEYS)


def _values(tags: Any, key: str) -> list[str]:
    """Return the values of a key as lines that can be printed."""
    values = tags.get(key, [])
    texts = getattr(values, "text", values)  # of an ID3 frame
    return [text for value in texts if (text := genre_name(str(value)))]


def _genres(values: Iterable[str]) -> tuple[str, ...]:
    """Return genres in words, each once: ID3's numbers, such as (17), become names."""
    from mutagen.id3 import TCON

    in_words = TCON(encoding=3, text=list(values)).genres
    names = (genre_name(name) for each in in_words for name in each.split(SEVERAL))
    return tuple(dict.fromkeys(filter(None, names)))
