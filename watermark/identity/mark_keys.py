"""Store the secret keys that marks are made and read with: one file, 32 bytes per key, the oldest first.

New marks use the newest key, and reading tries all keys. A rotation appends a key, so that no earlier mark is lost.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from pathlib import Path

from watermark.errors import IdentityError
from watermark.mark.tile import KEY_BYTES
from watermark.media.files import first_file, flush
from watermark.store.manifest_store import STORE_FILE

from .private_files import check_private, check_unwritable, write_private

_LOG = logging.getLogger(__name__)

_FILE = "mark.key"
_FINGERPRINT_BYTES = 6


def open_mark_keys(folder: Path) -> tuple[bytes, ...]:
    """Return the mark keys of a deployment's folder, the newest first, and create one on first use.

    Raises:
        IdentityError: The file is lost, damaged, cannot be created, or can be read by others.
    """
    path = folder / _FILE
    if not _exists(path):
        _make(path)
        _LOG.info("made a mark key in %s", path)
    keys = _read(path)
    _LOG.debug("mark keys in %s, the newest first: %s", path, ", ".join(map(_fingerprint, keys)))
    return keys


def rotate_mark_key(folder: Path) -> tuple[bytes, ...]:
    """Append a new key to the file and return all keys, the newest first; the file is replaced atomically.

    Raises:
        IdentityError: The file is lost, damaged, cannot be written, or can be read by others, or another process
            appends a key at the same time.
    """
    path = folder / _FILE
    written = path.with_name(f"{_FILE}.next")
    try:
        write_private(written, b"")  # the process that creates this file may rotate, and reads the keys only then
    except FileExistsError:
        raise IdentityError(
            f"{written}: another rotation is under way; if none is, it was cut off: remove this file, no mark uses it"
        ) from None
    except OSError as error:
        raise _unusable(path, error) from error
    try:
        keys = (secrets.token_bytes(KEY_BYTES), *_read(path))
        written.write_bytes(b"".join(reversed(keys)))
        flush(written)
        written.replace(path)
    except BaseException as error:
        written.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _unusable(path, error) from error
        raise
    flush(folder)  # a mark that outlives its key cannot be read
    _LOG.info("appended mark key %s to %s", _fingerprint(keys[0]), path)
    return keys


def mark_key_fingerprints(folder: Path) -> tuple[str, ...]:
    """Return fingerprints of the mark keys of a deployment's folder, the newest first; they do not reveal the keys.

    Returns:
        12 hexadecimal digits for each key; an empty result where no key was created yet.

    Raises:
        IdentityError: The file is lost, damaged, or can be read by others.
    """
    path = folder / _FILE
    return tuple(_fingerprint(key) for key in _read(path)) if _exists(path) else ()


def _fingerprint(key: bytes) -> str:
    return hashlib.blake2s(key, person=b"name", digest_size=_FINGERPRINT_BYTES).hexdigest()


def _exists(path: Path) -> bool:
    """Return whether there are keys yet; where files were sealed already, keys must exist."""
    if path.exists():
        return True
    store = path.with_name(STORE_FILE)
    if store.exists():
        raise IdentityError(
            f"{path}: is lost, and files were sealed here; restore it from a backup, or move {store.name} away as well "
            "to start anew"
        )
    return False


def _read(path: Path) -> tuple[bytes, ...]:
    try:
        check_private(path, path.stat().st_mode)
        check_unwritable(path)
        content = path.read_bytes()
    except OSError as error:
        raise _unusable(path, error) from error
    if not content or len(content) % KEY_BYTES:
        raise IdentityError(
            f"{path}: has {len(content)} bytes, expected {KEY_BYTES} for each mark key; restore it from a backup"
        )
    keys = [content[at : at + KEY_BYTES] for at in range(0, len(content), KEY_BYTES)]
    return tuple(reversed(keys))


def _make(path: Path) -> None:
    """Write the file beside its place and link it there atomically; the first of several processes wins."""
    try:
        with first_file(path) as made:
            write_private(made, secrets.token_bytes(KEY_BYTES))
        flush(path.parent)
    except OSError as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: OSError) -> IdentityError:
    return IdentityError(f"{path}: the mark keys cannot be used ({error.strerror}); check the folder's permissions")
