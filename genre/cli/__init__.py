"""What all scripts share: argument types, errors as one line, exit status."""

import argparse
import faulthandler
import io
import logging
import math
import os
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, TypeVar

import genre
from genre import environment
from genre.errors import GenreError, reason
from genre.files import printable

DONE, SOME_FAILED, NOTHING_DONE = 0, 1, 2
INTERRUPTED, BROKEN_PIPE, TERMINATED = 130, 141, 143  # 128 + the signal's number, as in shells

DEBUG = "--debug"
ERRORS = (GenreError, OSError, ImportError, MemoryError)  # that a user can cause

Value = TypeVar("Value")
Number = TypeVar("Number", int, float)


def number(
    kind: Callable[[str], Number], what: str, allowed: Callable[[Number], bool]
) -> Callable[[str], Number]:
    """Return a reader of arguments that are allowed numbers of a kind, int or float."""

    def read(text: str) -> Number:
        with suppress(ValueError):
            value = kind(text)
            if allowed(value):
                return value
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}")

    return read


def whole_number(least: int, most: int = 2**31) -> Callable[[str], int]:
    """Return a reader of arguments that are whole numbers from `least` to `most`."""
    what = f"a whole number from {least} to {most}"
    return number(int, what, lambda value: least <= value <= most)


count = whole_number(1)
seed = whole_number(0)
positive_float = number(float, "a number above 0", lambda value: 0 < value < math.inf)
from_zero = number(float, "a number of 0 or more", lambda value: 0 <= value < math.inf)
share = number(float, "a number from 0 to below 1", lambda value: 0 <= value < 1)


def path_ending_in(*suffixes: str) -> Callable[[str], Path]:
    """Return a reader of arguments that are paths with one of these suffixes."""
    what = f"one of {', '.join(suffixes)}" if len(suffixes) > 1 else suffixes[0]

    def read(text: str) -> Path:
        if Path(text).suffix not in suffixes:
            raise argparse.ArgumentTypeError(f"{text!r} does not end in {what}")
        return Path(text)

    return read


def checked(read: Callable[[str], Value]) -> Callable[[str], Value]:
    """Return a reader of arguments from a function of the library: its errors become argparse's."""

    def read_argument(text: str) -> Value:
        try:
            return read(text)
        except GenreError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read_argument


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser that shows the script's docstring unchanged."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=genre.__version__)
    parser.add_argument(
        DEBUG, action="store_true", help="show the traceback of an error (default: one line)"
    )
    return parser


def add_worker_arguments(
    parser: argparse.ArgumentParser, verb: str, *, workers: int | None = None
) -> None:
    """Add the options that say where a script's work runs; `verb` names it: "predict"."""
    parser.add_argument(
        "--workers",
        type=count,
        metavar="N",
        default=workers,
        help=f"processes that {verb} at the same time (default: {workers or 'one for each core'})",
    )
    parser.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help=f"{verb} on the workers of the Dask scheduler at this address (default: here)",
    )


def command(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> str:
    """Return the command line as it was typed; `argv` None means that of this process."""
    words = sys.argv[1:] if argv is None else argv
    return printable(shlex.join(["python", parser.prog, *words]))


def say(*lines: str) -> None:
    """Print progress, or problems, to stderr, above a progress bar if there is one."""
    for line in lines:
        if "tqdm" in sys.modules:
            from tqdm import tqdm

            tqdm.write(line, file=sys.stderr)
            sys.stderr.flush()
        else:
            print(line, file=sys.stderr, flush=True)


def run(main: Callable[[], int]) -> NoReturn:
    """Run a script's `main` and exit with its status; an error of the user's becomes one line."""
    environment.use_utf8()
    script = Path(sys.argv[0]).name
    signal.signal(signal.SIGTERM, _raise_terminated)
    _open_streams()
    _show_log()
    try:
        environment.prepare()
        sys.exit(main())
    except BrokenPipeError:  # the program that read our output has ended, such as head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(BROKEN_PIPE)
    except ERRORS as error:
        if DEBUG in sys.argv or _is_defect(error):
            raise
        first, *more = lines_of(error)
        say(f"{script}: {first}", *more)
    except KeyboardInterrupt:
        say(f"{script}: interrupted")
        sys.exit(INTERRUPTED)
    except Terminated:
        say(f"{script}: terminated")
        sys.exit(TERMINATED)
    sys.exit(NOTHING_DONE)


def _is_defect(error: Exception) -> bool:
    """Say whether an error is our own: a module of ours lacks what another one imports."""
    return isinstance(error, ImportError) and (error.name or "").split(".")[0] == "genre"


def lines_of(error: Exception) -> list[str]:
    """Return what the user reads of an error: one line, and more for some of our own."""
    if isinstance(error, GenreError):
        return [printable(line) for line in error.args]
    if isinstance(error, ImportError):
        return [f"{reason(error)}; pip install --requirement requirements.txt may help"]
    if isinstance(error, MemoryError):
        return [": ".join(["out of memory", *map(str, error.args)])]
    if isinstance(error, OSError) and error.strerror:
        where = [os.fsdecode(error.filename)] if error.filename else []
        return [printable(": ".join([*where, error.strerror]))]
    return [printable(f"{reason(error)}; {DEBUG} shows where")]  # a library's, without a file


class Terminated(BaseException):
    """SIGTERM came. Like KeyboardInterrupt, `except Exception` does not catch it."""


def _raise_terminated(_signal: int, _frame: object) -> NoReturn:
    threading.excepthook = lambda _: None  # threads may fail while the process ends
    raise Terminated


def _open_streams() -> None:
    """Make stdout and stderr accept any text, and give stderr a descriptor that is never muted.

    If a C library crashes, the stack is written there, even while `environment.muted` mutes
    descriptor 2. In files and pipes stdout is UTF-8 in every locale, for the programs that read it.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass  # keep it open: it took the place of a closed stream, where no other file must be
    os.close(descriptor)
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace")
    faulthandler.enable(sys.stderr)
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    encoding = None if sys.stdout.isatty() else "utf-8"
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding=encoding, errors="backslashreplace")


def _show_log() -> None:
    """Show the library's progress and warnings as lines on stderr."""
    log = logging.getLogger("genre")
    log.setLevel(logging.INFO)
    log.handlers = [_Lines()]


class _Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        say(record.getMessage())
