"""The segment file: what it holds, exactly, and what is refused as one."""

import dataclasses
import json
import pickle

import h5py
import numpy as np
import pytest
from helpers import made_up_segments
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from genre.errors import DatasetError, GenreError
from genre.files import sha256
from genre.segments import Segments, segment_file, segment_json, take

SUFFIXES = (".json", ".h5")
LIMITS = np.finfo(np.float32)
EXTREMES = [0.0, -0.0, LIMITS.max, LIMITS.min, LIMITS.tiny, LIMITS.smallest_subnormal, 0.1, 1 / 3]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("scratch")


def assert_equal(segments: Segments, expected: Segments) -> None:
    for field in dataclasses.fields(Segments):
        value, wanted = getattr(segments, field.name), getattr(expected, field.name)
        if field.name == "digest":
            continue
        if field.name == "frames":
            value = value[:]  # from the disk
        if isinstance(wanted, np.ndarray):
            np.testing.assert_array_equal(value, wanted)
        else:
            assert value == wanted


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_written_is_read(suffix, tmp_path):
    segments = dataclasses.replace(
        made_up_segments([2, 3]),
        skipped=[{"track": "jazz/ü 'b'.wav", "reason": "is empty"}],
        also=np.array([[0, 1], [3, 0]]),
    )
    segment_file.write(segments, tmp_path / f"data{suffix}")
    assert_equal(segment_file.read(tmp_path / f"data{suffix}"), segments)


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=25, deadline=None)
@given(
    frames=hnp.arrays(
        np.float32,
        st.tuples(st.just(6), st.integers(1, 4), st.integers(1, 4)),
        elements=st.floats(width=32, allow_nan=False, allow_infinity=False),
    )
)
@example(frames=np.tile(np.array(EXTREMES, dtype=np.float32), (6, 1, 1)))
def test_frames_survive_to_the_bit(suffix, frames, scratch):
    segments = dataclasses.replace(made_up_segments([1, 1]), frames=frames)
    segment_file.write(segments, scratch / f"data{suffix}")
    read = segment_file.read(scratch / f"data{suffix}").frames[:]
    assert read.dtype == np.float32
    assert read.shape == frames.shape
    assert read.tobytes() == frames.tobytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_segments_give_the_same_bytes(suffix, tmp_path):
    for name in ("a", "b"):
        segment_file.write(made_up_segments([2, 3]), tmp_path / f"{name}{suffix}")
    contents = [(tmp_path / f"{name}{suffix}").read_bytes() for name in ("a", "b")]
    assert contents[0] == contents[1]


def test_json_has_the_keys_that_other_programs_read(tmp_path):
    segments = made_up_segments([2, 3])
    segment_file.write(segments, tmp_path / "data.json")
    content = json.loads((tmp_path / "data.json").read_text(encoding="utf-8"))
    assert content["schema"] == 1
    assert content["feature"] == "mfcc"
    assert content["settings"] == segments.settings
    assert content["mapping"] == ["genre0", "genre1"]
    assert content["tracks"] == segments.tracks
    assert content["labels"] == segments.labels.tolist()
    assert content["track_index"] == segments.track_index.tolist()
    assert content["skipped"] == []
    np.testing.assert_array_equal(np.array(content["mfcc"], dtype=np.float32), segments.frames)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_write_that_fails_leaves_the_old_file(suffix, tmp_path):
    path = tmp_path / f"data{suffix}"
    segment_file.write(made_up_segments([2, 3]), path)
    old = path.read_bytes()
    broken = dataclasses.replace(made_up_segments([2, 3]), tracks=[object()])
    with pytest.raises(TypeError):
        segment_file.write(broken, path)
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


def refusal(path) -> str:
    with pytest.raises(DatasetError) as caught:
        segment_file.read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert len(message.splitlines()) == 1
    return message


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(DatasetError, match=r"\.json or \.h5"):
        segment_file.write(made_up_segments([1, 1]), tmp_path / "data.csv")
    assert r".json or .h5" in refusal(tmp_path / "data.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_that_is_missing_empty_cut_off_or_another_is_refused(suffix, tmp_path):
    path = tmp_path / f"data{suffix}"
    assert "no such file" in refusal(path)
    segment_file.write(made_up_segments([2, 3]), path)
    whole = path.read_bytes()
    for content in (b"", whole[: len(whole) // 2], whole[:-1], b"\xff\xfe not one", b"[1, 2]"):
        path.write_bytes(content)
        assert "not a segment file, or damaged" in refusal(path)
    path.unlink()
    path.mkdir()
    assert "not a file" in refusal(path)


def test_what_a_file_holds_counts_and_not_its_suffix(tmp_path):
    segments = made_up_segments([2, 3])
    for suffix, other in zip(SUFFIXES, reversed(SUFFIXES), strict=True):
        segment_file.write(segments, tmp_path / f"data{suffix}")
        renamed = (tmp_path / f"data{suffix}").rename(tmp_path / f"renamed{other}")
        assert_equal(segment_file.read(renamed), segments)
    renamed.write_bytes(b"\xef\xbb\xbf" + (tmp_path / "renamed.h5").read_bytes())
    assert_equal(segment_file.read(renamed), segments)  # with Windows' mark of UTF-8


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_pointer_is_called_one(suffix, tmp_path):
    path = tmp_path / f"data{suffix}"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5938\n")
    with pytest.raises(GenreError, match="a pointer of Git LFS"):
        segment_file.read(path)


def test_a_file_that_may_not_be_read_is_not_called_broken(tmp_path, monkeypatch):
    segment_file.write(made_up_segments([2, 3]), tmp_path / "data.json")

    def refuse(*_, **__):
        raise PermissionError("Permission denied")

    monkeypatch.setattr("genre.files.open", refuse, raising=False)  # root may read all files
    with pytest.raises(PermissionError):
        segment_file.read(tmp_path / "data.json")


def each(content: dict, value: object) -> list:
    """Return the value for each of the segments."""
    return [value] * len(content["labels"])


# What is changed in a file, and what the refusal says.
SPOILT = {
    "later schema": (lambda c: {"schema": 2}, "schema 2, this version reads 1"),
    "label missing": (lambda c: {"labels": c["labels"][:-1]}, "differ in length"),
    "track index too long": (lambda c: {"track_index": [*c["track_index"], 0]}, "differ in length"),
    "segment missing": (lambda c: {"mfcc": c["mfcc"][1:]}, "differ in length"),
    "label too high": (lambda c: {"labels": each(c, 2)}, "labels points outside"),
    "label below zero": (lambda c: {"labels": each(c, -1)}, ">= 0 - at `$.labels[0]`"),
    "labels in rows": (lambda c: {"labels": each(c, [0])}, "labels"),
    "labels no list": (lambda c: {"labels": "jazz"}, "not a segment file, or damaged"),
    "track too high": (lambda c: {"track_index": each(c, 99)}, "track_index points outside"),
    "one genre": (
        lambda c: {"mapping": ["jazz"], "labels": each(c, 0)},
        ">= 2 - at `$.mapping`",
    ),
    "genres numbers": (lambda c: {"mapping": [1, 2]}, "mapping"),
    "genres a word": (lambda c: {"mapping": "ab"}, "mapping"),
    "genres alike": (lambda c: {"mapping": ["jazz", "jazz"]}, "mapping"),
    "tracks numbers": (lambda c: {"tracks": list(range(5))}, "tracks"),
    "settings null": (lambda c: {"settings": None}, "settings"),
    "settings a list": (lambda c: {"settings": []}, "settings"),
    "frames flat": (lambda c: {"mfcc": each(c, 1.0)}, "no frames"),
    "frames none": (lambda c: {"mfcc": [], "labels": [], "track_index": []}, "no frames"),
    "frames uneven": (lambda c: {"mfcc": each(c, [[1], [1, 2]])}, "not a segment file, or damaged"),
    "frames null": (lambda c: {"mfcc": each(c, [[None]])}, "not numbers"),
    "frames too large": (lambda c: {"mfcc": each(c, [[1e39]])}, "not numbers"),
    "a part of another name": (lambda c: {"parts": ["dev"] * 5}, "parts"),
    "parts of some tracks": (lambda c: {"parts": ["test"]}, "parts and tracks differ in length"),
    "a further genre too high": (lambda c: {"also": [[0, 2]]}, "also points outside"),
    "further genres without tracks": (lambda c: {"also": [1]}, "also"),
    "artists numbers": (lambda c: {"artists": [1] * 5}, "artists"),
    "shift of some segments": (lambda c: {"pitch_shift": [1, 0]}, "pitch_shift"),
    "skipped without a reason": (lambda c: {"skipped": [{"track": "a"}]}, "reason"),
    "a track of two genres": (lambda c: {"track_index": each(c, 0)}, "two labels"),
    "a feature without frames": (lambda c: {"feature": "mel"}, "'mel' is missing"),
    "a feature of other values": (lambda c: {"feature": "labels"}, "shape"),
}


@pytest.mark.parametrize("case", SPOILT)
@pytest.mark.filterwarnings("error")  # the one line is all that the user is to see
def test_contents_that_do_not_fit_are_refused(case, tmp_path):
    spoil, reason = SPOILT[case]
    path = tmp_path / "data.json"
    segment_file.write(made_up_segments([2, 3]), path)
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | spoil(content)))
    assert reason in refusal(path)


@pytest.mark.parametrize("key", ["schema", "feature", "settings", "labels"])
def test_a_missing_key_is_named(key, tmp_path):
    path = tmp_path / "data.json"
    segment_file.write(made_up_segments([2, 3]), path)
    content = json.loads(path.read_text())
    del content[key]
    path.write_text(json.dumps(content))
    line = refusal(path)
    assert f"'{key}' is missing" in line or f"missing required field `{key}`" in line


HOSTILE = ['x":[[[1,2', '":[[[', '\\":[[[', "\\", '"', '\\"', "a]]]b", '}:[[[{"', "é\n\u2028"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_name_is_taken_for_structure(suffix, tmp_path):
    segments = made_up_segments([4, 5])
    skipped = [{"track": name, "reason": name} for name in HOSTILE]
    segments = dataclasses.replace(segments, tracks=HOSTILE, artists=HOSTILE, skipped=skipped)
    segments = dataclasses.replace(segments, mapping=['a":[[[', 'b":[[['], feature='f":[[[')
    segment_file.write(segments, tmp_path / f"data{suffix}")
    assert_equal(segment_file.read(tmp_path / f"data{suffix}"), segments)


@pytest.mark.parametrize("form", [{"indent": 4}, {"separators": (" ,", " : ")}, {}])
@pytest.mark.parametrize("first", [False, True])
def test_json_of_other_programs_is_read_in_chunks_too(form, first, tmp_path, monkeypatch):
    monkeypatch.setattr(segment_json, "CHUNK", 50)  # bytes
    segments = dataclasses.replace(made_up_segments([4, 5]), tracks=HOSTILE)
    path = tmp_path / "data.json"
    segment_file.write(segments, path)
    content = json.loads(path.read_text(encoding="utf-8"))
    if first:
        content = {"mfcc": content.pop("mfcc")} | content
    path.write_text(json.dumps(content, **form), encoding="utf-8")
    assert_equal(segment_file.read(path), segments)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_digest_is_that_of_the_file(suffix, tmp_path):
    path = tmp_path / f"data{suffix}"
    segment_file.write(made_up_segments([2, 3]), path)
    assert segment_file.read(path).digest == sha256(path)


def test_a_file_of_frames_on_the_disk_is_not_kept_open(tmp_path):
    path = tmp_path / "data.h5"
    segment_file.write(made_up_segments([2, 3]), path)
    segments = segment_file.read(path)
    rows = np.array([0, 3, 14])
    np.testing.assert_array_equal(take(segments.frames, rows), segments.frames[:][rows])
    assert h5py.h5f.get_obj_count(h5py.h5f.OBJ_ALL, h5py.h5f.OBJ_FILE) == 0


def test_frames_on_the_disk_that_were_replaced_are_not_mixed_with_others(tmp_path):
    path = tmp_path / "data.h5"
    segment_file.write(made_up_segments([2, 3]), path)
    segments = segment_file.read(path)
    segment_file.write(made_up_segments([2, 3], seed=1), path)
    with pytest.raises(DatasetError, match=r"data\.h5: was replaced while it was in use"):
        segments.frames[:1]
    path.unlink()
    with pytest.raises(FileNotFoundError):
        segments.frames[:1]


def test_frames_on_the_disk_can_go_to_another_process(tmp_path):
    path = tmp_path / "data.h5"
    segment_file.write(made_up_segments([2, 3]), path)
    segments = segment_file.read(path)
    sent = pickle.loads(pickle.dumps(segments.frames))
    np.testing.assert_array_equal(sent[:], segments.frames[:])
