"""--store and --no-store: one store for all scripts, and predictions without one."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import soundfile

import config
import explore
import predict
import similar
from genre.cli import store as store_options
from genre.collection import store
from genre.demo import synth
from genre.model import files, question

QUIET = ("--workers", 1)


@pytest.fixture
def library(tmp_path) -> Path:
    folder = tmp_path / "library"
    folder.mkdir()
    for number, genre in enumerate(("blues", "metal")):
        sound = synth.make_track(genre, number, seconds=6)
        soundfile.write(folder / f"{genre}.flac", sound, 22050)
    return folder


def hear_nothing(*_: object, **__: object) -> None:
    raise AssertionError("a song is heard again")


def test_all_scripts_share_a_store_which_is_said_once(run, library, tmp_path, monkeypatch):
    monkeypatch.setattr(store_options, "WORTH_A_LINE", 1000)
    first = run(predict, library, "--format", "csv", *QUIET)
    assert first.status == 0
    assert first.err.startswith(f"{config.STORE_PATH}: 0.")
    assert first.err.endswith("; it can be deleted at any time\n") and first.err.count("\n") == 1
    monkeypatch.setattr(question, "whole_track", hear_nothing)
    again = run(predict, library, "--format", "csv", *QUIET)
    assert (again.status, again.out, again.err) == (0, first.out, "")
    other = shutil.copytree(files.PRETRAINED, tmp_path / "other")
    assert run(predict, library, "--format", "csv", "--model", other, *QUIET).out == first.out
    song = library / "blues.flac"
    found = run(similar, "--library", library, "--input", song, *QUIET)
    assert found.status == 0 and str(library / "metal.flac") in found.out and found.err == ""
    assert run(explore, library, "--output", tmp_path / "pictures").status == 0


def test_without_a_store_nothing_is_written(run, library):
    options = ("--format", "csv", "--no-store", *QUIET)
    assert run(predict, library, *options).err == ""
    assert not config.STORE_PATH.exists()


def test_a_model_of_another_feature_opens_no_store(run, library, network):
    run(predict, library, "--model", network, "--store", library, *QUIET)
    assert not config.STORE_PATH.exists()


def no_store(path: Path) -> None:
    path.write_text("no database" * 100)


def later_version(path: Path) -> None:
    with store.opened(path):
        pass
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (no_store, "not a store of embeddings"),
        (later_version, "a store of version 99"),
        (Path.mkdir, "Is a directory"),
    ],
)
def test_predictions_go_on_without_a_store_that_cannot_be_used(
    run, library, tmp_path, spoil: Callable[[Path], None], reason
):
    path = tmp_path / "bad"
    spoil(path)
    expected = run(predict, library, "--format", "csv", "--no-store", *QUIET)
    ended = run(predict, library, "--format", "csv", "--store", path, *QUIET)
    assert (ended.status, ended.out) == (0, expected.out)
    (line,) = ended.err.splitlines()
    assert line.startswith(f"{path}: {reason}") and line.endswith("; going on without a store")
    assert run(explore, library, "--output", tmp_path / "pictures", "--store", path).status == 0
