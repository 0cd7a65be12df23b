"""A hidden folder for unfinished files, which others can tell from one that a killed process left."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = ".facetrail-"


@contextmanager
def hidden_folder(parent: Path) -> Iterator[Path]:
    """Make a hidden folder, hold a lock on it, and remove it in the end.

    The lock goes with the process: a folder with this prefix that nobody holds may be removed.

    Args:
        parent: Where to make it.

    Raises:
        OSError: It cannot be made.
    """
    with tempfile.TemporaryDirectory(dir=parent, prefix=PREFIX) as name, _held(Path(name)):
        yield Path(name)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    if os.name != "posix":
        yield
        return
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
