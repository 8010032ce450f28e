"""Runs that are interrupted, killed, out of disk or at once: a line, no strays, nothing half."""

import contextlib
import csv
import io
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile
from helpers import ROOT, made_up_segments, noise, refusal

import mlp
import predict
import preprocess
from genre import files
from genre.model import card
from genre.segments import segment_file
from genre.training import fit

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")

LIMIT = 120  # s after which a wait is in vain, however busy the machine is
MANY = 2000  # songs of one data set


def session(leader: int) -> list[int]:
    """Return the processes that live in a session, whoever their parent is."""
    members = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, _, _, its_session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
            if int(its_session) == leader and state != "Z":
                members.append(int(folder.name))
    return members


def wait_until(condition: Callable[[], Any]) -> Any:
    """Return what a condition gives, as soon as it is true."""
    end = time.monotonic() + LIMIT
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)
    return found


def has_open(process: int, song: Path) -> bool:
    with contextlib.suppress(OSError):
        return song in [path.readlink() for path in Path(f"/proc/{process}/fd").iterdir()]
    return False


def reader(leader: int, song: Path) -> int | None:
    """Return a process of a session, but not its leader, that has a song open."""
    workers = (member for member in session(leader) if member != leader)
    return next((worker for worker in workers if has_open(worker, song)), None)


def stopped_reader(leader: int, song: Path) -> int | None:
    """Return a process as `reader` does, stopped while it has the song open."""
    worker = reader(leader, song)
    if worker:
        os.kill(worker, signal.SIGSTOP)
        if has_open(worker, song):
            return worker
        os.kill(worker, signal.SIGCONT)
    return None


def start(script: str, *arguments: object, **options: object) -> subprocess.Popen:
    """Start a script in a session of its own."""
    return subprocess.Popen(
        [sys.executable, ROOT / f"{script}.py", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **options,
    )


def end(process: subprocess.Popen) -> tuple[int, str, str]:
    """Return status, stdout and stderr of a script that is to end soon and leave no process."""
    try:
        out, err = process.communicate(timeout=LIMIT)
        wait_until(lambda: not session(process.pid))
    finally:
        for member in session(process.pid):
            os.kill(member, signal.SIGKILL)
    return process.returncode, out, err


def press_ctrl_c(process: subprocess.Popen) -> None:
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does


def terminate_all(process: subprocess.Popen) -> None:
    os.killpg(process.pid, signal.SIGTERM)  # as service managers and batch systems do


@pytest.fixture(scope="module")
def song(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("song") / "song.wav"
    soundfile.write(path, noise(6), 22050)
    return path.resolve()


def linked(song: Path, folder: Path, count: int) -> Path:
    """Return a data set of two genres, in which every song is a link to one."""
    for genre in ("jazz", "rock"):
        (folder / genre).mkdir()
        for number in range(count // 2):
            (folder / genre / f"{number:04}.wav").symlink_to(song)
    return folder


@pytest.fixture(scope="module")
def songs(song, tmp_path_factory) -> Path:
    """A data set that nobody waits for."""
    return linked(song, tmp_path_factory.mktemp("songs"), MANY)


@pytest.fixture
def output(tmp_path) -> Path:
    """An earlier output, which must survive."""
    path = tmp_path / "output" / "mfcc.json"
    path.parent.mkdir()
    path.write_text("an earlier output")
    return path


def assert_untouched(output: Path) -> None:
    assert output.read_text() == "an earlier output"
    assert list(output.parent.iterdir()) == [output]


def start_preprocess(songs: Path, output: Path) -> subprocess.Popen:
    return start("preprocess", "--dataset", songs, "--output", output, "--workers", 2)


# preprocess.py


@pytest.mark.parametrize(
    ("stop", "status", "word", "at_work"),
    [
        (press_ctrl_c, 130, "interrupted", False),
        (press_ctrl_c, 130, "interrupted", True),
        (terminate_all, 143, "terminated", True),
    ],
)
def test_preprocess_ends_with_a_line(stop, status, word, at_work, songs, song, output):
    process = start_preprocess(songs, output)
    wait_until(lambda: len(session(process.pid)) > 1)  # the first worker process begins
    if at_work:
        wait_until(lambda: reader(process.pid, song))
    stop(process)
    assert end(process) == (status, "", f"preprocess.py: {word}\n")
    assert_untouched(output)


def test_preprocess_whose_worker_is_killed_goes_on_without_its_song(tmp_path):
    song, output = tmp_path.resolve() / "song.wav", tmp_path / "output" / "mfcc.json"
    samples = noise(30, sample_rate=48_000, channels=8)  # so many that the song is seen open
    soundfile.write(song, samples, 48_000)
    (tmp_path / "songs").mkdir()
    process = start_preprocess(linked(song, tmp_path / "songs", 20), output)
    os.kill(wait_until(lambda: stopped_reader(process.pid, song)), signal.SIGKILL)
    status, out, err = end(process)
    assert status == 1
    assert "a worker process died" in err
    assert out.startswith("19 tracks of 2 genres, 1 skipped")
    assert len(segment_file.read(output).tracks) == 19


# Runs a script that sends itself a signal at an event: "import" of a module, "open" of a file, ...
AT_AN_EVENT = """\
import os, runpy, sys
script, number, wanted, what, *arguments = sys.argv[1:]
sys.argv = [script, *arguments]
sys.path.insert(0, os.path.dirname(script))
def send(event, given):
    if event == wanted and what in str(given[0]):
        os.kill(os.getpid(), int(number))
sys.addaudithook(send)
runpy.run_path(script, run_name="__main__")
"""


def run_until(number: int, event: str, what: str, script: str, *arguments: object):
    command = [sys.executable, "-c", AT_AN_EVENT, ROOT / f"{script}.py", number, event, what]
    return subprocess.run(
        [*map(str, command), *map(str, arguments)], capture_output=True, text=True, timeout=LIMIT
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_script_that_still_loads_ends_with_a_line(number, songs, output):
    arguments = ("preprocess", "--dataset", songs, "--output", output)
    ended = run_until(number, "import", "scipy.fft", *arguments)
    word = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}[number]
    assert (ended.returncode, ended.stdout) == (128 + number, "")
    assert ended.stderr == f"preprocess.py: {word}\n"
    assert_untouched(output)


@pytest.fixture(scope="module")
def few_songs(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("few")
    for number, genre in enumerate(("jazz", "rock")):
        (folder / genre).mkdir()
        soundfile.write(folder / genre / "song.wav", noise(6, seed=number), 22050)
    return folder


def test_a_write_that_is_killed_leaves_the_earlier_file(few_songs, output):
    arguments = ("--dataset", few_songs, "--output", output, "--workers", 1)
    ended = run_until(signal.SIGKILL, "os.rename", files.UNFINISHED, "preprocess", *arguments)
    assert ended.returncode == -signal.SIGKILL
    assert output.read_text() == "an earlier output"


def test_a_write_that_is_interrupted_leaves_nothing_half(few_songs, output):
    arguments = ("--dataset", few_songs, "--output", output, "--workers", 1)
    ended = run_until(signal.SIGINT, "os.rename", files.UNFINISHED, "preprocess", *arguments)
    assert (ended.returncode, ended.stderr) == (130, "preprocess.py: interrupted\n")
    assert_untouched(output)


def test_two_runs_at_once_leave_one_whole_file(few_songs, tmp_path):
    output = tmp_path / "output" / "mfcc.json"
    arguments = ("--dataset", few_songs, "--output", output, "--workers", 1)
    runs = [start("preprocess", *arguments) for _ in range(2)]
    for process in runs:
        status, out, err = end(process)
        assert (status, err) == (0, "")
        assert out.startswith("2 tracks of 2 genres")
    assert len(segment_file.read(output).tracks) == 2
    assert list(output.parent.iterdir()) == [output]


# mlp.py


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data") / "mfcc.json"
    segment_file.write(made_up_segments([100] * 4), path)
    return path


def test_training_ends_with_a_line(data, output):
    arguments = ("--data", data, "--output", output.parent)
    process = start("mlp", *arguments, "--epochs", 10**6, "--learning-rate", 1e-5)
    for line in process.stderr:
        if "val_loss" in line:
            break
    press_ctrl_c(process)
    status, out, err = end(process)
    assert (status, out) == (130, "")
    assert err.splitlines()[-1] == "mlp.py: interrupted"
    assert "Traceback" not in err
    assert_untouched(output)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


LINEAR = ("--architecture", "linear", "--epochs", "1")


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory) -> tuple[Path, fit.Trained]:
    """A network's folder, and another run that can be saved in its place."""
    runs, train = [], fit.fit

    def remembered(*arguments: object, **options: object) -> fit.Trained:
        runs.append(train(*arguments, **options))
        return runs[-1]

    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fit, "fit", remembered)
        for seed in (1, 2):
            place = ["--data", f"{data}", "--output", f"{folder / str(seed)}"]
            assert mlp.main([*place, "--seed", f"{seed}", *LINEAR]) == 0
    return folder / "1", runs[1]


@pytest.fixture
def earlier(trained, tmp_path, monkeypatch) -> Path:
    """An earlier network, which must survive; the next training is done in no time."""
    monkeypatch.setattr(fit, "fit", lambda *_, **__: trained[1])
    return Path(shutil.copytree(trained[0], tmp_path / "output" / "mlp"))


FULL = OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        ("genre.model.onnx_file.export", FULL),
        ("genre.splits.split_file.write", KeyboardInterrupt),
    ],
)
def test_a_network_is_saved_whole_or_not_at_all(step, fault, data, earlier, run, monkeypatch):
    before = contents(earlier)
    monkeypatch.setattr(step, raising(fault))
    ended = run(mlp, "--data", data, "--output", earlier, *LINEAR, "--seed", 2)
    assert ended.status == (130 if fault is KeyboardInterrupt else 2)
    assert contents(earlier) == before
    assert list(earlier.parent.iterdir()) == [earlier]


def test_a_fault_in_drawing_leaves_the_network_and_no_picture_of_an_earlier_one(
    data, earlier, run, monkeypatch
):
    before = contents(earlier)
    monkeypatch.setattr("genre.reporting.figures.roc", raising(FULL))
    assert run(mlp, "--data", data, "--output", earlier, *LINEAR, "--seed", 2).status == 2
    assert card.read(earlier).training["seed"] == 2
    after = contents(earlier)
    assert all(after[name] != before[name] for name in after if name.endswith(".png"))


def raising(fault: BaseException | type[BaseException]) -> Callable:
    def fail(*_: object, **__: object) -> None:
        raise fault

    return fail


# predict.py


def test_prediction_ends_with_a_line_and_keeps_what_it_has(songs, network):
    process = start("predict", "--model", network, "--input", songs, "--format", "csv")
    lines = [process.stdout.readline() for _ in range(3)]
    press_ctrl_c(process)
    status, out, err = end(process)
    assert (status, err) == (130, "predict.py: interrupted\n")
    header, *rows = csv.reader(io.StringIO("".join(lines) + out))
    assert len(rows) >= 2
    assert all(len(row) == len(header) for row in rows)
    assert [row[0] for row in rows] == [
        f"{songs}/jazz/{number:04}.wav" for number in range(len(rows))
    ]


def test_prediction_whose_reader_has_enough_ends(songs, network):
    process = start("predict", "--model", network, "--input", songs, "--format", "csv")
    process.stdout.readline()
    process.stdout.close()
    process.wait(LIMIT)
    assert (process.returncode, process.stderr.read()) == (141, "")
    wait_until(lambda: not session(process.pid))


# A limit of the file size stands in for a disk that is full


@contextlib.contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("suffix", [".json", ".h5"])
def test_a_segment_file_that_finds_no_room(suffix, few_songs, run, tmp_path):
    output = tmp_path / "output" / f"mfcc{suffix}"
    output.parent.mkdir()
    output.write_text("an earlier output")
    with file_size_limit(5000):
        ended = run(preprocess, "--dataset", few_songs, "--output", output, "--workers", 1)
    line = refusal(ended)
    assert str(output) in line
    assert "File too large" in line
    assert_untouched(output)


def test_predictions_that_find_no_room(network, few_songs, run, tmp_path):
    songs = [shutil.copytree(few_songs / "jazz", tmp_path / f"{number}") for number in range(5)]
    with file_size_limit(400):  # bytes; holds some of the rows
        ended = run(predict, "--model", network, "--format", "csv", "--input", *songs)
    assert ended.status == 2
    (line,) = ended.err.splitlines()
    assert line.startswith("predict.py: ")
    assert "File too large" in line
    assert ended.out.startswith("song,genre,")


def test_a_report_that_finds_no_room(few_songs, tmp_path):
    output = tmp_path / "mfcc.json"
    command = [sys.executable, ROOT / "preprocess.py", "--dataset", few_songs, "--output", output]
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=LIMIT
        )
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert line.startswith("preprocess.py: ")
    assert "No space left" in line
    assert len(segment_file.read(output).tracks) == 2
