"""What the genre classification scripts share, one subject a module."""

import sys
from pathlib import Path


def _say_interrupted(kind, error, trace) -> None:
    """Show no traceback for Ctrl-C while modules still load, before `cli.run` takes over."""
    if issubclass(kind, KeyboardInterrupt):
        print(f"{Path(sys.argv[0]).name}: interrupted", file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _say_interrupted
