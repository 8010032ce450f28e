"""Damaged files of every kind are read as something sound or refused in a line, never worse.

500 damaged songs are tried, the same in every run, and two fifths as many damaged segment files,
cards, splits and earlier outputs each. GENRE_FUZZ_CASES asks for another number, new every time.
"""

import copy
import json
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import h5py
import numpy as np
import pytest
import soundfile
from helpers import GTZAN, SMALL, made_up_segments, noise
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genre import features
from genre.datasets import PARTS, UNUSED, Segments, segment_file, split_file
from genre.errors import AudioError, GenreError, ModelError
from genre.reporting import card, predictions

CASES = int(os.environ.get("GENRE_FUZZ_CASES", "500"))
SONGS = {  # suffix: (subtype, rate, channels, seconds)
    "wav": ("PCM_16", 22050, 1, 1.2),
    "flac": ("PCM_16", 16000, 2, 1.5),
    "mp3": (None, 22050, 1, 2),
    "au": ("FLOAT", 11025, 2, 1.1),
    "ogg": ("VORBIS", 22050, 1, 2),
}


def fuzz(cases: int) -> Callable:
    """Return the settings of a fuzz test; a case that takes longer than its deadline hangs."""
    return settings(
        max_examples=max(1, cases),
        derandomize="GENRE_FUZZ_CASES" not in os.environ,
        deadline=timedelta(seconds=20),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def peak_memory() -> int:
    """Return the most memory that this process has held, in bytes."""
    status = Path("/proc/self/status").read_text().split()
    return 1024 * int(status[status.index("VmHWM:") + 1])


@pytest.fixture(scope="module", autouse=True)
def bounded_memory() -> Iterator[None]:
    """Check that no damaged length has been taken at its word."""
    if not Path("/proc/self/clear_refs").exists():
        yield
        return
    Path("/proc/self/clear_refs").write_text("5")  # the peak is now what is held now
    before = peak_memory()
    yield
    assert peak_memory() - before < 500e6


@pytest.fixture(scope="module")
def scratch(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("scratch")


def assert_one_line(error: GenreError) -> None:
    assert len(str(error).splitlines()) == 1


# Damage to bytes

SIZES = (0, 1, 2**15 - 1, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 192000, 10**6)
NUMBERS = [size.to_bytes(4, order) for size in SIZES for order in ("little", "big")]
NOT_NUMBERS = [bytes.fromhex(text) for text in ("0000c07f", "7fc00000", "0000807f", "ff7fffff")]
PLACES = st.integers(0, 80) | st.integers(0, 2**20)  # the header, or anywhere
EDITS = st.lists(
    st.tuples(st.just("overwrite"), PLACES, st.sampled_from(NUMBERS + NOT_NUMBERS))
    | st.tuples(st.just("overwrite"), PLACES, st.binary(min_size=1, max_size=8))
    | st.tuples(st.just("insert"), PLACES, st.binary(min_size=1, max_size=300))
    | st.tuples(st.just("drop"), PLACES, st.integers(1, 300))
    | st.tuples(st.just("cut"), PLACES, st.none()),
    min_size=1,
    max_size=4,
)


def damaged(content: bytes, edits: list[tuple]) -> bytes:
    """Return content after some edits, each of which has a kind, a place and a value."""
    for kind, place, value in edits:
        place %= len(content) + 1
        before, after = content[:place], content[place:]
        if kind == "overwrite":
            content = before + value + after[len(value) :]
        elif kind == "insert":
            content = before + value + after
        elif kind == "drop":
            content = before + after[value:]
        else:
            content = before
    return content


@pytest.fixture(scope="module", params=SONGS)
def song(request, scratch) -> Path:
    """A short song."""
    subtype, rate, channels, seconds = SONGS[request.param]
    path = scratch / f"whole.{request.param}"
    samples = noise(seconds, sample_rate=rate, channels=channels)
    soundfile.write(path, samples, rate, subtype=subtype)
    return path


def assert_sound(frames: np.ndarray) -> None:
    assert 1 <= len(frames) <= SMALL.segments_per_track
    assert frames.shape[1:] == (SMALL.frames_per_segment, SMALL.n_mfcc)
    assert frames.dtype == np.float32
    assert np.isfinite(frames).all()


def test_the_songs_are_sound_before_they_are_damaged(song):
    assert_sound(features.of_track(song, "mfcc", SMALL).frames)


@pytest.mark.filterwarnings("error")  # a warning would be a line on stderr
@fuzz(CASES // len(SONGS))
@given(edits=EDITS)
def test_a_damaged_song_gives_finite_frames_or_a_reason(song, edits):
    path = song.with_stem("damaged")
    path.write_bytes(damaged(song.read_bytes(), edits))
    for pieces in (
        lambda: [features.of_track(path, "mfcc", SMALL)],
        lambda: features.of_whole_track(path, "mfcc", SMALL),
    ):
        try:
            for piece in pieces():
                assert_sound(piece.frames)
        except AudioError as error:
            assert_one_line(error)


# Damage to the values of a file that is well-formed

NONSENSE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.sampled_from(["", "0", "mfcc", "labels", "jazz", "\ud800", [], {}, [[]], [[[]]]])
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
STEPS = st.lists(st.integers(0, 50), min_size=1, max_size=4)  # which key, which item in it, ...
CHANGES = st.lists(
    st.tuples(STEPS, st.sampled_from(["replace", "drop", "repeat"]), NONSENSE),
    min_size=1,
    max_size=3,
)


def changed(content: dict, changes: list[tuple]) -> dict:
    """Return a copy of a JSON object after some changes somewhere in it."""
    content = json.loads(json.dumps(content))
    for steps, kind, value in changes:
        parent, key = None, None
        inner = content
        for step in steps:
            if not isinstance(inner, dict | list) or not inner:
                break
            parent, key = (
                inner,
                sorted(inner)[step % len(inner)]
                if isinstance(inner, dict)
                else (step % len(inner)),
            )
            inner = parent[key]
        if parent is None:
            continue
        if kind == "drop":
            del parent[key]
        elif kind == "repeat" and isinstance(inner, list):
            parent[key] = inner + inner
        else:
            parent[key] = copy.deepcopy(value)  # a later change may lead into it
    return content


def as_json(content: object) -> bytes:
    return json.dumps(content).encode(errors="surrogatepass")


# The segment file


@pytest.fixture(scope="module")
def whole_segments(scratch) -> Path:
    """A folder with small whole.json and whole.h5."""
    segments = made_up_segments([1, 2], segments_per_track=2, shape=(2, 3))
    segments.skipped.append({"track": "genre0/a.wav", "reason": "is empty"})
    for suffix in (".json", ".h5"):
        segment_file.write(segments, scratch / f"whole{suffix}")
    return scratch


def assert_sound_segments(segments: Segments) -> None:
    assert isinstance(segments.feature, str)
    assert isinstance(segments.settings, dict)
    for names in (segments.mapping, segments.tracks):
        assert isinstance(names, list)
        assert all(isinstance(name, str) for name in names)
        assert len(set(names)) == len(names)
        "".join(names).encode()
    assert len(segments.mapping) >= 2
    assert segments.frames.dtype == np.float32
    assert segments.frames.ndim == 3
    assert segments.frames.size
    assert np.isfinite(segments.frames).all()
    assert segments.labels.shape == segments.track_index.shape == segments.frames.shape[:1]
    assert set(segments.labels) <= set(range(len(segments.mapping)))
    assert set(segments.track_index) <= set(range(len(segments.tracks)))
    assert isinstance(segments.skipped, list)
    assert all({"track", "reason"} <= song.keys() for song in segments.skipped)


def read_segments(path: Path) -> None:
    try:
        segments = segment_file.read(path)
    except GenreError as error:
        assert_one_line(error)
    else:
        assert_sound_segments(segments)


@fuzz(CASES // 5)
@given(changes=CHANGES)
def test_a_segment_file_of_odd_values(changes, whole_segments):
    content = json.loads((whole_segments / "whole.json").read_text())
    path = whole_segments / "odd.json"
    path.write_bytes(as_json(changed(content, changes)))
    read_segments(path)


@pytest.mark.parametrize("suffix", [".json", ".h5"])
@fuzz(CASES // 10)
@given(edits=EDITS)
def test_a_segment_file_of_damaged_bytes(suffix, edits, whole_segments):
    path = whole_segments / f"damaged{suffix}"
    path.write_bytes(damaged((whole_segments / f"whole{suffix}").read_bytes(), edits))
    read_segments(path)


HDF5_VALUES = st.sampled_from(
    [
        *(h5py.Empty("f"), b"\xff", "", "mfcc", "[]", '"x"', "[" * 10_000, 2**63, -1, 0.5),
        *(np.zeros(0), np.zeros((6, 2, 3)), np.full((6, 2, 3), np.nan), np.zeros((6, 2, 3), "S1")),
        *(np.zeros(6), np.zeros(6, bool), np.full(6, 1e300), np.arange(6), ["genre0", "genre1"]),
        *(np.array([b"genre0", b"\xff"]), np.zeros(6, [("a", "i4")]), np.zeros(6, complex)),
    ]
)


@fuzz(CASES // 5)
@given(
    changes=st.lists(
        st.tuples(
            st.integers(0, 50),
            st.sampled_from(["drop", "data set", "attribute", "group"]),
            HDF5_VALUES,
        ),
        min_size=1,
        max_size=3,
    )
)
def test_an_hdf5_segment_file_of_odd_values(changes, whole_segments):
    path = whole_segments / "odd.h5"
    path.write_bytes((whole_segments / "whole.h5").read_bytes())
    with h5py.File(path, "r+") as file:
        keys = sorted([*file, *file.attrs])
        for number, kind, value in changes:
            key = keys[number % len(keys)]
            for place in (file, file.attrs):
                if key in place:
                    del place[key]
            if kind == "data set":
                file[key] = value
            elif kind == "attribute":
                file.attrs[key] = value
            elif kind == "group":
                file.create_group(key)
    read_segments(path)


# The network's card


CARD = {
    "schema": card.SCHEMA,
    "script": "cnn",
    "mapping": ["blues", "jazz", "rock"],
    "feature": "mfcc",
    "settings": GTZAN.to_dict(),
    "data": {"file": "mfcc.json", "sha256": "0" * 64},
    "split": {"name": "track", "seed": 1, "notes": []},
    "training": {"seed": 1, "folds": 0},
    "scores": {},
    "runs": [{"seed": 1}],
    "spread": {},
    "weights_sha256": "0" * 64,
    "versions": {"python": "3.11"},
    "created": "2025-01-01 00:00 UTC",
}


def assert_sound_card(the_card: card.Card, given: features.Settings) -> None:
    assert isinstance(the_card.script, str)
    assert isinstance(the_card.mapping, list)
    assert all(isinstance(genre, str) for genre in the_card.mapping)
    assert len(set(the_card.mapping)) == len(the_card.mapping) >= 2
    assert isinstance(the_card.split["seed"], int)
    assert 1 <= given.samples_per_segment < 2**40
    assert 1 <= given.frames_per_segment < 2**40
    assert given.shortest_segment <= given.samples_per_segment
    assert 0 < given.segment_seconds < float("inf")
    for name, value in given.to_dict().items():
        assert isinstance(value, int) or name == "track_seconds"


def read_card(folder: Path, content: bytes) -> None:
    (folder / card.CARD_FILE).write_bytes(content)
    try:
        the_card = card.read(folder)
        given = card.settings(the_card)
    except ModelError as error:
        assert_one_line(error)
    else:
        assert_sound_card(the_card, given)


def test_the_card_is_sound_before_it_is_damaged(scratch):
    (scratch / card.CARD_FILE).write_bytes(as_json(CARD))
    assert_sound_card(card.read(scratch), card.settings(card.read(scratch)))


@fuzz(CASES // 5)
@given(changes=CHANGES)
def test_a_card_of_odd_values(changes, scratch):
    read_card(scratch, as_json(changed(CARD, changes)))


@fuzz(CASES // 5)
@given(edits=EDITS)
def test_a_card_of_damaged_bytes(edits, scratch):
    read_card(scratch, damaged(as_json(CARD), edits))


def test_a_card_of_many_brackets(scratch):
    read_card(scratch, b"[" * 100_000)


# A split's list and an earlier output


ODD_TEXTS = (
    ",",
    '"',
    "\n",
    "\r",
    "\0",
    ",test",
    "segment",
    "\ufeff",
    "\u2028",
    "..wav",
    "/",
    "[",
    "9",
)
TEXT_EDITS = st.lists(
    st.tuples(
        st.just("insert"),
        PLACES,
        st.sampled_from(ODD_TEXTS),
        st.sampled_from([1, 2, 5000, 200_000]),
    )
    | st.tuples(st.just("drop"), PLACES, st.integers(1, 30), st.just(1))
    | st.tuples(st.just("overwrite"), PLACES, st.binary(min_size=1, max_size=4), st.just(1))
    | st.tuples(st.just("cut"), PLACES, st.none(), st.just(1)),
    min_size=1,
    max_size=4,
)


def damaged_text(content: bytes, edits: list[tuple]) -> bytes:
    """Return content after some edits, whose value may be a text that is put in many times."""
    return damaged(
        content,
        [
            (kind, place, (value * times).encode() if isinstance(value, str) else value)
            for kind, place, value, times in edits
        ],
    )


@pytest.mark.parametrize("by_segment", [False, True])
@fuzz(CASES // 5)
@given(edits=TEXT_EDITS)
def test_a_damaged_split(by_segment, edits, scratch):
    segments = made_up_segments([4, 4], segments_per_track=2)
    parts = np.array(PARTS)[(segments.track_index + by_segment * np.arange(16)) % 3]
    path = scratch / "split.csv"
    split_file.write(segments, parts, path)
    np.testing.assert_array_equal(split_file.read(segments, path).parts, parts)
    path.write_bytes(damaged_text(path.read_bytes(), edits))
    try:
        listed = split_file.read(segments, path)
    except GenreError as error:
        assert_one_line(error)
    else:
        assert listed.parts.shape == segments.labels.shape
        assert set(listed.parts) <= {*PARTS, UNUSED}


@pytest.mark.parametrize("form", ["csv", "json"])
@fuzz(CASES // 5)
@given(edits=TEXT_EDITS)
def test_a_damaged_earlier_output(form, edits, scratch):
    joined = np.array([0.5, 0.3, 0.2])
    songs = ["a.wav", 'my "songs", all/b.mp3', "ü/日.ogg"]
    lines = [
        predictions.row(
            form,
            predictions.Prediction(song, joined, joined[None], 3, False),
            ["x", "y", "z"],
            count=None,
            with_segments=False,
        )
        for song in songs
    ]
    header = predictions.header(form, ["x", "y", "z"], None)
    path = scratch / "earlier"
    path.write_text("".join(f"{line}\n" for line in [header, *lines] if line is not None))
    assert predictions.read_earlier(path).songs == set(songs)
    path.write_bytes(damaged_text(path.read_bytes(), edits))
    try:
        found = predictions.read_earlier(path).songs
    except GenreError as error:
        assert_one_line(error)
    else:
        assert all(isinstance(song, str) for song in found)
