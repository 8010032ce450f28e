"""Work on a Dask cluster: a scheduler and workers, in processes of this machine."""

import importlib.util
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest
from helpers import ROOT, made_up_segments, read_card, refusal

import baseline
import mlp
import preprocess
from genre import executor
from genre.errors import GenreError
from genre.segments import segment_file

needs_dask = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None, reason="Dask is not installed"
)


class Cluster(NamedTuple):
    """A running scheduler, and what starts a worker: with the suite's modules or without."""

    address: str
    start_worker: Callable[..., subprocess.Popen]


@contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """Run a scheduler without workers; it and they write to a folder."""
    file = folder / "scheduler.json"

    def start(kind: str, *arguments: str, modules: bool = True) -> subprocess.Popen:
        module = f"distributed.cli.dask_{kind}"
        command = [sys.executable, "-m", module, "--scheduler-file", str(file), *arguments]
        paths = os.pathsep.join(map(str, (ROOT, ROOT / "tests") if modules else ()))
        with open(folder / "log", "ab") as log:
            process = subprocess.Popen(
                [*command, "--host", "127.0.0.1", "--no-dashboard"],
                env=os.environ | {"PYTHONPATH": paths},
                cwd=folder,
                stderr=log,
                stdout=log,
            )
        stack.callback(process.wait)
        stack.callback(process.kill)
        return process

    with ExitStack() as stack:
        start("scheduler", "--port", "0")
        while not file.exists():
            time.sleep(0.05)
        worker = partial(start, "worker", "--nthreads", "1", "--no-nanny")
        yield Cluster(str(file), worker)


@pytest.fixture
def cluster(tmp_path) -> Iterator[Cluster]:
    with running(tmp_path) as alone:
        yield alone


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory) -> Iterator[str]:
    """The address of a scheduler with two workers."""
    with running(tmp_path_factory.mktemp("cluster")) as cluster:
        cluster.start_worker()
        cluster.start_worker()
        yield cluster.address


def work_or_die(item: int, lost: Path) -> int:
    """Return an item; the third one is the end of the first worker that takes it."""
    time.sleep(0.05)
    if item == 3 and not lost.exists():
        lost.touch()
        os._exit(1)
    return item


@needs_dask
def test_what_a_lost_worker_had_is_done_by_another(cluster, tmp_path):
    workers = [cluster.start_worker(), cluster.start_worker()]
    work = partial(work_or_die, lost=tmp_path / "lost")
    with executor.opened(cluster=cluster.address) as pool:
        assert list(executor.ordered(pool, work, range(20))) == list(range(20))
    assert 1 in [worker.poll() for worker in workers]


@needs_dask
def test_a_segment_file_is_the_same_byte_for_byte(two_workers, corpus, tmp_path, run):
    arguments = ("--dataset", corpus, "--limit", 1)
    here, there = tmp_path / "here.json", tmp_path / "there.json"
    assert run(preprocess, *arguments, "--output", here, "--workers", 1).status == 0
    ended = run(preprocess, *arguments, "--output", there, "--cluster", two_workers)
    assert ended.status == 0, ended.err
    assert there.read_bytes() == here.read_bytes()


@needs_dask
@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        (mlp, ("--architecture", "linear", "--epochs", 2, "--refit")),
        (baseline, ("--classifier", "lda")),
    ],
)
def test_folds_are_the_same_as_without_a_cluster(two_workers, tmp_path, run, script, arguments):
    data = tmp_path / "made-up.h5"
    segment_file.write(made_up_segments([6, 5, 7]), data)
    words = ("--data", data, "--folds", 3, *arguments)
    for folder, more in (("here", ()), ("there", ("--cluster", two_workers))):
        ended = run(script, *words, "--output", tmp_path / folder, *more)
        assert ended.status == 0, ended.err
    assert ended.err.count("s on the cluster") == (3 if "--refit" in words else 2)
    here, there = (read_card(tmp_path / folder) for folder in ("here", "there"))
    for key in ("scores", "runs", "spread", "calibration", "split", "protocol"):
        assert here[key] == there[key]


def test_a_cluster_is_for_folds_and_not_for_checkpoints(run, segments_path, tmp_path):
    arguments = ("--data", segments_path, "--output", tmp_path / "new", "--cluster", "tcp://a:1")
    ended = run(mlp, *arguments)
    assert refusal(ended) == "mlp.py: --cluster is for --folds and --repeats"
    assert "does not go with" in run(mlp, *arguments, "--folds", 2, "--resume").err
    assert "is for --classifier" in run(baseline, *arguments, "--folds", 2).err


@needs_dask
def test_a_worker_without_our_modules_says_so_for_each_item(cluster):
    cluster.start_worker(modules=False)
    lacks = "a worker of the cluster lacks what it needs: No module named 'genre'"
    with executor.opened(cluster=cluster.address) as pool:
        assert list(executor.ordered(pool, abs, range(3), unable=str)) == [lacks] * 3
        with pytest.raises(GenreError, match=lacks):
            list(executor.ordered(pool, abs, range(3)))


@needs_dask
@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("tcp://127.0.0.1:1", "Timed out"),
        ("127.0.0.1", "missing port"),
        ("missing.json", "No such file"),
    ],
)
def test_where_there_is_no_scheduler_a_line_says_so(address, reason, corpus, run, monkeypatch):
    monkeypatch.setattr(executor, "CONNECT_SECONDS", 0.5)
    line = refusal(run(preprocess, "--dataset", corpus, "--cluster", address))
    assert line.startswith(f"preprocess.py: --cluster {address}: no Dask scheduler there ({reason}")


def test_a_file_that_is_no_schedulers_is_refused(corpus, run, segments_path):
    pytest.importorskip("distributed")
    line = refusal(run(preprocess, "--dataset", corpus, "--cluster", segments_path))
    assert line.endswith("no Dask scheduler there (not a scheduler file)")


def test_without_dask_a_line_says_how_to_get_it(corpus, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    line = refusal(run(preprocess, "--dataset", corpus, "--cluster", "tcp://127.0.0.1:1"))
    assert line == f"preprocess.py: {executor.NO_DASK}"
    assert (ROOT / Path(executor.NO_DASK.split()[-1])).is_file()
