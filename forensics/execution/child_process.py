"""Processes that end with the one that started them, without a word on Ctrl-C, and send it errors that it can raise."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import parent_process, resource_tracker

from forensics.errors import ForensicsError

from .command_result import explain


def follow_parent() -> None:
    """Watch the parent from a thread of this process, and leave when it is gone; a worker's first act.

    Ctrl-C, which a terminal sends to both, ends a worker at once; its parent says so, and it alone.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_wait, daemon=True).start()


@contextmanager
def keyboard_held() -> Iterator[None]:
    """Let a process start deaf to Ctrl-C, which a terminal sends to both; the parent hears it and ends the other."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # the first process started would start it, and that lets the keyboard in again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def portable(error: Exception) -> Exception:
    """Return what can be sent to the parent: the error itself, or its line where it cannot be rebuilt there."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - written on the same line  # nosec B301
    except Exception:
        return ForensicsError(explain(error))
    return error


def ending_of(code: int | None) -> str:
    """Say how a process ended: by the name of a signal, or with an exit code."""
    return signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"


def _wait() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
