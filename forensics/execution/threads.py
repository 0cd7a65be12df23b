"""Compute on several threads what arrives piece by piece, and keep few pieces in memory."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Piece = TypeVar("Piece")
Result = TypeVar("Result")


def in_order(
    function: Callable[[Piece], Result], pieces: Iterable[Piece], *, threads: int | None = None
) -> Iterator[Result]:
    """Yield the result of a function for every piece, in the order of the pieces.

    The pieces are taken one after the other in the calling thread, and at most two for each thread are in memory.

    Args:
        function: Function that releases the interpreter lock for most of its time, as NumPy does on large arrays.
        pieces: Its arguments.
        threads: Number of threads, 1 for the calling thread alone; by default one for each core of this process.
    """
    count = _cores() if threads is None else threads
    if count == 1:
        yield from map(function, pieces)
        return
    with ThreadPoolExecutor(count) as pool:
        waiting: deque[Future[Result]] = deque()
        for piece in pieces:
            waiting.append(pool.submit(function, piece))
            if len(waiting) >= 2 * count:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
