"""Hash files, and write them whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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

    On any failure nothing is left, and a file that was there stays as it was. This is a smaller twin of
    `watermark.whole_file`, because detectors import no other room.

    Args:
        path: The final file, in a folder that exists.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
