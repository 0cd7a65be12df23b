"""Check sealed files independently, with `cryptography` alone and without any C2PA library.

No validator except the library's own reads MP4, so this is the independent check for it. It covers the COSE signature
over the claim (RFC 9052, section 4.4), the chain of certificates up to our root, the hash of every assertion that the
claim names, and the hash of the file's boxes in a `c2pa.hash.bmff.v3` assertion.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from watermark.credential.cbor import decode
from watermark.credential.embedded_manifest import bmff_boxes, is_manifest_box, manifest_store
from watermark.media.containers import sniff

X5CHAIN = 33


def superboxes(data):
    """Return label and bytes of the JUMBF superboxes in a box's content."""
    found = {}
    for _, start, end in bmff_boxes(data):
        box = data[start:end]
        if box[4:8] == b"jumb":
            found[box[8 + 25 :].partition(b"\0")[0].decode()] = box
    return found


def inside(box):
    """Return a superbox's content after its description."""
    return box[8 + int.from_bytes(box[8:12], "big") :]


def text(value):
    return bytes([0x60 | len(value)]) + value.encode()


def byte_string(value):
    head = bytes([0x40 | len(value)]) if len(value) < 24 else b"\x59" + len(value).to_bytes(2, "big")
    return head + value


def check_signature(parts, root):
    """Verify the signature over the claim and the chain; return the claim."""
    claim = inside(parts["c2pa.claim.v2"])[8:]
    protected, _, payload, signature = decode(inside(parts["c2pa.signature"])[8:])
    assert payload is None  # detached: the payload is the claim itself
    chain = [x509.load_der_x509_certificate(one) for one in decode(protected)[X5CHAIN]]
    for issued, issuer in zip(chain, [*chain[1:], root], strict=True):
        issued.verify_directly_issued_by(issuer)
    signed = b"\x84" + text("Signature1") + byte_string(protected) + byte_string(b"") + byte_string(claim)
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    chain[0].public_key().verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    return decode(claim)


def box_hash(data, exclusions):
    """Compute the hash of every outermost box that is not excluded, each after its offset."""
    excluded = {one["xpath"][1:].encode() for one in exclusions} - {b"uuid"}
    digest = hashlib.sha256()
    for kind, start, end in bmff_boxes(data):
        if kind not in excluded and not is_manifest_box(data, kind, start):
            digest.update(start.to_bytes(8, "big") + data[start:end])
    return digest.digest()


def check_by_hand(path, root):
    """Check that the file is what its manifest states."""
    data = path.read_bytes()
    (store,) = superboxes(manifest_store(data, sniff(path))).values()
    manifest = list(superboxes(inside(store)).values())[-1]
    parts = superboxes(inside(manifest))
    claim = check_signature(parts, root)
    assertions = superboxes(inside(parts["c2pa.assertions"]))
    named = [*claim["created_assertions"], *claim.get("gathered_assertions", [])]
    assert {one["url"].rpartition("/")[2] for one in named} == set(assertions)
    for one in named:
        assertion = assertions[one["url"].rpartition("/")[2]]
        if hashlib.sha256(assertion[8:]).digest() != one["hash"]:
            raise ValueError(f"{one['url']} is not what was signed")
    binding = decode(inside(assertions["c2pa.hash.bmff.v3"])[8:])
    if box_hash(data, binding["exclusions"]) != binding["hash"]:
        raise ValueError("the file is not what was signed")


@pytest.fixture
def root(deployment):
    return x509.load_pem_x509_certificate(deployment.identity.root_pem.encode())


@pytest.mark.parametrize("suffix", [".mp4", ".avif"])
def test_signature_chain_assertions_and_boxes_hold_by_hand(sealed, root, suffix):
    check_by_hand(sealed[suffix].path, root)


@pytest.mark.parametrize("suffix", [".mp4", ".avif"])
@pytest.mark.parametrize("within", [b"mdat", b"trainedAlgorithmicMedia", b"claim_generator_info", b"c2pa.signature"])
def test_what_was_changed_fails_by_hand_too(sealed, root, tmp_path, suffix, within):
    data = bytearray(sealed[suffix].path.read_bytes())
    step = {b"c2pa.signature": 700}.get(within, 60 if within == b"mdat" else 3)
    at = data.rindex(within) + step
    data[at] ^= 1 << int(np.random.default_rng(1).integers(7))
    path = tmp_path / f"changed{suffix}"
    path.write_bytes(data)
    with pytest.raises((ValueError, InvalidSignature, KeyError, TypeError, AssertionError)):
        check_by_hand(path, root)


def test_another_root_fails_by_hand(sealed, tmp_path):
    from watermark import Identity

    stranger = Identity.create(tmp_path / "identity")
    with pytest.raises((InvalidSignature, ValueError)):
        check_by_hand(sealed[".mp4"].path, x509.load_pem_x509_certificate(stranger.root_pem.encode()))
