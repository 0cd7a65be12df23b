"""Define the signing identity: a certificate chain, and access to its leaf's private key.

An identity is created on first use (root → issuing CA → leaf), or the user provides it: a chain with its key, or a
chain whose key never leaves a hardware module or a key service and signs through a callback or a program. The subject
of a chain created here states that it is a local development identity: it binds a signature to this installation and to
no person or organisation.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

from watermark.errors import IdentityError

from .certificates import check_chain, issue_chain, pem, read_pem, signing_algorithm
from .private_files import check_private, write_private
from .remote_key import RemoteKey, cose_signature
from .sign_command import SignCommand
from .time_stamping import TimeStamping

_ROOT, _CHAIN, _KEY, _TIME_STAMP = "root.pem", "chain.pem", "leaf_key.pem", "time_stamp.json"
_SIGN_COMMAND = "sign_command.json"
_ENCODING, _FORM = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8


@dataclass(frozen=True, slots=True)
class Identity:
    """The certificates of one signer, and the location of the leaf's private key or the way to request a signature.

    Attributes:
        root_pem: The root certificate, the trust anchor of our own files.
        chain_pem: Leaf and issuing CA, as embedded into signatures.
        key_path: The leaf's private key (PKCS 8 PEM, mode 0600), read when signing and never kept; None where
            `remote_key` signs.
        subject: Subject of the leaf.
        fingerprint: SHA-256 of the leaf, hexadecimal.
        not_after: Time at which the leaf expires; a signature without a time stamp expires with it.
        algorithm: C2PA's name of the leaf's signature algorithm.
        remote_key: Function that signs bytes with the leaf's key; a `SignCommand` where a program signs.
        time_stamping: Time-stamp authority to ask, or None for none.
    """

    root_pem: str = field(repr=False)
    chain_pem: str = field(repr=False)
    key_path: Path | None
    subject: str
    fingerprint: str
    not_after: dt.datetime
    algorithm: str = "es256"
    remote_key: RemoteKey | None = field(default=None, repr=False)
    time_stamping: TimeStamping | None = None

    @classmethod
    def create(cls, folder: Path, time_stamping: TimeStamping | None = None) -> Identity:
        """Create a new chain in a folder that does not exist yet; the folder appears complete or not at all.

        Args:
            folder: Folder to create.
            time_stamping: Time-stamp authority to ask when signing, or None for none.

        Raises:
            IdentityError: The folder exists already or cannot be written.
        """
        root, issuing, leaf, key = issue_chain()
        return cls._store(folder, pem(leaf, issuing), pem(root), _kept(key), time_stamping)

    @classmethod
    def bring(
        cls, folder: Path, chain_pem: str, root_pem: str, key_pem: bytes, time_stamping: TimeStamping | None = None
    ) -> Identity:
        """Store a chain that another authority issued, with its key, in a folder that does not exist yet.

        Args:
            folder: Folder to create.
            chain_pem: The leaf first, then its issuers.
            root_pem: The root of the chain.
            key_pem: The leaf's private key, PEM without a password.
            time_stamping: Time-stamp authority to ask when signing, or None for none.

        Raises:
            IdentityError: The chain is broken or may not sign claims, the key is not the leaf's, or the folder exists
                or cannot be written.
        """
        try:
            key = serialization.load_pem_private_key(key_pem, None)
        except (ValueError, TypeError) as error:
            raise IdentityError(
                "the private key cannot be read; give it as PEM without a password (openssl pkcs8 -topk8 -nocrypt)"
            ) from error
        leaf = _checked(chain_pem, root_pem)[0]
        if _public(key.public_key()) != _public(leaf.public_key()):
            raise IdentityError(f"{leaf.subject.rfc4514_string()}: the private key is another certificate's; give its")
        return cls._store(folder, chain_pem, root_pem, _kept(key), time_stamping)

    @classmethod
    def remote(
        cls, chain_pem: str, root_pem: str, remote_key: RemoteKey, time_stamping: TimeStamping | None = None
    ) -> Identity:
        """Return an identity whose key stays in a hardware module or a key service.

        Args:
            chain_pem: The leaf first, then its issuers.
            root_pem: The root of the chain.
            remote_key: Function that signs bytes with the leaf's key as its algorithm requires: ECDSA with the curve's
                SHA-2 (the signature as DER, or r and s side by side), PSS with SHA-256 and a salt of 32 bytes, or
                Ed25519.
            time_stamping: Time-stamp authority to ask when signing, or None for none.

        Raises:
            IdentityError: The chain is broken or may not sign claims.
        """
        leaf = _checked(chain_pem, root_pem)[0]
        return cls._of(leaf, root_pem, chain_pem, None, remote_key, time_stamping)

    @classmethod
    def delegate(
        cls,
        folder: Path,
        chain_pem: str,
        root_pem: str,
        command: SignCommand,
        time_stamping: TimeStamping | None = None,
    ) -> Identity:
        """Store a chain whose key is used by a signing program, in a new folder, after one trial signature.

        Args:
            folder: Folder to create.
            chain_pem: The leaf first, then its issuers.
            root_pem: The root of the chain.
            command: Program that signs as `remote` requires.
            time_stamping: Time-stamp authority to ask when signing, or None for none.

        Raises:
            IdentityError: The chain is broken or may not sign claims, the program fails or signs with another key, or
                the folder exists or cannot be written.
        """
        cls.remote(chain_pem, root_pem, command, time_stamping).remote_signature(b"facetrail")
        return cls._store(folder, chain_pem, root_pem, (_SIGN_COMMAND, command.dump()), time_stamping)

    def remote_signature(self, content: bytes) -> bytes:
        """Return the remote key's signature of some content, in COSE's form.

        Raises:
            IdentityError: There is no remote key, it fails, or its answer does not verify under the leaf certificate.
        """
        if self.remote_key is None:
            raise IdentityError(f"{self.subject}: has no remote key")
        leaf = read_pem(self.chain_pem, self.subject)[0]
        return cose_signature(leaf, self.algorithm, self.remote_key, content)

    @classmethod
    def load(cls, folder: Path) -> Identity:
        """Read an identity that `create`, `bring` or `delegate` stored.

        Raises:
            IdentityError: A file is missing or damaged, the key or the command can be read by others, or the leaf is
                out of date.
        """
        command = SignCommand.load(folder / _SIGN_COMMAND)
        key_path = folder / (_KEY if command is None else _SIGN_COMMAND)
        try:
            root_pem, chain_pem = ((folder / name).read_text("ascii") for name in (_ROOT, _CHAIN))
            leaf = x509.load_pem_x509_certificates(chain_pem.encode())[0]
            x509.load_pem_x509_certificate(root_pem.encode())
            mode = key_path.stat().st_mode
        except (OSError, ValueError) as error:
            raise IdentityError(
                f"{folder}: is no usable signing identity ({error}); move it away to make a new one"
            ) from error
        check_private(key_path, mode)
        stamping = TimeStamping.load(folder / _TIME_STAMP)
        identity = cls._of(leaf, root_pem, chain_pem, None if command else key_path, command, stamping)
        now = dt.datetime.now(dt.UTC)
        if leaf.not_valid_before_utc > now:
            raise IdentityError(
                f"{folder}: the signing certificate is valid from {leaf.not_valid_before_utc:%Y-%m-%d} on, and the "
                f"clock says {now:%Y-%m-%d}; set the clock"
            )
        if identity.not_after < now:
            raise IdentityError(
                f"{folder}: the signing certificate expired on {identity.not_after:%Y-%m-%d}; move it away"
            )
        return identity

    @classmethod
    def _of(
        cls,
        leaf: x509.Certificate,
        root_pem: str,
        chain_pem: str,
        key_path: Path | None,
        remote_key: RemoteKey | None,
        time_stamping: TimeStamping | None,
    ) -> Identity:
        return cls(
            root_pem=root_pem,
            chain_pem=chain_pem,
            key_path=key_path,
            subject=leaf.subject.rfc4514_string(),
            fingerprint=leaf.fingerprint(hashes.SHA256()).hex(),
            not_after=leaf.not_valid_after_utc,
            algorithm=signing_algorithm(leaf),
            remote_key=remote_key,
            time_stamping=time_stamping,
        )

    @classmethod
    def _store(
        cls,
        folder: Path,
        chain_pem: str,
        root_pem: str,
        secret: tuple[str, bytes],
        time_stamping: TimeStamping | None,
    ) -> Identity:
        if folder.exists():
            raise IdentityError(f"{folder}: holds an identity already; move it away to make a new one")
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".identity-") as made:
                whole = Path(made) / "identity"
                whole.mkdir(mode=0o700)
                (whole / _ROOT).write_text(root_pem, "ascii")
                (whole / _CHAIN).write_text(chain_pem, "ascii")
                name, content = secret
                write_private(whole / name, content)
                if time_stamping is not None:
                    time_stamping.save(whole / _TIME_STAMP)
                whole.rename(folder)
        except OSError as error:
            raise IdentityError(
                f"{folder}: cannot make a signing identity ({error.strerror}); choose another folder"
            ) from error
        return cls.load(folder)

    @property
    def anchors(self) -> tuple[str, ...]:
        """Return the certificates (PEM) that a reader needs to trust our signatures and their time stamps."""
        stamps = self.time_stamping.anchor_pem if self.time_stamping else None
        return (self.root_pem, stamps) if stamps else (self.root_pem,)


def _checked(chain_pem: str, root_pem: str) -> list[x509.Certificate]:
    chain, roots = read_pem(chain_pem, "the chain"), read_pem(root_pem, "the root")
    check_chain(chain, roots[0])
    if chain[0].not_valid_after_utc < dt.datetime.now(dt.UTC):
        raise IdentityError(f"{chain[0].subject.rfc4514_string()}: expired on {chain[0].not_valid_after_utc:%Y-%m-%d}")
    return chain


def _kept(key: PrivateKeyTypes) -> tuple[str, bytes]:
    """Return the file that a private key is stored in."""
    return _KEY, key.private_bytes(_ENCODING, _FORM, serialization.NoEncryption())


def _public(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
