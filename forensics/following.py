"""End a process with the one that started it, even where that one was killed."""

from __future__ import annotations

import os
import threading
from multiprocessing import parent_process


def follow_parent() -> None:
    """Watch the parent from a thread of this process, and leave when it is gone; a worker's first act."""
    threading.Thread(target=_wait, daemon=True).start()


def _wait() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
