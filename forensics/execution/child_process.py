"""Run child processes that end with their parent, are silent on Ctrl-C, and send errors that the parent can raise."""

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
    """Watch the parent from a thread of this process, and exit when the parent is gone; a worker calls this first.

    A terminal sends Ctrl-C to both processes. It ends a worker at once, and only the parent reports it.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_wait, daemon=True).start()


@contextmanager
def keyboard_held() -> Iterator[None]:
    """Block Ctrl-C while a process starts; a terminal sends it to both, and the parent then ends the child."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # the first process would start it otherwise, and that would unblock Ctrl-C
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def portable(error: Exception) -> Exception:
    """Return an error that can be sent to the parent: the error, or its line where it cannot be rebuilt there."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - written on the same line  # nosec B301
    except Exception:
        return ForensicsError(explain(error))
    return error


def ending_of(code: int | None) -> str:
    """Return how a process ended: the name of a signal, or an exit code."""
    return signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"


def _wait() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
