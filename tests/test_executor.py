"""Work in processes: in order, within bounds, and ended when nobody wants it."""

import itertools
import subprocess
import sys
import time

import pytest
from helpers import ROOT

from genre import executor

LIMIT = 120  # s; all the work that is not to be done would take longer

# Each time in a fresh interpreter: to fork this one with its libraries is not safe.
SCRIPT = """\
import os, signal, subprocess, sys, time
from functools import partial
sys.path.insert(0, {root!r})
from genre import cli, executor

def double(item):
    return 2 * item

def slow(item):
    time.sleep(0.2)
    return item

def dies(item, at):
    if item == at:
        os._exit(1)
    return item

def killed_amid_an_answer(item):
    # The parent is stopped, so it reads nothing; what is larger than a pipe holds waits.
    then = f"sleep 1; kill -KILL {{os.getpid()}}; kill -CONT {{os.getppid()}}"
    os.kill(os.getppid(), signal.SIGSTOP)
    subprocess.Popen(["sh", "-c", then], start_new_session=True)
    return bytes(10_000_000)

def raises(item):
    raise ValueError(item)

def says_its_id(item):
    os.write(1, f"{{os.getpid()}}\\n".encode())
    time.sleep(600)

def map_all(function, items, workers=2):
    with executor.opened(workers=workers) as pool:
        yield from executor.ordered(pool, function, items)

def main():
    {body}
    return 0

if __name__ == "__main__":
    cli.run(main)
"""


def script(body: str) -> tuple[int, str, str]:
    """Run a script's body; return its status, stdout and stderr.

    subprocess.TimeoutExpired is raised for one that waits for what never comes, or for all work.
    """
    ended = subprocess.run(command(body), capture_output=True, text=True, timeout=LIMIT)
    return ended.returncode, ended.stdout, ended.stderr


def command(body: str) -> list[str]:
    lines = "\n    ".join(body.strip().splitlines())
    return [sys.executable, "-c", SCRIPT.format(root=str(ROOT), body=lines)]


@pytest.mark.parametrize("workers", [1, 3])
def test_results_come_in_order(workers):
    status, out, err = script(f"print(list(map_all(double, range(50), {workers})))")
    assert (status, out, err) == (0, f"{[2 * item for item in range(50)]}\n", "")


def test_a_process_that_dies_ends_the_run_in_a_line():
    status, out, err = script("list(map_all(partial(dies, at=13), range(50)))")
    assert (status, out) == (2, "")
    (line,) = err.splitlines()
    assert "a worker process died" in line


def test_a_process_that_is_killed_amid_an_answer_is_not_waited_for():
    status, out, err = script("list(map_all(killed_amid_an_answer, range(1)))")
    assert (status, out) == (2, "")
    assert err.startswith("-c: a worker process died")


def test_what_a_process_raises_is_raised_and_says_where():
    status, _, err = script("list(map_all(raises, range(50)))")
    assert status == 1
    assert "in raises" in err
    assert err.rstrip().endswith("ValueError: 0")


@pytest.mark.parametrize(
    "stop",
    ["raise KeyboardInterrupt", "os.kill(os.getpid(), 2); time.sleep(600)", "return 130"],
)
def test_a_consumer_that_stops_does_not_wait_for_all_the_work(stop):
    body = f"""\
for item in map_all(slow, range(10_000)):
    {stop}"""
    status, _, err = script(body)
    assert status == 130
    assert err in ("-c: interrupted\n", "")


def test_processes_do_not_outlive_their_parent():
    body = "list(map_all(says_its_id, range(2)))"
    with subprocess.Popen(command(body), stdout=subprocess.PIPE, text=True) as parent:
        workers = [int(parent.stdout.readline()) for _ in range(2)]
        parent.kill()
        parent.stdout.read()  # ends when the last of them has closed it
    assert not any(alive(pid) for pid in workers)


def alive(pid: int) -> bool:
    """Say whether a process runs, for a second at most of one that is about to end."""
    for _ in range(20):
        ended = subprocess.run(
            ["ps", "-o", "stat=", "-p", f"{pid}"], capture_output=True, text=True
        )
        if ended.stdout.strip() in ("", "Z"):
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("workers", [1, 2])
def test_items_are_taken_only_as_far_ahead_as_keeps_the_workers_busy(workers):
    drawn = itertools.count()
    with executor.opened(workers=workers) as pool:
        results = executor.ordered(pool, abs, drawn)
        assert [next(results) for _ in range(10)] == list(range(10))
        assert next(drawn) <= 10 + executor.AHEAD * workers
