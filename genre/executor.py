"""Work ahead: processes that map a function over items, threads that feed a consumer."""

import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from queue import Empty, Full, Queue
from typing import TypeVar

import lazy_loader as lazy

from genre.environment import keep_freed_memory
from genre.errors import GenreError

threadpoolctl = lazy.load("threadpoolctl")

Item = TypeVar("Item")
Result = TypeVar("Result")

SIGNALS = (signal.SIGINT, signal.SIGTERM)
CHUNK_SIZE = 4  # items that a process takes at once
CHUNKS_AHEAD = 4  # of each process, that are done before the consumer takes them
DEPTH = 2  # pieces of an item that wait for the consumer
PATIENCE = 0.1  # s between a thread's looks whether the consumer is gone


def cores() -> int:
    """Return how many cores this process may use."""
    import joblib

    return joblib.cpu_count()


def in_processes(
    function: Callable[[Item], Result], items: Sequence[Item], *, workers: int
) -> Iterator[Result]:
    """Yield the function's result for each item, in order, computed by `workers` processes.

    Function, items and results must pickle. Raises what the function raises, and GenreError when a
    process dies.
    """
    if workers == 1:
        with threadpoolctl.threadpool_limits(1):  # as in a worker, whose results differ in rounding
            yield from map(function, items)
        return
    chunks = [items[start : start + CHUNK_SIZE] for start in range(0, len(items), CHUNK_SIZE)]
    crew: list[tuple[multiprocessing.Process, Connection]] = []
    try:
        with _signals_held_back():  # until the processes are prepared for them
            for _ in range(min(workers, len(chunks))):
                crew.append(_start(function))
        for results in _deal(chunks, [connection for _, connection in crew]):
            if isinstance(results, Exception):
                raise results
            yield from results
    finally:
        for process, _ in crew:
            process.kill()  # no waiting for work that nobody will use
            process.join()


# Not a ProcessPoolExecutor: its processes share a pipe, and where one is killed amid its writing,
# the pool waits for the rest for ever. The end of a pipe of its own says that a process is gone.
def _start(function: Callable[[Item], Result]) -> tuple[multiprocessing.Process, Connection]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_work, args=(function, theirs), daemon=True)
    process.start()
    theirs.close()  # else the pipe would not end with the process
    return process, ours


def _work(function: Callable[[Item], Result], connection: Connection) -> None:
    """Answer each chunk of items with their results, or with what the function raises."""
    _prepare_process()
    with suppress(EOFError):  # the parent is gone
        while True:
            chunk = connection.recv()
            try:
                connection.send([function(item) for item in chunk])
            except Exception as error:
                error.add_note(traceback.format_exc())  # which does not pickle by itself
                connection.send(error)


def _deal(
    chunks: Sequence[Sequence[Item]], connections: Iterable[Connection]
) -> Iterator[list[Result] | Exception]:
    """Give chunks to processes that are idle, and yield their answers in order."""
    idle, busy, done, given = list(connections), {}, {}, 0
    ahead = CHUNKS_AHEAD * len(idle)
    for wanted in range(len(chunks)):
        try:
            while True:
                while idle and given < min(len(chunks), wanted + ahead):
                    connection = idle.pop()
                    connection.send(chunks[given])
                    busy[connection] = given
                    given += 1
                for connection in wait(list(busy), timeout=0 if wanted in done else None):
                    done[busy.pop(connection)] = connection.recv()
                    idle.append(connection)
                if wanted in done:
                    break
        except (EOFError, OSError):
            time.sleep(PATIENCE)  # for a signal that may be on its way to this process, too
            raise GenreError(
                "a worker process died, perhaps for want of memory; try fewer with --workers"
            ) from None
        yield done.pop(wanted)


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Let signals wait: an exception that they raise amid a fork would be lost."""
    came: list[tuple] = []
    handlers = {
        number: signal.signal(number, lambda *given: came.append(given)) for number in SIGNALS
    }
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number, frame in came:
            if callable(handlers[number]):
                handlers[number](number, frame)


def _prepare_process() -> None:
    """Leave signals to the parent, do not outlive it, keep to one core, and keep freed memory."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_follow_parent, daemon=True).start()
    threadpoolctl.threadpool_limits(1)  # NumPy's linear algebra would take all cores
    keep_freed_memory()


def _follow_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


def in_threads(
    items: Iterable[Item], pieces_of: Callable[[Item], Iterable[Result]], *, workers: int
) -> Iterator[tuple[Item, Iterator[Result]]]:
    """Yield each item, in order, with an iterator of its pieces, made by threads meanwhile.

    Threads get no further ahead than memory should hold. What `pieces_of` raises is raised by
    that item's iterator. An item's pieces must be taken before the next item is.
    """
    gone = threading.Event()
    waiting: deque[tuple[Item, Queue]] = deque()
    with threadpoolctl.threadpool_limits(1), ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                box: Queue = Queue(DEPTH)
                pool.submit(_fill, box, pieces_of, item, gone)
                waiting.append((item, box))
                if len(waiting) > workers:
                    first, box = waiting.popleft()
                    yield first, _take(box, gone)
            for item, box in waiting:
                yield item, _take(box, gone)
        finally:
            gone.set()
            pool.shutdown(wait=False, cancel_futures=True)


def _fill(box: Queue, pieces_of: Callable, item: Item, gone: threading.Event) -> None:
    try:
        for piece in pieces_of(item):
            if not _put(box, (piece, None), gone):
                return
        _put(box, (None, None), gone)
    except Exception as error:  # to be raised where the pieces are used
        _put(box, (None, error), gone)


def _put(box: Queue, content: tuple, gone: threading.Event) -> bool:
    """Put something into a box as soon as it has room; False when nobody will ever take it."""
    while not gone.is_set():
        try:
            box.put(content, timeout=PATIENCE)
            return True
        except Full:
            continue
    return False


def _take(box: Queue, gone: threading.Event) -> Iterator[Result]:
    while True:
        try:
            piece, error = box.get(timeout=PATIENCE)
        except Empty:
            if gone.is_set():
                raise RuntimeError("the next item was taken before this one's pieces") from None
            continue
        if error is not None:
            raise error
        if piece is None:
            return
        yield piece
