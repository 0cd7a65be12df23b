"""Find the certificate that signed a manifest; the C2PA library reports names and a serial number only.

Names and serial numbers are whatever an issuer writes into a certificate, so a policy that allows certain signers has
to compare the certificate itself. Its bytes lie in the COSE signature of the manifest (C2PA 2.2, section 14.5; x5chain
of RFC 9360). The manifest is taken from the library, so that both look at the same bytes whatever the file is.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import BinaryIO

import c2pa
from cryptography import x509

from .cbor import decode

_X5CHAIN, _TEXT_X5CHAIN = 33, "x5chain"
_MANIFEST_TYPE = "application/c2pa"
_DAMAGE = (ValueError, KeyError, IndexError, TypeError, AttributeError)


def signer_certificate(media_type: str, stream: BinaryIO, label: str, context: c2pa.Context) -> x509.Certificate | None:
    """Return the certificate of a manifest's signer, None where it cannot be told beyond doubt.

    Args:
        media_type: Of the file, or `application/c2pa` for a bare manifest store.
        stream: The file.
        label: Label of the manifest.
        context: Settings of the library.
    """
    try:
        store = stream.read() if media_type == _MANIFEST_TYPE else _manifest_store(media_type, stream, context)
        (signature,) = [body for body in _signatures(store, label)]
        return x509.load_der_x509_certificate(_leaf(signature))
    except (*_DAMAGE, c2pa.C2paError):
        return None


def _manifest_store(media_type: str, stream: BinaryIO, context: c2pa.Context) -> bytes:
    """Return the manifests that the library finds in a file, as it keeps them of an ingredient."""
    archive = io.BytesIO()
    with c2pa.Builder({"claim_generator_info": [{"name": "reader"}], "assertions": []}, context) as builder:
        builder.add_ingredient(json.dumps({"title": "file"}), media_type, stream)
        builder.to_archive(archive)
    return archive.getvalue()


def _signatures(store: bytes, label: str) -> Iterator[bytes]:
    """Yield the content of the signature boxes of a manifest, wherever it stands in a store."""
    for kind, body in _boxes(store):
        if kind != b"jumb":
            continue
        (_, description), *_ = contents = list(_boxes(body))
        of_type, name = description[:4], description[17:].partition(b"\0")[0].decode("utf-8", "replace")
        if of_type in (b"c2ma", b"c2um") and name == label:
            yield from _contents(contents[1:])
        elif of_type == b"c2pa":
            yield from _signatures(body, label)


def _contents(boxes: list[tuple[bytes, bytes]]) -> Iterator[bytes]:
    for kind, body in boxes:
        (_, description), *inside = _boxes(body) if kind == b"jumb" else [(b"", b"")]
        if description[:4] == b"c2cs":
            yield from (content for _, content in inside)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield type and body of the boxes that fill a content (ISO 19566-5, section A.1)."""
    at = 0
    while at < len(data):
        size, head = int.from_bytes(data[at : at + 4], "big"), 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        if size < head or at + size > len(data):
            raise ValueError(f"a box of {size} bytes does not fit")
        yield data[at + 4 : at + 8], data[at + head : at + size]
        at += size


def _leaf(signature: bytes) -> bytes:
    """Return the first certificate of a COSE_Sign1 message; several that differ prove nothing."""
    protected, unprotected, *_ = decode(signature)
    found = set()
    for header in (decode(protected) if protected else {}, unprotected):
        for key in (_X5CHAIN, _TEXT_X5CHAIN):
            if key in header:
                chain = header[key]
                found.add(bytes(chain[0] if isinstance(chain, list) else chain))
    (leaf,) = found
    return leaf
