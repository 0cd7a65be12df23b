"""Write files whole or not at all, append lines that outlive a kill, and keep a folder to one process."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import BinaryIO, TypeVar

from forensics.errors import BusyError

Row = TypeVar("Row")

LOCK = ".lock"

_PIECE = 1 << 16


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file under a temporary name and rename it; nothing is left on any failure.

    A killed process leaves the unfinished file, which `sweep` removes.

    Args:
        path: The final file.
        write: Function that writes the file at a given path; the path keeps the suffix.
    """
    from watermark import whole_file  # not at the top: help for a command would load all that reads media

    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as part:
        write(part)
        part.chmod(0o644)


def write_csv(path: Path, kind: type[Row], rows: Iterable[Row]) -> None:
    """Write instances of a dataclass as CSV, whole or not at all: a column for each field, a line for each instance.

    Args:
        path: The final file.
        kind: The dataclass.
        rows: Its instances.
    """
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [item.name for item in fields(kind)])  # type: ignore[arg-type]
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)  # type: ignore[call-overload]
    write_whole(path, lambda part: part.write_text(text.getvalue(), encoding="utf-8", newline=""))


def append_line(path: Path, line: str) -> None:
    """Append a line to a journal. The line is on disk on return, and the cost does not depend on the journal's length.

    Args:
        path: The journal; it is created where it is missing.
        line: The line without its line feed.
    """
    with path.open("a+b") as file:
        end = file.seek(0, os.SEEK_END)
        if end and file.seek(end - 1) is not None and file.read(1) != b"\n":
            file.truncate(_last_line(file, end))  # what a kill or a full disk cut off stands for nothing
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


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock a folder against other writers and remove what killed processes left; the lock ends with the process.

    Args:
        folder: The folder; it is created where it is missing, and removed where an error leaves it empty.

    Raises:
        BusyError: Another process holds the lock.
    """
    from watermark import sweep, try_lock

    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("w") as stream:
        if not try_lock(stream.fileno()):
            raise BusyError(f"{folder} is being written by another process; wait until it ends", folder)
        sweep(folder, deep=True)
        try:
            yield
        except BaseException:
            if made and [path.name for path in folder.iterdir()] == [LOCK]:
                (folder / LOCK).unlink()
                folder.rmdir()
            raise
