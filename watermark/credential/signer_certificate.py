"""Find the certificate that signed a manifest; the C2PA library reports names and a serial number only.

Names and serial numbers are whatever an issuer writes into a certificate, so a policy that allows certain signers has
to compare the certificate itself. Its bytes lie in the COSE signature of the manifest (C2PA 2.2, section 14.5; x5chain
of RFC 9360). The manifest is taken from the library, so that both look at the same bytes whatever the file is.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from typing import BinaryIO

import c2pa
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from watermark.errors import IdentityError
from watermark.identity.certificates import signing_algorithm

from .cbor import decode
from .embedded_manifest import bmff_boxes
from .statements import check_signature

_X5CHAIN, _TEXT_X5CHAIN = 33, "x5chain"
_MANIFEST_TYPE = "application/c2pa"
_DAMAGE = (ValueError, KeyError, IndexError, TypeError, AttributeError, UnsupportedAlgorithm, x509.InvalidVersion)


def signer_chains(
    media_type: str, stream: BinaryIO, labels: Iterable[str], context: c2pa.Context
) -> dict[str, tuple[x509.Certificate, ...]]:
    """Return, for each manifest of a file, its signer's certificate and the others of its signature.

    A manifest whose signature does not prove its certificate is left out.

    Args:
        media_type: Of the file, or `application/c2pa` for a bare manifest store.
        stream: The file.
        labels: Labels of the manifests.
        context: Settings of the library.
    """
    try:
        store = stream.read() if media_type == _MANIFEST_TYPE else _manifest_store(media_type, stream, context)
    except (*_DAMAGE, c2pa.C2paError):
        return {}
    chains = {label: _chain_of(store, label) for label in labels}
    return {label: chain for label, chain in chains.items() if chain}


def _chain_of(store: bytes, label: str) -> tuple[x509.Certificate, ...]:
    try:
        parts = list(_parts(store, label))
        (claim,) = (content for kind, content in parts if kind == b"c2cl")
        (signature,) = (content for kind, content in parts if kind == b"c2cs")
        leaf, *issuers = (x509.load_der_x509_certificate(one) for one in _chain(signature))
        _check(leaf, signature, claim)
    except (*_DAMAGE, IdentityError, InvalidSignature):
        return ()
    return (leaf, *issuers)


def _manifest_store(media_type: str, stream: BinaryIO, context: c2pa.Context) -> bytes:
    """Return the manifests that the library finds in a file, as it keeps them of an ingredient."""
    archive = io.BytesIO()
    with c2pa.Builder({"claim_generator_info": [{"name": "reader"}], "assertions": []}, context) as builder:
        builder.add_ingredient(json.dumps({"title": "file"}), media_type, stream)
        builder.to_archive(archive)
    return archive.getvalue()


def _parts(store: bytes, label: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield type and content of the parts of a manifest, such as claim and signature, wherever it stands in a store."""
    for kind, body in _boxes(store):
        if kind != b"jumb":
            continue
        (_, description), *inside = _boxes(body)
        of_type, name = description[:4], description[17:].partition(b"\0")[0].decode("utf-8", "replace")
        if of_type in (b"c2ma", b"c2um") and name == label:
            for _, part in inside:
                (_, described), *contents = _boxes(part)
                yield from ((described[:4], content) for _, content in contents)
        elif of_type == b"c2pa":
            yield from _parts(body, label)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield type and body of the boxes that fill a content (ISO 19566-5, section A.1)."""
    for kind, start, end in bmff_boxes(data):
        head = 16 if data[start : start + 4] == b"\0\0\0\1" else 8
        yield kind, data[start + head : end]


def _chain(signature: bytes) -> tuple[bytes, ...]:
    """Return the certificates of a COSE_Sign1 message; several first ones that differ prove nothing."""
    protected, unprotected, *_ = decode(signature)
    found: set[tuple[bytes, ...]] = set()
    for header in (decode(protected) if protected else {}, unprotected):
        if not all(isinstance(key, int | str) for key in header):
            raise ValueError("a header of the signature is named by neither a number nor a text")
        for key in (_X5CHAIN, _TEXT_X5CHAIN):
            if key in header:
                chain = header[key]
                certificates = tuple(chain) if isinstance(chain, list) else (chain,)
                if not all(isinstance(one, bytes) for one in certificates):
                    raise ValueError("a certificate is expected as bytes")
                found.add(certificates)
    (_,) = {certificates[0] for certificates in found}
    return max(found, key=len)


def _check(leaf: x509.Certificate, signature: bytes, claim: bytes) -> None:
    """Verify that the certificate's key signed the claim (RFC 9052, section 4.4), whatever the headers name besides."""
    protected, _, _, value = decode(signature)
    parts = (b"\x6aSignature1", *(_byte_string(one) for one in (protected, b"", claim)))
    check_signature(leaf, signing_algorithm(leaf), value, b"\x84" + b"".join(parts))


def _byte_string(content: bytes) -> bytes:
    """Encode a CBOR byte string (RFC 8949, section 3)."""
    size = len(content)
    if size < 24:
        return bytes([0x40 | size]) + content
    width, code = next(
        (width, code) for width, code in ((1, 0x58), (2, 0x59), (4, 0x5A), (8, 0x5B)) if size < 1 << 8 * width
    )
    return bytes([code]) + size.to_bytes(width, "big") + content
