"""Work ahead in threads and processes: in order, within bounds, and ended when nobody wants it."""

import itertools
import subprocess
import sys
import threading
import time

import pytest
from helpers import ROOT

from genre import executor
from genre.errors import AudioError


def settled(count) -> int:
    """Return a count as soon as it stops growing."""
    before = -1
    while before != (now := count()):
        before = now
        time.sleep(0.3)
    return now


# Threads


def taken(items, pieces_of, workers: int) -> list:
    """Return every item with its pieces, an error in their place where one is raised."""
    result = []
    for item, pieces in executor.in_threads(items, pieces_of, workers=workers):
        try:
            result.append((item, list(pieces)))
        except Exception as error:
            result.append((item, repr(error)))
    return result


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("n_items", [0, 1, 2, 30])
def test_items_and_their_pieces_come_in_order(workers, n_items):
    def pieces_of(item):
        for piece in range(item % 7):
            time.sleep(0.001 * (n_items - item) / 10)  # the first take longest
            yield item, piece

    expected = [(item, [(item, piece) for piece in range(item % 7)]) for item in range(n_items)]
    assert taken(range(n_items), pieces_of, workers) == expected


def test_what_an_item_raises_is_raised_at_that_item_alone():
    def pieces_of(item):
        if item == 1:
            raise AudioError("is empty")
        yield item
        if item == 3:
            raise ValueError("in the middle")
        yield item

    assert taken(range(5), pieces_of, 2) == [
        (0, [0, 0]),
        (1, "AudioError('is empty')"),
        (2, [2, 2]),
        (3, "ValueError('in the middle')"),
        (4, [4, 4]),
    ]


def test_the_pieces_before_an_error_are_given():
    def pieces_of(item):
        yield from (1, 2, 3)
        raise AudioError("is cut off")

    _, pieces = next(songs := executor.in_threads(["song"], pieces_of, workers=1))
    assert [next(pieces) for _ in range(3)] == [1, 2, 3]
    with pytest.raises(AudioError, match="cut off"):
        next(pieces)
    assert list(songs) == []


def test_pieces_taken_too_late_are_refused_and_not_waited_for():
    ((_, pieces),) = executor.in_threads(["song"], lambda _: range(100), workers=1)
    with pytest.raises(RuntimeError, match="the next item was taken"):
        list(pieces)


def test_a_function_that_returns_no_generator_raises_at_its_item_too():
    def pieces_of(item):
        if item == 1:
            raise AudioError("is empty")
        return [item]

    assert taken(range(3), pieces_of, 2) == [(0, [0]), (1, "AudioError('is empty')"), (2, [2])]


def test_threads_do_not_run_ahead_of_the_consumer():
    drawn, made = itertools.count(), []
    workers = 3

    def pieces_of(item):
        for piece in itertools.count():
            made.append((item, piece))
            yield piece

    pairs = executor.in_threads(drawn, pieces_of, workers=workers)
    _, pieces = next(pairs)
    next(pieces)
    n_made = settled(lambda: len(made))
    assert n_made <= (workers + 1) * (executor.DEPTH + 2)
    assert {item for item, _ in made} <= set(range(workers + 1))
    for _ in range(10):
        next(pieces)
    assert settled(lambda: len(made)) <= n_made + 10
    pairs.close()
    assert next(drawn) <= workers + 2


def test_a_consumer_that_stops_ends_the_threads_soon():
    threads, begun = threading.active_count(), []

    def pieces_of(item):
        begun.append(item)
        for piece in itertools.count():
            time.sleep(0.01)
            yield piece

    pairs = executor.in_threads(range(1000), pieces_of, workers=4)
    _, pieces = next(pairs)
    next(pieces)
    n_begun = settled(lambda: len(begun))
    started = time.monotonic()
    pairs.close()
    assert time.monotonic() - started < 2
    assert threading.active_count() == threads
    assert len(begun) == n_begun  # what waited for its turn was not begun


def test_an_error_of_the_consumer_ends_the_threads_soon():
    threads = threading.active_count()

    def consume():
        for item, _ in executor.in_threads(range(1000), itertools.repeat, workers=4):
            raise KeyError(item)

    with pytest.raises(KeyError):
        consume()
    assert threading.active_count() == threads


def test_an_error_of_the_items_is_raised_and_ends_the_threads():
    threads = threading.active_count()

    def items():
        yield from range(5)
        raise OSError("the folder is gone")

    with pytest.raises(OSError, match="gone"):
        taken(items(), lambda item: [item], 1)
    assert threading.active_count() == threads


# Processes, each time in a fresh interpreter: to fork this one with its libraries is not safe

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

def main():
    {body}
    return 0

if __name__ == "__main__":
    cli.run(main)
"""


def script(body: str) -> tuple[int, str, str, float]:
    """Run a script's body; return its status, stdout, stderr and how long it took in seconds."""
    lines = "\n    ".join(body.strip().splitlines())
    started = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(root=str(ROOT), body=lines)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    return ended.returncode, ended.stdout, ended.stderr, time.monotonic() - started


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_processes_give_results_in_order(workers):
    status, out, err, _ = script(
        f"print(list(executor.in_processes(double, range(50), workers={workers})))"
    )
    assert (status, out, err) == (0, f"{[2 * item for item in range(50)]}\n", "")


@pytest.mark.parametrize("at", [0, 13, 49])
def test_a_process_that_dies_ends_the_run_in_a_line(at):
    status, out, err, seconds = script(
        f"list(executor.in_processes(partial(dies, at={at}), range(50), workers=2))"
    )
    assert (status, out) == (2, "")
    (line,) = err.splitlines()
    assert "a worker process died" in line
    assert seconds < 20


def test_a_process_that_is_killed_amid_an_answer_is_not_waited_for():
    status, out, err, _ = script(
        "list(executor.in_processes(killed_amid_an_answer, range(1), workers=2))"
    )
    assert (status, out) == (2, "")
    assert err.startswith("-c: a worker process died")


def test_what_a_process_raises_is_raised_and_says_where():
    status, _, err, _ = script("list(executor.in_processes(raises, range(50), workers=2))")
    assert status == 1
    assert "in raises" in err
    assert err.rstrip().endswith("ValueError: 0")


@pytest.mark.parametrize(
    "stop",
    ["raise KeyboardInterrupt", "os.kill(os.getpid(), 2); time.sleep(60)", "return 130"],
)
def test_a_consumer_that_stops_does_not_wait_for_all_the_work(stop):
    body = f"""\
for item in executor.in_processes(slow, range(1000), workers=2):
    {stop}"""
    status, _, err, seconds = script(body)
    assert status == 130
    assert err in ("-c: interrupted\n", "")
    assert seconds < 20  # all of it would take 100 s
