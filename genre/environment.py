"""Make results independent of environment variables, locale, home folder and the like."""

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

# Environment variables of libraries, by the beginnings of their names. They are cleared, so that
# the libraries use their defaults.
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
    # A folder that cannot exist; else Keras reads its data format and precision from the home.
    "KERAS_HOME": str(Path(os.devnull, "keras")),
    "MPLBACKEND": "Agg",  # pictures are files
    "ORT_DISABLE_TELEMETRY": "1",  # see load_onnxruntime
    "TF_CPP_MIN_LOG_LEVEL": "3",  # errors come as exceptions, too
}

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4  # parameters of mallopt, from malloc.h
KEPT_BYTES = 2**30  # that may be free at the end of the heap; more are given back to the system
GROWTH = 2**26  # bytes by which the heap grows


def use_utf8() -> None:
    """Start this script again in Python's UTF-8 mode if the locale has another encoding.

    Otherwise the names of files and genres would be decoded differently than on other machines,
    and names in lists would not match. On Windows, names do not depend on the locale.
    """
    if sys.getfilesystemencoding() != "utf-8" and "utf8" not in sys._xoptions:
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


def prepare() -> None:
    """Prepare a process of ours, a script or a worker, before it loads large libraries.

    This is not for notebooks: there the user chooses the backends of Keras and matplotlib, and the
    API needs neither.
    """
    for name in [name for name in os.environ if name.startswith(CLEARED)]:
        if not name.startswith(KEPT):
            del os.environ[name]
    os.environ.update(SET, MPLCONFIGDIR=str(_folder()))
    warnings.resetwarnings()  # PYTHONWARNINGS=error would turn a library's warning into an error
    warnings.simplefilter("ignore")
    _keep_freed_memory()


@cache
def load_librosa() -> ModuleType:
    """Return librosa. Only one process at a time loads the parts that Numba compiles.

    Numba keeps compiled functions in a cache. Two processes that fill it at once may each store
    half of a function, and what is loaded from that cache then crashes every time
    (github.com/numba/numba/issues/10128).
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
    """Return ONNX Runtime, with its telemetry switched off.

    By default it keeps an identifier in the home folder, and sends reports to its makers. It reads
    the variable once, when it is loaded, so it must be set in a notebook, too.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    return onnxruntime


@contextmanager
def muted() -> Iterator[None]:
    """Suppress what C code writes to stderr, such as TensorFlow's notes and the MP3 decoder's.

    No setting turns off all of TensorFlow's notes (github.com/tensorflow/tensorflow/issues/100442),
    and our own lines would be lost among them. Our scripts write to another descriptor. If several
    threads enter at the same time, only the first one mutes.
    """
    # If stderr was closed when Python started, descriptor 2 can be any file, even an input file.
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
    """Discard what is written to a descriptor in the block, and restore the descriptor after it."""
    try:
        before = os.dup(descriptor)
    except OSError:  # the descriptor was closed when the script started
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
    """Return a folder for the caches of libraries, to which no other user can write."""
    owner = os.getuid() if hasattr(os, "getuid") else None  # Windows' temp folder is per user
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
    """Tell glibc's malloc to keep freed memory in this process; do nothing without glibc.

    Training steps free arrays and then need arrays of the same sizes, and so do the spectra of one
    segment after another. By default malloc gives large arrays back to the system at once, which
    hands them out again page by page, each filled with zeros. That takes as long as a small
    network's arithmetic, and makes a song's features a fifth slower.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
        libc.mallopt(M_TOP_PAD, GROWTH)
