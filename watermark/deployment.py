"""Open an installation: its signing identity, its mark keys and its manifest store, in one folder."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import platformdirs

from watermark.identity.certificates import read_pem
from watermark.identity.identity import Identity
from watermark.identity.mark_keys import open_mark_keys, rotate_mark_key
from watermark.identity.private_files import check_unwritable, make_folder
from watermark.identity.trust import TrustList, TrustPolicy
from watermark.identity.trust_lists import TRUST_FOLDER, read_trust_lists
from watermark.store.manifest_store import STORE_FILE, ManifestStore
from watermark.store.postgres_store import SCHEMES, PostgresStore
from watermark.store.store import Store

from .errors import IdentityError

_LOG = logging.getLogger(__name__)

HOME_VARIABLE = "FACETRAIL_HOME"
STORE_VARIABLE = "FACETRAIL_STORE"
"""Environment variable with the address of a PostgreSQL database that holds the manifests instead of the folder."""

_IDENTITY, _ANCHORS = "identity", "anchors.pem"


def home_folder(given: Path | None = None) -> Path:
    """Return the folder of an installation, without creating it.

    Args:
        given: Folder that the user chose; None takes the environment variable FACETRAIL_HOME, else the user's
            configuration folder.
    """
    return given or Path(os.environ.get(HOME_VARIABLE) or platformdirs.user_config_dir("facetrail"))


@dataclass(frozen=True, slots=True)
class Deployment:
    """The signing identity, mark keys and manifest store of one installation.

    Attributes:
        identity: Identity that signs.
        mark_keys: Secrets of 32 bytes that the carriers of marks are derived from, the newest first. Marks are made
            with the newest key and read with all keys.
        store: Store of the manifests sealed here.
        folder: Folder that contains all of it.
        anchors: Root certificates (PEM) of others that are trusted, from `anchors.pem` in the folder.
        trust_lists: Published lists of authorities that the user has added, from the folder `trust`.
        discreet: Whether metadata and credential are padded when a file is sealed, so that the size of a file does not
            reveal their content. This costs 4 to 8 kB per file and a second signature.
    """

    identity: Identity
    mark_keys: tuple[bytes, ...] = field(repr=False)
    store: Store
    folder: Path
    anchors: tuple[str, ...] = field(default=(), repr=False)
    trust_lists: tuple[TrustList, ...] = ()
    discreet: bool = False

    @classmethod
    def open(cls, folder: Path | None = None) -> Deployment:
        """Open the deployment of a folder, and make it on first use; several processes may do so at once.

        Args:
            folder: Where it lies; None takes the environment variable FACETRAIL_HOME, else the user's configuration
                folder.

        Raises:
            IdentityError: It cannot be made, is damaged, its secrets can be read by others, or others may write to it.
            StoreError: The store that the environment variable FACETRAIL_STORE names cannot be used.
        """
        folder = home_folder(folder)
        try:
            make_folder(folder)
        except OSError as error:
            raise IdentityError(
                f"{folder}: cannot be made ({error.strerror}); set {HOME_VARIABLE} to a folder of yours"
            ) from error
        check_unwritable(folder)
        identity, keys = _identity(folder / _IDENTITY), open_mark_keys(folder)
        try:
            identity.check_in_date()
        except IdentityError as error:
            _LOG.warning("%s; files can be read, and none can be signed", error)
        for beside in (*(folder / f"{STORE_FILE}{end}" for end in ("", "-wal", "-shm")), folder / _ANCHORS):
            if beside.exists():
                check_unwritable(beside)
        _LOG.debug("opened the deployment %s: %s, certificate %s", folder, identity.subject, identity.fingerprint)
        anchors, lists = _anchors(folder / _ANCHORS), read_trust_lists(folder / TRUST_FOLDER)
        return cls(identity, keys, _store(folder), folder, anchors, lists)

    def __reduce__(self) -> tuple[Callable[[Path, bool], Deployment], tuple[Path, bool]]:
        """Pickle the folder only; another process opens the deployment from it, so that no secret is pickled."""
        return _reopen, (self.folder.absolute(), self.discreet)

    @property
    def mark_key(self) -> bytes:
        """Return the key that new marks are made with."""
        return self.mark_keys[0]

    @property
    def trust(self) -> TrustPolicy:
        """Return the policy that trusts our own signatures and time stamps, those under `anchors`, and the lists."""
        return TrustPolicy((*self.identity.anchors, *self.anchors), lists=self.trust_lists)

    def rotate_mark_key(self) -> Deployment:
        """Create a new mark key, and return the deployment that marks with it; earlier marks stay readable.

        Raises:
            IdentityError: The keys are lost or damaged, cannot be written, or are being rotated by another process.
        """
        return replace(self, mark_keys=rotate_mark_key(self.folder))


def _reopen(folder: Path, discreet: bool) -> Deployment:
    return replace(Deployment.open(folder), discreet=discreet)


def _identity(folder: Path) -> Identity:
    if not folder.exists():
        try:
            made = Identity.create(folder)
            _LOG.warning("%s: held no identity; a local development identity was made there", folder.parent)
            return made
        except IdentityError:
            if not folder.exists():  # else another process was faster: take what it made
                raise
    return Identity.load(folder)


def _store(folder: Path) -> Store:
    """Return the store that the environment names, or the one in the folder."""
    address = os.environ.get(STORE_VARIABLE, "")
    if not address:
        return ManifestStore(folder / STORE_FILE)
    if not address.startswith(SCHEMES):
        raise IdentityError(f"{STORE_VARIABLE}: expected an address that begins with {SCHEMES[0]}; correct or unset it")
    return PostgresStore(address)


def _anchors(path: Path) -> tuple[str, ...]:
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise IdentityError(f"{path}: cannot be read as PEM ({error}); correct or remove it") from error
    read_pem(text, str(path))
    return (text,)
