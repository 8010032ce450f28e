"""Where work runs: in this process, in processes beside it, or on the workers of a Dask cluster.

    with executor.opened(workers=4) as pool:
        for result in executor.ordered(pool, function, items):
            ...

All three are a `concurrent.futures.Executor`, and give the same results in the same order.
"""

import json
import logging
import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import threadpoolctl

from genre import environment
from genre.errors import GenreError

log = logging.getLogger("genre")

Item = TypeVar("Item")
Result = TypeVar("Result")

SIGNALS = (signal.SIGINT, signal.SIGTERM)
AHEAD = 4  # items for each worker that are under way, or done and not yet taken
PATIENCE = 0.2  # s between looks at processes that should be alive
CONNECT_SECONDS = 10  # for a cluster's scheduler to answer
COUNT_SECONDS = 5  # s after which a cluster's workers are counted again: their number changes
DIED = "a worker process died, perhaps for want of memory; try fewer with --workers"
LOST = "the cluster's scheduler is gone"
NO_DASK = "--cluster needs Dask: pip install --requirement requirements-cluster.txt"


def cores() -> int:
    """Return how many cores this process may use."""
    import joblib

    return joblib.cpu_count()


@contextmanager
def opened(*, workers: int | None = None, cluster: str | None = None) -> Iterator[Executor]:
    """Give an executor for `ordered`; what it has not done when the block ends is dropped.

    It has one process for each core, or as many as `workers` says, and no other process where that
    is one. `cluster` is the address of a Dask scheduler, as in tcp://10.0.0.1:8786, or the path of
    its scheduler file. Raises GenreError where the cluster cannot be reached.
    """
    if cluster:
        with _client(cluster) as client:
            yield _Cluster(client)
    elif (workers or cores()) == 1:
        with threadpoolctl.threadpool_limits(1):  # as in a worker: results differ in rounding
            yield _Here()
    else:
        pool = _Processes(workers or cores())
        try:
            yield pool
        finally:
            pool.stop()


def ordered(
    pool: Executor,
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    unable: Callable[[str], Result] | None = None,
) -> Iterator[Result]:
    """Yield the function's result for each item, in order, computed by a pool of `opened`.

    Items are taken only as far ahead as keeps the workers busy, so that memory stays flat. The
    function, the items and the results must pickle.

    Raises what the function raises, and GenreError where a worker process dies. On a cluster, a
    worker may lack what the function needs, or an item may be too much for every worker; that
    raises GenreError too, or gives `unable` of the reason as the item's result.
    """
    waiting: deque[Future] = deque()

    def first_result() -> Result:
        try:
            return pool.result(waiting.popleft())
        except Unable as error:
            if unable is None:
                raise
            return unable(str(error))

    try:
        for item in items:
            with _signals_held_back():
                waiting.append(pool.submit(function, item))
            while len(waiting) >= pool.ahead():
                yield first_result()
        while waiting:
            yield first_result()
    except BrokenExecutor:
        time.sleep(PATIENCE)  # for a signal that may be on its way to this process, too
        raise GenreError(DIED) from None


class Unable(GenreError):
    """A cluster's worker could not run the function on an item; other items may do."""


class _Here(Executor):
    """Run each call at once in this process."""

    def submit(self, function: Callable[..., Result], /, *args: Any) -> Future:
        future = Future()
        try:
            future.set_result(function(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def ahead(self) -> int:
        return 1

    def result(self, future: Future) -> Any:
        return future.result()


class _Processes(ProcessPoolExecutor):
    """The standard library's pool, made to notice a worker that is killed amid its answer.

    All workers answer through one pipe. Where one is killed before its answer is through, the
    pool's thread waits for the rest for ever (and so does loky's), because other processes hold the
    same end of the pipe. So `result` looks now and then whether all are alive, and `stop` closes
    every copy of that end.
    """

    def __init__(self, workers: int) -> None:
        super().__init__(workers, initializer=_prepare_process)
        self._n_workers = workers

    def ahead(self) -> int:
        return AHEAD * self._n_workers

    def result(self, future: Future) -> Any:
        while not wait([future], timeout=PATIENCE).done:
            alive = all(process.is_alive() for process in list(self._processes.values()))
            if not alive and not wait([future], timeout=PATIENCE).done:
                raise BrokenExecutor  # which the pool's thread does not find out
        return future.result()

    def stop(self) -> None:
        """End the processes at once: nobody will use what they are working on."""
        for process in list((self._processes or {}).values()):
            process.kill()
        self._result_queue._writer.close()
        self.shutdown()


class _Cluster(Executor):
    """Run calls on a Dask cluster's workers; Dask gives the calls of a lost worker to others."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._pool = client.get_executor(pure=False)  # pure: hashes an item to know it again
        self._n_workers, self._counted = 0, float("-inf")

    def submit(self, function: Callable[..., Result], /, *args: Any) -> Future:
        import cloudpickle  # unlike pickle, it takes functions of the script that runs

        # Dask's scheduler unpickles the function that it is given. Where that is pickle's own, the
        # scheduler need not have our modules, and a worker without them fails at this call alone.
        call = cloudpickle.dumps(_Call(_prepared, (function, *args)))
        return self._pool.submit(pickle.loads, call)

    def ahead(self) -> int:
        self._count()
        return AHEAD * max(1, self._n_workers)

    def result(self, future: Future) -> Any:
        from distributed import KilledWorker

        while not wait([future], timeout=COUNT_SECONDS).done:
            self._count()
        try:
            return future.result()
        except ImportError as error:
            raise Unable(f"a worker of the cluster lacks what it needs: {error}") from None
        except KilledWorker:
            raise Unable("the cluster's workers that took it died, one after another") from None
        except CancelledError:
            raise GenreError(LOST) from None

    def _count(self) -> None:
        """Count the workers, and say where there are none."""
        if time.monotonic() - self._counted < COUNT_SECONDS:
            return
        try:
            n_workers = sum(self._client.nthreads().values())
        except OSError:
            raise GenreError(LOST) from None
        if n_workers == 0 and (self._n_workers or self._counted < 0):
            log.info("the cluster has no workers; waiting for some")
        self._n_workers, self._counted = n_workers, time.monotonic()


class _Call:
    """Unpickles as the result of a call."""

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.function, self.args = function, args

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.function, self.args


@contextmanager
def _client(cluster: str) -> Iterator[Any]:
    """Give a client of a Dask scheduler; raises GenreError where there is none."""
    try:
        from distributed import Client
        from distributed.comm import get_address_host_port
    except ModuleNotFoundError:
        raise GenreError(NO_DASK) from None
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters becomes our own errors
    try:
        address = _address(cluster)
        get_address_host_port(address)  # ValueError: to Client this would be 20 s of waiting
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        reason = str(error).split("\n")[0]
        raise GenreError(f"--cluster {cluster}: no Dask scheduler there ({reason})") from None
    with client:
        yield client


def _address(cluster: str) -> str:
    """Return a scheduler's address, given that or its scheduler file."""
    if not cluster.endswith(".json"):
        return cluster
    try:
        return json.loads(Path(cluster).read_text(encoding="utf-8"))["address"]
    except (KeyError, TypeError, ValueError):
        raise ValueError("not a scheduler file") from None


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Let signals wait: an exception that they raise amid a fork would be lost."""
    if threading.current_thread() is not threading.main_thread():  # which alone hears them
        yield
        return
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
    """Leave signals to the parent, do not outlive it, and compute as every worker does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_follow_parent, daemon=True).start()
    _prepare_worker()


def _follow_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


def _prepared(function: Callable[..., Result], *args: Any) -> Result:
    """Call a function in a process that the cluster started."""
    _prepare_worker()
    return function(*args)


@cache
def _prepare_worker() -> None:
    """Keep a worker to one core, which NumPy's linear algebra would not, and prepare it."""
    threadpoolctl.threadpool_limits(1)
    environment.prepare()
