"""Hash files, write them whole or not at all, and append lines that outlive a kill."""

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
"""How the names of unfinished files and folders begin, here and where files are sealed."""

_PIECE = 1 << 16


def file_hash(path: Path) -> str:
    """Compute the SHA-256 of a file, hex.

    Args:
        path: The file.
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place and rename it; on any failure nothing is left.

    A killed process leaves the unfinished file, which `sweep` removes.

    Args:
        path: The final file.
        write: Writes the file it is given; the name keeps the suffix.
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
    """Append a line to a journal; it is on disk when this returns, and costs the same however long the journal is.

    Args:
        path: The journal; it is made where it is missing.
        line: Without its line feed.
    """
    with path.open("a+b") as file:
        end = file.seek(0, os.SEEK_END)
        if end and file.seek(end - 1) is not None and file.read(1) != b"\n":
            file.truncate(_last_line(file, end))  # what a kill or a full disk cut off stands for nothing
        file.write(line.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def whole_lines(path: Path) -> list[bytes]:
    """Read the lines of a journal, oldest first, without one that was cut off; none where there is no journal.

    Args:
        path: The journal.
    """
    if not path.is_file():
        return []
    *lines, _ = path.read_bytes().split(b"\n")
    return lines


def _last_line(file: BinaryIO, end: int) -> int:
    """Find where the line begins that a file ends in."""
    while end:
        start = max(0, end - _PIECE)
        file.seek(start)
        place = file.read(end - start).rfind(b"\n")
        if place >= 0:
            return start + place + 1
        end = start
    return 0


def try_to_hold(handle: int) -> bool:
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
                if try_to_hold(handle):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            finally:
                os.close(handle)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from writing a folder, and remove what killed ones left; the lock goes with the process.

    Args:
        folder: It is made where it is missing, and goes again where an error leaves it empty.

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
