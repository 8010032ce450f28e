"""Where work runs: in this process, in processes beside it, or on the workers of a Dask cluster.

    with executor.opened(workers=4) as pool:
        for result in executor.ordered(pool, function, items):
            ...

All three are a `concurrent.futures.Executor`, and give the same results in the same order.
"""

import faulthandler
import json
import logging
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

import cloudpickle  # unlike pickle, it can pickle functions of a script or a notebook
import threadpoolctl

from genre import environment
from genre.errors import GenreError, reason

log = logging.getLogger("genre")

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 4  # items for each worker that are waiting, in work, or done and not yet used
CONNECT_SECONDS = 10  # that a cluster's scheduler has to answer
COUNT_SECONDS = 5  # between counts of a cluster's workers, whose number can change
# A worker process. It imports nothing from the script that started it, and takes its path from it.
WORKER = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from genre import executor; executor.serve()"
)
FLAGS = {"ignore_environment": "-E", "no_site": "-S", "dont_write_bytecode": "-B"}  # of Python
ONE_CORE = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)
# For glibc, the C library of most Linux systems: a worker keeps the memory of freed arrays of up to
# 32 MiB for its next ones. To ask the system for it again took a tenth of the time.
KEEP_MEMORY = dict.fromkeys(("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"), f"{2**25}")
DIED = "a worker process died ({}), perhaps because it ran out of memory; try fewer workers"
NOT_STARTED = "worker processes cannot be started ({}); one worker works without"
LOST = "the cluster's scheduler is gone"
NO_DASK = "--cluster needs Dask: pip install --requirement requirements-cluster.txt"


def cores() -> int:
    """Return how many cores this process may use."""
    import joblib

    return joblib.cpu_count()


class Unable(GenreError):
    """A worker could not run the function on an item; other items may still work."""


class Pool(Executor):
    """An executor that knows how far `ordered` should run ahead of the results."""

    def ahead(self) -> int:
        """Return how many items should be taken in advance."""
        return 1

    def result(self, future: Future) -> Any:
        """Wait for the result of a call; raises Unable if another call may still work."""
        return future.result()


@contextmanager
def opened(*, workers: int | None = None, cluster: str | None = None) -> Iterator[Pool]:
    """Give a pool for `ordered`. When the block ends, unfinished work is dropped.

    It has `workers` processes, by default one for each core; for one worker it uses this process.
    `cluster` is the address of a Dask scheduler, such as tcp://10.0.0.1:8786, or the path of its
    scheduler file. Raises GenreError if the cluster cannot be reached.
    """
    if cluster:
        with _client(cluster) as client:
            yield _Cluster(client)
    elif (workers or cores()) == 1:
        yield _Here()
    else:
        processes = _Processes(workers or cores())
        try:
            yield processes
        finally:
            processes.stop()


def ordered(
    pool: Pool,
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    unable: Callable[[str], Result] | None = None,
) -> Iterator[Result]:
    """Yield the function's result for each item, in order, computed by a pool from `opened`.

    Only as many items are taken in advance as keep the workers busy, so that memory stays flat.
    The function, the items and the results must be picklable.

    Raises what the function raises. A worker may die of an item, and the worker of a cluster may
    lack a package. Then `unable(reason)` is the item's result, and the run goes on; without
    `unable`, GenreError is raised.
    """
    waiting: deque[Future] = deque()

    def first_result() -> Result:
        try:
            return pool.result(waiting.popleft())
        except Unable as error:
            if unable is None:
                raise
            return unable(str(error))

    for item in items:
        waiting.append(pool.submit(function, item))
        while len(waiting) >= pool.ahead():
            yield first_result()
    while waiting:
        yield first_result()


class _Here(Pool):
    """Run each call at once in this process."""

    def __init__(self) -> None:
        self._threads = threadpoolctl.ThreadpoolController()

    def submit(self, function: Callable[..., Any], /, *args: Any, **options: Any) -> Future:
        future: Future = Future()
        try:
            with environment.one_thread(self._threads):  # as in a worker, to round alike
                future.set_result(function(*args, **options))
        except Exception as error:
            future.set_exception(error)
        return future


class _Processes(ThreadPoolExecutor, Pool):
    """Processes beside this one. Each has a thread here that sends it calls and awaits its answers.

    The processes are started anew, not forked, so they may be started by any process: one that has
    threads, one that is a daemon, a script without a main guard. Each has pipes of its own. So it
    is known which call a process died of, and an answer that it cut off holds up nothing.
    """

    def __init__(self, workers: int) -> None:
        super().__init__(workers)
        self._n_workers = workers
        self._of_thread = threading.local()
        self._lock = threading.Lock()
        self._processes: list[subprocess.Popen] = []
        self._stopped = False

    def submit(self, function: Callable[..., Any], /, *args: Any, **options: Any) -> Future:
        return super().submit(self._call, cloudpickle.dumps(partial(function, *args, **options)))

    def ahead(self) -> int:
        return AHEAD * self._n_workers

    def stop(self) -> None:
        """End the processes at once: nobody needs their results any more."""
        with self._lock:
            self._stopped = True
        for process in self._processes:
            process.kill()
        self.shutdown(cancel_futures=True)
        for process in self._processes:
            _close(process)

    def _call(self, call: bytes) -> Any:
        """Have a call run in the process of this thread; raises Unable if that dies of it."""
        process = getattr(self._of_thread, "process", None) or self._start()
        try:
            _write(process.stdin, call)
            result, error = _read(process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError):
            self._of_thread.process = None
            raise Unable(DIED.format(_ending(process))) from None
        if error:
            raise error
        return result

    def _start(self) -> subprocess.Popen:
        """Start the process of this thread; raises GenreError if that does not work."""
        with self._lock:  # either it is started before `stop`, or not at all
            if self._stopped:
                raise CancelledError
            process = _started()
            self._processes = [each for each in self._processes if each.poll() is None]
            self._processes.append(process)
        try:
            _write(process.stdin, pickle.dumps([*sys.path, str(Path(__file__).parents[1])]))
            _read(process.stdout)
        except (EOFError, OSError, pickle.UnpicklingError):
            raise GenreError(NOT_STARTED.format(_ending(process))) from None
        self._of_thread.process = process
        return process


def _started() -> subprocess.Popen:
    """Start a worker process; raises GenreError if the system refuses it."""
    flags = [flag for name, flag in FLAGS.items() if getattr(sys.flags, name)]
    flags += ["-X", "utf8"] if sys.flags.utf8_mode else []
    try:
        return subprocess.Popen(
            [sys.executable, "-P", *flags, "-c", WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=KEEP_MEMORY | os.environ | ONE_CORE,
            process_group=0 if os.name == "posix" else None,  # so that Ctrl-C does not reach it
        )
    except OSError as error:
        raise GenreError(NOT_STARTED.format(error.strerror)) from None


def _write(file: Any, message: bytes) -> None:
    file.write(message)
    file.flush()


def _read(file: Any) -> Any:
    return pickle.load(file)


def _ending(process: subprocess.Popen) -> str:
    """Return how a process ended: "SIGKILL" or "exit status 1"."""
    _close(process)
    status = process.returncode
    return signal.Signals(-status).name if status < 0 else f"exit status {status}"


def _close(process: subprocess.Popen) -> None:
    """Wait for a process that ends, and close its pipes."""
    for pipe in filter(None, (process.stdin, process.stdout)):
        with suppress(OSError):  # what it did not read cannot be written any more
            pipe.close()
    process.wait()


def serve() -> None:
    """Answer the calls that come on stdin, on stdout, until stdin ends: what a worker process does.

    Whatever else is printed to stdout goes to stderr.
    """
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace")
    faulthandler.enable(sys.stderr)
    environment.prepare()
    calls: queue.SimpleQueue[Callable[[], Any]] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(calls,), daemon=True).start()
    with suppress(BrokenPipeError):  # the parent has ended
        _write(answers, pickle.dumps("ready"))
        while True:
            _write(answers, _answer(calls.get()))


def _receive(calls: queue.SimpleQueue) -> None:
    """Put calls into a queue; end this process when its parent closes stdin, or ends."""
    with suppress(EOFError, OSError, pickle.UnpicklingError):
        while True:
            calls.put(pickle.load(sys.stdin.buffer))
    os._exit(1)


def _answer(call: Callable[[], Any]) -> bytes:
    """Return the pickled result and error of a call, one of which is None."""
    try:
        return cloudpickle.dumps((call(), None))
    except Exception as error:
        error.add_note(traceback.format_exc())
        return cloudpickle.dumps((None, error))


class _Cluster(Pool):
    """Run calls on a Dask cluster's workers. Dask repeats the calls of a lost worker elsewhere."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._pool = client.get_executor(pure=False)  # pure would hash an item to cache its result
        self._n_workers, self._counted = 0, float("-inf")

    def submit(self, function: Callable[..., Any], /, *args: Any, **options: Any) -> Future:
        # Dask's scheduler unpickles the function that it is given. Here that is pickle.loads: the
        # scheduler does not need our modules, and a worker without them fails in this call only.
        call = cloudpickle.dumps(_Call(partial(function, *args, **options)))
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

    def __init__(self, call: Callable[[], Any]) -> None:
        self.call = call

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return _prepared, (self.call,)


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


def _prepared(call: Callable[[], Result]) -> Result:
    """Run a call in a process that the cluster started, and that may not be prepared."""
    _prepare_worker()
    return call()


@cache
def _prepare_worker() -> None:
    """Prepare a worker, and keep it to one core, since NumPy's linear algebra would use all."""
    threadpoolctl.threadpool_limits(1)
    environment.prepare()
