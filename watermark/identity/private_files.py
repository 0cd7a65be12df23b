"""Files that only their owner may read or write: keys, commands that reach keys, and what trust is built on."""

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


def check_unwritable(path: Path) -> None:
    """Refuse a file or folder that another user could have made or changed, since what it says would prove nothing.

    Raises:
        IdentityError: Group or others may write to it, or it belongs to another user than this one and root.
        OSError: It cannot be looked at.
    """
    if os.name != "posix":
        return
    status, user = path.stat(), os.geteuid()
    if status.st_mode & 0o022:
        mode = f"{status.st_mode & 0o7777:04o}"
        raise IdentityError(f"{path}: has mode {mode} and can be changed by others; run chmod go-w on it")
    if user != 0 and status.st_uid not in (user, 0):
        raise IdentityError(f"{path}: belongs to user {status.st_uid} and not to you; take a folder of your own")


def write_private(path: Path, content: bytes) -> None:
    """Create a file that only its owner can read.

    Raises:
        FileExistsError: The file exists.
    """
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
