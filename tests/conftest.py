"""A small made-up corpus, its segment file and a network trained on it: each made once."""

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from helpers import Run

import cnn
import config
import preprocess
from genre import cli, demo, executor


def pytest_configure() -> None:
    """Hear Ctrl-C, which shells let background jobs and what these start ignore."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Let the garbage collector pass over what the tests have imported, which stays to the end.

    Half a million objects of TensorFlow's and others' are otherwise looked through again and again.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _no_more_processes() -> Iterator[None]:
    """What runs in this process starts no others unless a test asks: other tests have the cores."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(executor, "cores", lambda: 1)
        yield


@pytest.fixture(autouse=True)
def _store_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test finds embeddings that another test, or a person, has kept."""
    folder = tmp_path.with_name(f"{tmp_path.name}-store")
    monkeypatch.setattr(config, "STORE_PATH", folder / "store.sqlite")


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of ten genres with four tracks of 6 s, so two segments, each."""
    folder = tmp_path_factory.mktemp("corpus")
    demo.write_corpus(folder, tracks_per_genre=4, seconds=6, seed=1)
    return folder


@pytest.fixture(scope="session")
def segments_path(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The corpus as preprocess.py writes it."""
    path = tmp_path_factory.mktemp("segments") / "mfcc.json"
    status = preprocess.main(["--dataset", f"{corpus}", "--output", f"{path}", "--workers", "1"])
    assert status == 0
    return path


@pytest.fixture(scope="session")
def network(segments_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a convolutional network after two epochs. Not to be written to."""
    folder = tmp_path_factory.mktemp("trained") / "cnn"
    arguments = ["--data", f"{segments_path}", "--output", f"{folder}", "--epochs", "2"]
    assert cnn.main(arguments) == 0
    return folder


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    """Run a script in this process, from its arguments to its exit status.

    What `cli.run` changes in a process that is all its own is put back.
    """

    def run(script: ModuleType, *arguments: object) -> Run:
        monkeypatch.setattr(sys, "argv", [f"{script.__name__}.py"])
        monkeypatch.setattr(sys, "stderr", sys.stderr)
        capfd.readouterr()  # what came before
        handler = signal.getsignal(signal.SIGTERM)
        try:
            with pytest.raises(SystemExit) as ended:
                cli.run(lambda: script.main([str(argument) for argument in arguments]))
        finally:
            sys.stderr.flush()
            signal.signal(signal.SIGTERM, handler)
        return Run(ended.value.code, *capfd.readouterr())

    return run


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real songs that GENRE_REAL_DATA names."""
    folder = os.environ.get("GENRE_REAL_DATA", "")
    if not folder or not Path(folder).is_dir():
        pytest.skip("GENRE_REAL_DATA names no folder of real songs")
    return Path(folder)
