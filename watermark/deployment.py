"""One installation: its signing identity, its mark key and its manifest store, in one folder."""

from __future__ import annotations

import os
import secrets
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from .certificates import read_pem
from .errors import IdentityError
from .identity import Identity, check_private, write_private
from .store import ManifestStore
from .tile import KEY_BYTES
from .trust import TrustPolicy

HOME_VARIABLE = "FACETRAIL_HOME"

_IDENTITY, _MARK_KEY, _STORE, _ANCHORS = "identity", "mark.key", "manifests.sqlite3", "anchors.pem"


@dataclass(frozen=True, slots=True)
class Deployment:
    """What one installation signs, marks and remembers with.

    Attributes:
        identity: Who signs.
        mark_key: The 32 secret bytes that the mark's carriers are derived from.
        store: What was sealed here.
        folder: Where all of it lies.
        anchors: Root certificates (PEM) of others that are trusted, from `anchors.pem` in the folder.
    """

    identity: Identity
    mark_key: bytes = field(repr=False)
    store: ManifestStore
    folder: Path
    anchors: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def open(cls, folder: Path | None = None) -> Deployment:
        """Open the deployment of a folder, and make it on first use; several processes may do so at once.

        Args:
            folder: Where it lies; None takes the environment variable FACETRAIL_HOME, else the user's configuration
                folder.

        Raises:
            IdentityError: It cannot be made, is damaged, or its secrets can be read by others.
        """
        folder = folder or Path(os.environ.get(HOME_VARIABLE) or platformdirs.user_config_dir("facetrail"))
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise IdentityError(
                f"{folder}: cannot be made ({error.strerror}); set {HOME_VARIABLE} to a folder of yours"
            ) from error
        identity, key = _identity(folder / _IDENTITY), _mark_key(folder / _MARK_KEY)
        return cls(identity, key, ManifestStore(folder / _STORE), folder, _anchors(folder / _ANCHORS))

    @property
    def trust(self) -> TrustPolicy:
        """The policy that believes this deployment's own signatures, their time stamps, and those under `anchors`."""
        return TrustPolicy((*self.identity.anchors, *self.anchors))


def _identity(folder: Path) -> Identity:
    if not folder.exists():
        try:
            return Identity.create(folder)
        except IdentityError:
            if not folder.exists():  # else another process was faster: take what it made
                raise
    return Identity.load(folder)


def _anchors(path: Path) -> tuple[str, ...]:
    try:
        text = path.read_text("ascii")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise IdentityError(f"{path}: cannot be read as PEM ({error}); correct or remove it") from error
    read_pem(text, str(path))
    return (text,)


def _mark_key(path: Path) -> bytes:
    try:
        if not path.exists():
            _make_key(path)
        check_private(path, path.stat().st_mode)
        key = path.read_bytes()
    except OSError as error:
        raise IdentityError(
            f"{path}: the mark key cannot be used ({error.strerror}); check the folder's permissions"
        ) from error
    if len(key) != KEY_BYTES:
        raise IdentityError(
            f"{path}: the mark key has {len(key)} bytes, expected {KEY_BYTES}; restore it from a backup"
        )
    return key


def _make_key(path: Path) -> None:
    """Make the key beside its place and link it there: whole or not at all, and the first of several processes wins."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".key-") as made:
        whole = Path(made) / path.name
        write_private(whole, secrets.token_bytes(KEY_BYTES))
        try:
            path.hardlink_to(whole)
        except FileExistsError:
            return
