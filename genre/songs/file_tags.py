"""Read what the tags of audio files say: genres, artist and title.

    Music/Artist/Album/song.mp3    with the tag  genre: Hip-Hop

`find` makes a data set of a folder of such songs, wherever in it they lie.
"""

import os
from collections.abc import Iterable, Sequence
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
# What is read. SOUND holds what else is heard in a song, as predict.py writes it.
GENRE, ALBUM_ARTIST, ARTIST, TITLE = "genre", "album artist", "artist", "title"
MOOD, SOUND = "mood", "sound tags"
# The keys of each of them in mutagen's kinds of tags. The first key is the one to write.
KEYS: dict[str, dict[str, tuple[str, ...]]] = {
    "ID3": {
        GENRE: ("TCON",),
        ALBUM_ARTIST: ("TPE2",),
        ARTIST: ("TPE1",),
        TITLE: ("TIT2",),
        MOOD: ("TMOO", "TXXX:MOOD"),
        SOUND: ("TXXX:SOUND TAGS",),
    },
    "MP4Tags": {
        GENRE: ("\xa9gen",),
        ALBUM_ARTIST: ("aART",),
        ARTIST: ("\xa9ART",),
        TITLE: ("\xa9nam",),
        MOOD: ("----:com.apple.iTunes:MOOD",),
        SOUND: ("----:com.apple.iTunes:SOUND TAGS",),
    },
    "ASFTags": {
        GENRE: ("WM/Genre",),
        ALBUM_ARTIST: ("WM/AlbumArtist",),
        ARTIST: ("Author",),
        TITLE: ("Title",),
        MOOD: ("WM/Mood",),
        SOUND: ("SOUND TAGS",),
    },
    "APEv2": {
        GENRE: ("Genre",),
        ALBUM_ARTIST: ("Album Artist", "Albumartist"),
        ARTIST: ("Artist",),
        TITLE: ("Title",),
        MOOD: ("Mood",),
        SOUND: ("Sound Tags",),
    },
}
COMMENTS: dict[str, tuple[str, ...]] = {  # Vorbis comments, whose keys are in any case
    GENRE: ("genre",),
    ALBUM_ARTIST: ("albumartist", "album artist"),
    ARTIST: ("artist",),
    TITLE: ("title",),
    MOOD: ("mood",),
    SOUND: ("sound tags",),
}
ID3V1 = (1, 1)  # the version of tags with short texts and numbers for genres, read last
ASKED = 30  # songs whose tags tell what the folders are


class Tags(NamedTuple):
    """What a file says about its song; empty or 0 where it says nothing."""

    genres: tuple[str, ...] = ()
    artist: str = ""  # of the album, where that is not a compilation, so that albums stay together
    title: str = ""
    artists: tuple[str, ...] = ()  # of the song
    moods: tuple[str, ...] = ()
    sounds: tuple[str, ...] = ()  # what else is heard, as predict.py has written it
    seconds: float = 0.0


def read(path: Path) -> Tags:
    """Return what the tags of a file say; nothing for a file without tags.

    What the file's own kind of tags does not say can stand in another one: in an APEv2 tag at the
    end of an mp3, or in the chunk INFO of a wav. Raises DatasetError if the tags cannot be read;
    its text is the reason.
    """
    if not os.path.isfile(path):  # noqa: PTH113, Path.is_file raises for some paths
        raise DatasetError("its tags cannot be read (not a file)")  # to open a pipe would wait
    try:
        file = _opened(path)
        own = {} if file is None or file.tags is None else _said(file.tags)
        kinds = [own, _in_ape(path), _in_info(file, path)]
        if getattr(getattr(file, "tags", None), "version", ()) == ID3V1:
            kinds.reverse()
        said = _first(kinds)
        genres = _genres(said.get(GENRE, []))
    except Exception as error:  # mutagen raises whatever its parts raise on damaged tags
        raise DatasetError(f"its tags cannot be read ({reason(error)})") from None
    artists = [name for name in said.get(ALBUM_ARTIST, []) if name.casefold() not in VARIOUS]
    return Tags(
        genres,
        artist=next(iter(artists + said.get(ARTIST, [])), ""),
        title=next(iter(said.get(TITLE, [])), ""),
        artists=tuple(said.get(ARTIST, [])),
        moods=tuple(said.get(MOOD, [])),
        sounds=tuple(said.get(SOUND, [])),
        seconds=float(getattr(getattr(file, "info", None), "length", 0) or 0),
    )


def find(dataset: Path, rules: dict[str, str], least: int) -> Listing:
    """Return the songs in a folder whose tags name a genre, sorted by genre and path.

    `rules` and `least` are those of `genre_map.choose`. Raises DatasetError if the folder holds no
    audio, if no tag names a genre, and as `choose` does.
    """
    labelled, unreadable, notes = labelled_in(dataset)
    if not any(each.genres for each in labelled):
        raise DatasetError(without_genres(dataset, len(labelled) + len(unreadable)))
    songs, of_genres = choose(labelled, rules, least)
    return Listing(songs, unreadable, of_genres + notes)


def labelled_in(dataset: Path) -> tuple[list[Labelled], list[str], list[str]]:
    """Return all songs in a folder with the genres in their tags, which may be none.

    The second list has those whose tags cannot be read, with the reason, and the third a note on
    them. Raises DatasetError if the folder holds no audio.
    """
    check_is_folder(dataset)
    labelled, unreadable = [], []
    for path in audio_files(dataset):
        track = printable(path.relative_to(dataset).as_posix())
        try:
            tags = read(path)
        except DatasetError as error:
            unreadable.append(f"{track}: {error}")
        else:
            labelled.append(Labelled(Song(path, track, "", artist=tags.artist), tags.genres))
    if not (labelled or unreadable):
        raise DatasetError(f"{dataset}: no audio files in it")
    plural = "s are" if len(unreadable) > 1 else " is"
    note = f"{len(unreadable)} song{plural} left out: {some(unreadable)}"
    return labelled, unreadable, [note] if unreadable else []


def without_genres(dataset: Path, n_songs: int) -> str:
    """Return what is said of a folder of so many songs whose tags name no genre."""
    return (
        f"{dataset}: no genre in the tags of {n_songs} songs; --labels folders takes the folders' "
        "names"
    )


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


def keys(tags: Any) -> dict[str, tuple[str, ...]]:
    """Return the keys of what is read in a file's tags, which mutagen has opened."""
    kinds = [kind.__name__ for kind in type(tags).__mro__]
    return next((KEYS[kind] for kind in kinds if kind in KEYS), COMMENTS)


def _opened(path: Path) -> Any:
    """Return a file that mutagen has opened; None for one of a kind that it does not know.

    If the file is not what its name says, its content alone decides.
    """
    import mutagen

    try:
        return mutagen.File(path)
    except mutagen.MutagenError:
        with open(os.open(path, os.O_RDONLY), "rb") as nameless:
            file = mutagen.File(nameless)
        if file is None:
            raise
        return file


def _said(tags: Any) -> dict[str, list[str]]:
    """Return what a file's tags say, by the words in KEYS."""
    return {what: _values(tags, names) for what, names in keys(tags).items()}


def _first(kinds: Iterable[dict[str, list[str]]]) -> dict[str, list[str]]:
    """Return what several tags of a file say; where more than one says something, the first."""
    said: dict[str, list[str]] = {}
    for kind in kinds:
        said |= {what: values for what, values in kind.items() if not said.get(what)}
    return said


def _values(tags: Any, names: Iterable[str]) -> list[str]:
    """Return the values of the first key that has any, as lines that can be printed."""
    for name in names:
        values = tags.get(name, [])
        texts = getattr(values, "text", values)  # of an ID3 frame
        if found := [text for value in texts if (text := _text(value))]:
            return found
    return []


def _text(value: Any) -> str:
    """Return a value as one line; mutagen keeps those of keys that MP4 does not name as bytes."""
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    return genre_name(" ".join(text.split()))


def _in_ape(path: Path) -> dict[str, list[str]]:
    """Return what an APEv2 tag says, which some programs write at the end of an mp3."""
    from mutagen.apev2 import APENoHeaderError, APEv2

    try:
        return _said(APEv2(path))
    except APENoHeaderError:
        return {}


def _in_info(file: Any, path: Path) -> dict[str, list[str]]:
    """Return what the chunk INFO of a WAV file says, which mutagen does not read."""
    if type(file).__name__ != "WAVE":
        return {}
    import soundfile

    try:
        with soundfile.SoundFile(path) as sound:
            return {what: [_text(text)] for what, text in sound.copy_metadata().items()}
    except soundfile.LibsndfileError:  # a codec that only FFmpeg reads
        return {}


def _genres(values: Iterable[str]) -> tuple[str, ...]:
    """Return genres in words, each once: ID3's numbers, such as (17), become names."""
    from mutagen.id3 import TCON

    return separated(TCON(encoding=3, text=list(values)).genres)


def separated(genres: Iterable[str]) -> tuple[str, ...]:
    """Return each genre once, also where several are written into one value."""
    names = (genre_name(name) for each in genres for name in each.split(SEVERAL))
    return tuple(dict.fromkeys(filter(None, names)))
