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
from genre.errors import GenreError, reason

log = logging.getLogger("genre")

Item = TypeVar("Item")
Result = TypeVar("Result")

SIGNALS = (signal.SIGINT, signal.SIGTERM)
AHEAD = 4  # items for each worker that are waiting, in work, or done and not yet used
CHECK_SECONDS = 0.2  # between checks that all worker processes are alive
CONNECT_SECONDS = 10  # that a cluster's scheduler has to answer
COUNT_SECONDS = 5  # between counts of a cluster's workers, whose number can change
DIED = "a worker process died, perhaps because it ran out of memory; try fewer with --workers"
LOST = "the cluster's scheduler is gone"
NO_DASK = "--cluster needs Dask: pip install --requirement requirements-cluster.txt"


def cores() -> int:
    """Return how many cores this process may use."""
    import joblib

    return joblib.cpu_count()


@contextmanager
def opened(*, workers: int | None = None, cluster: str | None = None) -> Iterator[Executor]:
    """Give an executor for `ordered`. When the block ends, unfinished work is dropped.

    It has `workers` processes, by default one for each core; for one worker it uses this process.
    `cluster` is the address of a Dask scheduler, such as tcp://10.0.0.1:8786, or the path of its
    scheduler file. Raises GenreError if the cluster cannot be reached.
    """
    if cluster:
        with _client(cluster) as client:
            yield _Cluster(client)
    elif (workers or cores()) == 1:
        with threadpoolctl.threadpool_limits(1):  # as in a worker; more threads round differently
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
    """Yield the function's result for each item, in order, computed by a pool from `opened`.

    Only as many items are taken in advance as keep the workers busy, so that memory stays flat.
    The function, the items and the results must be picklable.

    Raises what the function raises, and GenreError if a worker process dies. On a cluster, a
    worker may lack a package, or an item may need more memory than any worker has. Then
    `unable(reason)` is the item's result; without `unable`, GenreError is raised.
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
        time.sleep(CHECK_SECONDS)  # the signal that ended the worker may reach this process, too
        raise GenreError(DIED) from None


class Unable(GenreError):
    """A cluster's worker could not run the function on an item; other items may still work."""


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
    """The standard library's pool, which here also notices a worker killed while it answers.

    All workers answer through one pipe. If one is killed before its answer is complete, the pool's
    thread waits for ever for the rest of the answer (and so does loky's), because other processes
    hold the same end of the pipe. So `result` checks regularly that all workers are alive, and
    `stop` closes every copy of that end.
    """

    def __init__(self, workers: int) -> None:
        super().__init__(workers, initializer=_prepare_process)
        self._n_workers = workers

    def ahead(self) -> int:
        return AHEAD * self._n_workers

    def result(self, future: Future) -> Any:
        while not wait([future], timeout=CHECK_SECONDS).done:
            alive = all(process.is_alive() for process in list(self._processes.values()))
            if not alive and not wait([future], timeout=CHECK_SECONDS).done:
                raise BrokenExecutor  # the pool's thread does not notice this
        return future.result()

    def stop(self) -> None:
        """End the processes at once: nobody needs their results any more."""
        for process in list((self._processes or {}).values()):
            process.kill()
        self._result_queue._writer.close()
        self.shutdown()


class _Cluster(Executor):
    """Run calls on a Dask cluster's workers. Dask repeats the calls of a lost worker elsewhere."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._pool = client.get_executor(pure=False)  # pure would hash an item to cache its result
        self._n_workers, self._counted = 0, float("-inf")

    def submit(self, function: Callable[..., Result], /, *args: Any) -> Future:
        import cloudpickle  # unlike pickle, it can pickle functions of the main script

        # Dask's scheduler unpickles the function that it is given. Here that is pickle.loads: the
        # scheduler does not need our modules, and a worker without them fails in this call only.
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
            raise Unable("each worker of the cluster that tried it died") from None
        except CancelledError:
            raise GenreError(LOST) from None

    def _count(self) -> None:
        """Count the workers, and log it if there are none."""
        if time.monotonic() - self._counted < COUNT_SECONDS:
            return
        try:
            n_workers = sum(self._client.nthreads().values())
        except OSError:
            raise GenreError(LOST) from None
        if n_workers == 0 and (self._n_workers or self._counted < 0):
            log.info("the cluster has no workers; waiting for one")
        self._n_workers, self._counted = n_workers, time.monotonic()


class _Call:
    """A call of a function: unpickling it runs the call and gives the result."""

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.function, self.args = function, args

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.function, self.args


@contextmanager
def _client(cluster: str) -> Iterator[Any]:
    """Give a client of a Dask scheduler; raises GenreError if there is none."""
    try:
        from distributed import Client
        from distributed.comm import get_address_host_port
    except ModuleNotFoundError:
        raise GenreError(NO_DASK) from None
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters becomes our own errors
    try:
        address = _address(cluster)
        get_address_host_port(address)  # ValueError for a bad address, for which Client waits 20 s
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise GenreError(
            f"--cluster {cluster}: no Dask scheduler there ({reason(error)})"
        ) from None
    with client:
        yield client


def _address(cluster: str) -> str:
    """Return a scheduler's address, given the address or the scheduler file."""
    if not cluster.endswith(".json"):
        return cluster
    try:
        return json.loads(Path(cluster).read_text(encoding="utf-8"))["address"]
    except (KeyError, TypeError, ValueError):
        raise ValueError("not a scheduler file") from None


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Delay signals: an exception that a signal raises during a fork would be lost."""
    if threading.current_thread() is not threading.main_thread():  # only that one gets signals
        yield
        return
    came: list[tuple] = []
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    handlers = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in handlers:
        signal.signal(number, lambda *given: came.append(given))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number, frame in came:
            handlers[number](number, frame)


def _prepare_process() -> None:
    """Leave signals to the parent, end when it ends, and prepare as every worker does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_follow_parent, daemon=True).start()
    _prepare_worker()


def _follow_parent() -> None:
    multiprocessing.parent_process().join()
    os._exit(1)


def _prepared(function: Callable[..., Result], *args: Any) -> Result:
    """Call a function in a process that the cluster started, and that may not be prepared."""
    _prepare_worker()
    return function(*args)


@cache
def _prepare_worker() -> None:
    """Prepare a worker, and keep it to one core, since NumPy's linear algebra would use all."""
    threadpoolctl.threadpool_limits(1)
    environment.prepare()
