"""Limit each worker to one thread, so that workers do not compete and results do not depend on their number."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
)


def one_thread_each() -> None:
    """Limit everything that this process imports from now on to one thread; a worker calls this first."""
    os.environ |= dict.fromkeys(_VARIABLES, "1")


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit a process with more threads to one thread until the block ends."""
    import cv2
    import torch

    threads, pool = torch.get_num_threads(), cv2.getNumThreads()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        cv2.setNumThreads(pool)
