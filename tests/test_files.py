"""A file is written whole or not at all."""

import hashlib

import pytest

from genre import files


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_an_interrupted_write_leaves_the_old_file(error, tmp_path):
    target = tmp_path / "data.json"
    target.write_text("old")
    with pytest.raises(error), files.replacing(target) as unfinished:
        unfinished.write_text("half of the n")
        assert target.read_text() == "old"
        raise error
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_an_interrupted_first_write_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), files.replacing(tmp_path / "data.json") as unfinished:
        unfinished.write_text("half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_finished_write_takes_the_old_files_place(tmp_path):
    target = tmp_path / "data.json"
    target.write_text("old")
    with files.replacing(target) as unfinished:
        assert unfinished.suffix == ".json"
        unfinished.write_text("new")
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_several_files_take_their_places_together(error, tmp_path):
    folder = tmp_path / "network"
    for word in ("old", "new"):
        with files.replacing_files(folder) as unfinished:
            (unfinished / "model").write_text(word)
            (unfinished / "card").write_text(word)
    with pytest.raises(error), files.replacing_files(folder) as unfinished:
        (unfinished / "model").write_text("newer")
        raise error
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        "model": "new",
        "card": "new",
    }


def test_missing_folders_are_made(tmp_path):
    with files.replacing(tmp_path / "a" / "b" / "data.json") as unfinished:
        unfinished.write_text("new")
    assert (tmp_path / "a" / "b" / "data.json").read_text() == "new"


def test_digests(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"\x00\xff" * 100_000)
    assert files.sha256(path) == hashlib.sha256(path.read_bytes()).hexdigest()
    assert files.sha256_of_lines(["b", "a"]) == hashlib.sha256(b"a\nb\n").hexdigest()
    assert files.sha256_of_lines(["a", "b"]) != files.sha256_of_lines(["ab"])
