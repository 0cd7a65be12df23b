"""Sign with a remote key: one in a hardware module or a key service, which this program never reads."""

from __future__ import annotations

from collections.abc import Callable

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from watermark.errors import IdentityError

RemoteKey = Callable[[bytes], bytes]
"""Function that signs bytes with a remote key."""

_DIGESTS: dict[str, type[hashes.HashAlgorithm]] = {
    "es256": hashes.SHA256,
    "es384": hashes.SHA384,
    "es512": hashes.SHA512,
}


def cose_signature(leaf: x509.Certificate, algorithm: str, remote_key: RemoteKey, content: bytes) -> bytes:
    """Ask the remote key to sign, check the signature against the certificate, and convert it to COSE's form.

    COSE requires r and s of an ECDSA signature side by side (RFC 9053, section 2.1); modules and services often return
    DER.

    Args:
        leaf: The certificate of the key.
        algorithm: C2PA's name of its signature algorithm.
        remote_key: Function that signs.
        content: The bytes to sign.

    Raises:
        IdentityError: The remote key fails, or its answer does not verify under the leaf certificate.
    """
    subject = leaf.subject.rfc4514_string()
    try:
        signature = remote_key(content)
    except Exception as error:
        raise IdentityError(f"{subject}: the remote key cannot sign ({error})") from error
    public = leaf.public_key()
    try:
        if isinstance(public, ec.EllipticCurvePublicKey):
            return _ecdsa(public, signature, content, _DIGESTS[algorithm]())
        if isinstance(public, rsa.RSAPublicKey):
            scheme = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)
            public.verify(signature, content, scheme, hashes.SHA256())
        elif isinstance(public, ed25519.Ed25519PublicKey):
            public.verify(signature, content)
    except (InvalidSignature, ValueError) as error:
        raise IdentityError(
            f"{subject}: the remote key's signature does not verify under its certificate; "
            "check that it holds the leaf's key and signs the bytes themselves with the certificate's algorithm"
        ) from error
    return signature


def _ecdsa(public: ec.EllipticCurvePublicKey, signature: bytes, content: bytes, digest: hashes.HashAlgorithm) -> bytes:
    size = (public.curve.key_size + 7) // 8
    if len(signature) == 2 * size:
        r, s = (int.from_bytes(part, "big") for part in (signature[:size], signature[size:]))
    else:
        r, s = decode_dss_signature(signature)
    public.verify(encode_dss_signature(r, s), content, ec.ECDSA(digest))
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")
