"""Sign a statement about files, and read it back: a JSON Web Signature with the signer's certificates.

C2PA binds a manifest to media of the kinds its library writes. Other files, such as a report or a table, are signed
with the same identity in a form that any JOSE library reads: RFC 7515, flattened JSON serialisation (section 7.2.2),
the certificate chain in `x5c` (section 4.1.6).
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, replace
from functools import partial

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import NameOID
from cryptography.x509.verification import ExtensionPolicy, PolicyBuilder, Store, VerificationError

from watermark.errors import IdentityError, StatementError
from watermark.identity.certificates import may_sign, read_pem, signing_algorithm
from watermark.identity.identity import Identity
from watermark.identity.trust import TrustPolicy

_NAMES = {"es256": "ES256", "es384": "ES384", "es512": "ES512", "ps256": "PS256", "ed25519": "EdDSA"}  # RFC 7518, 8037
_DIGESTS = {"es256": hashes.SHA256(), "es384": hashes.SHA384(), "es512": hashes.SHA512()}
_PSS = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)


@dataclass(frozen=True, slots=True)
class Statement:
    """The content and the signer of a signed statement.

    Attributes:
        content: The bytes that were signed.
        signer: Common name of the leaf certificate, or its whole subject where it has no common name.
        fingerprint: SHA-256 of the leaf, hexadecimal.
    """

    content: bytes
    signer: str
    fingerprint: str


def sign_statement(content: bytes, identity: Identity) -> str:
    """Sign bytes, and return content, certificates and signature as one JSON text.

    Args:
        content: The bytes to sign.
        identity: Identity that signs.

    Raises:
        IdentityError: The private key cannot be read or does not sign as its certificate says.
    """
    identity.check_in_date()
    signing = identity if identity.remote_key else replace(identity, remote_key=partial(_sign_with_file, identity))
    chain = read_pem(identity.chain_pem, identity.subject)
    header = {
        "alg": _NAMES[identity.algorithm],
        "x5c": [base64.b64encode(one.public_bytes(serialization.Encoding.DER)).decode() for one in chain],
    }
    protected = _encode(json.dumps(header, separators=(",", ":")).encode())
    payload = _encode(content)
    signature = _encode(signing.remote_signature(f"{protected}.{payload}".encode()))  # JWS and COSE agree on its form
    return json.dumps({"payload": payload, "protected": protected, "signature": signature}, indent=1) + "\n"


_NO_STATEMENT = (
    ValueError, RecursionError, KeyError, IndexError, TypeError, binascii.Error, IdentityError, UnsupportedAlgorithm,
)  # fmt: skip


def read_statement(text: str, policy: TrustPolicy) -> Statement:
    """Read a statement that a known signer signed.

    Args:
        text: Text that `sign_statement` returned.
        policy: Policy that decides which signatures are trusted.

    Raises:
        StatementError: The text is no signed statement, was changed, or its signer is unknown or out of date; the
            message says which.
    """
    try:
        document = json.loads(text)
        protected, payload, signature = (str(document[name]) for name in ("protected", "payload", "signature"))
        header = json.loads(_decode(protected))
        algorithm = str(header["alg"])
        chain = [x509.load_der_x509_certificate(base64.b64decode(one, validate=True)) for one in header["x5c"]]
        content, mac = _decode(payload), _decode(signature)
        leaf = chain[0]
        wanted = signing_algorithm(leaf)
        name = leaf.subject.rfc4514_string()
    except _NO_STATEMENT as error:
        raise StatementError(
            f"this is no signed statement ({error}); it should be a JSON Web Signature with x5c"
        ) from error
    if algorithm != _NAMES[wanted]:
        raise StatementError(
            f"{name}: the statement names the algorithm {algorithm}, its certificate signs {_NAMES[wanted]}"
        )
    try:
        check_signature(leaf, wanted, mac, f"{protected}.{payload}".encode())
    except (InvalidSignature, ValueError) as error:
        raise StatementError(
            f"{name}: the signature does not hold; the statement was changed after it was signed"
        ) from error
    _check_signer(leaf, chain[1:], policy)
    if not policy.allows(leaf):
        raise StatementError(f"{name}: is none of the signers that are allowed")
    return Statement(content, _common_name(leaf.subject) or name, leaf.fingerprint(hashes.SHA256()).hex())


def _check_signer(leaf: x509.Certificate, issuers: list[x509.Certificate], policy: TrustPolicy) -> None:
    name = leaf.subject.rfc4514_string()
    if not may_sign(leaf):
        raise StatementError(f"{name}: its certificate is not for signing claims; ask for a statement by one that is")
    anchors = [one for text in policy.signer_anchors for one in read_pem(text, "a trust anchor")]
    builder = (
        PolicyBuilder()
        .store(Store(anchors))
        .extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=ExtensionPolicy.permit_all())
    )
    try:
        builder.build_client_verifier().verify(leaf, issuers)
    except (VerificationError, ValueError) as error:
        raise StatementError(f"{name}: is not known here ({error}); name its root certificate with --trust") from error


def _common_name(name: x509.Name) -> str | None:
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else None


def check_signature(leaf: x509.Certificate, algorithm: str, signature: bytes, content: bytes) -> None:
    """Verify a signature in JOSE's form: r and s side by side (RFC 7518, section 3.4)."""
    public = leaf.public_key()
    if isinstance(public, ec.EllipticCurvePublicKey):
        size = (public.curve.key_size + 7) // 8
        if len(signature) != 2 * size:
            raise InvalidSignature
        r, s = (int.from_bytes(part, "big") for part in (signature[:size], signature[size:]))
        public.verify(encode_dss_signature(r, s), content, ec.ECDSA(_DIGESTS[algorithm]))
    elif isinstance(public, rsa.RSAPublicKey):
        public.verify(signature, content, _PSS, hashes.SHA256())
    elif isinstance(public, ed25519.Ed25519PublicKey):
        public.verify(signature, content)


def _sign_with_file(identity: Identity, content: bytes) -> bytes:
    if identity.key_path is None:
        raise IdentityError(f"{identity.subject}: has neither a key file nor a remote key; load it or bring its key")
    try:
        key = serialization.load_pem_private_key(identity.key_path.read_bytes(), None)
    except (OSError, ValueError) as error:
        raise IdentityError(f"{identity.key_path}: the private key cannot be read ({error})") from error
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(content, ec.ECDSA(_DIGESTS[identity.algorithm]))
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(content, _PSS, hashes.SHA256())
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(content)
    raise IdentityError(f"{identity.key_path}: holds a key that signs nothing")


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
