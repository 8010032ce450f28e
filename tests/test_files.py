"""A file is written whole or not at all."""

import hashlib
import os

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


def test_two_processes_of_one_number_never_write_to_one_file(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "getpid", lambda: 1)  # as in two containers
    target = tmp_path / "song.mp3"
    with files.replacing(target) as mine, files.replacing(target) as other:
        assert mine != other
        assert files.is_unfinished(mine.name)


def test_a_name_may_be_as_long_as_the_file_system_allows(tmp_path):
    target = tmp_path / ("水" * 83 + ".json")
    with files.replacing(target) as unfinished:
        unfinished.write_text("new")
    assert target.read_text() == "new"


def test_a_persons_file_keeps_its_facts(tmp_path):
    target = tmp_path / "song.mp3"
    target.write_text("old")
    target.chmod(0o640)
    os.utime(target, (1e9, 1e9))
    if os.geteuid() == 0:
        os.chown(target, 1234, 1235)
    before = target.stat()
    with files.rewriting(target) as unfinished:
        unfinished.write_text("new")
    after = target.stat()
    assert target.read_text() == "new"
    for fact in ("st_mode", "st_uid", "st_gid", "st_mtime_ns"):
        assert getattr(after, fact) == getattr(before, fact)


def test_a_file_system_may_refuse_mode_dates_and_attributes(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(1, "Operation not permitted")

    target = tmp_path / "song.mp3"
    target.write_text("old")
    for name in ("chmod", "utime", "setxattr", "chown"):
        monkeypatch.setattr(os, name, refuse, raising=False)
    with files.rewriting(target) as unfinished:
        unfinished.write_text("new")
    assert target.read_text() == "new"


def test_a_persons_file_that_may_not_be_written_is_left_alone(tmp_path, monkeypatch):
    target = tmp_path / "song.mp3"
    target.write_text("old")
    if os.geteuid():  # root may write all
        target.chmod(0o444)
        with pytest.raises(PermissionError), files.rewriting(target):
            pass
        target.chmod(0o644)
    with pytest.raises(OSError, match="has just changed it"), files.rewriting(target) as unfinished:
        unfinished.write_text("new")
        target.write_text("changed by another")
    assert target.read_text() == "changed by another"
    monkeypatch.setattr(os, "chown", lambda *_, **__: refuse_owner())
    other = os.stat_result((0o100644, 0, 0, 1, os.getuid() + 1, 0, 0, 0, 0, 0))
    with pytest.raises(PermissionError, match="owner"):
        files._keep_facts(target, other, target)
    assert list(tmp_path.iterdir()) == [target]


def refuse_owner() -> None:
    raise PermissionError(1, "Operation not permitted")


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


def test_a_file_that_is_read_in_any_order_has_the_digest_of_the_whole(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 1000)
    end = path.stat().st_size
    for places in ([], [0], [end], [200_000, 0, 50, 90, 1000, 180_000, 180_100]):
        with files.HashedFile(path) as hashed:
            for place in places:
                hashed.seek(place)
                assert hashed.read(100) == path.read_bytes()[place : place + 100]
            for _ in range(2):
                assert hashed.hexdigest() == files.sha256(path)
