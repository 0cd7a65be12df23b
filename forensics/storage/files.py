"""Hash files, write them whole or not at all, and append lines that survive a killed process."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from forensics.errors import BusyError

LOCK = ".lock"
UNFINISHED = ".facetrail-"
"""Prefix of the names of unfinished files and folders, here and where files are sealed."""

_PIECE = 1 << 16


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, hex.

    Args:
        path: The file.
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file under a temporary name and rename it; nothing is left on any failure.

    A killed process leaves the unfinished file, which `sweep` removes.

    Args:
        path: The final file.
        write: Function that writes the file at a given path; the path keeps the suffix.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=UNFINISHED, suffix=path.suffix, dir=path.parent)
    temporary = Path(name)
    try:
        try_to_hold(handle)
        write(temporary)
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        if error.filename in (None, name):  # the file's own name says more than the unfinished one's
            error.filename = str(path)
        raise
    finally:
        os.close(handle)
        temporary.unlink(missing_ok=True)


def append_line(path: Path, line: str) -> None:
    """Append a line to a journal. The line is on disk on return, and the cost does not depend on the journal's length.

    Args:
        path: The journal; it is created where it is missing.
        line: The line without its line feed.
    """
    with path.open("a+b") as file:
        end = file.seek(0, os.SEEK_END)
        if end and file.seek(end - 1) is not None and file.read(1) != b"\n":
            file.truncate(_last_line(file, end))  # what a killed process or a full disk truncated is ignored
        file.write(line.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def whole_lines(path: Path) -> list[bytes]:
    """Return the complete lines of a journal, oldest first, without a truncated one; empty without a journal.

    Args:
        path: The journal.
    """
    if not path.is_file():
        return []
    *lines, _ = path.read_bytes().split(b"\n")
    return lines


def _last_line(file: BinaryIO, end: int) -> int:
    """Find where the last line of a file begins."""
    while end:
        start = max(0, end - _PIECE)
        file.seek(start)
        place = file.read(end - start).rfind(b"\n")
        if place >= 0:
            return start + place + 1
        end = start
    return 0


def try_to_hold(handle: int) -> bool:
    """Lock an open file or folder until it is closed or the process ends; return whether no other process has the lock.

    Args:
        handle: Handle of the open file. Where the system cannot lock, it counts as unlocked.
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
    """Remove the unfinished files and folders of killed processes; those of living processes are locked.

    Args:
        folder: The folder to search.
        deep: Search its sub-folders too.
    """
    if os.name != "posix":
        return
    for path in list(folder.rglob(f"{UNFINISHED}*") if deep else folder.glob(f"{UNFINISHED}*")):
        with suppress(OSError):
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                if try_to_hold(handle):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            finally:
                os.close(handle)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock a folder against other writers and remove what killed processes left; the lock ends with the process.

    Args:
        folder: The folder; it is created where it is missing, and removed where an error leaves it empty.

    Raises:
        BusyError: Another process holds the lock.
    """
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("w") as stream:
        if not try_to_hold(stream.fileno()):
            raise BusyError(f"{folder} is being written by another process; wait until it ends", folder)
        sweep(folder, deep=True)
        try:
            yield
        except BaseException:
            if made and [path.name for path in folder.iterdir()] == [LOCK]:
                (folder / LOCK).unlink()
                folder.rmdir()
            raise
