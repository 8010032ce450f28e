"""Decide which genres each song counts for: merge spellings, apply a map, leave out rare genres.

A map is a CSV file with the columns from,to. An empty `to` leaves a genre out:

from,to
Synthpop,pop
Audiobook,
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from genre.errors import DatasetError
from genre.songs import NAMED, Song, some
from genre.songs.csv_table import records
from genre.songs.listing import Listing, genre_name, letters, look_alikes

COLUMNS = ("from", "to")


class Labelled(NamedTuple):
    """A song with all genres that are named for it, before some of them are chosen."""

    song: Song
    genres: Sequence[str]


def read(path: Path) -> dict[str, str]:
    """Return the rules of a map: by the letters of a genre, what it becomes.

    Raises DatasetError if the file is not such a map, or has two rules for a genre.
    """
    rules: dict[str, str] = {}
    for line, values in records(path, COLUMNS):
        name, becomes = genre_name(values["from"]), genre_name(values["to"])
        if not name:
            raise DatasetError(f"{path}, line {line}: names no genre")
        if rules.setdefault(letters(name), becomes) != becomes:
            raise DatasetError(f"{path}, line {line}: a second rule for {name}")
    return rules


def mapped(genre: str, rules: Mapping[str, str]) -> str:
    """Return what a map makes of a genre, in any spelling: a name, or "" to leave it out."""
    return rules.get(letters(genre), genre)


def choose(
    labelled: Sequence[Labelled],
    rules: dict[str, str],
    least: int,
    *,
    merge: bool = True,
    known: Collection[str] = (),
) -> tuple[list[Song], list[str]]:
    """Return the songs, each with its genres, sorted by genre and track, and notes for the user.

    A song's genre is the first one that is used; its other used ones are in `also`. A genre is used
    if the map keeps it, and if it is the genre of `least` songs or more. A `known` genre, of which
    there are other songs, needs only one. `merge` takes spellings that differ only in case, accents
    or signs for one genre; it is written as in the map, or else as most songs do. Raises
    DatasetError if fewer than two genres are used or known, or none is used.
    """
    named = [_kept(genres, rules) for _, genres in labelled]
    spelling = _spellings([each.becomes for of_song in named for each in of_song], rules)
    if merge:
        named = [
            [each._replace(becomes=spelling[letters(each.becomes)]) for each in of_song]
            for of_song in named
        ]
    genres = [list(dict.fromkeys(each.becomes for each in of_song)) for of_song in named]
    counts = Counter(genre for of_song in genres for genre in of_song)
    plain = set(map(letters, known))
    needed = {genre: 1 if letters(genre) in plain else least for genre in counts}
    used = _used(genres, counts, needed)
    songs = []
    for each, of_song in zip(labelled, genres, strict=True):
        if chosen := [genre for genre in of_song if genre in used]:
            songs.append(each.song._replace(genre=chosen[0], also=tuple(chosen[1:])))
    if not used or len(used) + len(plain.difference(map(letters, used))) < 2:
        found = ", ".join(f"{genre} ({n})" for genre, n in counts.most_common(NAMED)) or "none"
        raise DatasetError(
            f"songs of {'one' if known else 'two'} or more genres are needed, each with {least} "
            f"or more; found {found}"
        )
    notes = [
        *_notes(labelled, rules),
        *_several(songs),
        *_merged(named),
        *_rare(counts, used, least),
    ]
    return sorted(songs, key=lambda song: (song.genre, song.track)), notes


def applied(listing: Listing, rules: dict[str, str], least: int) -> Listing:
    """Return a listing after a map, without genres of fewer than `least` songs.

    Its spellings stay apart, as its notes say. Raises DatasetError as `choose` does.
    """
    labelled = [Labelled(song, [song.genre]) for song in listing.songs]
    songs, notes = choose(labelled, rules, least, merge=False)
    return listing._replace(songs=songs, notes=listing.notes + notes + look_alikes(songs))


class _Named(NamedTuple):
    name: str  # the genre as the song's tags or its folder name it
    becomes: str  # what that counts for


def _kept(genres: Sequence[str], rules: dict[str, str]) -> list[_Named]:
    """Return the genres that a map keeps, and what they become."""
    return [_Named(name, becomes) for name in genres if (becomes := mapped(name, rules))]


def _used(genres: Sequence[list[str]], counts: Counter[str], needed: dict[str, int]) -> set[str]:
    """Return the genres that are the first used one of as many songs as are needed.

    `genres` are those of each song, and `counts` say how many songs name each. The rarest genre is
    given up first, so that its songs can count for another one.
    """
    used = {genre for genre, count in counts.items() if count >= needed[genre]}
    while True:
        firsts = Counter(next((each for each in of_song if each in used), "") for of_song in genres)
        lacking = [genre for genre in used if firsts[genre] < needed[genre]]
        if not lacking:
            return used
        used.remove(min(lacking, key=lambda genre: (counts[genre], genre)))


def _spellings(genres: Iterable[str], rules: dict[str, str]) -> dict[str, str]:
    """Return how each genre is written, by its letters: as in the map, else as by most songs."""
    found = sorted(Counter(genres).items(), key=lambda item: (item[1], item[0]))
    return {letters(genre): genre for genre in (*(name for name, _ in found), *rules.values())}


def _notes(labelled: Sequence[Labelled], rules: dict[str, str]) -> Iterator[str]:
    """Yield notes on songs without a genre, and on what the map leaves out."""
    if lacking := [each.song.track for each in labelled if not each.genres]:
        yield f"{_songs(len(lacking))} without a genre left out: {some(lacking)}"
    refused = [each for each in labelled if each.genres and not _kept(each.genres, rules)]
    if refused:
        names = Counter(each.genres[0] for each in refused)
        yield f"{_songs(len(refused))} left out by the map: {_counted(names)}"
    if missing := sorted(
        rules.keys() - {letters(name) for each in labelled for name in each.genres}
    ):
        yield f"the map names genres that no song has: {', '.join(missing)}"


def _several(songs: Sequence[Song]) -> Iterator[str]:
    if several := sum(bool(song.also) for song in songs):
        yield f"{_songs(several)} with several genres: each is trained in equal shares"


def _merged(named: Iterable[Sequence[_Named]]) -> Iterator[str]:
    """Yield a note for each genre that has come from other names."""
    names: dict[str, Counter[str]] = defaultdict(Counter)
    for each in chain.from_iterable(named):
        names[each.becomes][each.name] += 1
    for genre, found in sorted(names.items()):
        if list(found) != [genre]:
            yield f"{genre}: {_songs(found.total())} of {_counted(found)}"


def _rare(counts: Counter[str], used: set[str], least: int) -> Iterator[str]:
    """Yield notes on the genres that are not used, given how many songs name each genre."""
    unused = Counter({genre: n for genre, n in counts.items() if genre not in used})
    if rare := Counter({genre: n for genre, n in unused.items() if n < least}):
        yield f"left out, with fewer than {_songs(least)}: {_counted(rare)}"
    if behind := unused - rare:
        yield (
            f"left out, as fewer than {_songs(least)} have no other genre before them: "
            f"{_counted(behind)}"
        )


def _counted(names: Counter[str]) -> str:
    ordered = sorted(names.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} ({n})" for name, n in ordered)


def _songs(count: int) -> str:
    return f"{count} song{'s' * (count != 1)}"
