"""Read and write files that only their owner may use: keys, and commands that use keys."""

from __future__ import annotations

import os
from pathlib import Path

from watermark.errors import IdentityError


def check_private(path: Path, mode: int) -> None:
    """Check that others cannot read a secret.

    Raises:
        IdentityError: Group or others have a permission on the file.
    """
    if os.name == "posix" and mode & 0o077:
        raise IdentityError(f"{path}: has mode {mode & 0o777:04o} and can be used by others; run chmod 600 on it")


def write_private(path: Path, content: bytes) -> None:
    """Create a file that only its owner can read.

    Raises:
        FileExistsError: The file exists.
    """
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
