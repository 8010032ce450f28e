"""The version of the code, and its commit."""

import re
import subprocess

import pytest

from genre import version


@pytest.fixture(autouse=True)
def forget():
    version.described.cache_clear()
    yield
    version.described.cache_clear()


def test_a_checkout_gives_its_commit(tmp_path, monkeypatch):
    def git(*words: str) -> str:
        who = ("-c", "user.name=A", "-c", "user.email=a@b.c")
        command = ["git", "-C", f"{tmp_path}", *who, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    git("init")
    (tmp_path / "file").write_text("1")
    git("add", "file")
    git("commit", "--message", "First")
    monkeypatch.setattr(version, "ROOT", tmp_path)
    commit = git("rev-parse", "HEAD")[:12]
    assert version.described() == f"{version.VERSION}, commit {commit}"
    (tmp_path / "file").write_text("2")
    version.described.cache_clear()
    assert version.described() == f"{version.VERSION}, commit {commit}-dirty"


def test_outside_of_a_checkout_there_is_only_the_version(tmp_path, monkeypatch):
    monkeypatch.setattr(version, "ROOT", tmp_path)
    assert version.described() == version.VERSION
    (tmp_path / ".git").mkdir()  # of no repository
    assert version.described() == version.VERSION
    assert re.fullmatch(r"\d+\.\d+\.\d+", version.VERSION)
