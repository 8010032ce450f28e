"""Work in processes: in order, within bounds, and ended when nobody wants it."""

import itertools
import subprocess
import sys
import time

import pytest
from helpers import ROOT

from genre import executor

LIMIT = 120  # s; all the work that is not to be done would take longer

# Each time in an interpreter of its own, which can be killed.
SCRIPT = """\
import multiprocessing, os, signal, subprocess, sys, time
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

def crashes(item):
    os.kill(os.getpid(), signal.SIGSEGV)

def threads(item):
    import numpy, threadpoolctl
    return {{each["num_threads"] for each in threadpoolctl.threadpool_info()}}

def raises(item):
    raise ValueError(item)

def says_its_id(item):
    os.write(2, f"{{os.getpid()}}\\n".encode())
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


def test_a_process_that_dies_of_an_item_costs_that_item_alone():
    body = """\
with executor.opened(workers=2) as pool:
    for result in executor.ordered(pool, partial(dies, at=3), range(9), unable=str):
        print(result)"""
    status, out, err = script(body)
    assert (status, err) == (0, "")
    *results, last = out.splitlines()
    assert results.pop(3).startswith("a worker process died (exit status 1)")
    assert [*results, last] == [str(number) for number in range(9) if number != 3]


def test_a_crash_is_named_by_its_signal():
    body = """\
with executor.opened(workers=2) as pool:
    print(*executor.ordered(pool, crashes, range(1), unable=str))"""
    status, out, err = script(body)
    assert status == 0
    assert "died (SIGSEGV)" in out
    assert "in crashes" in err  # the stack, from faulthandler


def test_a_daemon_process_can_have_workers():
    body = """\
daemon = multiprocessing.Process(target=lambda: print(*map_all(double, range(3))), daemon=True)
daemon.start()
daemon.join()"""
    assert script(body) == (0, "0 2 4\n", "")


def test_a_script_without_a_main_guard_can_have_workers(tmp_path):
    (tmp_path / "script.py").write_text(f"""\
import sys
sys.path.insert(0, {str(ROOT)!r})
from genre import executor
def double(item):
    return 2 * item
with executor.opened(workers=2) as pool:
    print(*executor.ordered(pool, double, range(3)))
""")
    ended = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT
    )
    assert (ended.stdout, ended.stderr) == ("0 2 4\n", "")


@pytest.mark.parametrize("flags", [["-P"], ["-I"], ["-E"], ["-X", "utf8=0"]])
def test_workers_find_what_their_parent_finds_however_python_was_started(flags):
    python, *rest = command("print(*map_all(double, range(3)))")
    ended = subprocess.run([python, *flags, *rest], capture_output=True, text=True, timeout=LIMIT)
    assert (ended.stdout, ended.stderr) == ("0 2 4\n", "")


def test_processes_that_cannot_be_started_are_one_line():
    body = """\
sys.executable = "/bin/false"
list(map_all(double, range(9)))"""
    status, out, err = script(body)
    assert (status, out) == (2, "")
    assert err == (
        "-c: worker processes cannot be started (exit status 1); one worker works without\n"
    )


def test_a_worker_has_one_core():
    body = "print(*map_all(threads, range(1)))"
    assert script(body) == (0, "{1}\n", "")


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
    with subprocess.Popen(command(body), stderr=subprocess.PIPE, text=True) as parent:
        workers = [int(parent.stderr.readline()) for _ in range(2)]
        parent.kill()
        parent.stderr.read()  # ends when the last of them has closed it
    assert not any(alive(pid) for pid in workers)


def alive(pid: int) -> bool:
    """Say whether a process runs, for a second at most of one that is about to end."""
    for _ in range(20):
        ended = subprocess.run(
            ["ps", "-o", "stat=", "-p", f"{pid}"], capture_output=True, text=True
        )
        if not ended.stdout or ended.stdout.startswith("Z"):  # "ZN" if its priority is low
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
