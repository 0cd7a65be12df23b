"""Hash files, write them whole or not at all, and tell what is unfinished from what a killed process left."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

UNFINISHED = ".facetrail-"
"""How the names of unfinished files and folders begin."""


def file_hash(path: Path) -> str:
    """Compute the SHA-256 of a file, hexadecimal.

    Args:
        path: The file.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield an unfinished file beside a path; it takes the path's place when the block ends without an error.

    On any failure nothing is left, and a file that was there stays as it was. The unfinished file is locked: one that a
    killed process left is removed by `sweep`.

    Args:
        path: The final file, in a folder that exists. The unfinished name keeps its suffix.

    Raises:
        OSError: The file cannot be written. The error carries the final name, which says more than the unfinished one.
    """
    part = path.with_name(f"{UNFINISHED}{secrets.token_hex(8)}{path.suffix}")
    try:
        handle = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            try_lock(handle)
            yield part
            part.replace(path)
        finally:
            os.close(handle)
            part.unlink(missing_ok=True)
    except OSError as error:
        if error.filename in (None, str(part)):
            error.filename = str(path)
        raise


@contextmanager
def first_file(path: Path) -> Iterator[Path]:
    """Yield where to make a file that is linked to a path when the block ends; the first of several processes wins.

    On any failure nothing is left.

    Args:
        path: The final file, in a folder that exists; one that is there stays as it is.

    Raises:
        OSError: The file cannot be written.
    """
    with hidden_folder(path.parent) as folder:
        made = folder / path.name
        yield made
        with suppress(FileExistsError):
            path.hardlink_to(made)


@contextmanager
def hidden_folder(parent: Path) -> Iterator[Path]:
    """Make a hidden folder for unfinished files, hold a lock on it, and remove it in the end.

    The lock goes with the process: a folder of this kind that nobody holds is removed by `sweep`.

    Args:
        parent: Where to make it.

    Raises:
        OSError: It cannot be made.
    """
    with tempfile.TemporaryDirectory(dir=parent, prefix=UNFINISHED) as name:
        if os.name != "posix":  # no other system opens folders
            yield Path(name)
            return
        handle = os.open(name, os.O_RDONLY)
        try:
            try_lock(handle)
            yield Path(name)
        finally:
            os.close(handle)


def try_lock(handle: int) -> bool:
    """Lock an open file or folder until it is closed or the process ends; return whether nobody else holds it.

    Args:
        handle: Of the open file. Where the system cannot lock, it counts as held by nobody.
    """
    if os.name != "posix":
        return True
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def sweep(folder: Path, *, deep: bool = False) -> None:
    """Remove the unfinished files and folders of processes that were killed; those of living ones are held by them.

    Args:
        folder: Where to look.
        deep: Look in the folders within it too.
    """
    if os.name != "posix":
        return
    for path in list(folder.rglob(f"{UNFINISHED}*") if deep else folder.glob(f"{UNFINISHED}*")):
        with suppress(OSError):
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                if try_lock(handle):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            finally:
                os.close(handle)


def flush(path: Path) -> None:
    """Make the content of a file, or the names in a folder, outlive a loss of power.

    Args:
        path: The file or the folder; folders are flushed where the system can open them.
    """
    is_folder = path.is_dir()
    if is_folder and os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY if is_folder else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
