"""Memory that is freed stays with the process, where glibc would give it back."""

import platform
import subprocess
import sys

import pytest
from helpers import ROOT

# Prints how many pages the system hands out when 64 MiB are asked for once more.
ASK_AGAIN = """\
import resource
from genre.environment import keep_freed_memory
{first}
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
bytearray(2**26)
before = faults()
bytearray(2**26)
print(faults() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
@pytest.mark.parametrize(("first", "asks_again"), [("", True), ("keep_freed_memory()", False)])
def test_what_is_freed_is_used_again(first, asks_again):
    command = [sys.executable, "-c", ASK_AGAIN.format(first=first)]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert (int(ended.stdout) > 16) == asks_again  # 64 MiB are 32 of the largest pages
