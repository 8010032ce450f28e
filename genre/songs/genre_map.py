"""Decide which genre each song counts for: merge spellings, apply a map, leave out rare genres.

A map is a CSV file with the columns from,to. An empty `to` leaves a genre out:

from,to
Synthpop,pop
Audiobook,
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from genre.errors import DatasetError
from genre.songs import NAMED, Song, some
from genre.songs.csv_table import check_columns, check_width, rows
from genre.songs.listing import Listing, genre_name, letters

COLUMNS = ("from", "to")
LEFT_OUT = ""  # what a map makes of a genre that is not wanted


class Labelled(NamedTuple):
    """A song with all genres that are named for it, before one of them is chosen."""

    song: Song
    genres: Sequence[str]


def read(path: Path) -> dict[str, str]:
    """Return the rules of a map: by the letters of a genre, what it becomes.

    Raises DatasetError if the file is not such a map, or has two rules for a genre.
    """
    lines = rows(path)
    _, header = next(lines, (0, []))
    columns = [name.strip().lower() for name in header]
    check_columns(COLUMNS, columns, path)
    rules: dict[str, str] = {}
    for line, row in lines:
        check_width(row, len(columns), f"{path}, line {line}")
        values = dict(zip(columns, row, strict=True))
        name, becomes = genre_name(values["from"]), genre_name(values["to"])
        if not name:
            raise DatasetError(f"{path}, line {line}: names no genre")
        if rules.setdefault(letters(name), becomes) != becomes:
            raise DatasetError(f"{path}, line {line}: a second rule for {name}")
    return rules


def mapped(genre: str, rules: Mapping[str, str]) -> str:
    """Return what a map makes of a genre, in any spelling: LEFT_OUT, or a name."""
    return rules.get(letters(genre), genre)


def choose(
    labelled: Sequence[Labelled], rules: dict[str, str], least: int, *, merge: bool = True
) -> tuple[list[Song], list[str]]:
    """Return the songs, each with one genre, sorted by genre and track, and notes for the user.

    The first genre of a song that the map keeps decides. `merge` takes spellings that differ only
    in case, accents or signs for one genre; it is written as in the map, or else as most songs do.
    Genres with fewer than `least` songs are left out. Raises DatasetError if fewer than two genres
    are left.
    """
    named = [_Named(song, *_first_kept(genres, rules)) for song, genres in labelled]
    spelling = _spellings([each.becomes for each in named], rules) if merge else {}
    named = [
        each._replace(becomes=spelling.get(letters(each.becomes), each.becomes)) for each in named
    ]
    counts = Counter(each.becomes for each in named if each.becomes)
    songs = [each.song._replace(genre=each.becomes) for each in named if each.becomes]
    used = [song for song in songs if counts[song.genre] >= least]
    notes = [*_notes(labelled, rules), *_merged(named), *_rare(counts, least)]
    if len({song.genre for song in used}) < 2:
        found = ", ".join(f"{genre} ({n})" for genre, n in counts.most_common(NAMED)) or "none"
        raise DatasetError(
            f"songs of two or more genres are needed, each with {least} or more; found {found}"
        )
    return sorted(used, key=lambda song: (song.genre, song.track)), notes


def applied(listing: Listing, rules: dict[str, str], least: int) -> Listing:
    """Return a listing after a map, without genres of fewer than `least` songs.

    Its spellings stay apart, as its notes say. Raises DatasetError as `choose` does.
    """
    labelled = [Labelled(song, [song.genre]) for song in listing.songs]
    songs, notes = choose(labelled, rules, least, merge=False)
    return listing._replace(songs=songs, notes=listing.notes + notes)


class _Named(NamedTuple):
    song: Song
    name: str  # the genre as the song's tags or its folder name it
    becomes: str  # what that counts for


def _first_kept(genres: Sequence[str], rules: dict[str, str]) -> tuple[str, str]:
    """Return the first genre that a map keeps, and what it becomes."""
    kept = ((name, becomes) for name in genres if (becomes := mapped(name, rules)))
    return next(kept, ("", LEFT_OUT))


def _spellings(genres: Iterable[str], rules: dict[str, str]) -> dict[str, str]:
    """Return how each genre is written, by its letters: as in the map, else as by most songs."""
    found = sorted(Counter(genres).items(), key=lambda item: (item[1], item[0]))
    return {letters(genre): genre for genre in (*(name for name, _ in found), *rules.values())}


def _notes(labelled: Sequence[Labelled], rules: dict[str, str]) -> Iterator[str]:
    """Yield notes on songs without a genre, with several ones, and on what the map leaves out."""
    if lacking := [each.song.track for each in labelled if not each.genres]:
        yield f"{_songs(len(lacking))} without a genre left out: {some(lacking)}"
    if several := sum(len(each.genres) > 1 for each in labelled):
        yield f"{_songs(several)} with several genres: each counts for the first one that is used"
    refused = [each for each in labelled if each.genres and not _first_kept(each.genres, rules)[0]]
    if refused:
        names = Counter(each.genres[0] for each in refused)
        yield f"{_songs(len(refused))} left out by the map: {_counted(names)}"
    if missing := sorted(
        rules.keys() - {letters(name) for each in labelled for name in each.genres}
    ):
        yield f"the map names genres that no song has: {', '.join(missing)}"


def _merged(named: Iterable[_Named]) -> Iterator[str]:
    """Yield a note for each genre that has come from other names."""
    names: dict[str, Counter[str]] = defaultdict(Counter)
    for each in named:
        names[each.becomes][each.name] += 1
    for genre, found in sorted(names.items()):
        if genre and list(found) != [genre]:
            yield f"{genre}: {_songs(found.total())} of {_counted(found)}"


def _rare(counts: Counter[str], least: int) -> Iterator[str]:
    rare = Counter({genre: n for genre, n in counts.items() if n < least})
    if rare:
        yield f"left out, with fewer than {_songs(least)}: {_counted(rare)}"


def _counted(names: Counter[str]) -> str:
    ordered = sorted(names.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} ({n})" for name, n in ordered)


def _songs(count: int) -> str:
    return f"{count} song{'s' * (count != 1)}"
