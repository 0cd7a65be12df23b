"""Build manifests box by box, as a stranger could at no cost.

The signature is invalid; the files measure what it costs to detect this.
"""

from __future__ import annotations

import base64
import hashlib
import struct
import tempfile
from pathlib import Path

from watermark import Deployment

TAIL = bytes.fromhex("00110010800000aa00389b71")
_LABEL = "urn:c2pa:x"


def box(kind: bytes, body: bytes) -> bytes:
    """Return a box."""
    return struct.pack(">I", 8 + len(body)) + kind + body


def jumbf(kind: bytes, label: str, *contents: bytes) -> bytes:
    """Return a box of boxes with a label."""
    description = box(b"jumd", kind + TAIL + b"\x03" + label.encode() + b"\0")
    return box(b"jumb", description + b"".join(contents))


def store_of_ingredients(count: int) -> bytes:
    """Return a manifest store whose single manifest names so many ingredients."""
    parts = {
        f"c2pa.ingredient.v3{f'__{number}' if number else ''}": _map(
            {"dc:title": _text(f"part {number}"), "relationship": _text("componentOf")}
        )
        for number in range(count)
    }
    binding = {"name": _text("file"), "alg": _text("sha256"), "hash": _bytes(bytes(32)), "pad": _bytes(b"")}
    parts["c2pa.hash.data"] = _map(binding)
    boxes = {name: jumbf(b"cbor", name, box(b"cbor", content)) for name, content in parts.items()}
    named = [
        _map({"url": _text(f"self#jumbf=c2pa.assertions/{name}"), "hash": _bytes(hashlib.sha256(one[8:]).digest())})
        for name, one in boxes.items()
    ]
    claim = {
        "instanceID": _text("xmp:iid:1"),
        "claim_generator_info": _map({"name": _text("stranger")}),
        "signature": _text(f"self#jumbf=/c2pa/{_LABEL}/c2pa.signature"),
        "created_assertions": _head(4, len(named)) + b"".join(named),
        "dc:title": _text("parts"),
        "alg": _text("sha256"),
    }
    manifest = jumbf(
        b"c2ma",
        _LABEL,
        jumbf(b"c2as", "c2pa.assertions", *boxes.values()),
        jumbf(b"c2cl", "c2pa.claim.v2", box(b"cbor", _map(claim))),
        jumbf(b"c2cs", "c2pa.signature", box(b"cbor", _signature())),
    )
    return jumbf(b"c2pa", "c2pa", manifest)


def _signature() -> bytes:
    """Return a COSE signature of zeros under a certificate that was issued for it (RFC 9052, section 4.2)."""
    with tempfile.TemporaryDirectory() as folder:
        pem = Deployment.open(Path(folder) / "home").identity.chain_pem
    lines = pem.partition("-----BEGIN CERTIFICATE-----")[2].partition("-----")[0]
    certificate = base64.b64decode("".join(lines.split()))
    algorithm = _bytes(bytes.fromhex("a10126"))
    return b"\xd2\x84" + algorithm + _map({"x5chain": _bytes(certificate)}) + b"\xf6" + _bytes(bytes(64))


def _head(major: int, length: int) -> bytes:
    """Return the head of a CBOR value (RFC 8949, section 3)."""
    if length < 24:
        return bytes([major << 5 | length])
    return bytes([major << 5 | 24, length]) if length < 256 else bytes([major << 5 | 25]) + struct.pack(">H", length)


def _text(text: str) -> bytes:
    return _head(3, len(text.encode())) + text.encode()


def _bytes(content: bytes) -> bytes:
    return _head(2, len(content)) + content


def _map(values: dict[str, bytes]) -> bytes:
    return _head(5, len(values)) + b"".join(_text(key) + value for key, value in values.items())
