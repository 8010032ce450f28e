"""Let glibc, the C library of most Linux systems, keep the memory that a training step frees."""

import ctypes
import platform

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4  # of mallopt, as malloc.h has them
KEPT = 2**30  # bytes free at the end of the heap before any are given back
GROWTH = 2**26  # bytes that the heap grows by


def keep_freed_memory() -> None:
    """Tell malloc to keep what is freed, from now on in this process; elsewhere do nothing.

    TensorFlow on a CPU frees a step's arrays and asks for the same ones in the next. By default
    malloc gives large ones back at once, and the system hands them out again page by page, each
    filled with zeros, which takes as long as a small network's arithmetic.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, KEPT)
        libc.mallopt(M_TOP_PAD, GROWTH)
