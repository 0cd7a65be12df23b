"""Create hidden folders for unfinished files, which can be distinguished from those of a killed process."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = ".facetrail-"


@contextmanager
def hidden_folder(parent: Path) -> Iterator[Path]:
    """Create a hidden folder, keep a lock on it, and remove it in the end.

    The lock ends with the process: a folder with this prefix that no process has locked may be removed.

    Args:
        parent: Folder to create it in.

    Raises:
        OSError: The folder cannot be created.
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
