"""End a process with the one that started it: on Ctrl-C without a word, and where the other was killed."""

from __future__ import annotations

import os
import signal
import threading
from multiprocessing import parent_process


def follow_parent() -> None:
    """Watch the parent from a thread of this process, and leave when it is gone; a worker's first act.

    Ctrl-C, which a terminal sends to both, ends a worker at once; its parent says so, and it alone.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_wait, daemon=True).start()


def _wait() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
