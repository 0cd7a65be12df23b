"""Name the files of an identity's folder, and write them so that a process that ends leaves none half-written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from watermark.errors import IdentityError
from watermark.media.files import flush, try_lock, whole_file

from .private_files import write_private

ROOT, CHAIN, KEY, TIME_STAMP = "root.pem", "chain.pem", "leaf_key.pem", "time_stamp.json"
SIGN_COMMAND = "sign_command.json"
ISSUING_KEY, FORMER_ROOTS = "issuing_key.pem", "former_roots.pem"


def private_pem(key: PrivateKeyTypes) -> bytes:
    """Return a private key as PEM text without a password (PKCS 8)."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def key_name(leaf: x509.Certificate) -> str:
    """Return the name of the file that the key of a renewed leaf is kept in, so that it never stands beside another."""
    return f"leaf_key-{leaf.fingerprint(hashes.SHA256()).hex()[:16]}.pem"


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Lock an identity for the block; the lock ends with the process.

    Raises:
        IdentityError: Another process holds the lock, or the folder cannot be opened.
    """
    if os.name != "posix":
        yield
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise IdentityError(f"{folder}: cannot be opened ({error.strerror})") from error
    try:
        if not try_lock(handle):
            raise IdentityError(f"{folder}: another renewal is under way; wait for it")
        yield
    finally:
        os.close(handle)


def write_public(path: Path, text: str) -> None:
    """Write a file that others may read and, whatever the umask, not write."""
    path.write_text(text, "ascii")
    path.chmod(0o644)


def append_whole(path: Path, text: str) -> None:
    """Append to a file in one step."""
    replace_whole(path, (path.read_text("ascii") if path.exists() else "") + text)


def replace_whole(path: Path, text: str) -> None:
    """Replace a file in one step."""
    with whole_file(path) as fresh:
        write_public(fresh, text)
        flush(fresh)
    flush(path.parent)  # the earlier key is removed after this


def write_private_whole(path: Path, content: bytes) -> None:
    """Create a file that only its owner can read, complete or not at all."""
    fresh = path.with_name(f".{path.name}.next")
    fresh.unlink(missing_ok=True)
    write_private(fresh, content)
    fresh.replace(path)
