"""Tell a function's peak memory, in a process of its own, above that of its imports (on Linux).

The first process calls the function. The second does nothing but import all that the first had
imported in the end, lazily or not. Both read their peak from the kernel (VmHWM), which counts from
the program's start; what os.wait4 tells would count the memory of the process that starts them.
"""

import contextlib
import importlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks import measure

MEBIBYTE = 1024  # of the kernel's kB


class Peak(NamedTuple):
    """Peak memory in MiB."""

    imports: float  # of a process with the same imports
    above: float  # what the function's process needs more


def above_imports(module: str, function: str, *arguments: object) -> Peak:
    """Measure a module's function of a list of strings, as a script's `main` is.

    Raises GenreError when it fails.
    """
    called = measure.answer("-m", "benchmarks.peak", module, function, *arguments)
    modules = json.dumps(called["modules"])  # too many for a command line
    imports = measure.answer("-m", "benchmarks.peak", question=modules)["peak"] / MEBIBYTE
    return Peak(imports, called["peak"] / MEBIBYTE - imports)


def so_far() -> int:
    """Return this process's peak memory so far, in the kernel's kB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise OSError("the kernel does not tell a process's peak memory")


def call(module: str, function: str, arguments: Sequence[str]) -> None:
    """Call the function and print this process's peak and its modules."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        getattr(importlib.import_module(module), function)(list(arguments))
    print(json.dumps({"peak": so_far(), "modules": loaded()}))


def loaded() -> list[str]:
    """Return the names of this process's modules, less those that wait for their first use."""
    waiting = "_LazyModule"  # importlib's, which becomes an ordinary module when it is loaded
    return [name for name, module in sys.modules.items() if type(module).__name__ != waiting]


def import_all(modules: Sequence[str]) -> None:
    """Import modules by name, those that can be, and print the peak."""
    for name in modules:
        with contextlib.suppress(Exception):  # some exist only inside others
            importlib.import_module(name)
    print(json.dumps({"peak": so_far()}))


if __name__ == "__main__":
    if sys.argv[1:]:
        call(sys.argv[1], sys.argv[2], sys.argv[3:])
    else:
        import_all(json.load(sys.stdin))
