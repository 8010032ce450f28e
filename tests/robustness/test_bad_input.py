"""What users can do wrong, everywhere: one line, the right exit status, and nothing is lost."""

import ctypes
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import h5py
import keras
import numpy as np
import pytest
import soundfile
from helpers import ROOT, Run, made_up_segments, noise, refusal, shell

import baseline
import cnn
import evaluate
import lstm
import mlp
import predict
import preprocess
from genre import cli, features
from genre.datasets import PARTS, segment_file, split_file
from genre.reporting import card

# A warning that Python shows would be a line on stderr.
pytestmark = [
    pytest.mark.filterwarnings("error::RuntimeWarning"),
    pytest.mark.filterwarnings("error::UserWarning"),
]


def contents(folder: Path) -> dict[str, bytes]:
    """Return all files in a folder and the folders in it, with their bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def one_line(run: Run, script: str, *words: str) -> str:
    """Return the line with which a script refused, after a look at its form and some words."""
    line = refusal(run)
    assert line.startswith(f"{script}.py: ")
    for word in words:
        assert word in line, line
    return line


# Good input, to be combined with bad


class Good(NamedTuple):
    songs: Path  # a folder of two genres
    song: Path
    data: Path  # a segment file of made-up frames
    network: Path  # a folder


@pytest.fixture(scope="module")
def good(network, tmp_path_factory) -> Good:
    folder = tmp_path_factory.mktemp("good")
    songs = [folder / "songs" / track for track in ("jazz/a.wav", "rock/b.wav")]
    for number, song in enumerate(songs):
        song.parent.mkdir(parents=True)
        soundfile.write(song, noise(3.1, seed=number), 22050)
    data = folder / "data.json"
    segment_file.write(made_up_segments([4, 4]), data)
    return Good(folder / "songs", songs[0], data, network)


@pytest.fixture
def output(tmp_path) -> Path:
    """A folder with an earlier output in it, which must survive."""
    folder = tmp_path / "output"
    folder.mkdir()
    (folder / "mfcc.json").write_text("an earlier output")
    return folder


@pytest.fixture
def no_work(monkeypatch) -> None:
    """Fail when a script does not refuse before its work."""

    def work(*_, **__):
        raise AssertionError("work that will be lost")

    monkeypatch.setattr(features, "of_track", work)
    monkeypatch.setattr("genre.training.experiment.train", work)


# Paths

Arguments = Callable[[Good, Path, Path], tuple]  # of good input, the output's folder and the path

READ: dict[tuple[str, str], tuple[object, str, Arguments]] = {
    ("preprocess", "--dataset"): (
        preprocess,
        "songs",
        lambda good, out, path: ("--dataset", path, "--output", out / "mfcc.json"),
    ),
    ("mlp", "--data"): (mlp, "a.json", lambda good, out, path: ("--data", path, "--output", out)),
    ("mlp", "--data .h5"): (
        mlp,
        "a.h5",
        lambda good, out, path: ("--data", path, "--output", out),
    ),
    ("mlp", "--split"): (
        mlp,
        "a.csv",
        lambda good, out, path: ("--data", good.data, "--split", path, "--output", out),
    ),
    ("evaluate", "--model"): (
        evaluate,
        "cnn",
        lambda good, out, path: ("--model", path, "--data", good.data, "--output", out),
    ),
    ("evaluate", "--data"): (
        evaluate,
        "a.json",
        lambda good, out, path: ("--model", good.network, "--data", path, "--output", out),
    ),
    ("predict", "--model"): (
        predict,
        "cnn",
        lambda good, out, path: ("--model", path, "--input", good.song),
    ),
    ("predict", "--model .keras"): (
        predict,
        "cnn/model.keras",
        lambda good, out, path: ("--model", path, "--input", good.song),
    ),
    ("predict", "--input"): (
        predict,
        "a.wav",
        lambda good, out, path: ("--model", good.network, "--format", "json", "--input", path),
    ),
    ("predict", "--skip-done"): (
        predict,
        "done.csv",
        lambda good, out, path: (
            *("--model", good.network, "--input", good.song),
            *("--format", "csv", "--skip-done", path),
        ),
    ),
}
PATHS = {
    "missing": lambda path: None,
    "empty": lambda path: path.touch(),
    "an empty folder": lambda path: path.mkdir(),
    "a loop": lambda path: path.symlink_to(path.name),
    "a link to nothing": lambda path: path.symlink_to("nothing"),
    "too long": lambda path: None,
    "in a file": lambda path: path.parent.touch(),
}
FINE = {("predict", "--skip-done", "empty")}  # nothing is done yet


@pytest.mark.parametrize("kind", PATHS)
@pytest.mark.parametrize("option", READ, ids=" ".join)
def test_a_path_to_read_that_leads_nowhere_is_refused(option, kind, good, output, run, tmp_path):
    if (*option, kind) in FINE:
        pytest.skip("nothing is wrong with it")
    script, name, arguments = READ[option]
    place = tmp_path / "bad"
    path = (
        place / name
        if kind != "too long"
        else place / "long" / ("long" * 100 + name.replace("/", "."))
    )
    (path.parents[1] if kind in ("in a file", "too long") else path.parent).mkdir(
        parents=True, exist_ok=True
    )
    PATHS[kind](path)
    before = contents(output)
    line = refusal(run(script, *arguments(good, output, path)))
    of_a_song = option == ("predict", "--input") and kind != "an empty folder"
    assert line.startswith(f"{path}: " if of_a_song else f"{option[0]}.py: ")
    named = path.parent if path.suffix == ".keras" else path
    assert str(named) in line or str(path) in line
    assert contents(output) == before


WRITE: dict[tuple[str, str], tuple[object, str, Arguments]] = {
    ("preprocess", "--output"): (
        preprocess,
        "a.json",
        lambda good, out, path: ("--dataset", good.songs, "--output", path, "--workers", 1),
    ),
    ("preprocess", "--output .h5"): (
        preprocess,
        "a.h5",
        lambda good, out, path: ("--dataset", good.songs, "--output", path, "--workers", 1),
    ),
    ("mlp", "--output"): (
        mlp,
        "net",
        lambda good, out, path: ("--data", good.data, "--output", path),
    ),
    ("predict", "--timeline"): (
        predict,
        "pictures",
        lambda good, out, path: ("--model", good.network, "--input", good.song, "--timeline", path),
    ),
    ("predict", "--timeline .png"): (
        predict,
        "a.png",
        lambda good, out, path: ("--model", good.network, "--input", good.song, "--timeline", path),
    ),
}
PLACES = {
    "a folder for a file": lambda path: path.mkdir() if path.suffix else path.touch(),
    "in a file": lambda path: path.parent.touch(),
    "in a loop": lambda path: path.parent.symlink_to(path.parent.name),
    "too long": lambda path: None,
    "where nobody may write": lambda path: None,
}


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("option", WRITE, ids=" ".join)
def test_a_path_that_cannot_be_written_is_refused_before_the_work(
    option, kind, good, output, run, tmp_path
):
    script, name, arguments = WRITE[option]
    path = tmp_path / "bad" / name
    if kind == "too long":
        path = tmp_path / ("long" * 100) / name
    elif kind == "where nobody may write":
        path = Path("/proc/nobody") / name
    elif kind == "a folder for a file":
        path.parent.mkdir()
    PLACES[kind](path)
    before = contents(tmp_path)
    line = one_line(run(script, *arguments(good, output, path)), option[0])
    _, named, _ = line.split(": ", 2)
    assert named != "/"
    assert str(path).startswith(named) or named.startswith(str(path))
    assert contents(tmp_path) == before


def without_override() -> None:
    """Let file permissions count for root, too."""
    libc = ctypes.CDLL(None)
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


def shell_of_a_user(script: str, *arguments: object) -> Run:
    """Run a script in a process for which file permissions count."""
    command = [sys.executable, ROOT / f"{script}.py", *map(str, arguments)]
    ended = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, preexec_fn=without_override, timeout=120
    )
    return Run(ended.returncode, ended.stdout, ended.stderr)


@pytest.mark.skipif(sys.platform != "linux", reason="drops root's rights as Linux does")
def test_what_must_not_be_read_or_written_is_refused(good, output, tmp_path):
    songs = Path(shutil.copytree(good.songs, tmp_path / "songs"))
    closed = tmp_path / "closed"
    closed.mkdir()
    segment_file.write(made_up_segments([4, 4]), closed / "data.json")
    (tmp_path / "data.json").write_text("{}")
    (tmp_path / "data.json").chmod(0)
    before = contents(output)
    closed.chmod(0)
    (songs / "jazz" / "a.wav").chmod(0)
    try:
        for script, arguments in {
            "preprocess": ("--dataset", closed, "--output", output / "mfcc.json"),
            "mlp": ("--data", closed / "data.json", "--output", output),
            "cnn": ("--data", tmp_path / "data.json", "--output", output),
            "evaluate": ("--model", closed, "--data", good.data),
            "predict": ("--model", closed, "--input", good.song),
        }.items():
            line = one_line(shell_of_a_user(script, *arguments), script, "Permission denied")
            assert str(arguments[1]) in line
        arguments = ("--dataset", good.songs, "--output", closed / "mfcc.json")
        line = one_line(shell_of_a_user("preprocess", *arguments), "preprocess", str(closed))
        assert "Permission denied" in line
        arguments = ("--dataset", songs, "--output", output / "other.json")
        line = one_line(shell_of_a_user("preprocess", *arguments), "preprocess", "jazz/a.wav")
        assert "Permission denied" in line
    finally:
        closed.chmod(0o700)
    assert contents(output) == before


@pytest.mark.skipif(sys.platform != "linux", reason="drops root's rights as Linux does")
def test_folders_that_must_not_be_read_are_not_passed_over_in_silence(good, output, tmp_path):
    songs = Path(shutil.copytree(good.songs, tmp_path / "songs"))
    (songs / "rock" / "live").mkdir()
    (songs / "rock" / "live").chmod(0)
    ended = shell_of_a_user("preprocess", "--dataset", songs, "--output", output / "new.json")
    assert ended.status in (1, 2)
    (line,) = ended.err.splitlines()
    assert "rock/live" in line
    assert "Permission denied" in line


# Names

NAMES = [
    "with space",
    'it\'s "it"',
    "🎸 日本語",
    "A$AP_Rocky feat. Ke$ha",
    "%s{0}\\n",
    "-rf",
    "a#b;c&d",
]
NOT_UTF8 = os.fsdecode(b"caf\xe9")


@pytest.mark.parametrize("suffix", [".json", ".h5"])
def test_songs_and_genres_of_any_name_are_used(suffix, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = [*NAMES, NOT_UTF8]
    for number, name in enumerate(names):
        for track in range(3):
            path = Path("my songs", name, f"{name} {track}.wav")
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(os.fsencode(path), noise(3.1, seed=number), 22050, format="WAV")
    data = Path(f"{NOT_UTF8} and a 'quote' $_${suffix}")
    ended = run(preprocess, "--dataset", "my songs", "--output", data, "--workers", 1)
    assert (ended.status, ended.err) == (0, "")
    segments = segment_file.read(data)
    assert len(segments.mapping) == len(names)
    assert set(NAMES) < set(segments.mapping)
    assert len(segments.tracks) == 3 * len(names)

    network = Path(f"net {NOT_UTF8} $_$ 🎸")
    ended = run(mlp, "--data", data, "--output", network, "--epochs", 1)
    assert ended.status == 0
    lines = [line for line in ended.err.splitlines() if "loss" not in line and "Epoch" not in line]
    assert len([line for line in lines if not line.startswith("note: ")]) == 1, ended.err
    ended = run(
        mlp, "--data", data, "--split", network / "split.csv", "--output", "b", "--epochs", 1
    )
    assert ended.status == 0
    ended = run(evaluate, "--model", network, "--data", data, "--output", f"new {NOT_UTF8} $_$")
    assert (ended.status, ended.err) == (0, "")

    for form, options in {
        "table": ("--count", 2),
        "csv": (),
        "json": ("--timeline", f"pictures {NOT_UTF8}"),
    }.items():
        arguments = ("--model", network, "--input", "my songs", "--format", form)
        ended = run(predict, *arguments, *options)
        assert (ended.status, ended.err) == (0, "")
    songs = {json.loads(line)["song"] for line in ended.out.splitlines()}
    assert len(songs) == 3 * len(names)
    assert {f"my songs/{name}/{name} 0.wav" for name in NAMES} < songs
    assert len(list(Path(f"pictures {NOT_UTF8}").iterdir())) == 3 * len(names)


def test_a_file_of_any_name_can_be_missing(good, run, tmp_path):
    for name in [*NAMES, NOT_UTF8]:
        path = tmp_path / f"{name}.wav"
        ended = run(predict, "--model", good.network, "--format", "json", "--input", path)
        assert "No such file" in refusal(ended)
        one_line(
            run(mlp, "--data", tmp_path / f"{name}.json", "--output", tmp_path), "mlp", "no such"
        )


# The segment file


def as_json(content: dict) -> bytes:
    return json.dumps(content).encode()


def content_of(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


SPOILT = {  # what is wrong: (how to make it so, of what is the talk)
    "empty": (lambda c: b"", "not a whole segment file"),
    "cut off": (lambda c: as_json(c)[:-100], "not a whole segment file"),
    "a text": (lambda c: b"blues,jazz\n", "not a whole segment file"),
    "another program's": (lambda c: as_json({"labels": [], "mfcc": []}), "no list of the shape"),
    "a list": (lambda c: as_json([1, 2]), "not a whole segment file"),
    "a number": (lambda c: b"1", "not a whole segment file"),
    "of many brackets": (lambda c: b"[" * 100_000, "not a whole segment file"),
    "of a later schema": (lambda c: as_json(c | {"schema": 2}), "schema 2"),
    "of no schema": (lambda c: as_json(c | {"schema": None}), "schema None"),
    "with NaN": (lambda c: as_json(c | {"mfcc": [[[np.nan]]] * 24}), "not a whole segment file"),
    "with null": (lambda c: as_json(c | {"mfcc": [[[None]]] * 24}), "not numbers"),
    "of lengths that disagree": (lambda c: as_json(c | {"labels": [0, 1]}), "differ in length"),
    "of one genre": (
        lambda c: as_json(c | {"mapping": ["a"], "labels": [0] * 24}),
        "length >= 2 - at `$.mapping`",
    ),
    "of one genre that is used": (lambda c: as_json(c | {"labels": [0] * 24}), "genre1"),
    "of one genre twice": (lambda c: as_json(c | {"mapping": ["a", "a"]}), "mapping"),
    "of labels that are huge": (lambda c: as_json(c | {"labels": [2**64 - 1] * 24}), ""),
    "of labels that are fractions": (lambda c: as_json(c | {"labels": [0.5] * 24}), "labels"),
    "of labels that are text": (lambda c: as_json(c | {"labels": ["0"] * 24}), ""),
    "of genres that are numbers": (lambda c: as_json(c | {"mapping": [1, 2]}), "mapping"),
    "of a genre that is text": (lambda c: as_json(c | {"mapping": "ab"}), "mapping"),
    "of tracks that are numbers": (lambda c: as_json(c | {"tracks": list(range(8))}), "tracks"),
    "of settings that are text": (lambda c: as_json(c | {"settings": "mfcc"}), "settings"),
    "of another feature": (lambda c: as_json(c | {"feature": "labels"}), "shape"),
    "of a feature that is a list": (lambda c: as_json(c | {"feature": ["mfcc"]}), ""),
    "of a missing feature": (lambda c: as_json(c | {"feature": "chroma"}), "'chroma' is missing"),
    "of skipped songs without reason": (lambda c: as_json(c | {"skipped": [None]}), "skipped"),
}


@pytest.mark.parametrize("kind", SPOILT)
def test_a_segment_file_that_cannot_be_used_is_refused(kind, good, output, run, tmp_path):
    spoil, word = SPOILT[kind]
    path = tmp_path / "spoilt.json"
    path.write_bytes(spoil(content_of(good.data)))
    before = contents(output)
    for script, arguments in {
        mlp: ("--data", path, "--output", output),
        baseline: ("--data", path, "--output", output),
        evaluate: ("--model", good.network, "--data", path, "--output", output),
    }.items():
        words = [str(path)] if kind != "of one genre that is used" else []
        if script is mlp:
            words.append(word)
        one_line(run(script, *arguments), script.__name__, *words)
    assert contents(output) == before


def emptied(file: h5py.File) -> None:
    for key in list(file):
        del file[key]


def replaced(key: str, value: object) -> Callable[[h5py.File], None]:
    def replace(file: h5py.File) -> None:
        del file[key]
        file[key] = value

    return replace


SPOILT_HDF5 = {
    "without data": (emptied, "missing"),
    "with NaN": (
        lambda file: file["mfcc"].write_direct(np.full((24, 9, 4), np.nan, "f4")),
        "not num",
    ),
    "of a later schema": (lambda file: file.attrs.modify("schema", 2), "schema 2"),
    "of settings that are no JSON": (lambda file: file.attrs.modify("settings", "{"), ""),
    "of settings that are a number": (lambda file: file.attrs.create("settings", 1), ""),
    "of lengths that disagree": (replaced("labels", [0, 1]), "differ in length"),
    "of text for frames": (replaced("mfcc", "frames"), ""),
    "of a group for frames": (lambda file: (file.pop("mfcc"), file.create_group("mfcc")), ""),
    "of numbers for tracks": (replaced("tracks", np.arange(8)), "tracks"),
    "of a genre's bytes that are no text": (replaced("mapping", [b"\xff", b"b"]), ""),
    "of one genre": (replaced("mapping", ["a"]), "length >= 2 - at `$.mapping`"),
}


@pytest.mark.parametrize("kind", SPOILT_HDF5)
def test_an_hdf5_segment_file_that_cannot_be_used_is_refused(kind, output, run, tmp_path):
    spoil, word = SPOILT_HDF5[kind]
    path = tmp_path / "spoilt.h5"
    segment_file.write(made_up_segments([4, 4]), path)
    with h5py.File(path, "r+") as file:
        spoil(file)
    one_line(run(mlp, "--data", path, "--output", output), "mlp", str(path), word)


@pytest.mark.parametrize("name", ["data.csv", "data", "data.JSON.txt", "data.keras"])
def test_a_segment_file_of_another_suffix_is_refused(name, good, output, run, tmp_path):
    path = Path(shutil.copy(good.data, tmp_path / name))
    one_line(run(mlp, "--data", path, "--output", output), "mlp", str(path), ".json or .h5")
    arguments = ("--dataset", good.songs, "--output", path)
    one_line(run(preprocess, *arguments), "preprocess", str(path), ".json or .h5")


@pytest.mark.parametrize("tracks", [[1, 1], [2, 2], [4, 2], [50, 1]])
def test_fewer_tracks_than_parts_are_refused(tracks, output, run, tmp_path):
    path = tmp_path / "few.json"
    segment_file.write(made_up_segments(tracks), path)
    one_line(run(mlp, "--data", path, "--output", output), "mlp", "at least 3 tracks")
    ended = run(mlp, "--data", path, "--output", output, "--folds", 5)
    one_line(ended, "mlp", "at least 5 tracks")


@pytest.mark.parametrize("value", [3e38, -3e38])
def test_values_that_no_network_can_compute_with_are_refused(value, output, run, tmp_path):
    segments = made_up_segments([4, 4])
    segments.frames[::2] = value
    path = tmp_path / "huge.json"
    segment_file.write(segments, path)
    before = contents(output)
    with np.errstate(all="ignore"):
        ended = run(mlp, "--data", path, "--output", output, "--epochs", 1)
    assert ended.status == 2
    assert "Traceback" not in ended.err
    assert ended.err.splitlines()[-1].startswith("mlp.py: ")
    assert contents(output) == before


# A split's list

SPLITS = {
    "empty": ("", "track,part"),
    "of other columns": ("song,genre\na,b\n", "track,part"),
    "of a header alone": ("track,part\n", "track,part"),
    "of an unknown part": ("track,part\ngenre0/0.wav,exam\n", "line 2"),
    "of a row without a part": ("track,part\ngenre0/0.wav,test\ngenre0/1.wav\n", "line 3"),
    "of a track in two parts": ("track,part\ngenre0/0.wav,test\ngenre0/0.wav,train\n", "line 3"),
    "of no track of the data": ("track,part\nother.wav,test\n", "none of the data"),
    "of a segment that is no number": ("track,segment,part\ngenre0/0.wav,x,test\n", "line 2"),
    "of a part that stays empty": ("track,part\ngenre0/0.wav,test\n", "train part"),
    "not text": (b"\xff\xfe\x00\x01", "columns track,part"),
    "of one long line": ("track,part\n" + "x" * 200_000, "not CSV"),
}


@pytest.mark.parametrize("kind", SPLITS)
def test_a_split_that_cannot_be_used_is_refused(kind, good, output, run, tmp_path):
    text, word = SPLITS[kind]
    path = tmp_path / "split.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    arguments = ("--data", good.data, "--output", output, "--split", path)
    one_line(run(mlp, *arguments), "mlp", str(path), word)


@pytest.mark.parametrize("name", ["artist", "filtered"])
def test_splits_of_gtzan_are_refused_for_other_data(name, good, output, run):
    arguments = ("--data", good.data, "--output", output, "--split", name)
    one_line(run(mlp, *arguments), "mlp", "GTZAN")


def test_a_fixed_split_cannot_be_folded(good, output, run, tmp_path):
    segments = made_up_segments([4, 4])
    split_file.write(segments, np.array(PARTS)[segments.track_index % 3], tmp_path / "a.csv")
    arguments = ("--data", good.data, "--output", output, "--split", tmp_path / "a.csv")
    one_line(run(mlp, *arguments, "--folds", 3), "mlp", "fixed")


# A trained network


@pytest.fixture
def copy(network, tmp_path) -> Path:
    """A copy of the network's folder, to be spoilt."""
    return Path(shutil.copytree(network, tmp_path / "copy"))


def edit_card(folder: Path, **values: object) -> None:
    path = folder / "card.json"
    path.write_text(json.dumps(content_of(path) | values), encoding="utf-8")


def edit_settings(folder: Path, **values: object) -> None:
    edit_card(folder, settings=content_of(folder / "card.json")["settings"] | values)


def cut(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


def plain_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "no network")


def needs_unsafe(folder: Path) -> None:
    """Put in a network that runs code of its own when it is loaded."""
    inputs = keras.Input((130, 13))
    outputs = keras.layers.Lambda(lambda x: x[:, 0, :10], output_shape=(10,))(inputs)
    model = keras.Model(inputs, outputs)
    model.save(folder / "model.keras")
    edit_card(folder, weights_sha256=card.weights_digest(model))


def settings_of(folder: Path) -> dict:
    return content_of(folder / "card.json")["settings"]


NETWORKS = {
    "without a card": (lambda f: (f / "card.json").unlink(), "card.json: no such file"),
    "with a folder for a card": (
        lambda f: ((f / "card.json").unlink(), (f / "card.json").mkdir()),
        "card.json",
    ),
    "with an empty card": (lambda f: cut(f / "card.json", 0), "not a network's card"),
    "with a card cut off": (lambda f: cut(f / "card.json", 300), "not a network's card"),
    "with a card that is text": (
        lambda f: (f / "card.json").write_text("a card"),
        "not a network's card",
    ),
    "with a card that is no text": (
        lambda f: (f / "card.json").write_bytes(b"\xff\xfe\x00"),
        "not a network's card",
    ),
    "with a card of many brackets": (
        lambda f: (f / "card.json").write_text("[" * 100_000),
        "not a network's card",
    ),
    "with a later card": (lambda f: edit_card(f, schema=99), "schema 99"),
    "with a card of another feature": (lambda f: edit_card(f, feature="chroma"), "chroma"),
    "with a card of no genres": (lambda f: edit_card(f, mapping=None), "card.json"),
    "with a card of other genres": (lambda f: edit_card(f, mapping=["a", "b", "c"]), ""),
    "with a card of other frames": (lambda f: edit_settings(f, n_mfcc=20), ""),
    "without a network": (lambda f: (f / "model.keras").unlink(), "model.keras: no such file"),
    "with a network that is empty": (lambda f: cut(f / "model.keras", 0), "model.keras"),
    "with a network cut off": (lambda f: cut(f / "model.keras", 5000), "model.keras"),
    "with a network cut off at its end": (lambda f: cut(f / "model.keras", -20), "model.keras"),
    "with a network that is a zip": (lambda f: plain_zip(f / "model.keras"), "model.keras"),
    "with a network that is text": (
        lambda f: (f / "model.keras").write_text("a network"),
        "model.keras",
    ),
    "with a network that is a folder": (
        lambda f: ((f / "model.keras").unlink(), (f / "model.keras").mkdir()),
        "model.keras",
    ),
    "with a network that needs safe_mode off": (needs_unsafe, "model.keras"),
}


@pytest.mark.parametrize("kind", NETWORKS)
def test_a_network_that_cannot_be_used_is_refused(kind, good, copy, run, segments_path):
    spoil, words = NETWORKS[kind]
    spoil(copy)
    before = contents(copy)
    one_line(run(predict, "--model", copy, "--input", good.song), "predict", words)
    one_line(run(evaluate, "--model", copy, "--data", segments_path), "evaluate")
    assert contents(copy) == before


ODD_NUMBERS = [0, -1, 0.5, 1e-9, 1e300, 2**70, float("nan"), float("inf"), True, "1", None, [1]]


@pytest.mark.parametrize(
    "name", ["sample_rate", "segments_per_track", "n_fft", "hop_length", "n_mfcc"]
)
def test_settings_on_the_card_that_cannot_be_used_are_refused(name, good, copy, run):
    for value in ODD_NUMBERS:
        edit_settings(copy, **{name: value})
        ended = run(predict, "--model", copy, "--input", good.song)
        one_line(ended, "predict", name)


@pytest.mark.parametrize(
    "value", [0, -1, 1e-9, 1e300, 2**70, float("nan"), float("inf"), True, "1"]
)
def test_a_tracks_length_on_the_card_that_cannot_be_used_is_refused(value, good, copy, run):
    edit_settings(copy, track_seconds=value)
    one_line(run(predict, "--model", copy, "--input", good.song), "predict")


def test_data_of_another_kind_than_the_networks_is_refused(good, run):
    ended = run(evaluate, "--model", good.network, "--data", good.data)
    one_line(ended, "evaluate", str(good.data), "genres")


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: path.write_text("x")])
def test_a_network_without_its_split_is_refused_by_evaluate(spoil, copy, run, segments_path):
    spoil(copy / "split.csv")
    one_line(run(evaluate, "--model", copy, "--data", segments_path), "evaluate", "split.csv")


# Songs among others


def test_one_bad_song_costs_no_other_its_answer(good, run, tmp_path):
    (tmp_path / "text.mp3").write_text("not music\n" * 100)
    (tmp_path / "loop.wav").symlink_to("loop.wav")
    (tmp_path / "bytes.raw").write_bytes(bytes(100_000))
    (tmp_path / "folder.wav").mkdir()
    soundfile.write(tmp_path / "folder.wav" / "short.wav", noise(0.1), 22050)
    square = np.sign(noise(4, sample_rate=44100)) * np.float32(3.4e38)
    soundfile.write(tmp_path / "huge.wav", square, 44100, subtype="FLOAT")
    os.mkfifo(tmp_path / "pipe.wav")
    bad = {
        tmp_path / "text.mp3": "not readable",
        tmp_path / "missing.wav": "No such file",
        tmp_path / ("long" * 100 + ".wav"): "File name too long",
        tmp_path / ("long" * 100 + ".m4a"): "File name too long",
        tmp_path / "loop.wav": "symbolic links",
        tmp_path / "bytes.raw": "not readable",
        tmp_path / "huge.wav": "too large",
        tmp_path / "folder.wav" / "short.wav": "shorter than one segment",
        tmp_path / "pipe.wav": "not a file",
        good.song / "inside.wav": "Not a directory",
    }
    paths = [tmp_path / "folder.wav" if path.parent.name == "folder.wav" else path for path in bad]
    arguments = (
        "--model",
        good.network,
        "--format",
        "csv",
        "--input",
        good.song,
        *paths,
        good.songs / "rock",
    )
    ended = run(predict, *arguments)
    assert ended.status == 1
    named = [line.split(",")[0] for line in ended.out.splitlines()[1:]]
    assert named == [str(good.song), str(good.songs / "rock" / "b.wav")]
    lines = ended.err.splitlines()
    for line, (path, reason) in zip(lines, bad.items(), strict=True):
        assert line.startswith(f"{path}: ")
        assert reason in line


def test_loops_among_the_songs_end(good, run, tmp_path):
    songs = Path(shutil.copytree(good.songs, tmp_path / "songs"))
    (songs / "jazz" / "loop").symlink_to(songs)
    (songs / "loop").symlink_to("loop")
    (songs / "rock" / "loop.wav").symlink_to("loop.wav")
    output = tmp_path / "mfcc.json"
    ended = run(preprocess, "--dataset", songs, "--output", output, "--workers", 1)
    assert ended.status == 1
    (line,) = ended.err.splitlines()
    assert line.startswith("skipped rock/loop.wav: Too many levels")
    assert segment_file.read(output).mapping == ["jazz", "rock"]
    ended = run(predict, "--model", good.network, "--format", "json", "--input", songs)
    assert ended.status == 1
    assert len(ended.out.splitlines()) == 2


# Options

TRAINING = {
    "--epochs": ["0", "-1", "1.5", "many", "", "1" * 5000],
    "--batch-size": ["0", "-1", "x"],
    "--learning-rate": ["0", "-1", "nan", "inf", "x", ""],
    "--seed": ["-1", "1.5", "x"],
    "--folds": ["0", "1", "-1", "x"],
    "--repeats": ["0", "-1", "x"],
    "--split": ["nonsense", "", "track.txt"],
    "--summary": ["130", "130x", "x13", "0x13", "130x-1", "130x13x1", "9999x13"],
    "--nonsense": ["1"],
}
CNN = {
    "--architecture": ["lstm", ""],
    "--block": ["vgg", ""],
    "--block-at": ["first", ""],
    "--dropout": ["1", "-0.1", "nan", "x", ""],
}
LSTM = {
    "--architecture": ["basic", ""],
    "--cell": ["rnn", ""],
    "--layers": ["0", "-1", "17", "x"],
    "--units": ["0", "-1", "5000", "x"],
}
OPTIONS = {
    preprocess: {
        "--workers": ["0", "-1", "1.5", "all", ""],
        "--limit": ["0", "-1", "1.5", "all", ""],
        "--subset": ["full", ""],
        "--nonsense": ["1"],
    },
    mlp: TRAINING,
    cnn: TRAINING | CNN,
    lstm: TRAINING | LSTM,
    baseline: {
        "--split": ["nonsense", ""],
        "--folds": ["0", "1", "x"],
        "--repeats": ["0", "-1", "x"],
        "--seed": ["-1", "x"],
        "--classifier": ["forest", ""],
        "--subset": ["small", "full"],
        "--fma": ["tracks.csv"],
    },
    evaluate: {"--split": ["nonsense", ""], "--nonsense": ["1"]},
    predict: {
        "--count": ["0", "-1", "1.5", "all", ""],
        "--type": ["median", ""],
        "--format": ["xml", ""],
        "--nonsense": ["1"],
    },
}
NEEDED = {
    preprocess: ("--dataset", "songs"),
    evaluate: ("--model", "net", "--data", "a.json"),
    predict: ("--model", "net", "--input", "a.wav"),
}


@pytest.mark.parametrize("script", OPTIONS, ids=lambda script: script.__name__)
def test_options_out_of_range_are_refused(script, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for option, values in OPTIONS[script].items():
        for value in values:
            ended = run(script, *NEEDED.get(script, ()), f"{option}={value}")
            assert (ended.status, ended.out) == (2, ""), (option, value)
            *usage, line = ended.err.splitlines()
            assert usage[0].startswith(f"usage: {script.__name__}.py")
            assert all(line.startswith(" ") for line in usage[1:])
            assert line.startswith(f"{script.__name__}.py: error: ")
            assert option in line
    assert list(tmp_path.iterdir()) == []


def test_folds_and_repeats_exclude_each_other(run):
    ended = run(mlp, "--folds", 3, "--repeats", 3)
    assert ended.status == 2
    assert ended.err.splitlines()[-1].startswith("mlp.py: error: ")


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_more_genres_than_there_are_give_all(form, good, run):
    arguments = ("--model", good.network, "--input", good.song, "--format", form)
    ended = run(predict, *arguments, "--count", 1000)
    assert (ended.status, ended.err) == (0, "")
    for genre in content_of(good.network / "card.json")["mapping"]:
        assert genre in ended.out


# From the shell


def test_from_the_shell_problems_are_one_line(good, output, tmp_path):
    before = contents(output)
    for script, arguments in {
        "preprocess": ("--dataset", tmp_path / "no 'such' 🎸", "--output", output / "mfcc.json"),
        "mlp": ("--data", output / "mfcc.json", "--output", output),
        "evaluate": ("--model", output, "--data", good.data),
        "predict": ("--model", output, "--input", good.song),
    }.items():
        one_line(shell(f"{script}.py", *arguments), script)
    assert contents(output) == before


def test_from_the_shell_huge_samples_are_one_line(good, output, tmp_path):
    songs = Path(shutil.copytree(good.songs, tmp_path / "songs"))
    for genre, value in (("jazz", 1e30), ("rock", 3.4e38)):
        square = np.sign(noise(4, sample_rate=44100)) * np.float32(value)
        soundfile.write(songs / genre / "huge.wav", square, 44100, subtype="FLOAT")
    ended = shell("preprocess.py", "--dataset", songs, "--output", output / "new.json")
    assert ended.status == 1
    assert [line.split(":")[0] for line in ended.err.splitlines()] == [
        "skipped jazz/huge.wav",
        "skipped rock/huge.wav",
    ]


@pytest.mark.parametrize("closed", [[0], [1], [2], [0, 1, 2]])
def test_closed_streams_do_no_harm(closed, output):
    def close() -> None:
        for stream in closed:
            os.close(stream)

    command = [sys.executable, ROOT / "preprocess.py", "--dataset", output / "missing"]
    ended = subprocess.run(command, capture_output=True, text=True, preexec_fn=close, timeout=60)
    assert ended.returncode == cli.NOTHING_DONE
    assert len(ended.stderr.splitlines()) == (0 if 2 in closed else 1)
