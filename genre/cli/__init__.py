"""What the scripts' command lines share: argument types, errors as one line, exit status."""

import argparse
import os
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from genre.errors import GenreError
from genre.files import printable

DONE, SOME_FAILED, NOTHING_DONE = 0, 1, 2
INTERRUPTED, BROKEN_PIPE, TERMINATED = 130, 141, 143  # 128 + the signal, as shells say it


def whole_number(least: int, most: int = 2**31) -> Callable[[str], int]:
    """Return a reader of arguments that are whole numbers from `least` to `most`."""

    def read(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a whole number from {least} to {most}"
            )
        return int(text)

    return read


count = whole_number(1)
seed = whole_number(0)


def positive_float(text: str) -> float:
    """Read an argument that is a finite number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def share(text: str) -> float:
    """Read an argument that is a number from 0 to below 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to below 1")
    return value


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser that shows the script's docstring as it stands; help texts say defaults."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def command(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> str:
    """Return the command line as it was typed, None standing for this process's own."""
    words = sys.argv[1:] if argv is None else argv
    return printable(shlex.join(["python", parser.prog, *words]))


def say(message: str) -> None:
    """Print a line to stderr, where progress and problems go."""
    print(message, file=sys.stderr, flush=True)


def run(main: Callable[[], int]) -> NoReturn:
    """Run a script's `main` and exit with its status; what the user caused becomes one line."""
    script = Path(sys.argv[0]).name
    signal.signal(signal.SIGTERM, _raise_terminated)
    _mute_libraries()
    try:
        sys.exit(main())
    except GenreError as error:
        first, *more = map(printable, error.args)
        say("\n".join([f"{script}: {first}", *more]))
    except BrokenPipeError:  # whoever read our output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(BROKEN_PIPE)
    except OSError as error:
        reason = error.strerror or str(error).split("\n")[0]
        say(printable(f"{script}: {os.fsdecode(error.filename or 'input or output')}: {reason}"))
    except KeyboardInterrupt:
        say(f"{script}: interrupted")
        sys.exit(INTERRUPTED)
    except Terminated:
        say(f"{script}: terminated")
        sys.exit(TERMINATED)
    sys.exit(NOTHING_DONE)


class Terminated(BaseException):
    """SIGTERM came: like KeyboardInterrupt, it is let through by what catches Exception."""


def _raise_terminated(_signal: int, _frame: object) -> NoReturn:
    threading.excepthook = lambda _: None  # whatever a thread trips over while the run is ended
    raise Terminated


def _mute_libraries() -> None:
    """Let only Python write to stderr, not the C code of TensorFlow, mpg123 and others.

    No setting reaches all of their notes (https://github.com/tensorflow/tensorflow/issues/100442),
    and they would bury our one-line messages.
    """
    if sys.stderr is None:  # closed by whoever started us, as stdout may be
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115, open until the end
    else:
        sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace")
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.close(nowhere)
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    sys.stdout.reconfigure(errors="backslashreplace")  # any bytes can be a file's name
