"""What the scripts' command lines share: argument types, errors as one line, exit status."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from genre.errors import GenreError

DONE, SOME_FAILED, NOTHING_DONE, INTERRUPTED = 0, 1, 2, 130


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


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser that shows the script's docstring as it stands; help texts say defaults."""
    return argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def say(message: str) -> None:
    """Print a line to stderr, where progress and problems go."""
    print(message, file=sys.stderr, flush=True)


def run(main: Callable[[], int]) -> NoReturn:
    """Run a script's `main` and exit with its status; what the user caused becomes one line."""
    script = Path(sys.argv[0]).name
    try:
        sys.exit(main())
    except GenreError as error:
        say(f"{script}: {error}")
    except OSError as error:
        say(f"{script}: {error.filename or 'input or output'}: {error.strerror or error}")
    except KeyboardInterrupt:
        say(f"{script}: interrupted")
        sys.exit(INTERRUPTED)
    sys.exit(NOTHING_DONE)
