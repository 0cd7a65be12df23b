"""The local signing identity: root → issuing CA → leaf, made on first use.

The certificates say what they are, a local development identity: they bind a signature to this installation and to
nobody's name. The two CA keys are forgotten as soon as the leaf is issued; only the leaf's key is stored, readable by
its owner alone.
"""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from .errors import IdentityError

CLAIM_SIGNING = ObjectIdentifier("1.3.6.1.4.1.62558.2.1")  # c2pa-kp-claimSigning
SIGNING_USES = (CLAIM_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION)

_ORGANIZATION = "facetrail local development identity"
_CA_DAYS = 20 * 365
_LEAF_DAYS = 5 * 365
_CLOCK_SKEW = dt.timedelta(minutes=5)
_ROOT, _CHAIN, _KEY = "root.pem", "chain.pem", "leaf_key.pem"


@dataclass(frozen=True, slots=True)
class Identity:
    """Certificates of one installation and where the leaf's private key lies.

    Attributes:
        root_pem: The root certificate, the anchor under which our own files are trusted.
        chain_pem: Leaf and issuing CA, as embedded into signatures.
        key_path: The leaf's private key (PKCS 8 PEM, mode 0600); it is read when signing and never kept.
        subject: Subject of the leaf.
        fingerprint: SHA-256 of the leaf, hexadecimal.
        not_after: When the leaf expires; a signature without a time stamp ends with it.
    """

    root_pem: str = field(repr=False)
    chain_pem: str = field(repr=False)
    key_path: Path
    subject: str
    fingerprint: str
    not_after: dt.datetime

    @classmethod
    def create(cls, folder: Path) -> Identity:
        """Make a new identity in a folder that does not exist yet; it appears whole or not at all.

        Raises:
            IdentityError: The folder exists already or cannot be written.
        """
        if folder.exists():
            raise IdentityError(f"{folder}: holds an identity already; move it away to make a new one")
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".identity-") as made:
                whole = Path(made) / "identity"
                whole.mkdir(mode=0o700)
                _issue(whole)
                whole.rename(folder)
        except OSError as error:
            raise IdentityError(
                f"{folder}: cannot make a signing identity ({error.strerror}); choose another folder"
            ) from error
        return cls.load(folder)

    @classmethod
    def load(cls, folder: Path) -> Identity:
        """Read an identity that `create` made.

        Raises:
            IdentityError: A file is missing or damaged, the key can be read by others, or the leaf is out of date.
        """
        key_path = folder / _KEY
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
        identity = cls(
            root_pem,
            chain_pem,
            key_path,
            leaf.subject.rfc4514_string(),
            leaf.fingerprint(hashes.SHA256()).hex(),
            leaf.not_valid_after_utc,
        )
        if identity.not_after < dt.datetime.now(dt.UTC):
            raise IdentityError(
                f"{folder}: the signing certificate expired on {identity.not_after:%Y-%m-%d}; move it away"
            )
        return identity


def check_private(path: Path, mode: int) -> None:
    """Refuse a secret that others may read.

    Raises:
        IdentityError: Group or others have a permission on it.
    """
    if os.name == "posix" and mode & 0o077:
        raise IdentityError(f"{path}: has mode {mode & 0o777:04o} and can be used by others; run chmod 600 on it")


def write_private(path: Path, content: bytes) -> None:
    """Create a file that only its owner can read.

    Raises:
        FileExistsError: It exists.
    """
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def _issue(folder: Path) -> None:
    root_key, issuing_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    root_name, issuing_name, leaf_name = (_name(role) for role in ("root", "issuing CA", "claim signer"))
    root = _certificate_authority(root_name, root_key, root_name, root_key, path_length=1)
    issuing = _certificate_authority(issuing_name, issuing_key, root_name, root_key, path_length=0)
    leaf = (
        _builder(leaf_name, leaf_key, issuing_name, issuing_key, _LEAF_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signing=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage(SIGNING_USES), critical=True)
        .sign(issuing_key, hashes.SHA256())
    )
    (folder / _ROOT).write_text(_pem(root), "ascii")
    (folder / _CHAIN).write_text(_pem(leaf) + _pem(issuing), "ascii")
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    write_private(folder / _KEY, leaf_key.private_bytes(encoding, form, serialization.NoEncryption()))


def _certificate_authority(
    name: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    path_length: int,
) -> x509.Certificate:
    return (
        _builder(name, key, issuer, issuer_key, _CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(_key_usage(signing=False), critical=True)
        .sign(issuer_key, hashes.SHA256())
    )


def _builder(
    name: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    days: int,
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )


def _name(role: str) -> x509.Name:
    parts = ((NameOID.ORGANIZATION_NAME, _ORGANIZATION), (NameOID.COMMON_NAME, f"{_ORGANIZATION}: {role}"))
    return x509.Name([x509.NameAttribute(part, value) for part, value in parts])


def _key_usage(*, signing: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signing,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not signing,
        crl_sign=not signing,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")
