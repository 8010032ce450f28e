"""Make results independent of environment variables, locale, home folder and the like."""

import logging
import os
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from genre.errors import FeatureError

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

# The warnings that Python itself does not show by default.
FOR_DEVELOPERS = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)


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
    os.environ.update(SET)
    if folder := _folder():
        os.environ["MPLCONFIGDIR"] = str(folder)
    _ours.set()
    warnings.resetwarnings()  # PYTHONWARNINGS=error would turn a library's warning into an error
    for category in FOR_DEVELOPERS:
        warnings.simplefilter("ignore", category)
    # TensorFlow warns where several networks are made one after the other, as folds are.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


@cache
def load_librosa() -> ModuleType:
    """Return librosa. Only one process at a time loads the parts that Numba compiles.

    Numba keeps compiled functions in a cache. Two processes that fill it at once may each store
    half of a function, and what is loaded from that cache then crashes every time
    (github.com/numba/numba/issues/10128).
    """
    from filelock import FileLock

    folder = _folder()
    if not folder:
        raise FeatureError("librosa needs a folder for its cache: let TMPDIR name one")
    os.environ["NUMBA_CACHE_DIR"] = str(folder / "numba")  # librosa's own may not be writable
    with FileLock(folder / "numba.lock"):
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
def one_thread(controller: Any) -> Iterator[None]:
    """Keep arithmetic to one thread in the block: more threads round differently.

    `controller` is a threadpoolctl.ThreadpoolController, which knows the libraries. For those of
    linear algebra the number is that of the whole process. So if several threads are in such blocks
    at once, the first one sets it, and the last one puts back what was there before.
    """
    global _n_inside
    with _changing:
        if _n_inside == 0:
            # In a thread that ends at once: threadpoolctl lets no other thread put back what a
            # thread has set, for as long as that lives.
            limits = controller.select(user_api="blas").limit
            setter = threading.Thread(target=lambda: _limits.enter_context(limits(limits=1)))
            setter.start()
            setter.join()
        _n_inside += 1
    try:
        with controller.select(user_api="openmp").limit(limits=1):  # a number of each thread
            yield
    finally:
        with _changing:
            _n_inside -= 1
            if _n_inside == 0:
                _limits.close()


_changing, _n_inside, _limits = threading.Lock(), 0, ExitStack()


@contextmanager
def muted() -> Iterator[None]:
    """Suppress what C code writes to stderr, such as TensorFlow's notes and the MP3 decoder's.

    No setting turns off all of TensorFlow's notes (github.com/tensorflow/tensorflow/issues/100442),
    and our own lines would be lost among them. Our scripts write to another descriptor. If several
    threads enter at the same time, only the first one mutes.

    In another's process nothing is muted: its threads write to the same descriptor.
    """
    # If stderr was closed when Python started, descriptor 2 can be any file, even an input file.
    mutes = _ours.is_set() and sys.__stderr__ is not None and _muting.acquire(blocking=False)
    if not mutes:
        yield
        return
    try:
        with _to_nowhere(2):
            yield
    finally:
        _muting.release()


_ours = threading.Event()  # set in a process that `prepare` has prepared
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
def _folder() -> Path | None:
    """Return a folder for the caches of libraries, to which no other user can write.

    None means that there is no folder for temporary files, as in a container that is read-only.
    """
    owner = os.getuid() if hasattr(os, "getuid") else None  # Windows' temp folder is per user
    try:
        folder = Path(tempfile.gettempdir(), "genre" if owner is None else f"genre-{owner}")
        with suppress(OSError):
            folder.mkdir(mode=0o700, exist_ok=True)
            found = folder.lstat()
            if owner is None or (found.st_uid == owner and not found.st_mode & 0o022):
                return folder
        return Path(tempfile.mkdtemp(prefix="genre-"))
    except OSError:
        return None
