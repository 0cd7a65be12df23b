"""One thread for each worker: none fights for cores, and no last bit depends on how many there are."""

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
    """Have whatever this process imports from now on compute on one thread; a worker's first act."""
    os.environ |= dict.fromkeys(_VARIABLES, "1")


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread in a process that has more."""
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
