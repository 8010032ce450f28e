"""A person's own front end: a network in an ONNX file, and its description."""

import dataclasses
import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import librosa
import msgspec
import numpy as np
import onnx
import pytest
import soundfile
from helpers import noise, read_card, refusal
from onnx import TensorProto, helper
from test_docs import code_of

import evaluate
import genre
import mlp
import predict
import preprocess
import similar
from genre import features
from genre.errors import FeatureError, GenreError, ModelError
from genre.features import Settings, front_end
from genre.segments import segment_file

SETTINGS = Settings(16_000, 4, 2, 1024, 512)  # two segments of 2 s
SHAPE = ["segments", "samples"]
LOUDNESS = [  # the mean of what it takes, without signs: (1, 1)
    helper.make_node("Abs", ["x"], ["level"]),
    helper.make_node("ReduceMean", ["level"], ["y"], axes=[1], keepdims=1),
]


def write(
    folder: Path,
    nodes: Sequence[onnx.NodeProto] = LOUDNESS,
    shape: Sequence[Any] = SHAPE,
    inputs: Sequence[str] = ("x",),
    **fields: Any,
) -> Path:
    """Write an ONNX file and its description, own.toml; `fields` change those of LOUDNESS."""
    network = helper.make_graph(
        nodes,
        "own",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in inputs],
        [helper.make_empty_tensor_value_info("y")],
    )
    domains = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    content = helper.make_model(network, opset_imports=domains, ir_version=8).SerializeToString()
    (folder / "own.onnx").write_bytes(content)
    described = {
        **{"source": "a test", "licence": "none", "sha256": hashlib.sha256(content).hexdigest()},
        **{"sample_rate": 16_000, "output": "y", "values": 1},
        "reference": {"seconds": 1, "step": 1, "values": [float(np.abs(sweep()).mean())]},
    } | fields
    path = folder / "own.toml"
    path.write_text("\n".join(_lines(described)), encoding="utf-8")
    return path


def _lines(fields: dict[str, Any]) -> list[str]:
    """Return fields as lines of TOML: JSON's values are TOML's, too."""
    tables = {name: table for name, table in fields.items() if isinstance(table, dict)}
    lines = [f"{name} = {json.dumps(fields[name])}" for name in fields if name not in tables]
    for name, table in tables.items():
        lines += [f"[{name}]", *_lines(table)]
    return lines


def sweep() -> np.ndarray:
    """Return a second of the reference's sound."""
    time = np.arange(16_000) / 16_000
    return 0.5 * np.sin(np.pi * 8000 * time**2)


def sound(seconds: float = 2) -> np.ndarray:
    return noise(seconds, sample_rate=16_000, seed=1).astype(np.float32)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    """The description that the program in docs/front_ends.md writes."""
    folder, before = tmp_path_factory.mktemp("tiny"), Path.cwd()
    os.chdir(folder)
    try:
        exec(code_of("docs/front_ends.md"), {})
    finally:
        os.chdir(before)
    return folder / "tiny.toml"


@pytest.fixture(scope="module")
def data(tiny, corpus, tmp_path_factory) -> Path:
    """The corpus as preprocess.py writes it with that front end, by two processes."""
    path = tmp_path_factory.mktemp("data") / "tiny.h5"
    arguments = ["--dataset", corpus, "--feature", tiny, "--segments", 15, "--output", path]
    assert preprocess.main([str(word) for word in [*arguments, "--workers", 2]]) == 0
    return path


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory) -> Path:
    """A network that was trained on it."""
    folder = tmp_path_factory.mktemp("model") / "mlp"
    arguments = ["--architecture", "linear", "--epochs", 2, "--output", folder]
    assert mlp.main([str(word) for word in ["--data", data, *arguments]]) == 0
    return folder


def test_the_segment_file_holds_what_librosa_and_numpy_give(tiny, data, corpus):
    segments = segment_file.read(data)
    assert (segments.feature, segments.front_end) == ("tiny.toml", str(tiny))
    assert segments.settings["front_end"] == front_end.digest(tiny)
    assert segments.frames.shape == (120, 1, 16)
    samples, _ = librosa.load(
        corpus / segments.tracks[0], sr=16_000, duration=2, res_type="soxr_hq"
    )
    power = librosa.feature.melspectrogram(
        y=samples, sr=16_000, n_fft=1024, hop_length=512, n_mels=32
    )
    matrix = np.random.default_rng(0).normal(size=(32, 16)).astype(np.float32)
    wanted = np.log10(1 + 10_000 * power).mean(axis=1) @ matrix
    np.testing.assert_allclose(segments.frames[0, 0], wanted, atol=0.05)


def test_a_model_is_used_without_the_files_that_it_was_trained_with(
    trained, data, tiny, corpus, run, tmp_path
):
    card, moved = read_card(trained), tmp_path / "moved"
    assert (card["feature"], card["reads"]) == ("tiny.toml", "spread")
    assert card["front_end"] == {"source": "this example", "licence": "CC0"}
    assert "their licence: CC0" in (trained / "README.md").read_text(encoding="utf-8")
    shutil.copytree(trained, moved)
    for suffix in (".toml", ".onnx"):
        copy = moved / f"front_end{suffix}"
        assert copy.read_bytes() == tiny.with_suffix(suffix).read_bytes()
    song = corpus / "jazz" / "jazz.00000.wav"
    answer = genre.load(moved).predict(song)
    segments = segment_file.read(data)
    rows = segments.track_index == segments.tracks.index("jazz/jazz.00000.wav")
    wanted = genre.load(moved).probabilities(segments.frames[rows])
    np.testing.assert_allclose(answer.segments, wanted, atol=1e-5)
    assert answer.embedding.shape == (16,) and answer.tags == {}
    assert run(predict, song, corpus / "rock", "--model", moved, "--workers", 2).status == 0
    ended = run(evaluate, "--model", moved, "--data", data, "--output", tmp_path / "scores")
    assert ended.status == 0


def test_similar_songs_are_found_by_it_and_heard_once(trained, tiny, corpus, run, tmp_path):
    kept, song = ("--store", tmp_path / "store.sqlite"), corpus / "jazz" / "jazz.00000.wav"
    library = ("--library", corpus / "jazz", corpus / "rock", "--format", "json")
    arguments = (*library, *kept, "--input", song, "--workers", 1)
    found = run(similar, *arguments, "--feature", tiny, "--count", 1)
    assert found.status == 0
    assert json.loads(found.out)["song"] != str(song)
    # The model's copy of the front end is known by what it computes, so nothing is heard again.
    with patch("genre.features.front_end.embed", side_effect=AssertionError("heard again")):
        assert run(predict, song, "--model", trained, *kept).status == 0


def test_similar_songs_need_an_embedding(run, tmp_path):
    ended = run(similar, "--library", tmp_path, "--input", tmp_path, "--feature", "mfcc")
    assert "mfcc is not an embedding, as musicnn is" in ended.err.splitlines()[-1]


def test_a_model_whose_front_end_is_another_is_refused(trained, tmp_path, run, corpus):
    folder, song = tmp_path / "changed", corpus / "jazz" / "jazz.00000.wav"
    shutil.copytree(trained, folder)
    for name in ("front_end.onnx", "front_end.toml"):
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content + b"\n")
        line = refusal(run(predict, song, "--model", folder))
        assert f"{folder / name}: not the file that card.json describes" in line
        (folder / name).unlink()
        with pytest.raises(ModelError, match=f"{name}: no such file"):
            genre.load(folder)
        (folder / name).write_bytes(content)


def test_training_needs_the_front_end_that_computed_the_data(data, tiny, run, tmp_path):
    copies = [shutil.copy(tiny.with_suffix(suffix), tmp_path) for suffix in (".toml", ".onnx")]
    path = tmp_path / "data.h5"
    segments = dataclasses.replace(segment_file.read(data), front_end=copies[0])
    segment_file.write(segments, path)
    arguments = ("--data", path, "--architecture", "linear", "--output", tmp_path / "mlp")
    description, weights = map(Path, copies)
    weights.unlink()
    assert f"{weights}: no such file" in refusal(run(mlp, *arguments))
    description.write_text(description.read_text().replace("n_mels = 32", "n_mels = 16"))
    assert "not the description with which the data was computed" in refusal(run(mlp, *arguments))
    description.unlink()
    assert f"{description}: no such description" in refusal(run(mlp, *arguments))


def test_patches_are_averaged(tmp_path):
    path = write(tmp_path, patch={"length": 6_000, "hop": 5_000})
    described = front_end.read(path)
    wanted = [np.abs(sweep()[start : start + 6_000]).mean() for start in (0, 5_000, 10_000)]
    reference = msgspec.structs.replace(described.reference, values=(float(np.mean(wanted)),))
    path.write_text(
        path.read_text().replace(str(described.reference.values[0]), str(reference.values[0]))
    )
    assert features.check(str(path), SETTINGS) == (1, 1)
    found = features.of_segment(sound(), str(path), SETTINGS)
    starts = range(0, 32_000 - 6_000 + 1, 5_000)
    wanted = [np.abs(sound()[start : start + 6_000]).mean() for start in starts]
    np.testing.assert_allclose(found, [[np.mean(wanted)]], rtol=1e-5)


def test_a_value_for_each_step_is_averaged_and_loudness_evened_out(tmp_path):
    shape = helper.make_node("Constant", [], ["shape"], value_ints=[1, -1, 10])
    nodes = [shape, helper.make_node("Reshape", ["x", "shape"], ["y"])]
    loud = sweep() * 0.1 / np.sqrt(np.mean(sweep() ** 2))
    values = loud.reshape(-1, 10).mean(axis=0).tolist()
    reference = {"seconds": 1, "step": 4, "values": values[::4]}
    path = write(tmp_path, nodes, values=10, loudness=0.1, reference=reference)
    features.check(str(path), SETTINGS)
    found = features.of_segment(sound(), str(path), SETTINGS)
    wanted = (sound() * 0.1 / np.sqrt(np.mean(sound() ** 2))).reshape(-1, 10).mean(axis=0)
    np.testing.assert_allclose(found, [wanted], atol=1e-6)


def test_songs_are_resampled_to_the_front_ends_rate(tmp_path):
    path = write(tmp_path)
    song = tmp_path / "song.wav"
    soundfile.write(song, sound(4), 16_000, "FLOAT")
    here, there = (
        features.of_track(song, str(path), Settings(rate, 4, 2, 1024, 512)).frames
        for rate in (16_000, 22_050)
    )
    assert here.shape == (2, 1, 1)
    np.testing.assert_allclose(there, here, rtol=0.05)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"hop": 3}, "contains unknown field `hop`"),
        ({"patch": {"length": 9}}, "missing required field `hop`"),
        ({"sha256": "12"}, "`$.sha256`"),
        ({"sample_rate": 0}, "`$.sample_rate`"),
        ({"values": "many"}, "`$.values`"),
        ({"reference": {"seconds": 1, "step": 1, "values": []}}, "`$.reference.values`"),
    ],
)
def test_a_description_that_is_none_is_refused_in_a_line(changes, reason, tmp_path):
    path = write(tmp_path, **changes)
    with pytest.raises(FeatureError) as refused:
        features.known(str(path))
    (line,) = str(refused.value).splitlines()
    assert line.startswith(f"{path}: not the description of a front end: ")
    assert reason in line


def test_what_is_no_toml_or_no_file_is_refused(run, tmp_path):
    path = tmp_path / "own.toml"
    last = run(preprocess, "--feature", path).err.splitlines()[-1]
    assert f"{path}: no such description of a front end" in last
    for content in (b"source = ", b"\xff", b'source = "x"'):
        path.write_bytes(content)
        with pytest.raises(FeatureError, match="not the description of a front end"):
            features.known(str(path))
    with pytest.raises(FeatureError, match="has a path that cannot be written"):
        features.known(str(tmp_path / "two\nlines.toml"))


FUSED = helper.make_node("FusedConv", ["x"], ["y"], domain="com.microsoft")
SUM = helper.make_node("Add", ["x", "z"], ["y"])


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"nodes": [FUSED]}, "own.onnx: it needs the operator 'FusedConv'"),
        ({"nodes": [SUM], "inputs": ("x", "z")}, "own.onnx: must have one input, of float32"),
        ({"output": "embedding"}, "own.onnx: has no output 'embedding'; it has y"),
        ({"values": 7}, "own.onnx: y has the shape (1, 1), not (1, 7), as its description says"),
        ({"shape": [64, None]}, "own.onnx: cannot take an input of shape (1, 16000)"),
        ({"sha256": 64 * "0"}, "own.onnx: not the file that own.toml describes: SHA-256"),
    ],
)
def test_a_network_that_is_not_as_described_is_refused_in_a_line(how, reason, tmp_path):
    path = write(tmp_path, **how)
    with pytest.raises(FeatureError) as refused:
        features.check(str(path), SETTINGS)
    (line,) = str(refused.value).splitlines()
    assert line.startswith(f"{tmp_path / 'own'}.") and reason in line


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "own.onnx: no such file; own.toml describes it"),
        (b"version https://git-lfs.github.com/spec/v1\n", "own.onnx: a pointer of Git LFS"),
    ],
)
def test_weights_that_are_not_there_are_named(content, reason, tmp_path):
    path = write(tmp_path)
    weights = path.with_suffix(".onnx")
    weights.unlink() if content is None else weights.write_bytes(content)
    with pytest.raises(GenreError, match=reason):
        features.check(str(path), SETTINGS)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"values": [0.5]}, r"does not give the reference: value 0 is 0\.3\d+, not 0\.5"),
        ({"values": [float("nan")]}, "does not give the reference"),
        ({"values": [0.3, 0.3]}, "the reference holds 2 values; every 1. value of 1 makes 1"),
        ({"seconds": 0.1}, "its reference is too short: own needs segments of 0.250 s"),
    ],
)
def test_a_reference_that_is_not_met_is_named(changes, reason, tmp_path):
    reference = {"seconds": 1, "step": 1, "values": [0.3]} | changes
    path = write(tmp_path, shortest=4_000, reference=reference)
    path.write_text(path.read_text().replace("NaN", "nan"))
    with pytest.raises(FeatureError, match=reason) as refused:
        features.check(str(path), SETTINGS)
    assert str(refused.value).startswith(f"{path}: ")


def test_segments_that_are_too_short_are_refused(tmp_path):
    path = str(write(tmp_path, shortest=16_000))
    with pytest.raises(FeatureError, match=r"own.toml cannot be computed .*segments of 1.000 s"):
        features.check(path, Settings(16_000, 4, 8, 1024, 512))


def test_what_is_said_of_a_front_end_does_not_change_its_digest(tmp_path):
    path = write(tmp_path)
    before = front_end.digest(path)
    write(tmp_path, licence="another", reference={"seconds": 2, "step": 1, "values": [1]})
    assert front_end.digest(path) == before
    write(tmp_path, loudness=0.1)
    assert front_end.digest(path) != before
    settings = msgspec.convert(SETTINGS.to_dict() | {"front_end": before}, Settings)
    with pytest.raises(FeatureError, match="not the description with which"):
        features.of_segment(sound(), str(path), settings)
