"""Issue X.509 certificate chains for signing claims, and check chains that a user provides.

The rules are those of the C2PA certificate profile as the C2PA library enforces it: version 3, an extended key usage
for claim signing or email protection, an authority key identifier, the key usage digitalSignature, an organisation in
the subject, no certificate authority.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from watermark.errors import IdentityError

CLAIM_SIGNING = ObjectIdentifier("1.3.6.1.4.1.62558.2.1")  # c2pa-kp-claimSigning
SIGNING_USES = (CLAIM_SIGNING, ExtendedKeyUsageOID.EMAIL_PROTECTION)
ORGANIZATION = "facetrail local development identity"

_CA_DAYS = 20 * 365
_LEAF_DAYS = 5 * 365
_LONGEST_NAME = 40
_CLOCK_SKEW = dt.timedelta(minutes=5)
Extension = TypeVar("Extension", bound=x509.ExtensionType)

_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain of our own.

    Attributes:
        root: The certificate that readers trust; its key is forgotten.
        issuing: The authority under it.
        leaf: The certificate that signs.
        issuing_key: Private key of the authority, which renews the leaf.
        leaf_key: Private key of the leaf.
    """

    root: x509.Certificate
    issuing: x509.Certificate
    leaf: x509.Certificate
    issuing_key: ec.EllipticCurvePrivateKey
    leaf_key: ec.EllipticCurvePrivateKey


def issue_chain(name: str | None = None) -> Chain:
    """Make root, issuing CA and leaf.

    Args:
        name: Name of the signer, 1 to 40 characters; None takes that of every local identity. The certificates say
            beside it that the identity is a local one.

    Raises:
        IdentityError: The name is too long, or holds characters that no name has.
    """
    if name is not None:
        _check_name(name)
    root_key, issuing_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name, issuing_name = (_name(role, name) for role in ("root", "issuing CA"))
    root = _certificate_authority(root_name, root_key, root_name, root_key, path_length=1)
    issuing = _certificate_authority(issuing_name, issuing_key, root_name, root_key, path_length=0)
    leaf, leaf_key = issue_leaf(issuing, issuing_key, _name("claim signer", name))
    return Chain(root, issuing, leaf, issuing_key, leaf_key)


def issue_leaf(
    issuing: x509.Certificate, issuing_key: ec.EllipticCurvePrivateKey, subject: x509.Name | None = None
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Make a certificate that signs claims for five years, and its private key.

    Args:
        issuing: The authority's certificate.
        issuing_key: Its private key.
        subject: Whom the certificate names; None takes the name of every local identity.

    Raises:
        IdentityError: The issuing authority ends before such a certificate would.
    """
    leaf_key = ec.generate_private_key(ec.SECP256R1())
    now = dt.datetime.now(dt.UTC)
    if issuing.not_valid_after_utc < now + dt.timedelta(days=_LEAF_DAYS):
        raise IdentityError(
            f"{issuing.subject.rfc4514_string()}: is valid until {issuing.not_valid_after_utc:%Y-%m-%d}, issues no "
            f"certificate for five years from {now:%Y-%m-%d}; set the clock, or make a new identity"
        )
    leaf = (
        _builder(subject or _name("claim signer"), leaf_key, issuing.subject, issuing_key, _LEAF_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signing=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage(SIGNING_USES), critical=True)
        .sign(issuing_key, hashes.SHA256())
    )
    return leaf, leaf_key


def signing_algorithm(leaf: x509.Certificate) -> str:
    """Return the C2PA name of the algorithm that a leaf's key signs with.

    Raises:
        IdentityError: C2PA knows no algorithm for the key.
    """
    key = leaf.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048:
        return "ps256"
    if isinstance(key, ed25519.Ed25519PublicKey):
        return "ed25519"
    raise IdentityError(
        f"{leaf.subject.rfc4514_string()}: its key signs with nothing that C2PA knows; "
        "use ECDSA P-256, P-384 or P-521, Ed25519, or RSA of 2048 bits or more"
    )


def check_chain(chain: Sequence[x509.Certificate], root: x509.Certificate) -> None:
    """Check that the C2PA library accepts the signatures of a chain and that readers can trust it.

    Args:
        chain: The leaf and its issuers, up to a certificate that the root issued.
        root: The trust anchor.

    Raises:
        IdentityError: A link is broken, or the leaf departs from the C2PA certificate profile; the message says which
            and how.
    """
    leaf, name = chain[0], chain[0].subject.rfc4514_string()
    issuers = [*chain[1:], root] if chain[-1] != root else list(chain[1:])
    for issued, issuer in zip(chain, issuers, strict=False):
        try:
            issued.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature) as error:
            raise IdentityError(
                f"{issued.subject.rfc4514_string()}: was not issued by {issuer.subject.rfc4514_string()}; "
                "give the leaf first, then its issuers in order, and the root they lead to"
            ) from error
    faults = [text for holds, text in _leaf_rules(leaf) if not holds]
    if faults:
        raise IdentityError(f"{name}: cannot sign claims, because it {'; it '.join(faults)}")
    signing_algorithm(leaf)


def may_sign(leaf: x509.Certificate) -> bool:
    """Return whether a leaf keeps the certificate profile of claim signers."""
    return all(holds for holds, _ in _leaf_rules(leaf))


def root_of(chain: Sequence[x509.Certificate], roots: Sequence[x509.Certificate]) -> x509.Certificate:
    """Return the root that a chain leads to, or the first root where it leads to none of them.

    Args:
        chain: The leaf and its issuers.
        roots: Certificates of a bundle, of which at least one.
    """
    last = chain[-1]
    return next((root for root in roots if root == last or has_issued(root, last)), roots[0])


def has_issued(issuer: x509.Certificate, issued: x509.Certificate) -> bool:
    """Return whether the key of one certificate signed another one that names it as its issuer."""
    try:
        issued.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def is_authority(certificate: x509.Certificate) -> bool:
    """Return whether a certificate may issue others (RFC 5280, sections 4.2.1.3 and 4.2.1.9)."""
    try:
        constraints, usage = _extension(certificate, x509.BasicConstraints), _extension(certificate, x509.KeyUsage)
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):  # a certificate out of a file
        return False
    return constraints is not None and constraints.ca and (usage is None or usage.key_cert_sign)


def _leaf_rules(leaf: x509.Certificate) -> list[tuple[bool, str]]:
    uses = set(_extension(leaf, x509.ExtendedKeyUsage) or ())
    usage = _extension(leaf, x509.KeyUsage)
    constraints = _extension(leaf, x509.BasicConstraints)
    return [
        (leaf.version is x509.Version.v3, "is not version 3"),
        (bool(uses & set(SIGNING_USES)), "lacks the extended key usage claim signing or email protection"),
        (usage is not None and usage.digital_signature, "lacks the key usage digitalSignature"),
        (_extension(leaf, x509.AuthorityKeyIdentifier) is not None, "lacks an authority key identifier"),
        (constraints is None or not constraints.ca, "is a certificate authority"),
        (bool(leaf.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)), "names no organisation"),
    ]


def _extension(certificate: x509.Certificate, kind: type[Extension]) -> Extension | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def pem(*certificates: x509.Certificate) -> str:
    """Return certificates as PEM text."""
    encoding = serialization.Encoding.PEM
    return "".join(certificate.public_bytes(encoding).decode("ascii") for certificate in certificates)


def read_pem(text: str, what: str) -> list[x509.Certificate]:
    """Return the certificates of a PEM text.

    Args:
        text: PEM text.
        what: Source of the text, for the error message.

    Raises:
        IdentityError: The text contains no certificate.
    """
    try:
        return x509.load_pem_x509_certificates(text.encode())
    except ValueError as error:
        raise IdentityError(f"{what}: is no PEM certificate ({error}); give certificates as PEM text") from error


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


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable() or name != name.strip():
        raise IdentityError(
            f"{name!r}: cannot be a signer's name; give 1 to {_LONGEST_NAME} printable characters, no spaces around"
        )


def _name(role: str, name: str | None = None) -> x509.Name:
    common = f"{ORGANIZATION}: {role}" if name is None else f"{name} (local {role})"
    parts = ((NameOID.ORGANIZATION_NAME, ORGANIZATION), (NameOID.COMMON_NAME, common))
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
