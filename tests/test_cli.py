"""What every script's command line does alike."""

import argparse
import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from helpers import NETWORKS, ROOT, SCRIPTS, refusal

import config
from genre import cli
from genre.errors import FeatureError, GenreError

# Shows a script's help, then which of the packages that take long it has loaded.
SHOW_HELP = """\
import json, runpy, sys
script = sys.argv[1]
sys.argv = [script, "--help"]
try:
    runpy.run_path(script, run_name="__main__")
except SystemExit as ended:
    status = ended.code
slow = ("tensorflow.", "keras.", "sklearn.", "scipy.", "matplotlib.", "numba.", "librosa.core")
print(json.dumps([status, [name for name in sys.modules if name.startswith(slow)]]))
"""
TRAINING = (
    *(config.DATA_PATH, "track", config.EPOCHS, config.BATCH_SIZE, config.LEARNING_RATE),
    *("adam", "constant", "0.0", "no"),
    *("keep the best one at the end", "begin anew", "write none"),
)
DEFAULTS = {
    "preprocess": (
        *(
            config.DATASET_PATH,
            "the songs in genre folders",
            "small",
            "all",
            "output/FEATURE.json",
            config.FEATURE,
            config.SEGMENTS_PER_TRACK,
        ),
        *(config.N_FFT, config.HOP_LENGTH, config.N_MELS, "float32", "none", "one for each core"),
    ),
    "mlp": (*TRAINING, config.SEED, config.MLP_PATH, "train", "both"),
    "cnn": (
        *(*TRAINING, config.SEED, config.CNN_PATH, "train"),
        *("basic)", "basic) --block-at", "second", "0.3"),
    ),
    "lstm": (
        *(*TRAINING, config.SEED, config.LSTM_PATH, "train", "lstm)"),
        *("lstm; of crnn and parallel: gru", "no; of parallel: yes"),
        *("2; of parallel: 1", "64; of crnn: 32"),
    ),
    "baseline": (
        *(config.DATA_PATH, "--data names the genres itself", "small", "compare all"),
        *(config.BASELINE_PATH, "track", "1", config.SEED),
    ),
    "compare": (*TRAINING[:9], config.SEED, "mlp cnn lstm baseline", "1"),
    "predict": ("mean", "all"),
    "evaluate": ("score all tracks", "evaluation/"),
    "explore": (config.OUTPUT_PATH / "explore",),
}


def test_every_script_is_looked_at():
    scripts = {path.stem for path in ROOT.glob("*.py")} - {"config"}
    assert scripts == set(DEFAULTS)
    assert scripts > {*SCRIPTS, *NETWORKS}


@pytest.mark.parametrize("script", DEFAULTS)
def test_help_shows_defaults_and_loads_nothing_slow(script):
    command = [sys.executable, "-c", SHOW_HELP, f"{script}.py"]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert ended.stderr == ""
    text, _, last_line = ended.stdout.rstrip().rpartition("\n")
    assert json.loads(last_line) == [0, []]
    assert text.startswith(f"usage: {script}.py")
    assert f"    python {script}.py" in text  # an example that can be copied
    text = " ".join(text.split())
    for default in DEFAULTS[script]:
        assert f"(default: {default}" in text


def test_the_check_above_sees_a_package_that_is_loaded(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import matplotlib.figure\n")
    command = [sys.executable, "-c", "status = 0\n" + SHOW_HELP, script]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    _, loaded = json.loads(ended.stdout)
    assert "matplotlib.figure" in loaded


@pytest.mark.parametrize(
    ("read", "text"),
    [
        *((cli.count, text) for text in ("0", "-1", "1.5", "x", "", "1e3", "9" * 30)),
        *((cli.share, text) for text in ("1", "-0.1", "nan", "x")),
        *((cli.positive_float, text) for text in ("0", "nan", "inf", "")),
    ],
)
def test_numbers_that_are_not_allowed_are_refused(read, text):
    with pytest.raises(argparse.ArgumentTypeError, match=f"^{text!r} is not a"):
        read(text)


def test_an_error_of_the_librarys_becomes_argparses():
    def read(text):
        raise FeatureError(f"no feature {text}")

    with pytest.raises(argparse.ArgumentTypeError, match="no feature x"):
        cli.checked(read)("x")
    assert cli.checked(str.upper)("x") == "X"


def test_what_can_be_read_is_read():
    assert cli.count("1") == 1
    assert cli.count("100") == 100
    assert cli.seed("0") == 0
    assert cli.positive_float("1e-3") == 0.001
    assert cli.share("0") == 0
    assert cli.share("0.5") == 0.5


def raising(error: BaseException) -> SimpleNamespace:
    """Return a script whose main raises."""

    def main(argv):
        raise error

    return SimpleNamespace(__name__="script", main=main)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (GenreError("no songs"), "script.py: no songs"),
        (FileNotFoundError(2, "No such file", "a.wav"), "script.py: a.wav: No such file"),
        (OSError("it broke"), "script.py: it broke"),
        (OSError(28, "No space left on device"), "script.py: No space left on device"),
        (MemoryError(), "script.py: out of memory"),
        (
            ImportError("libx.so.1: cannot open\nshared object"),
            "script.py: libx.so.1: cannot open; pip install --requirement requirements.txt may "
            "mend it",
        ),
    ],
)
def test_what_the_user_caused_is_one_line(error, line, run):
    assert refusal(run(raising(error))) == line


def test_an_interrupted_script_says_so(run):
    assert run(raising(KeyboardInterrupt())) == (130, "", "script.py: interrupted\n")


def test_a_defect_keeps_its_traceback(run):
    with pytest.raises(ZeroDivisionError):
        run(raising(ZeroDivisionError()))


# In a process of its own: what `cli.run` does to the streams


def run_script(body: str, **options) -> subprocess.CompletedProcess:
    """Run a script whose main has a body."""
    lines = "\n    ".join(body.splitlines())
    code = f"from genre import cli\ndef main():\n    {lines}\ncli.run(main)"
    options = {"capture_output": True, "text": True, "encoding": "utf-8"} | options
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, **options)


def test_a_crash_of_c_code_leaves_its_stack_even_where_that_is_muted():
    ended = run_script("""\
import ctypes
from genre.environment import muted
with muted():
    ctypes.string_at(0)""")
    assert ended.returncode < 0
    assert "Segmentation fault" in ended.stderr
    assert "in main" in ended.stderr


def test_the_librarys_log_is_plain_lines_on_stderr_beside_a_progress_bar():
    ended = run_script("""\
import logging, sys
from tqdm import tqdm
log = logging.getLogger("genre.part")
log.debug("not shown")
log.info("first")
for _ in tqdm(range(2), file=sys.stderr):
    log.warning("beside %s", "a bar")""")
    assert (ended.returncode, ended.stdout) == (0, "")
    lines = ended.stderr.replace("\r", "\n").splitlines()
    assert lines[0] == "first"
    assert lines.count("beside a bar") == 2
    assert "not shown" not in ended.stderr


def test_in_files_and_pipes_stdout_is_utf8_whatever_the_locale():
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    ended = run_script("print('\\u00e9\\u266b')", env=environment)
    assert (ended.returncode, ended.stdout) == (0, "é♫\n")


def test_closed_streams_do_no_harm():
    """No file takes their descriptors, for C libraries write to these."""
    main = f"cli.say('x') or print('y') or open({__file__!r}).fileno()"
    code = f"from genre import cli; cli.run(lambda: {main})"
    command = f'exec "{sys.executable}" -c "{code}" <&- >&- 2>&-'
    assert subprocess.run(command, shell=True, cwd=ROOT).returncode > 2
