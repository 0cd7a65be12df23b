"""Define the signing identity: a certificate chain, and access to its leaf's private key.

An identity is created on first use (root → issuing CA → leaf), or the user provides it: a chain with its key, or a
chain whose key never leaves a hardware module or a key service and signs through a callback or a program. The subject
of a chain created here states that it is a local development identity: it binds a signature to this installation and to
no person or organisation.
"""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes
from cryptography.x509.oid import NameOID

from watermark.errors import IdentityError
from watermark.media.files import hidden_folder

from .certificates import ORGANIZATION, check_chain, issue_chain, issue_leaf, pem, read_pem, root_of, signing_algorithm
from .identity_files import (
    CHAIN,
    FORMER_ROOTS,
    ISSUING_KEY,
    KEY,
    ROOT,
    SIGN_COMMAND,
    TIME_STAMP,
    alone,
    append_whole,
    key_name,
    private_pem,
    replace_whole,
    write_private_whole,
    write_public,
)
from .private_files import check_private, check_unwritable, make_folder, write_private
from .remote_key import RemoteKey, cose_signature
from .sign_command import SignCommand
from .time_stamping import TimeStamping

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Identity:
    """Certificates of one signer, and where the leaf's private key lies or how it is asked to sign.

    Attributes:
        root_pem: The root certificate, the anchor under which our own files are trusted.
        chain_pem: Leaf and issuing CA, as embedded into signatures.
        key_path: The leaf's private key (PKCS 8 PEM, mode 0600), read when signing and never kept; None where
            `remote_key` signs.
        subject: Subject of the leaf.
        fingerprint: SHA-256 of the leaf, hexadecimal.
        not_before: From when on the leaf is valid.
        not_after: When the leaf expires; a signature without a time stamp ends with it.
        algorithm: C2PA's name of the leaf's signature algorithm.
        remote_key: Signs bytes with the leaf's key; a `SignCommand` where a program does.
        time_stamping: Which time-stamp authority is asked, or None for none.
        former_roots: Roots (PEM) of earlier chains of this identity, under which its earlier files stay trusted.
    """

    root_pem: str = field(repr=False)
    chain_pem: str = field(repr=False)
    key_path: Path | None
    subject: str
    fingerprint: str
    not_before: dt.datetime
    not_after: dt.datetime
    algorithm: str = "es256"
    remote_key: RemoteKey | None = field(default=None, repr=False)
    time_stamping: TimeStamping | None = None
    former_roots: tuple[str, ...] = field(default=(), repr=False)

    @classmethod
    def create(cls, folder: Path, time_stamping: TimeStamping | None = None, *, name: str | None = None) -> Identity:
        """Create a new chain in a folder that does not exist yet; the folder appears complete or not at all.

        Args:
            folder: Folder to create.
            time_stamping: Time-stamp authority to ask when signing, or None for none.
            name: Name of the signer, as for `issue_chain`.

        Raises:
            IdentityError: The folder exists already or cannot be written, or the name cannot stand in a certificate.
        """
        chain = issue_chain(name)
        secrets = (_kept(chain.leaf_key), (ISSUING_KEY, private_pem(chain.issuing_key)))
        return cls._store(folder, pem(chain.leaf, chain.issuing), pem(chain.root), secrets, time_stamping)

    @classmethod
    def renew(cls, folder: Path) -> Identity:
        """Make a new leaf, with a new key, for an identity that `create` made; the root stays the same.

        Identities made before their issuing key was kept get a whole new chain; their earlier root stays trusted here,
        and readers elsewhere need the new one. The exchange of `chain.pem` is the moment at which the new leaf counts;
        until then the earlier one does.

        Args:
            folder: Where the identity lies.

        Raises:
            IdentityError: The chain was brought from elsewhere, or the folder cannot be written.
        """
        with alone(folder):
            return cls._renewed(folder)

    @classmethod
    def _renewed(cls, folder: Path) -> Identity:
        earlier = cls.load(folder)
        chain = read_pem(earlier.chain_pem, str(folder / CHAIN))
        if earlier.key_path is None or not _is_ours(chain[-1]):
            raise IdentityError(
                f"{folder}: this certificate was issued elsewhere; have its authority renew it, and take it in with "
                "`facetrail identity rotate --chain`"
            )
        fresh = None
        try:
            if (folder / ISSUING_KEY).exists():
                leaf, key = issue_leaf(chain[-1], _issuing_key(folder / ISSUING_KEY, chain[-1]), chain[0].subject)
                issuing = chain[-1]
            else:
                fresh = issue_chain()
                leaf, issuing, key = fresh.leaf, fresh.issuing, fresh.leaf_key
                append_whole(folder / FORMER_ROOTS, earlier.root_pem)
                replace_whole(folder / ROOT, pem(fresh.root))
            write_private(folder / key_name(leaf), private_pem(key))
            replace_whole(folder / CHAIN, pem(leaf, issuing))
            if fresh is not None:  # only now: a key that does not belong to the chain would spoil the next renewal
                write_private_whole(folder / ISSUING_KEY, private_pem(fresh.issuing_key))
            for key_file in folder.glob("leaf_key*.pem"):  # also those that a cut-off renewal left
                if key_file.name != key_name(leaf):
                    key_file.unlink(missing_ok=True)
        except OSError as error:
            raise IdentityError(f"{folder}: cannot be renewed ({error.strerror}); check its permissions") from error
        return cls.load(folder)

    @classmethod
    def bring(
        cls, folder: Path, chain_pem: str, root_pem: str, key_pem: bytes, time_stamping: TimeStamping | None = None
    ) -> Identity:
        """Store a chain that another authority issued, with its key, in a folder that does not exist yet.

        Args:
            folder: Folder to create.
            chain_pem: The leaf first, then its issuers.
            root_pem: The root of the chain, or a bundle with it; only the root that the chain leads to is kept.
            key_pem: The leaf's private key, PEM without a password.
            time_stamping: Time-stamp authority to ask when signing, or None for none.

        Raises:
            IdentityError: The chain is broken or may not sign claims, the key is not the leaf's, or the folder exists
                or cannot be written.
        """
        chain, root = checked_chain(chain_pem, root_pem)
        key = checked_key(key_pem, chain[0])
        return cls._store(folder, pem(*chain), pem(root), (_kept(key),), time_stamping)

    @classmethod
    def remote(
        cls, chain_pem: str, root_pem: str, remote_key: RemoteKey, time_stamping: TimeStamping | None = None
    ) -> Identity:
        """Return an identity whose key stays in a hardware module or a key service.

        Args:
            chain_pem: The leaf first, then its issuers.
            root_pem: The root of the chain, or a bundle with it; only the root that the chain leads to is kept.
            remote_key: Function that signs bytes with the leaf's key as its algorithm requires: ECDSA with the curve's
                SHA-2 (the signature as DER, or r and s side by side), PSS with SHA-256 and a salt of 32 bytes, or
                Ed25519.
            time_stamping: Time-stamp authority to ask when signing, or None for none.

        Raises:
            IdentityError: The chain is broken or may not sign claims.
        """
        chain, root = checked_chain(chain_pem, root_pem)
        return cls._of(chain[0], pem(root), pem(*chain), None, remote_key, time_stamping)

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
            root_pem: The root of the chain, or a bundle with it; only the root that the chain leads to is kept.
            command: Program that signs as `remote` requires.
            time_stamping: Time-stamp authority to ask when signing, or None for none.

        Raises:
            IdentityError: The chain is broken or may not sign claims, the program fails or signs with another key, or
                the folder exists or cannot be written.
        """
        trial = cls.remote(chain_pem, root_pem, command, time_stamping)
        trial.remote_signature(b"facetrail")
        return cls._store(folder, trial.chain_pem, trial.root_pem, ((SIGN_COMMAND, command.dump()),), time_stamping)

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
        """Read an identity that `create`, `bring` or `delegate` stored; it may be out of date, see `check_in_date`.

        Raises:
            IdentityError: A file is missing or damaged, the key or the command can be read by others, or others may
                write to the folder or to a file in it.
        """
        command = SignCommand.load(folder / SIGN_COMMAND)
        try:
            root_pem, chain_pem = ((folder / name).read_text("ascii") for name in (ROOT, CHAIN))
            leaf = x509.load_pem_x509_certificates(chain_pem.encode())[0]
            x509.load_pem_x509_certificate(root_pem.encode())
            key_path = folder / (key_name(leaf) if command is None else SIGN_COMMAND)
            if command is None and not key_path.exists():
                key_path = folder / KEY
            mode = key_path.stat().st_mode
            former = _former_roots(folder / FORMER_ROOTS)
            for path in (folder, *folder.iterdir()):
                check_unwritable(path)
        except (OSError, ValueError) as error:
            raise IdentityError(
                f"{folder}: is no usable signing identity ({error}); move it away to make a new one"
            ) from error
        check_private(key_path, mode)
        if (folder / ISSUING_KEY).exists():
            check_private(folder / ISSUING_KEY, (folder / ISSUING_KEY).stat().st_mode)
        stamping = TimeStamping.load(folder / TIME_STAMP)
        identity = cls._of(leaf, root_pem, chain_pem, None if command else key_path, command, stamping)
        return replace(identity, former_roots=former)

    def check_in_date(self) -> None:
        """Refuse to sign with a certificate that is not valid now; reading needs none.

        Raises:
            IdentityError: The leaf is not valid yet, or has expired; the message says what to do.
        """
        now = dt.datetime.now(dt.UTC)
        if self.not_before > now:
            raise IdentityError(
                f"{self.subject}: the signing certificate is valid from {self.not_before:%Y-%m-%d} on, and the clock "
                f"says {now:%Y-%m-%d}; set the clock"
            )
        if self.not_after < now:
            raise IdentityError(
                f"{self.subject}: the signing certificate expired on {self.not_after:%Y-%m-%d}; "
                "run `facetrail identity renew`"
            )

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
            not_before=leaf.not_valid_before_utc,
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
        secrets: tuple[tuple[str, bytes], ...],
        time_stamping: TimeStamping | None,
    ) -> Identity:
        if folder.exists():
            raise IdentityError(f"{folder}: holds an identity already; move it away to make a new one")
        try:
            make_folder(folder.parent)
            with hidden_folder(folder.parent) as made:
                whole = made / "identity"
                whole.mkdir(mode=0o700)
                write_public(whole / ROOT, root_pem)
                write_public(whole / CHAIN, chain_pem)
                for name, content in secrets:
                    write_private(whole / name, content)
                if time_stamping is not None:
                    time_stamping.save(whole / TIME_STAMP)
                whole.rename(folder)
        except OSError as error:
            raise IdentityError(
                f"{folder}: cannot make a signing identity ({error.strerror}); choose another folder"
            ) from error
        identity = cls.load(folder)
        _LOG.info("stored the signing identity %s in %s", identity.fingerprint, folder)
        return identity

    @property
    def anchors(self) -> tuple[str, ...]:
        """Return the certificates (PEM) that a reader needs to trust our signatures and their time stamps."""
        stamps = self.time_stamping.anchor_pem if self.time_stamping else None
        return (self.root_pem, *self.former_roots, *((stamps,) if stamps else ()))


def checked_chain(chain_pem: str, root_pem: str) -> tuple[list[x509.Certificate], x509.Certificate]:
    """Return a chain that may sign, and the root of the bundle that it leads to.

    Args:
        chain_pem: The leaf first, then its issuers.
        root_pem: The root of the chain, or a bundle with it.

    Raises:
        IdentityError: The chain is broken, may not sign claims, or has expired.
    """
    chain = read_pem(chain_pem, "the chain")
    root = root_of(chain, read_pem(root_pem, "the root"))
    check_chain(chain, root)
    if chain[0].not_valid_after_utc < dt.datetime.now(dt.UTC):
        raise IdentityError(f"{chain[0].subject.rfc4514_string()}: expired on {chain[0].not_valid_after_utc:%Y-%m-%d}")
    return chain, root


def checked_key(key_pem: bytes, leaf: x509.Certificate) -> PrivateKeyTypes:
    """Return the private key of a leaf.

    Args:
        key_pem: The key, PEM without a password.
        leaf: The certificate that it must belong to.

    Raises:
        IdentityError: It cannot be read, or is another certificate's.
    """
    try:
        key = serialization.load_pem_private_key(key_pem, None)
    except (ValueError, TypeError) as error:
        raise IdentityError(
            "the private key cannot be read; give it as PEM without a password (openssl pkcs8 -topk8 -nocrypt)"
        ) from error
    if _public(key.public_key()) != _public(leaf.public_key()):
        raise IdentityError(f"{leaf.subject.rfc4514_string()}: the private key is another certificate's; give its")
    return key


def _kept(key: PrivateKeyTypes) -> tuple[str, bytes]:
    """Return the file that a private key is stored in."""
    return KEY, private_pem(key)


def _is_ours(issuing: x509.Certificate) -> bool:
    names = issuing.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return [name.value for name in names] == [ORGANIZATION]


def _issuing_key(path: Path, issuing: x509.Certificate) -> ec.EllipticCurvePrivateKey:
    check_private(path, path.stat().st_mode)
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError) as error:
        raise IdentityError(f"{path}: the issuing key cannot be read ({error}); restore it from a backup") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise IdentityError(f"{path}: holds no key of an elliptic curve; restore it from a backup")
    if _public(key.public_key()) != _public(issuing.public_key()):
        raise IdentityError(f"{path}: is not the key of {issuing.subject.rfc4514_string()}; restore it from a backup")
    return key


def _former_roots(path: Path) -> tuple[str, ...]:
    if not path.exists():
        return ()
    text = path.read_text("ascii")
    return tuple(pem(one) for one in read_pem(text, str(path)))


def _public(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
