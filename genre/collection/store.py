"""Keep the embeddings of songs in one file, so that no script has to hear a song twice.

The file is an SQLite database. SQLite comes with Python, lets several processes read and write at
once, and keeps what is written when a process is killed. A song is known by its sound, so that it
is recognised when it is moved, renamed or tagged. As long as a file's path, size and times stay the
same, its sound is not looked at again. All that the file holds can be computed again: it can be
deleted at any time.

    with store.opened(Path("output/store.sqlite")) as kept:
        for track in store.tracks(kept, songs, store.kind("musicnn", settings), compute):
            ...
"""

import json
import logging
import os
import sqlite3
import stat
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from typing import Any, NamedTuple

import numpy as np

from genre.audio import digest
from genre.errors import GenreError
from genre.features import Track, front_end, musicnn, rounded
from genre.features.settings import Settings
from genre.files import check_place

log = logging.getLogger("genre")

# Takes songs one after another; gives the track of each, in order, or why the song is unusable.
Compute = Callable[[Iterable[Path]], Iterator[Track | str]]

VERSION = 3  # to be raised when the tables change, or the way in which an embedding is computed
APPLICATION = 0x67656E72  # marks an SQLite file as a store
WAIT_SECONDS = 30  # for another process that is writing
MOST_WAITING = 500  # known songs behind one that is being computed: only their places wait
BLOCK = 256  # songs whose vectors lie together, so that a search reads them in one piece
STATE = Struct("<3q")  # of a file
LEVEL = 1  # of zlib, the fastest; it makes an embedding 45 % smaller

TABLES = (
    # Which sound a file held when it was last looked at.
    "CREATE TABLE files (path BLOB PRIMARY KEY, state BLOB, sound BLOB) WITHOUT ROWID",
    "CREATE TABLE kinds (kind INTEGER PRIMARY KEY, name TEXT UNIQUE, width INTEGER)",
    # The places of a kind are 0, 1, 2 and so on.
    "CREATE TABLE tracks (kind INTEGER, place INTEGER, sound BLOB, short INTEGER, starts BLOB, "
    "frames BLOB, PRIMARY KEY (kind, place))",
    "CREATE UNIQUE INDEX by_sound ON tracks (kind, sound, place)",
    # The mean embeddings of BLOCK places: vectors of int8, then the scale of each as float32.
    "CREATE TABLE blocks (block INTEGER PRIMARY KEY, kind INTEGER, number INTEGER, vectors BLOB, "
    "UNIQUE (kind, number))",
)
IN_WORDS = {
    "SQLITE_NOTADB": "not a store of embeddings, or its beginning is damaged",
    "SQLITE_CORRUPT": "damaged",
    "SQLITE_FULL": "no space left on the disk",
    "SQLITE_BUSY": f"another process has been writing to it for {WAIT_SECONDS} s",
    "SQLITE_READONLY": "it may not be written to",
}
ELSEWHERE = "name another with --store"
HELP = f"delete it, since all of it can be computed again, or {ELSEWHERE}"


class StoreError(GenreError):
    """A store cannot be used."""


@dataclass
class Store:
    """An open store."""

    path: Path | None
    database: sqlite3.Connection
    readable: bool = True
    writable: bool = True


class Block(NamedTuple):
    """The mean embeddings of places that follow each other."""

    places: np.ndarray  # (places,)
    values: np.ndarray  # (places, width) int8
    scales: np.ndarray  # (places,) float32; values times scales have length 1


@contextmanager
def opened(path: Path | None) -> Iterator[Store]:
    """Give the store in a file, which is made if it is missing.

    Without a path it is a temporary file that is gone in the end. Raises StoreError for a file that
    is no store, or one of another version, and OSError where no file can be written.
    """
    if path:
        check_place(path)
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # An empty name is SQLite's for a temporary file.
        database = sqlite3.connect(path or "", timeout=WAIT_SECONDS, isolation_level=None)
        with closing(database):
            _prepare(database, path)
            yield Store(path, database)
    except sqlite3.Error as error:
        is_another = getattr(error, "sqlite_errorname", "") == "SQLITE_NOTADB"
        raise StoreError(f"{path}: {_reason(error)}; {ELSEWHERE if is_another else HELP}") from None


def _prepare(database: sqlite3.Connection, path: Path | None) -> None:
    """Make the tables of a new store; raise StoreError for a file that is not a store."""
    if not database.execute("SELECT 1 FROM sqlite_master").fetchone():
        with suppress(sqlite3.OperationalError):  # some network file systems do not allow it
            database.execute("PRAGMA journal_mode = WAL")
        with database:
            database.execute("BEGIN IMMEDIATE")  # waits for a process that does the same
            if not database.execute("SELECT 1 FROM sqlite_master").fetchone():
                for table in TABLES:
                    database.execute(table)
                database.execute(f"PRAGMA user_version = {VERSION}")
                database.execute(f"PRAGMA application_id = {APPLICATION}")
    database.execute("PRAGMA synchronous = NORMAL")  # safe with WAL, and far faster
    if _pragma(database, "application_id") != APPLICATION:
        raise StoreError(f"{path}: a database of another program; {ELSEWHERE}")
    if (version := _pragma(database, "user_version")) != VERSION:
        raise StoreError(f"{path}: a store of version {version}, not {VERSION}; {HELP}")


def _pragma(database: sqlite3.Connection, name: str) -> int:
    return database.execute(f"PRAGMA {name}").fetchone()[0]


def _reason(error: sqlite3.Error) -> str:
    return IN_WORDS.get(getattr(error, "sqlite_errorname", ""), str(error))


def kind(feature: str, settings: Settings, **part: Any) -> str:
    """Return a text that says how embeddings are made; embeddings made otherwise have another one.

    `part` says which part of a song is read, where that is not its beginning. Only those settings
    count that decide how a song is cut: an embedding has a spectrum of its own.
    """
    how = {
        # A person's own front end is known by its digest: copies of it lie in models' folders.
        "feature": "front end" if settings.front_end else feature,
        "front_end": settings.front_end or front_end.digest(musicnn.DESCRIPTION),
        "sample_rate": settings.sample_rate,
        "track_seconds": float(settings.track_seconds),
        "segments_per_track": settings.segments_per_track,
    }
    return json.dumps(how | part, sort_keys=True)


class _Waiting(NamedTuple):
    """A song that was looked up, and comes next; one without a place is being computed."""

    song: Path
    state: bytes | None
    sound: bytes | None
    place: int | None


def tracks(
    store: Store, songs: Iterable[Path], kind: str, compute: Compute
) -> Iterator[Track | str]:
    """Yield the embeddings of each song, in order, or the reason why the song is unusable.

    What the store holds comes from it. The rest is computed, and kept at once. In both cases the
    values are those that float16 can hold, so that a second run gives the same as the first. If
    the store fails on the way, the log says so, and the rest is computed without it.
    """
    songs = iter(songs)
    waiting: deque[_Waiting] = deque()
    n_known, ended = 0, False

    def unknown() -> Iterator[Path]:
        """Look songs up; yield those to compute, until the others wait for too many of them."""
        nonlocal n_known, ended
        while n_known < MOST_WAITING:
            if (song := next(songs, None)) is None:
                ended = True
                return
            waiting.append(_look_up(store, song, kind))
            if waiting[-1].place is None:
                yield song
            else:
                n_known += 1

    def known() -> Iterator[Track | str]:
        """Yield what the store holds of the songs that come next."""
        nonlocal n_known
        while waiting and (place := waiting[0].place) is not None:
            song = waiting.popleft().song
            n_known -= 1
            yield _read(store, kind, place) or next(compute([song]))

    while not ended:
        for track in compute(unknown()):
            yield from known()
            song, state, sound, _ = waiting.popleft()
            if isinstance(track, Track):
                track = track._replace(frames=rounded(track.frames))
                if sound and _state(song) == state:  # the sound that was looked at was computed
                    _keep(store, kind, sound, track)
            yield track
        yield from known()


def _look_up(store: Store, song: Path, kind: str) -> _Waiting:
    state = _state(song)
    sound = _sound(store, song, state) if state else None
    query = "SELECT place FROM kinds JOIN tracks USING (kind) WHERE name = ? AND sound = ?"
    row = _row(store, query, kind, sound) if sound else None
    return _Waiting(song, state, sound, row[0] if row else None)


def _sound(store: Store, song: Path, state: bytes) -> bytes | None:
    """Return the digest of a file's sound; None if the file cannot be read."""
    query = "SELECT sound FROM files WHERE path = ? AND state = ?"
    if row := _row(store, query, _name(song), state):
        return row[0]
    try:
        sound = digest.of_sound(song)
    except OSError:
        return None
    values = (_name(song), state, sound)
    query = "INSERT OR REPLACE INTO files VALUES (?, ?, ?)"
    _write(store, lambda database: database.execute(query, values))
    return sound


def _state(song: str | Path) -> bytes | None:
    """Return by what a file is known to be the same as before, without reading it.

    That is its size in bytes, when its content was written, and when its content, name or rights
    were changed, which no program can set; both in ns. None stands for what is no file.
    """
    try:
        found = os.stat(song)  # noqa: PTH116, a path may be text
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return STATE.pack(found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _name(song: str | Path) -> bytes:
    name = os.fsencode(song)
    return name if name.startswith(b"/") else os.fsencode(Path(song).absolute())


def _keep(store: Store, kind: str, sound: bytes, track: Track) -> None:
    """Write a track into a store, unless another process has done it meanwhile."""
    width = track.frames.shape[2]
    frames = zlib.compress(track.frames.astype("<f2").tobytes(), LEVEL)
    starts = track.starts.astype("<f8").tobytes()

    def write(database: sqlite3.Connection) -> None:
        database.execute("INSERT OR IGNORE INTO kinds (name, width) VALUES (?, ?)", (kind, width))
        (number,) = database.execute("SELECT kind FROM kinds WHERE name = ?", (kind,)).fetchone()
        of_kind = "FROM tracks WHERE kind = ?"
        if database.execute(f"SELECT 1 {of_kind} AND sound = ?", (number, sound)).fetchone():
            return
        query = f"SELECT coalesce(1 + max(place), 0) {of_kind}"
        (place,) = database.execute(query, (number,)).fetchone()
        values = (number, place, sound, track.short, starts, frames)
        database.execute("INSERT INTO tracks VALUES (?, ?, ?, ?, ?, ?)", values)
        _write_vector(database, number, place, mean(track))

    _write(store, write)


def _write_vector(database: sqlite3.Connection, kind: int, place: int, vector: np.ndarray) -> None:
    """Write a mean embedding into its block, which is made for its first one."""
    number, row = divmod(place, BLOCK)
    database.execute(
        "INSERT OR IGNORE INTO blocks (kind, number, vectors) VALUES (?, ?, zeroblob(?))",
        (kind, number, BLOCK * (len(vector) + 4)),
    )
    query = "SELECT block FROM blocks WHERE kind = ? AND number = ?"
    (block,) = database.execute(query, (kind, number)).fetchone()
    unit = vector / (np.linalg.norm(vector) or 1)
    scale = np.float32(np.abs(unit).max() / 127) or np.float32(1)
    with database.blobopen("blocks", "vectors", block) as blob:
        blob.seek(row * len(vector))
        blob.write(np.rint(unit / scale).astype(np.int8).tobytes())
        blob.seek(BLOCK * len(vector) + 4 * row)
        blob.write(scale.astype("<f4").tobytes())


def _read(store: Store, kind: str, place: int) -> Track | None:
    """Return the track at a place; None if the store has failed, or holds it no more."""
    query = (
        "SELECT short, starts, frames, width FROM kinds JOIN tracks USING (kind) "
        "WHERE name = ? AND place = ?"
    )
    if not (row := _row(store, query, kind, place)):
        return None
    short, starts, content, width = row
    try:
        frames = np.frombuffer(zlib.decompress(content), "<f2").reshape(-1, 1, width)
        starts = np.frombuffer(starts, "<f8")
    except (TypeError, ValueError, zlib.error):
        _fail(store, IN_WORDS["SQLITE_CORRUPT"])
        return None
    return Track(frames.astype(np.float32), bool(short), starts=starts)


def mean(track: Track) -> np.ndarray:
    """Return the mean embedding of a track's segments, (width,) float32."""
    return track.frames.mean(axis=(0, 1))


def embedding(store: Store, kind: str, place: int) -> np.ndarray:
    """Return the mean embedding of the song at a place, (width,) float32."""
    track = _read(store, kind, place)
    if track is None:
        raise StoreError(f"{store.path}: damaged; {HELP}")
    return mean(track)


def place(store: Store, song: Path, kind: str) -> int | None:
    """Return the place of a song; None for one that is not kept."""
    return _look_up(store, song, kind).place


def places(store: Store, songs: Sequence[str | Path], kind: str) -> list[int | None]:
    """Return the place of each of many songs; None for one that is new, changed or gone.

    Only path, size and times are compared. Songs with the same sound have the same place.
    """
    query = "SELECT sound, place FROM kinds JOIN tracks USING (kind) WHERE name = ?"
    place_of = dict(_rows(store, query, kind))
    query = "SELECT path, state, sound FROM files"
    known = {state + path: place_of.get(sound) for path, state, sound in _rows(store, query)}
    states = map(_state, songs)
    return [
        known.get(state + _name(song)) if state else None
        for song, state in zip(songs, states, strict=True)
    ]


def blocks(store: Store, kind: str) -> Iterator[Block]:
    """Yield the mean embeddings of all places of a kind, in order."""
    query = (
        "SELECT number, width, vectors, "
        "(SELECT 1 + max(place) FROM tracks WHERE tracks.kind = kinds.kind) "
        "FROM kinds JOIN blocks USING (kind) WHERE name = ? ORDER BY number"
    )
    for number, width, content, end in _rows(store, query, kind):
        held = np.arange(number * BLOCK, min(end, (number + 1) * BLOCK))
        values = np.frombuffer(content, np.int8, len(held) * width).reshape(-1, width)
        scales = np.frombuffer(content, "<f4", len(held), BLOCK * width)
        yield Block(held, values, scales)


def _rows(store: Store, query: str, *values: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the rows that a query finds; raises StoreError if the store is damaged."""
    try:
        yield from store.database.execute(query, values)
    except sqlite3.Error as error:
        raise StoreError(f"{store.path}: {_reason(error)}; {HELP}") from None


def _row(store: Store, query: str, *values: Any) -> tuple[Any, ...] | None:
    """Return the first row that a query finds; None for no row, or if the store has failed."""
    if not store.readable:
        return None
    try:
        return store.database.execute(query, values).fetchone()
    except sqlite3.Error as error:
        _fail(store, _reason(error))
        return None


def _fail(store: Store, reason: str) -> None:
    """Say once that a store cannot be read, and use it no more."""
    log.warning("%s: %s; going on without it; %s", store.path, reason, HELP)
    store.readable = store.writable = False


def _write(store: Store, change: Callable[[sqlite3.Connection], object]) -> None:
    """Change a store, wholly or not at all; do nothing if the store has failed."""
    if not store.writable:
        return
    try:
        with store.database as database:
            database.execute("BEGIN IMMEDIATE")  # waits for a process that is writing
            change(database)
    except sqlite3.Error as error:
        log.warning("%s: %s; from here on nothing is kept", store.path, _reason(error))
        store.writable = False
