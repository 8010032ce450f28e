"""The store: what is computed again, what is recognised, and what happens where it fails."""

import logging
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import soundfile
from helpers import GTZAN, ROOT, noise

from genre.collection import store, tags
from genre.features import Track
from genre.songs.file_tags import GENRE

WIDTH = 6
WRITER = f"""\
import sys
from pathlib import Path
import numpy as np
from genre.collection import store
from genre.features import Track
track = Track(np.ones((3, 1, {WIDTH}), np.float32))
with store.opened(Path(sys.argv[1])) as kept:
    songs = map(Path, sys.argv[2:])
    for _ in store.tracks(kept, songs, "kind", lambda unknown: (track for _ in unknown)):
        print("kept", flush=True)
    sys.stdin.read()
"""


def track_of(song: Path) -> Track | str:
    """Return three made-up segments that depend on a song's content."""
    content = song.read_bytes()
    if not content:
        return "is empty"
    rng = np.random.default_rng(list(content[-20:]))
    return Track(rng.normal(size=(3, 1, WIDTH)).astype(np.float32), short=len(content) < 4)


def make(folder: Path, *texts: str) -> list[Path]:
    paths = [folder / f"{number}.mp3" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    return paths


def heard(path: Path | None, songs: list[Path], kind: str = "kind") -> tuple[list, list[Path]]:
    """Return the tracks of songs, and which of the songs were computed."""
    computed = []

    def listed(songs: Iterable[Path]) -> Iterator[Track | str]:
        for song in songs:
            computed.append(song)
            yield track_of(song)

    with store.opened(path) as kept:
        return list(store.tracks(kept, songs, kind, listed)), computed


@pytest.fixture
def place(tmp_path) -> Path:
    return tmp_path / "new folder" / "store.sqlite"


def test_a_song_is_computed_once_and_stays_the_same(place, tmp_path):
    songs = make(tmp_path, "one", "", "another", "third")
    first, computed = heard(place, songs[:3])
    assert computed == songs[:3]
    assert first[1] == "is empty"
    np.testing.assert_allclose(first[2].frames, track_of(songs[2]).frames, atol=1e-3)
    again, computed = heard(place, [songs[3], *songs[:3]])
    assert computed == [songs[3], songs[1]]  # what cannot be used may be mended meanwhile
    assert again[1].short and not again[3].short
    assert again[1].frames.dtype == np.float32
    for before, after in zip((first[0], first[2]), (again[1], again[3]), strict=True):
        np.testing.assert_array_equal(before.frames, after.frames)


def test_the_times_of_segments_are_kept_where_they_are_known(place, tmp_path):
    songs = make(tmp_path, "one", "two")
    starts = np.array([0.1, 7 / 3, 1e9])

    def compute(unknown: Iterable[Path]) -> Iterator[Track]:
        return (track_of(s)._replace(starts=starts[: 3 if s == songs[0] else 0]) for s in unknown)

    with store.opened(place) as kept:
        list(store.tracks(kept, songs, "kind", compute))
    (first, second), computed = heard(place, songs)
    assert computed == []
    np.testing.assert_array_equal(first.starts, starts)
    assert len(second.starts) == 0


def test_known_songs_do_not_wait_for_the_end_of_the_list(place, tmp_path, monkeypatch):
    songs = make(tmp_path, *map(str, range(20)))
    heard(place, songs[:8] + songs[9:])
    monkeypatch.setattr(store, "MOST_WAITING", 3)
    taken, order = [], []

    def ahead_by_two(songs: Iterable[Path]) -> Iterator[Track | str]:
        songs = iter(songs)
        while some := list(islice(songs, 2)):
            order.extend(some)
            yield from map(track_of, some)

    def listed() -> Iterator[Path]:
        for song in songs:
            taken.append(song)
            yield song

    with store.opened(place) as kept:
        found = []
        for track in store.tracks(kept, listed(), "kind", ahead_by_two):
            found.append(track)
            assert len(taken) <= len(found) + 4
    assert order == [songs[8]]
    for song, track in zip(songs, found, strict=True):
        np.testing.assert_allclose(track.frames, track_of(song).frames, atol=1e-3)


def test_another_kind_is_computed_anew(place, tmp_path):
    songs = make(tmp_path, "one")
    heard(place, songs)
    assert heard(place, songs, "other")[1] == songs
    assert store.kind("musicnn", GTZAN) != store.kind("musicnn", GTZAN, offset=10)


def test_a_song_is_recognised_when_it_is_moved_or_tagged(place, tmp_path):
    song = tmp_path / "song.flac"
    soundfile.write(song, noise(1), 22050)
    heard(place, [song])
    tags.write(song, {GENRE: ["a genre with a long name " * 400]})
    moved = song.rename(tmp_path / "moved.flac")
    copy = Path(shutil.copy(moved, tmp_path / "copy.flac"))
    assert heard(place, [moved, copy])[1] == []


def test_files_that_change_places_are_noticed(place, tmp_path):
    songs = make(tmp_path, "aaaa", "bbbb")
    for song in songs:
        os.utime(song, ns=(0, 0))
    before, _ = heard(place, songs)
    songs[0].rename(tmp_path / "aside")
    songs[1].rename(songs[0])
    (tmp_path / "aside").rename(songs[1])
    after, computed = heard(place, songs)
    assert computed == []
    np.testing.assert_array_equal(after[0].frames, before[1].frames)


def test_places_name_only_songs_as_they_are(place, tmp_path):
    songs = make(tmp_path, "one", "two", "three", "one")
    (first, *_), _ = heard(place, songs)
    songs[1].write_text("changed")
    songs[2].unlink()
    with store.opened(place) as kept:
        assert store.places(kept, songs, "kind") == [0, None, None, 0]
        assert store.places(kept, songs, "other") == [None] * 4
        assert store.places(kept, list(map(str, songs)), "kind") == [0, None, None, 0]
        assert [store.place(kept, song, "kind") for song in songs] == [0, None, None, 0]
        np.testing.assert_allclose(store.embedding(kept, "kind", 0), store.mean(first))


def test_vectors_have_length_one_and_come_in_order(place, tmp_path):
    songs = make(tmp_path, *map(str, range(store.BLOCK + 2)))
    found, _ = heard(place, songs)
    with store.opened(place) as kept:
        blocks = list(store.blocks(kept, "kind"))
    assert [block.places.tolist() for block in blocks] == [
        list(range(store.BLOCK)),
        [store.BLOCK, store.BLOCK + 1],
    ]
    means = np.stack([store.mean(track) for track in found])
    units = means / np.linalg.norm(means, axis=1, keepdims=True)
    vectors = np.concatenate([block.values * block.scales[:, np.newaxis] for block in blocks])
    np.testing.assert_allclose(vectors, units, atol=1 / 254)


def test_what_two_processes_computed_stays_when_they_are_killed(place, tmp_path):
    songs = make(tmp_path, "one", "two", "three")
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, place, *of_writer],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
        )
        for of_writer in (songs[:2], songs[1:])
    ]
    for writer in writers:
        assert [writer.stdout.readline() for _ in range(2)] == [b"kept\n"] * 2
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
    assert heard(place, songs)[1] == []


def test_a_full_disk_ends_only_the_keeping(place, tmp_path, caplog):
    songs = make(tmp_path, *(f"song {number}" for number in range(20)))
    heard(place, songs[:1])

    def large(unknown: Iterable[Path]) -> Iterator[Track]:
        frames = np.random.default_rng(0).normal(size=(900, 1, WIDTH))
        return (Track(frames) for _ in unknown)

    with caplog.at_level(logging.WARNING, "genre"), store.opened(place) as kept:
        (pages,) = kept.database.execute("PRAGMA page_count").fetchone()
        kept.database.execute(f"PRAGMA max_page_count = {pages + 4}").fetchone()
        assert len(list(store.tracks(kept, songs, "kind", large))) == 20
    (line,) = [record.getMessage() for record in caplog.records]
    assert line == f"{place}: no space left on the disk; from here on nothing is kept"
    assert songs[0] not in heard(place, songs)[1]


def test_a_damaged_store_is_said_once_and_done_without(place, tmp_path, caplog):
    songs = make(tmp_path, *(f"song {number}" for number in range(20)))
    heard(place, songs)
    content = place.read_bytes()
    place.write_bytes(content[: 2 * 4096] + b"x" * (len(content) - 2 * 4096))
    with caplog.at_level(logging.WARNING, "genre"):
        found, computed = heard(place, songs)
    assert len(found) == 20
    assert computed == songs
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith(f"{place}: damaged; going on without it; delete it")


def test_a_file_that_is_no_store_is_refused_and_left_alone(tmp_path):
    text, other, later = (tmp_path / name for name in ("text", "other.sqlite", "later.sqlite"))
    text.write_text("no database" * 100)
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE cakes (name TEXT)")
    heard(later, [])
    with sqlite3.connect(later) as database:
        database.execute("PRAGMA user_version = 99")
    reasons = (
        "not a store.*; name",
        "of another program; name",
        f"version 99, not {store.VERSION}; delete it",
    )
    for path, reason in zip((text, other, later), reasons, strict=True):
        before = path.read_bytes()
        with pytest.raises(store.StoreError, match=f"^{path}: .*{reason}"):
            heard(path, [])
        assert path.read_bytes() == before
    with pytest.raises(IsADirectoryError):
        heard(tmp_path, [])
