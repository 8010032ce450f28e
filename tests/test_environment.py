"""Nothing that the environment holds changes a result, and no note of C code is in the way."""

import filecmp
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers import ROOT

import explore
import predict
import preprocess

HOSTILE = {
    "KERAS_BACKEND": "jax",
    "KERAS_MAX_EPOCHS": "1",
    "LIBROSA_CACHE_DIR": "/dev/null/librosa",
    "LOKY_MAX_CPU_COUNT": "all",
    "MATPLOTLIBRC": "/dev/null/matplotlibrc",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "MPLCONFIGDIR": "/dev/null/matplotlib",
    "NUMBA_CACHE_DIR": "/dev/null/numba",
    "NUMBA_DISABLE_JIT": "1",
    "PYTHONWARNINGS": "error",
    "SCIPY_ARRAY_API": "1",
    "TF_USE_LEGACY_KERAS": "1",
    "TQDM_NCOLS": "wide",
}

ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}


def python(code: str, **environment: str) -> str:
    """Return what code prints, run from the project's folder in an environment."""
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_kerass_settings_are_the_suites_whatever_the_home_says(tmp_path):
    (tmp_path / ".keras").mkdir()
    settings = {"backend": "theano", "floatx": "float16", "image_data_format": "channels_first"}
    (tmp_path / ".keras" / "keras.json").write_text(json.dumps(settings | {"epsilon": 1.0}))
    shown = python(
        """\
from genre import environment
environment.prepare()
from keras import config
print(config.backend(), config.floatx(), config.image_data_format(), config.epsilon())
print(config.max_epochs())
""",
        HOME=str(tmp_path),
        **HOSTILE,
    )
    assert shown.splitlines() == ["tensorflow float32 channels_last 1e-07", "None"]


def test_pictures_are_drawn_whatever_backend_is_set():
    draw = """\
from genre import environment
environment.prepare()
import matplotlib.pyplot
print(matplotlib.get_backend(), matplotlib.rcParams["figure.dpi"])
"""
    assert python(draw, HOME="/dev/null", **HOSTILE).split() == ["Agg", "100.0"]


@pytest.mark.parametrize("first", ["", "environment.prepare()"])
def test_nothing_is_left_in_the_home_and_no_report_is_sent(first, tmp_path):
    """ONNX Runtime keeps its reports in the home until they are sent."""
    load = f"""\
from genre import environment
{first}
from genre.features import front_end, musicnn
front_end.verify(musicnn.DESCRIPTION)
"""
    python(load, HOME=str(tmp_path), XDG_CACHE_HOME=str(tmp_path), CI="")
    assert not list(tmp_path.iterdir())


def test_the_number_of_processes_is_that_of_the_cores_whatever_is_set():
    count = """\
from genre import environment, executor
environment.prepare()
print(executor.cores() >= 1)
"""
    assert python(count, **HOSTILE) == "True\n"


def test_warnings_are_shown_as_python_does_by_default_and_are_no_errors():
    code = """\
import sys, warnings
from genre import environment
environment.prepare()
sys.stderr = sys.stdout
warnings.warn("for people", UserWarning)
warnings.warn("for developers", DeprecationWarning)
"""
    shown = python(code, PYTHONWARNINGS="error")
    assert "for people" in shown and "for developers" not in shown


def test_what_a_process_may_use_of_the_machine_is_left_alone():
    show = """\
import os
from genre import environment
environment.prepare()
print(*map(os.environ.get, ("TF_GPU_ALLOCATOR", "OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")))
"""
    given = {"TF_GPU_ALLOCATOR": "3", "OMP_NUM_THREADS": "4", "TF_NUM_INTRAOP_THREADS": "1"}
    assert python(show, **given) == "3 4 None\n"


@pytest.mark.skipif(os.name != "posix", reason="names do not depend on the locale")
def test_names_are_the_same_under_every_locale(tmp_path, corpus):
    listed = "path,genre\n"
    for number, genre in enumerate(("mód", "jazz")):
        song = tmp_path / genre / "ö.wav"
        song.parent.mkdir()
        shutil.copy(corpus / "blues" / f"blues.0000{number}.wav", song)
        listed += f"{genre}/ö.wav,{genre}\n"
    (tmp_path / "list.csv").write_text(listed, encoding="utf-8")
    files = []
    for name, locale in (("utf8", {"PYTHONUTF8": "1"}), ("ascii", ASCII)):
        files.append(tmp_path / f"{name}.json")
        arguments = ("--tracks", tmp_path / "list.csv", "--output", files[-1], "--workers", "1")
        subprocess.run(
            [sys.executable, ROOT / "preprocess.py", *arguments],
            env=os.environ | locale,
            check=True,
            timeout=120,
        )
    assert json.loads(files[1].read_text(encoding="utf-8"))["tracks"] == ["jazz/ö.wav", "mód/ö.wav"]
    assert filecmp.cmp(*files, shallow=False)


@pytest.mark.skipif(os.name != "posix", reason="no such permissions")
def test_a_folder_that_others_can_write_to_holds_no_caches(tmp_path):
    show = "from genre import environment; print(environment._folder())"
    own = Path(python(show, TMPDIR=str(tmp_path)).strip())
    assert own.parent == tmp_path
    assert own.stat().st_mode & 0o777 == 0o700
    assert Path(python(show, TMPDIR=str(tmp_path)).strip()) == own
    own.chmod(0o777)
    assert Path(python(show, TMPDIR=str(tmp_path)).strip()) != own


def test_without_a_folder_for_temporary_files_only_librosa_is_missed(tmp_path):
    prepare = """\
import tempfile
def nowhere(): raise FileNotFoundError(2, "No usable temporary directory found")
tempfile._get_default_tempdir = nowhere
from genre import environment
from genre.errors import FeatureError
environment.prepare()
try: environment.load_librosa()
except FeatureError as error: print(error)
"""
    assert python(prepare) == "librosa needs a folder for its cache: let TMPDIR name one\n"


def test_threads_leave_the_number_of_blas_threads_as_it_was():
    code = """\
import threading, numpy, threadpoolctl
from genre.environment import one_thread
controller = threadpoolctl.ThreadpoolController()
def number(): return {each["num_threads"] for each in threadpoolctl.threadpool_info()}
first, second, left = threading.Event(), threading.Event(), threading.Event()
def enters_first():
    with one_thread(controller):
        first.set(); second.wait(9)
    left.set()
def leaves_last():
    first.wait(9)
    with one_thread(controller):
        second.set(); left.wait(9)
        print(number())
before = number()
threads = [threading.Thread(target=each) for each in (enters_first, leaves_last)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(number() == before)
"""
    assert python(code) == "{1}\nTrue\n"


def test_one_process_at_a_time_fills_numbas_cache(tmp_path):
    """With a librosa whose loading takes a while, and says when it begins and ends."""
    for module in ("core/audio", "core/pitch", "effects", "feature", "util/utils"):
        path = tmp_path / "librosa" / f"{module}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        (path.parent / "__init__.py").write_text("")
    log = tmp_path / "log"
    (tmp_path / "librosa" / "__init__.py").write_text(f"""\
import os, time
for word in ("begin", "end"):
    with open({str(log)!r}, "a") as file:
        print(word, os.environ["NUMBA_CACHE_DIR"], file=file)
    time.sleep(0.3)
""")
    load = "from genre import environment; environment.load_librosa()"
    environ = os.environ | {"PYTHONPATH": str(tmp_path), "TMPDIR": str(tmp_path)}
    processes = [
        subprocess.Popen([sys.executable, "-c", load], cwd=ROOT, env=environ) for _ in range(3)
    ]
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0]
    words, folders = zip(*map(str.split, log.read_text().splitlines()), strict=True)
    assert words == ("begin", "end") * 3
    assert len(set(folders)) == 1
    assert Path(folders[0]).is_relative_to(tmp_path)


def test_c_code_is_muted_only_for_a_while():
    code = """\
import os, threading
from genre.environment import muted, prepare
def write(text):
    os.write(2, text.encode() + b"\\n")
with muted():
    write("before")  # in another's process, whose threads may write, nothing is muted
prepare()
with muted():
    write("within")
    with muted():  # as another thread may
        write("further within")
    write("still within")
write("after")
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert ended.stderr.split() == ["before", "after"]


def test_where_stderr_is_closed_the_file_in_its_place_is_not_muted():
    code = f"from genre import environment\nfile = open({__file__!r})\n"
    code += "environment.prepare()\n"
    code += "with environment.muted(): print(file.fileno(), len(file.read()) > 0)"
    command = f'exec "{sys.executable}" -c "{code}" 2>&-'
    ended = subprocess.run(command, shell=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert ended.stdout == "2 True\n"


def taken(folder: Path) -> dict[str, bytes]:
    """Return the files in a folder with their bytes, and remove the folder."""
    found = {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}
    shutil.rmtree(folder, ignore_errors=True)
    return found


def test_scripts_give_the_same_whatever_the_environment_holds(corpus, network, run, tmp_path):
    """In this process alone, and in processes of a hostile environment."""
    hostile = {"HOME": "/dev/null", "COLUMNS": "1", "LC_ALL": "C", "PYTHONHASHSEED": "7"}
    hostile |= {
        "PYTHONIOENCODING": "ascii",
        "PYTHONOPTIMIZE": "2",
        "OMP_NUM_THREADS": "3",
    } | HOSTILE
    song, output = corpus / "jazz" / "jazz.00000.wav", tmp_path / "output"
    chroma = ("--feature", "chroma_stft", "--limit", 1, "--output", output / "chroma.json")
    one, two = ("--workers", 1), ("--workers", 2)
    for script, arguments, here, there, files in (
        (preprocess, ("--dataset", corpus, *chroma), one, two, ["chroma.json"]),
        (predict, ("--model", network, "--input", song.parent, "--format", "csv"), one, one, []),
        (explore, (song, "--output", output), (), (), ["jazz.00000.png"]),
    ):
        calm = run(script, *arguments, *here)
        assert (calm.status, calm.err) == (0, "")
        written = taken(output)
        command = [sys.executable, ROOT / f"{script.__name__}.py", *map(str, (*arguments, *there))]
        ended = subprocess.run(
            command, env=os.environ | hostile, capture_output=True, text=True, timeout=120
        )
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, calm.out, "")
        assert taken(output) == written
        assert list(written) == files
