"""Files that only their owner may read or write: keys, commands that reach keys, and what trust is built on."""

from __future__ import annotations

import os
import stat
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
    if status.st_uid not in (user, 0):
        raise IdentityError(f"{path}: belongs to user {status.st_uid} and not to you; take a folder of your own")
    for above in path.resolve().parents:
        bits = above.stat().st_mode
        if bits & 0o002 and not bits & stat.S_ISVTX:
            raise IdentityError(
                f"{above}: others can exchange what lies in it; run chmod o-w on it, or move {path.name}"
            )


def make_folder(path: Path) -> None:
    """Make a folder for its owner alone where there is none; folders above it are made so that others cannot write."""
    if not path.is_dir():
        for missing in reversed([one for one in path.parents if not one.exists()]):
            missing.mkdir(mode=0o755, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)


def write_private(path: Path, content: bytes) -> None:
    """Create a file that only its owner can read.

    Raises:
        FileExistsError: The file exists.
    """
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
