"""Keep what the environment happens to hold from changing a result or stopping a script."""

import ctypes
import os
import platform
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType

# What libraries read from the environment, by the beginnings of the names. Their defaults decide.
CLEARED = (
    "FORCE_COLOR",
    "JOBLIB_",
    "KERAS_",
    "LIBROSA_",
    "LOKY_",
    "MATPLOTLIBRC",
    "MPL",
    "NUMBA_",
    "ORT_",
    "SCIPY_",
    "SKLEARN_",
    "TF_",
    "TQDM_",
    "TTY_",
    "XLA_FLAGS",
)
KEPT = ("TF_FORCE_GPU_", "TF_GPU_")  # how a process uses a GPU's memory
SET = {
    "KERAS_BACKEND": "tensorflow",
    # A folder that cannot be, or Keras would read its data format and precision from the home.
    "KERAS_HOME": str(Path(os.devnull, "keras")),
    "MPLBACKEND": "Agg",  # pictures are files
    "ORT_DISABLE_TELEMETRY": "1",  # see load_onnxruntime
    "TF_CPP_MIN_LOG_LEVEL": "3",  # what is wrong comes as an exception
}

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4  # of mallopt, as malloc.h has them
KEPT_BYTES = 2**30  # free at the end of the heap before any are given back
GROWTH = 2**26  # bytes that the heap grows by


def use_utf8() -> None:
    """Start this script again in Python's UTF-8 mode where the locale is of another encoding.

    There the names of files and genres would be other texts than elsewhere, and those in lists
    would not be found. Windows' names are the same under every locale.
    """
    if sys.getfilesystemencoding() != "utf-8" and "utf8" not in sys._xoptions:
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


def prepare() -> None:
    """Prepare a process that is all ours, a script or a worker, before it loads large libraries.

    Not a notebook: there the backends of Keras and matplotlib are the user's choice, and the API
    needs neither.
    """
    for name in [name for name in os.environ if name.startswith(CLEARED)]:
        if not name.startswith(KEPT):
            del os.environ[name]
    os.environ.update(SET, MPLCONFIGDIR=str(_folder()))
    warnings.resetwarnings()  # PYTHONWARNINGS=error would turn a library's remark into a failure
    warnings.simplefilter("ignore")
    _keep_freed_memory()


@cache
def load_librosa() -> ModuleType:
    """Return librosa; the parts that Numba compiles are loaded by one process at a time.

    Numba stores what it compiles. Two processes that fill its cache at once may each store half of
    a function, and what is loaded then crashes for ever (github.com/numba/numba/issues/10128).
    """
    from filelock import FileLock

    os.environ["NUMBA_CACHE_DIR"] = str(_folder() / "numba")  # librosa's own may not be writable
    with FileLock(_folder() / "numba.lock"):
        import librosa.core.audio
        import librosa.core.pitch
        import librosa.effects
        import librosa.feature
        import librosa.util.utils
    return librosa


@cache
def load_keras() -> ModuleType:
    """Return Keras, without the many lines that TensorFlow writes while it loads."""
    with muted():
        import keras
    return keras


@cache
def load_onnxruntime() -> ModuleType:
    """Return ONNX Runtime, which tells no one that it is used.

    By default it keeps an identifier in the home, and sends reports to its makers. It looks at the
    variable once, when it is loaded, so a notebook's process needs it too.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    return onnxruntime


@contextmanager
def muted() -> Iterator[None]:
    """Let C code write nothing to stderr, as TensorFlow does while it loads, and MP3's decoder.

    No setting reaches all of TensorFlow's notes (github.com/tensorflow/tensorflow/issues/100442),
    and they would bury our own lines. A script's own stderr is another descriptor. Of threads that
    come at the same time, the first one mutes.
    """
    # Where stderr was closed when Python started, descriptor 2 can be any file that is read.
    if sys.__stderr__ is None or not _muting.acquire(blocking=False):
        yield
        return
    try:
        with _to_nowhere(2):
            yield
    finally:
        _muting.release()


_muting = threading.Lock()


@contextmanager
def _to_nowhere(descriptor: int) -> Iterator[None]:
    """Let what is written to a descriptor vanish, and put the descriptor back."""
    try:
        before = os.dup(descriptor)
    except OSError:  # closed by whoever started us
        yield
        return
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), descriptor)
        yield
    finally:
        os.dup2(before, descriptor)
        os.close(before)


@cache
def _folder() -> Path:
    """Return a folder for libraries' caches on this machine, which no other user can write to."""
    owner = os.getuid() if hasattr(os, "getuid") else None  # Windows' is each user's own anyway
    folder = Path(tempfile.gettempdir(), "genre" if owner is None else f"genre-{owner}")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return Path(tempfile.mkdtemp(prefix="genre-"))
    if owner is not None and (found.st_uid != owner or found.st_mode & 0o022):
        return Path(tempfile.mkdtemp(prefix="genre-"))
    return folder


def _keep_freed_memory() -> None:
    """Tell malloc to keep what is freed, from now on in this process; elsewhere do nothing.

    A training step frees arrays and asks for the same ones in the next, and so does one segment's
    spectrum after another. By default malloc gives large arrays back at once, and the system hands
    them out again page by page, each filled with zeros, which takes as long as a small network's
    arithmetic, and adds a fifth to a song's features.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
        libc.mallopt(M_TOP_PAD, GROWTH)
