"""What every script's command line does alike."""

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from helpers import ROOT, refusal

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
SCRIPTS = sorted(path.stem for path in ROOT.glob("*.py") if path.stem != "config")
NO_DEFAULT = ("--folds", "--fma", "--msd", "--cluster")  # ways to work that are asked for
NEEDED = {"evaluate": ("--model", "--data"), "similar": ("--library", "--input", "--path")}


def options(text: str) -> Iterator[str]:
    """Yield what a help text says of each option that takes a value, in one line."""
    for part in re.split(r"\n  (?=-)", text):
        if re.match(r"--[a-z0-9-]+ [A-Z{\[]", part):
            yield " ".join(part.split())


@pytest.mark.parametrize("script", SCRIPTS)
def test_help_says_the_defaults_and_loads_nothing_slow(script):
    command = [sys.executable, "-c", SHOW_HELP, f"{script}.py"]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert ended.stderr == ""
    text, _, last_line = ended.stdout.rstrip().rpartition("\n")
    assert json.loads(last_line) == [0, []]
    assert text.startswith(f"usage: {script}.py")
    assert f"    python {script}.py" in text  # an example that can be copied
    without = NO_DEFAULT + NEEDED.get(script, ())
    assert [
        option
        for option in options(text)
        if "(default: " not in option and not option.startswith(without)
    ] == []


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
        (OSError("it broke"), "script.py: it broke; --debug shows where"),
        (OSError(28, "No space left on device"), "script.py: No space left on device"),
        (MemoryError(), "script.py: out of memory"),
        (
            ImportError("libx.so.1: cannot open\nshared object"),
            "script.py: libx.so.1: cannot open; pip install --requirement requirements.txt may "
            "help",
        ),
    ],
)
def test_what_the_user_caused_is_one_line(error, line, run):
    assert refusal(run(raising(error))) == line


def test_an_interrupted_script_says_so(run):
    assert run(raising(KeyboardInterrupt())) == (130, "", "script.py: interrupted\n")


@pytest.mark.parametrize(
    "error", [ZeroDivisionError(), ImportError("no name x in genre.y", name="genre.y")]
)
def test_a_defect_keeps_its_traceback(error, run):
    with pytest.raises(type(error)):
        run(raising(error))


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


def test_debug_shows_the_traceback_of_an_error():
    open_missing = "import sys; sys.argv.append('--debug'); open('missing')"
    ended = run_script(open_missing)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Traceback")
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
