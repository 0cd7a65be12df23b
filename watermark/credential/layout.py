"""Check the bytes that the C2PA hashes do not cover, for files that facetrail sealed.

A C2PA validator accepts changes in bytes that no hash covers: the labels and lengths of the boxes of a manifest store,
the padding beside its signature, and in ISO base media files the `ftyp` box and boxes that are excluded by their type.
None of them carries content, but a file with such a change is not the file that was sealed. Facetrail's manifests
therefore record the `ftyp` box and the order of the outer boxes, and its reader requires that all the rest is exactly
as facetrail writes it. Files of other programs are checked by the C2PA library alone.
"""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from watermark.media.containers import Container

from .cbor import decode
from .embedded_manifest import ISO_MEDIA, Buffer, LayoutError, bmff_boxes, is_manifest_box, manifest_store

LAYOUT_ASSERTION = "org.facetrail.layout"

FRAMED = frozenset(
    {Container.PNG, Container.JPEG, Container.WEBP, Container.GIF, Container.TIFF, Container.DNG, *ISO_MEDIA}
)
"""Containers whose frame this module checks."""

_JUMBF_SUFFIX = bytes.fromhex("00110010800000aa00389b71")
_EMBEDDED_FILE = bytes.fromhex("40cb0c32bb8a489da70b2ad6f47f4369")
"""Type of a box with a file in it (ISO 19566-5, annex B), such as a small picture."""
# Toggles of a JUMBF description: the box can be requested by its label; it has a private box, where C2PA stores a salt.
_LABELLED, _SALTED = 0x03, 0x10

# Errors that decoding a damaged store may raise.
_DAMAGE = (ValueError, KeyError, IndexError, TypeError, AttributeError)
_LABELS = {b"c2as": ("c2pa.assertions",), b"c2cl": ("c2pa.claim.v2",), b"c2cs": ("c2pa.signature",)}


def recorded_layout(path: Path, container: Container) -> dict[str, Any] | None:
    """Return the layout that a manifest records before signing; None where C2PA hashes the whole frame.

    Raises:
        LayoutError: The file is damaged.
        OSError: The file cannot be read.
    """
    if container not in ISO_MEDIA:
        return None
    with _mapped(path) as data:
        return _iso_layout(data)


def check_layout(path: Path, container: Container, recorded: dict[str, Any] | None) -> None:
    """Check that a file's frame is what facetrail writes.

    Args:
        path: A file whose active manifest was written by facetrail.
        container: Container type of the file.
        recorded: The manifest's layout assertion.

    Raises:
        LayoutError: The frame differs; the message says where.
        OSError: The file cannot be read.
    """
    with _mapped(path) as data:
        try:
            _check_store(manifest_store(data, container))
        except LayoutError:
            raise
        except _DAMAGE as error:
            raise LayoutError(f"the manifest store is damaged ({error})") from error
        if container in ISO_MEDIA and recorded is not None and _iso_layout(data) != recorded:
            raise LayoutError("the ftyp box or the order of the outer boxes differs from what was signed")


def active_part(store: bytes) -> bytes:
    """Return a manifest store that contains the active manifest alone.

    Raises:
        LayoutError: The store is damaged.
    """
    description, *manifests = _jumbf(store[8:])
    if not manifests:
        raise LayoutError("the manifest store is empty")
    body = b"jumb" + description + manifests[-1]
    return (4 + len(body)).to_bytes(4, "big") + body


@contextmanager
def _mapped(path: Path) -> Iterator[mmap.mmap]:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        yield data


def _iso_layout(data: Buffer) -> dict[str, Any]:
    """Return the digest of the `ftyp` box and the types of all outer boxes except the manifest's own."""
    boxes = list(bmff_boxes(data))
    heads = b"".join(data[start:end] for kind, start, end in boxes if kind == b"ftyp")
    others = [kind.decode("latin-1") for kind, start, _ in boxes if not is_manifest_box(data, kind, start)]
    return {"ftyp": hashlib.sha256(heads).hexdigest(), "boxes": others}


def _check_store(store: bytes) -> None:
    """Check lengths and labels from the store down to the parts of the active manifest, which is the last one."""
    outer = list(_jumbf(store))
    if len(outer) != 1:
        raise LayoutError(f"{len(outer)} boxes in place of one manifest store")
    kind, label, manifests = _superbox(outer[0])
    if (kind, label) != (b"c2pa", "c2pa") or not manifests:
        raise LayoutError(f"the manifest store is labelled {label!r}")
    for part in _superbox(manifests[-1])[2]:
        kind, label, contents = _superbox(part)
        if kind not in _LABELS or label not in _LABELS[kind]:
            raise LayoutError(f"a part of the manifest is labelled {label!r}")
        if kind == b"c2cs":
            _check_padding(contents[0][8:])
        if kind == b"c2as":
            for assertion in contents:
                _superbox(assertion)


def _check_padding(signature: bytes) -> None:
    """Check that the space reserved beside a COSE signature is empty."""
    message = decode(signature)
    unprotected = message[1]
    for name, value in unprotected.items():
        if name in ("pad", "pad2") and any(value):
            raise LayoutError("the padding of the signature is not empty")
    if "pad" not in unprotected:
        raise LayoutError("the signature has no padding")


def _superbox(box: bytes) -> tuple[bytes, str, list[bytes]]:
    """Return type, label and contents of a JUMBF superbox (ISO 19566-5, section A.2)."""
    description, *contents = _jumbf(box[8:])
    label, end, salt = description[25:].partition(b"\0")
    known = description[12:24] == _JUMBF_SUFFIX or description[8:24] == _EMBEDDED_FILE
    if box[4:8] != b"jumb" or description[4:8] != b"jumd" or not known or not end:
        raise LayoutError("a box of the manifest is not described as one")
    if description[24] != (_LABELLED | _SALTED if salt else _LABELLED):
        raise LayoutError("the description of a box of the manifest has unknown toggles")
    return description[8:12], label.decode("utf-8", "replace"), contents


def _jumbf(data: bytes) -> Iterator[bytes]:
    """Yield the boxes that fill a content exactly."""
    return (data[start:end] for _, start, end in bmff_boxes(data))
