"""What users can do wrong with paths, names and options: one line, and nothing is lost.

What may be wrong in a file is tested beside the module that reads it.
"""

import ctypes
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import soundfile
from helpers import ROOT, Run, made_up_segments, noise, refusal

import baseline
import cnn
import compare
import evaluate
import explore
import lstm
import mlp
import predict
import preprocess
from genre import features
from genre.segments import segment_file

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


class Good(NamedTuple):
    """Good input, to be combined with bad."""

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


# Paths to read

Arguments = Callable[[Good, Path, Path], tuple]  # of good input, the output's folder and the path


class Reading(NamedTuple):
    """An option that names something to read."""

    script: object
    name: str
    arguments: Arguments


READ = {
    "preprocess --dataset": Reading(
        preprocess, "songs", lambda good, out, path: ("--dataset", path, "--output", out / "a.json")
    ),
    "mlp --data": Reading(mlp, "a.json", lambda good, out, path: ("--data", path, "--output", out)),
    "mlp --data .h5": Reading(
        mlp, "a.h5", lambda good, out, path: ("--data", path, "--output", out)
    ),
    "mlp --split": Reading(
        mlp, "a.csv", lambda good, out, path: ("--data", good.data, "--split", path)
    ),
    "baseline --data": Reading(
        baseline, "a.json", lambda good, out, path: ("--data", path, "--output", out)
    ),
    "compare --data": Reading(compare, "a.json", lambda good, out, path: ("--data", path)),
    "evaluate --model": Reading(
        evaluate, "cnn", lambda good, out, path: ("--model", path, "--data", good.data)
    ),
    "evaluate --data": Reading(
        evaluate, "a.json", lambda good, out, path: ("--model", good.network, "--data", path)
    ),
    "explore": Reading(explore, "a.wav", lambda good, out, path: (path, "--output", out)),
    "predict --model": Reading(
        predict, "cnn", lambda good, out, path: ("--model", path, "--input", good.song)
    ),
    "predict --input": Reading(
        predict, "a.wav", lambda good, out, path: ("--model", good.network, "--input", path)
    ),
}


@pytest.mark.parametrize("option", READ)
def test_a_path_that_is_missing_is_refused(option, good, output, run, tmp_path):
    assert_refused(READ[option], tmp_path / "bad" / READ[option].name, good, output, run)


PATHS = {
    "empty": lambda path: path.touch(),
    "an empty folder": lambda path: path.mkdir(),
    "a loop": lambda path: path.symlink_to(path.name),
    "a link to nothing": lambda path: path.symlink_to("nothing"),
    "in a file": lambda path: (path.parent.rmdir(), path.parent.touch()),
}


@pytest.mark.parametrize("kind", PATHS)
@pytest.mark.parametrize("option", ["preprocess --dataset", "mlp --data", "predict --input"])
def test_a_path_that_leads_nowhere_is_refused(option, kind, good, output, run, tmp_path):
    path = tmp_path / "bad" / READ[option].name
    path.parent.mkdir()
    PATHS[kind](path)
    assert_refused(READ[option], path, good, output, run)


@pytest.mark.parametrize("option", ["preprocess --dataset", "mlp --data", "predict --input"])
def test_a_path_that_is_too_long_is_refused(option, good, output, run, tmp_path):
    path = tmp_path / ("long" * 100 + READ[option].name)
    assert_refused(READ[option], path, good, output, run)


def assert_refused(reading: Reading, path: Path, good: Good, output: Path, run: Callable) -> None:
    before = contents(output)
    ended = run(reading.script, *reading.arguments(good, output, path))
    assert (ended.status, ended.out) == (2, "")
    *notes, line = ended.err.splitlines()
    assert str(path) in line
    assert len(notes) <= (reading.script is predict)  # what its model is good for
    assert contents(output) == before


# Paths to write


class Writing(NamedTuple):
    """An option that names something to write."""

    script: object
    name: str
    arguments: Callable[[Good, Path], tuple]  # of good input and the path


WRITE = {
    "preprocess --output": Writing(
        preprocess, "a.json", lambda good, path: ("--dataset", good.songs, "--output", path)
    ),
    "mlp --output": Writing(mlp, "net", lambda good, path: ("--data", good.data, "--output", path)),
    "baseline --output": Writing(
        baseline,
        "net",
        lambda good, path: ("--data", good.data, "--classifier", "knn", "--output", path),
    ),
    "explore --output": Writing(
        explore, "pictures", lambda good, path: (good.song, "--output", path)
    ),
    "predict --timeline": Writing(
        predict,
        "pictures",
        lambda good, path: ("--model", good.network, "--input", good.song, "--timeline", path),
    ),
    "predict --timeline .png": Writing(
        predict,
        "a.png",
        lambda good, path: ("--model", good.network, "--input", good.song, "--timeline", path),
    ),
}
PLACES = {
    "a folder for a file": lambda path: path.mkdir() if path.suffix else path.touch(),
    "in a file": lambda path: (path.parent.rmdir(), path.parent.touch()),
    "in a loop": lambda path: (path.parent.rmdir(), path.parent.symlink_to(path.parent.name)),
}


@pytest.fixture
def no_work(good, monkeypatch) -> None:
    """Fail when a script does not refuse before its work."""

    def work(*_, **__):
        raise AssertionError("work that will be lost")

    monkeypatch.setattr(features, "of_track", work)
    monkeypatch.setattr("genre.training.fit.fit", work)


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("option", WRITE)
def test_a_path_that_cannot_be_written_is_refused_before_the_work(
    option, kind, good, run, tmp_path
):
    path = tmp_path / "bad" / WRITE[option].name
    path.parent.mkdir()
    PLACES[kind](path)
    assert_not_written(WRITE[option], path, good, run, tmp_path)


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize("folder", ["/proc/nobody", "long" * 100])
def test_a_folder_that_cannot_be_is_refused_before_the_work(folder, good, run, tmp_path):
    path = tmp_path / folder / "a.json"
    assert_not_written(WRITE["preprocess --output"], path, good, run, tmp_path)


def assert_not_written(
    writing: Writing, path: Path, good: Good, run: Callable, folder: Path
) -> None:
    before = contents(folder)
    line = refusal(run(writing.script, *writing.arguments(good, path)))
    _, named, _ = line.split(": ", 2)
    assert named != "/"
    assert str(path).startswith(named) or named.startswith(str(path))
    assert contents(folder) == before


# Permissions


def without_override() -> None:
    """Let file permissions count for root, too."""
    libc = ctypes.CDLL(None)
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


def run_as_a_user(script: str, *arguments: object) -> Run:
    """Run a script in a process for which file permissions count."""
    command = [sys.executable, ROOT / f"{script}.py", *map(str, arguments)]
    ended = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, preexec_fn=without_override, timeout=120
    )
    return Run(ended.returncode, ended.stdout, ended.stderr)


@pytest.mark.skipif(sys.platform != "linux", reason="drops root's rights as Linux does")
@pytest.mark.parametrize(
    ("script", "options"),
    [
        ("preprocess", ("--dataset", "closed/songs")),
        ("preprocess", ("--dataset", "songs", "--output", "closed/a.json")),
        ("mlp", ("--data", "closed.json")),
        ("predict", ("--model", "closed/cnn", "--input", "a.wav")),
    ],
)
def test_what_must_not_be_read_or_written_is_refused(script, options, good, tmp_path):
    shutil.copytree(good.songs, tmp_path / "songs")
    (tmp_path / "closed.json").write_text("{}")
    (tmp_path / "closed").mkdir()
    for path in (tmp_path / "closed", tmp_path / "closed.json"):
        path.chmod(0)
    given = [word if word.startswith("--") else tmp_path / word for word in options]
    try:
        line = refusal(run_as_a_user(script, *given))
    finally:
        (tmp_path / "closed").chmod(0o700)
    assert "Permission denied" in line
    assert str(tmp_path / "closed") in line


@pytest.mark.skipif(sys.platform != "linux", reason="drops root's rights as Linux does")
def test_a_song_or_folder_that_must_not_be_read_is_named(good, tmp_path):
    songs = Path(shutil.copytree(good.songs, tmp_path / "songs"))
    shutil.copy(good.song, songs / "jazz" / "closed.wav")
    (songs / "jazz" / "closed.wav").chmod(0)
    output = tmp_path / "a.json"
    ended = run_as_a_user("preprocess", "--dataset", songs, "--output", output)
    assert (ended.status, ended.err) == (1, "skipped jazz/closed.wav: Permission denied\n")
    (songs / "rock" / "live").mkdir(mode=0)
    ended = run_as_a_user("preprocess", "--dataset", songs, "--output", output)
    assert ended.status in (1, 2)
    (line,) = [line for line in ended.err.splitlines() if "closed" not in line]
    assert "rock/live" in line
    assert "Permission denied" in line


# Names

NOT_UTF8 = os.fsdecode(b"caf\xe9")
NAMES = ["with space", 'it\'s "it"', "🎸 日本語", "A$AP feat. Ke$ha", "%s{0}\\n", "-rf", "a#b;c&d"]


def test_songs_genres_and_folders_of_any_name_are_used(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = [*NAMES, NOT_UTF8]
    for number, name in enumerate(names):
        for track in range(3):
            path = Path("my songs", name, f"{name} {track}.wav")
            path.parent.mkdir(parents=True, exist_ok=True)
            samples = noise(3.1, seed=3 * number + track)
            soundfile.write(os.fsencode(path), samples, 22050, format="WAV")
    data, network = Path(f"{NOT_UTF8} 'quoted' $_$.json"), Path(f"net {NOT_UTF8} $_$ 🎸")
    ended = run(preprocess, "--dataset", "my songs", "--output", data, "--workers", 1)
    assert (ended.status, ended.err) == (0, "")
    segments = segment_file.read(data)
    assert len(segments.mapping) == len(names)
    assert set(NAMES) < set(segments.mapping)
    assert len(segments.tracks) == 3 * len(names)

    linear = ("--architecture", "linear", "--epochs", 1)
    assert run(mlp, "--data", data, "--output", network, *linear).status == 0
    ended = run(evaluate, "--model", network, "--data", data, "--output", f"new {NOT_UTF8} $_$")
    assert (ended.status, ended.err) == (0, "")
    for name in names:
        for track in (1, 2):
            Path("my songs", name, f"{name} {track}.wav").unlink()
    arguments = ("--model", network, "--input", "my songs", "--format", "json")
    ended = run(predict, *arguments, "--timeline", f"pictures {NOT_UTF8}", "--workers", 1)
    assert ended.status == 0
    assert ended.err == f"{len(names)} timelines in pictures caf\\udce9\n"
    songs = {json.loads(line)["song"] for line in ended.out.splitlines()}
    assert len(songs) == len(names)
    assert {f"my songs/{name}/{name} 0.wav" for name in NAMES} < songs
    assert len(list(Path(f"pictures {NOT_UTF8}").iterdir())) == len(names)


def test_a_file_whose_name_is_no_text_can_be_missing(good, run, tmp_path):
    ended = run(mlp, "--data", tmp_path / f"{NOT_UTF8}.json", "--output", tmp_path)
    assert "caf\\udce9.json" in refusal(ended)


# Songs among others


def test_one_bad_song_costs_no_other_its_answer(good, run, tmp_path):
    (tmp_path / "text.mp3").write_text("not music\n" * 100)
    (tmp_path / "loop.wav").symlink_to("loop.wav")
    square = np.sign(noise(4, sample_rate=44100)) * np.float32(3.4e38)
    soundfile.write(tmp_path / "huge.wav", square, 44100, subtype="FLOAT")
    os.mkfifo(tmp_path / "pipe.wav")
    bad = {
        tmp_path / "text.mp3": "not readable",
        tmp_path / "missing.wav": "No such file",
        tmp_path / ("long" * 100 + ".wav"): "File name too long",
        tmp_path / "loop.wav": "symbolic links",
        tmp_path / "huge.wav": "too large",
        tmp_path / "pipe.wav": "not a file",
        good.song / "inside.wav": "Not a directory",
    }
    arguments = ("--model", good.network, "--format", "csv", "--workers", 1)
    ended = run(predict, *arguments, "--input", good.song, *bad, good.songs / "rock")
    assert ended.status == 1
    named = [line.split(",")[0] for line in ended.out.splitlines()[1:]]
    assert named == [str(good.song), str(good.songs / "rock" / "b.wav")]
    lines = [line for line in ended.err.splitlines() if line.startswith("/")]
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
    arguments = ("--model", good.network, "--format", "json", "--workers", 1)
    ended = run(predict, *arguments, "--input", songs)
    assert ended.status == 1
    assert len(ended.out.splitlines()) == 2


# Options

TRAINING = {
    "--epochs": "0",
    "--batch-size": "1.5",
    "--learning-rate": "nan",
    "--seed": "-1",
    "--folds": "1",
    "--repeats": "many",
    "--split": "nonsense",
    "--summary": "130x0",
    "--nonsense": "1",
}
OPTIONS = {
    preprocess: {"--workers": "0", "--limit": "x", "--subset": "full", "--feature": "sound"},
    mlp: TRAINING,
    cnn: TRAINING | {"--architecture": "gru", "--block": "vgg", "--dropout": "1"},
    lstm: TRAINING | {"--architecture": "basic", "--cell": "rnn", "--layers": "0"},
    baseline: {"--split": "", "--folds": "0", "--classifier": "forest"},
    evaluate: {"--split": "nonsense"},
    predict: {"--count": "0", "--type": "median", "--format": "xml"},
}
NEEDED = {
    evaluate: ("--model", "net", "--data", "a.json"),
    predict: ("--model", "net", "--input", "a.wav"),
}


@pytest.mark.parametrize("script", OPTIONS, ids=lambda script: script.__name__)
def test_options_out_of_range_are_refused(script, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for option, value in OPTIONS[script].items():
        ended = run(script, *NEEDED.get(script, ()), f"{option}={value}")
        assert (ended.status, ended.out) == (2, ""), (option, value)
        *usage, line = ended.err.splitlines()
        assert usage[0].startswith(f"usage: {script.__name__}.py")
        assert line.startswith(f"{script.__name__}.py: error: ")
        assert option in line
    assert list(tmp_path.iterdir()) == []
