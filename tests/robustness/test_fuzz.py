"""Damaged files are read as something sound or refused in a line, never worse.

Every test tries the same damage in every run. GENRE_FUZZ_CASES asks for another number of cases,
and then they are new every time.
"""

import copy
import json
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import soundfile
from helpers import SMALL, card_fields, made_up_segments, noise
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genre import audio, features
from genre.errors import AudioError, GenreError, ModelError
from genre.model import card
from genre.reporting import predictions
from genre.segments import Segments, segment_file
from genre.songs import PARTS, UNUSED
from genre.splits import split_file

CASES = int(os.environ.get("GENRE_FUZZ_CASES", "50"))  # of each test
SONGS = {  # suffix: (subtype, rate, channels, seconds)
    "wav": ("PCM_16", 22050, 1, 1.2),
    "flac": ("PCM_16", 16000, 2, 1.5),
    "mp3": (None, 22050, 1, 2),
    "au": ("FLOAT", 11025, 2, 1.1),
}

fuzz = settings(
    max_examples=CASES,
    derandomize="GENRE_FUZZ_CASES" not in os.environ,
    deadline=timedelta(seconds=20),  # a case that takes longer hangs
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


def read_or_refused(read: Callable[[], Any], error: type[GenreError] = GenreError) -> Any:
    """Return what is read, or None where it is refused in one line."""
    try:
        return read()
    except error as reason:
        assert len(str(reason).splitlines()) == 1
        return None


# Damage to bytes

SIZES = (0, 1, 2**15 - 1, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 192000, 10**6)
NUMBERS = [size.to_bytes(4, order) for size in SIZES for order in ("little", "big")]
NOT_NUMBERS = [bytes.fromhex(text) for text in ("0000c07f", "7fc00000", "0000807f", "ff7fffff")]
TEXTS = [text.encode() for text in (",", '"', "\n", "\0", ",test", "\ufeff", "\u2028", "/", "[")]
PLACES = st.integers(0, 80) | st.integers(0, 2**20)  # the header, or anywhere
EDITS = st.lists(
    st.tuples(st.just("overwrite"), PLACES, st.sampled_from(NUMBERS + NOT_NUMBERS))
    | st.tuples(st.just("overwrite"), PLACES, st.binary(min_size=1, max_size=8))
    | st.tuples(st.just("insert"), PLACES, st.binary(min_size=1, max_size=300))
    | st.tuples(st.just("insert"), PLACES, st.sampled_from([*TEXTS, 200_000 * b"["]))
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


# Songs


@pytest.fixture(scope="module", params=SONGS)
def song(request, scratch) -> Path:
    """A short song, which is sound."""
    subtype, rate, channels, seconds = SONGS[request.param]
    path = scratch / f"whole.{request.param}"
    samples = noise(seconds, sample_rate=rate, channels=channels)
    soundfile.write(path, samples, rate, subtype=subtype)
    assert_sound(features.of_track(path, "mfcc", SMALL))
    return path


def assert_sound(track: features.Track) -> None:
    frames = track.frames
    assert 1 <= len(frames) <= SMALL.segments_per_track
    assert frames.shape[1:] == (SMALL.frames_per_segment, SMALL.n_mfcc)
    assert frames.dtype == np.float32
    assert np.isfinite(frames).all()


def whole_track(path: Path) -> list[features.Track]:
    pieces = audio.blocks(path, sample_rate=SMALL.sample_rate, seconds=SMALL.track_seconds)
    return [features.of_samples(piece, "mfcc", SMALL) for piece in pieces]


@pytest.mark.filterwarnings("error")  # a warning would be a line on stderr
@fuzz
@given(edits=EDITS)
def test_a_damaged_song(song, edits):
    path = song.with_stem("damaged")
    path.write_bytes(damaged(song.read_bytes(), edits))
    read = read_or_refused(lambda: features.of_track(path, "mfcc", SMALL), AudioError)
    whole = read_or_refused(lambda: whole_track(path), AudioError)
    for track in [*([read] if read else []), *(whole or [])]:
        assert_sound(track)


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
    st.tuples(STEPS, st.sampled_from(["replace", "drop"]), NONSENSE), min_size=1, max_size=3
)


def changed(content: dict, changes: list[tuple]) -> bytes:
    """Return a JSON object after some changes somewhere in it."""
    content = json.loads(json.dumps(content))
    for steps, kind, value in changes:
        parent = key = None
        inner = content
        for step in steps:
            if not isinstance(inner, dict | list) or not inner:
                break
            keys = sorted(inner) if isinstance(inner, dict) else range(len(inner))
            parent, key = inner, keys[step % len(keys)]
            inner = parent[key]
        if parent is None:
            continue
        if kind == "drop":
            del parent[key]
        else:
            parent[key] = copy.deepcopy(value)  # a later change may lead into it
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


def check_segments(path: Path) -> None:
    segments: Segments | None = read_or_refused(lambda: segment_file.read(path))
    if segments is None:
        return
    assert isinstance(segments.feature, str)
    assert isinstance(segments.settings, dict)
    for names in (segments.mapping, segments.tracks):
        assert len(set(names)) == len(names)
        "".join(names).encode()
    frames = np.asarray(segments.frames)
    assert frames.dtype in (np.float32, np.float16)
    assert frames.ndim == 3
    assert frames.size
    assert np.isfinite(frames).all()
    assert segments.labels.shape == segments.track_index.shape == frames.shape[:1]
    assert set(segments.labels) <= set(range(len(segments.mapping)))
    assert set(segments.track_index) <= set(range(len(segments.tracks)))
    assert all({"track", "reason"} <= song.keys() for song in segments.skipped)


@fuzz
@given(changes=CHANGES)
def test_a_segment_file_of_odd_values(changes, whole_segments):
    content = json.loads((whole_segments / "whole.json").read_text())
    path = whole_segments / "odd.json"
    path.write_bytes(changed(content, changes))
    check_segments(path)


@pytest.mark.parametrize("suffix", [".json", ".h5"])
@fuzz
@given(edits=EDITS)
def test_a_segment_file_of_damaged_bytes(suffix, edits, whole_segments):
    path = whole_segments / f"damaged{suffix}"
    path.write_bytes(damaged((whole_segments / f"whole{suffix}").read_bytes(), edits))
    check_segments(path)


HDF5_VALUES = st.sampled_from(
    [
        *(h5py.Empty("f"), b"\xff", "", "mfcc", "[]", '"x"', "[" * 10_000, 2**63, -1, 0.5),
        *(np.zeros(0), np.zeros((6, 2, 3)), np.full((6, 2, 3), np.nan), np.zeros((6, 2, 3), "S1")),
        *(np.zeros(6), np.zeros(6, bool), np.full(6, 1e300), np.arange(6), ["genre0", "genre1"]),
        *(np.array([b"genre0", b"\xff"]), np.zeros(6, [("a", "i4")]), np.zeros(6, complex)),
    ]
)
HDF5_KINDS = st.sampled_from(["drop", "data set", "attribute", "group"])


@fuzz
@given(
    changes=st.lists(st.tuples(st.integers(0, 50), HDF5_KINDS, HDF5_VALUES), min_size=1, max_size=3)
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
    check_segments(path)


# A model's card

CARD = card_fields(schema=card.SCHEMA)


def check_card(folder: Path, content: bytes) -> bool:
    (folder / card.CARD_FILE).write_bytes(content)
    read = read_or_refused(
        lambda: (the_card := card.read(folder), card.settings(the_card)), ModelError
    )
    if read is None:
        return False
    the_card, given = read
    assert len(set(the_card.mapping)) == len(the_card.mapping) >= 2
    assert 1 <= given.samples_per_segment < 2**40
    assert 1 <= given.frames_per_segment < 2**40
    assert 0 < given.segment_seconds < float("inf")
    return True


def test_the_card_is_sound_before_it_is_damaged(scratch):
    assert check_card(scratch, json.dumps(CARD).encode())


@fuzz
@given(changes=CHANGES)
def test_a_card_of_odd_values(changes, scratch):
    check_card(scratch, changed(CARD, changes))


@fuzz
@given(edits=EDITS)
def test_a_card_of_damaged_bytes(edits, scratch):
    check_card(scratch, damaged(json.dumps(CARD).encode(), edits))


# A split's list and an earlier output


@pytest.mark.parametrize("by_segment", [False, True])
@fuzz
@given(edits=EDITS)
def test_a_damaged_split(by_segment, edits, scratch):
    segments = made_up_segments([4, 4], segments_per_track=2)
    parts = np.array(PARTS)[(segments.track_index + by_segment * np.arange(16)) % 3]
    path = scratch / "split.csv"
    split_file.write(segments, parts, path)
    path.write_bytes(damaged(path.read_bytes(), edits))
    listed = read_or_refused(lambda: split_file.read(segments, path))
    if listed is not None:
        assert listed.parts.shape == segments.labels.shape
        assert set(listed.parts) <= {*PARTS, UNUSED}


EARLIER = {
    "csv": 'song,genre,verdict,model,x,y\na.wav,x,sure,0f,0.9,0.1\n"b, c.mp3",y,open,0f,0.2,0.8\n',
    "json": "".join(
        json.dumps({"song": song, "genre": "x", "model": "0f", "probabilities": {"x": 1}}) + "\n"
        for song in ("a.wav", "ü/日.ogg")
    ),
}


@pytest.mark.parametrize("form", EARLIER)
@fuzz
@given(edits=EDITS)
def test_a_damaged_earlier_output(form, edits, scratch):
    path = scratch / "earlier"
    path.write_bytes(damaged(EARLIER[form].encode(), edits))
    found = read_or_refused(lambda: predictions.read_earlier(path))
    assert found is None or all(isinstance(song, str) for song in found.songs)
