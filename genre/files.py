"""Write files so that an interrupted run leaves the old file or none, and hash files."""

import errno
import hashlib
import io
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from genre.errors import GenreError

UNFINISHED = ".genre-unfinished-"  # how the names of files begin that are being written
LONGEST_SUFFIX = 16  # characters; what is longer is a part of a name with a dot in it
CHUNK = 2**20  # bytes that are read at once
SHORT_GAP = 2**16  # bytes between two places in a file that are read with them, to be hashed
LFS_POINTER = b"version https://git-lfs.github.com/spec/"  # how such a file begins


def beginning(path: str | Path) -> bytes:
    """Return a file's first bytes, up to 64, by which its kind is known, whatever its suffix.

    Raises OSError where it cannot be read, and GenreError where it is a pointer of Git LFS.
    """
    with open(path, "rb") as file:
        start = file.read(64)
    if start.startswith(LFS_POINTER):
        raise GenreError(f"{path}: a pointer of Git LFS, not the file; `git lfs pull` gets it")
    return start


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a path beside `path` to write to; when the block succeeds, that file replaces `path`.

    The folder is made if it is missing. The suffix stays, because some writers depend on it.
    """
    path = Path(path)
    with blaming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = _new_file(path)
        try:
            yield unfinished
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)


@contextmanager
def rewriting(path: Path) -> Iterator[Path]:
    """Do as `replacing` does for a file that belongs to a person, which must not become worse.

    The new file gets the old one's owner, mode, dates and extended attributes. Mode, dates and
    attributes are left out where the file system does not take them. Raises OSError, and leaves the
    old file, if that may not be written, if its owner cannot be kept, or if another program has
    changed it meanwhile.
    """
    before = path.stat()
    with open(path, "r+b"):  # raises OSError if it may not be written
        pass
    with replacing(path) as unfinished:
        yield unfinished
        _flush(unfinished)
        _keep_facts(path, before, unfinished)
        now = path.stat()
        if (now.st_ino, now.st_size, now.st_mtime_ns) != (
            before.st_ino,
            before.st_size,
            before.st_mtime_ns,
        ):
            raise OSError(errno.EBUSY, "another program has just changed it", str(path))


def is_unfinished(name: str) -> bool:
    """Say whether a file's name is that of one that `replacing` has not finished."""
    return name.startswith(UNFINISHED)


@contextmanager
def replacing_files(folder: Path) -> Iterator[Path]:
    """Give a folder to write to; when the block succeeds, its files are moved into `folder`.

    `folder` is made if it is missing. Other files in it stay.
    """
    with unfinished_folder(folder) as unfinished, blaming(folder):
        yield unfinished
        for file in unfinished.iterdir():
            file.replace(folder / file.name)


@contextmanager
def unfinished_folder(folder: Path) -> Iterator[Path]:
    """Give a new folder inside `folder`; when the block ends, it goes with all that it holds.

    `folder` is made if it is missing, and goes too if nothing is written into it.
    """
    is_new = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=folder) as unfinished:
            yield Path(unfinished)
    finally:
        if is_new:
            with suppress(OSError):  # it holds something
                folder.rmdir()


@contextmanager
def blaming(path: Path) -> Iterator[None]:
    """Name a path in each OSError of the block, as the user knows no other name."""
    try:
        yield
    except OSError as error:
        error.filename = str(path)
        raise


def _new_file(path: Path) -> Path:
    """Make an empty file beside `path` with a name that no other process can have chosen.

    Process numbers do not tell processes apart: each container and each machine has its own.
    """
    suffix = path.suffix if len(path.suffix) <= LONGEST_SUFFIX else ""
    unfinished = path.with_name(f"{UNFINISHED}{secrets.token_hex(8)}{suffix}")
    with open(unfinished, "xb"):
        pass
    return unfinished


def _keep_facts(old: Path, facts: os.stat_result, new: Path) -> None:
    """Give a new file the owner, attributes, mode and dates of an old one."""
    made = new.stat()
    if (made.st_uid, made.st_gid) != (facts.st_uid, facts.st_gid):
        try:
            shutil.chown(new, facts.st_uid, facts.st_gid)
        except OSError as error:
            raise PermissionError(errno.EPERM, "its owner and group cannot be kept") from error
    with suppress(OSError, AttributeError):  # only Linux has these functions
        for name in os.listxattr(old):
            with suppress(OSError):
                os.setxattr(new, name, os.getxattr(old, name))
    with suppress(OSError):
        new.chmod(stat.S_IMODE(facts.st_mode))
    with suppress(OSError):
        os.utime(new, ns=(facts.st_atime_ns, facts.st_mtime_ns))


def _flush(path: Path) -> None:
    """Wait until a file is on the disk, so that it is whole even if the power fails."""
    with open(path, "r+b") as file:
        os.fsync(file.fileno())


def check_place(path: Path) -> None:
    """Raise OSError if a file cannot be written to a path, before any work is done for it."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    with blaming(path):
        folder = next(filter(_is_there, (path, *path.parents)))
        with tempfile.TemporaryFile(dir=folder if folder.is_dir() else folder.parent):
            pass


def check_folder(path: Path) -> None:
    """Raise OSError if files cannot be written into a folder, which need not exist yet."""
    with blaming(path):
        check_place(path / "file")


def _is_there(path: Path) -> bool:
    """Say whether a path exists; raises OSError if it cannot exist."""
    try:
        path.stat()
    except FileNotFoundError:
        return False
    return True


def printable(path: str | os.PathLike[str]) -> str:
    """Return a path as one printable line: all other characters are written as escapes."""
    text = str(path).encode(errors="backslashreplace").decode()
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def sha256(path: str | Path) -> str:
    """Return the SHA-256 digest of a file's content, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_lines(lines: Iterable[str]) -> str:
    """Return the SHA-256 digest of lines, sorted and each ended by a line feed."""
    text = "".join(f"{line}\n" for line in sorted(lines))
    return hashlib.sha256(text.encode()).hexdigest()


class HashedFile(io.RawIOBase):
    """A file that is hashed as it is read, so that its digest takes no second reading.

    What is read in order, from the beginning on, is hashed at once. What is read elsewhere is not.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__()
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115, closed by close
        self._hash = hashlib.sha256()
        self._hashed = 0  # bytes, from the beginning of the file on

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def readinto(self, buffer: Any) -> int:
        start = self._file.tell()
        if self._hashed < start <= self._hashed + SHORT_GAP:
            self._hash_until(start)
        n_read = self._file.readinto(buffer)
        if start <= self._hashed < start + n_read:
            self._hash.update(memoryview(buffer)[self._hashed - start : n_read])
            self._hashed = start + n_read
        return n_read

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()

    def hexdigest(self) -> str:
        """Return the SHA-256 digest of the file; what is not hashed yet is read, if it is open."""
        if not self.closed:
            self._hash_until(self._file.seek(0, os.SEEK_END))
        return self._hash.hexdigest()

    def _hash_until(self, end: int) -> None:
        self._file.seek(self._hashed)
        while chunk := self._file.read(min(CHUNK, end - self._hashed)):
            self._hash.update(chunk)
            self._hashed += len(chunk)
