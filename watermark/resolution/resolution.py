"""Find the manifests of a file that has lost its own, as the C2PA Soft Binding Resolution API defines.

A binding is the name of an algorithm and a value: the id of our mark, or a perceptual hash. A match shows where a
picture comes from, never that it is unchanged.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path

from watermark.credential.embedded_manifest import LayoutError
from watermark.credential.layout import active_part
from watermark.deployment import Deployment
from watermark.errors import MediaError
from watermark.mark.payload import ID_BITS, SOFT_BINDING, PayloadKind
from watermark.mark.read import read_mark
from watermark.provenance import sample_frames
from watermark.store.perceptual_hash import SAME_PICTURE, hash_distance, perceptual_hash
from watermark.store.store import Store

FINGERPRINT = "org.facetrail.phash.1"
WATERMARKS, FINGERPRINTS = (SOFT_BINDING,), (FINGERPRINT,)
MOST_RESULTS = 100

_HASH_BITS = 64


@dataclass(frozen=True, slots=True)
class Match:
    """A manifest that a binding identifies.

    Attributes:
        manifest_id: Label of the active manifest.
        similarity: Similarity of the looks, 0 … 100; None for a mark, which is either read or not.
    """

    manifest_id: str
    similarity: int | None = None


@dataclass(frozen=True, slots=True)
class Bindings:
    """The soft bindings of a file's pixels.

    Attributes:
        mark_id: Id of the mark that was read; None without a mark.
        kind: The reason why it was marked.
        look: The perceptual hash of its first frame.
    """

    mark_id: str | None
    kind: PayloadKind | None
    look: int


def match_binding(store: Store, algorithm: str, value: str, limit: int = 10) -> tuple[Match, ...]:
    """Return the manifests that a soft binding identifies.

    Args:
        store: Store to search.
        algorithm: Name of the algorithm, one of WATERMARKS or FINGERPRINTS.
        value: Base64 of the value: the mark's id in 6 bytes, or the hash in 8, most significant byte first.
        limit: Maximum number of matches.

    Raises:
        ValueError: The algorithm is unknown, or the value does not fit it.
        StoreError: The store is damaged or unreadable.
    """
    check_algorithm(algorithm)
    if algorithm in WATERMARKS:
        entries = store.find(_value(value, ID_BITS).hex())
        return tuple(Match(entry.manifest_label) for entry in entries[:limit])
    return _alike(store, int.from_bytes(_value(value, _HASH_BITS), "big"), limit)


def check_algorithm(algorithm: str | None) -> None:
    """Raise ValueError where an algorithm's name is unknown; None stands for all algorithms."""
    if algorithm not in (None, *WATERMARKS, *FINGERPRINTS):
        known = ", ".join((*WATERMARKS, *FINGERPRINTS))
        raise ValueError(f"the algorithm {algorithm!r} is not known here; use one of {known}")


def read_bindings(path: Path, deployment: Deployment) -> Bindings:
    """Decode a file and read the bindings that may identify its manifest.

    Args:
        path: The file.
        deployment: Deployment whose keys are used.

    Raises:
        MediaError: The file cannot be decoded.
    """
    frames = sample_frames(path)
    mark = read_mark(frames, deployment.mark_keys)
    return Bindings(mark.id, mark.kind, perceptual_hash(frames[0]))


def match_content(bindings: Bindings, store: Store, algorithm: str | None = None, limit: int = 10) -> tuple[Match, ...]:
    """Return the manifests that a file's mark identifies, then those of files that look alike.

    Args:
        bindings: Bindings that were read from the file.
        store: Store to search.
        algorithm: Algorithm of the only binding to use; None uses all.
        limit: Maximum number of matches.

    Raises:
        ValueError: The algorithm is unknown.
        StoreError: The store is damaged or unreadable.
    """
    check_algorithm(algorithm)
    matches: list[Match] = []
    if algorithm in (None, *WATERMARKS) and bindings.mark_id is not None:
        entries = [entry for entry in store.find(bindings.mark_id) if entry.kind is bindings.kind]
        matches += [Match(entry.manifest_label) for entry in entries]
    if algorithm in (None, *FINGERPRINTS):
        known = {match.manifest_id for match in matches}
        alike = _alike(store, bindings.look, limit)
        matches += [match for match in alike if match.manifest_id not in known]
    return tuple(matches[:limit])


def find_store(store: Store, manifest_id: str, *, only_active: bool = False) -> bytes | None:
    """Return a manifest store by the label of its active manifest, or None where the label is unknown.

    Args:
        store: Store to search.
        manifest_id: The label.
        only_active: Whether the manifests of ingredients are left out.

    Raises:
        StoreError: The store is damaged or unreadable.
    """
    entry = store.find_manifest(manifest_id)
    if entry is None:
        return None
    try:
        return active_part(entry.manifest) if only_active else entry.manifest
    except LayoutError as error:
        raise MediaError(f"the stored manifest {manifest_id} is damaged ({error})") from error


def _alike(store: Store, look: int, limit: int) -> tuple[Match, ...]:
    found = store.find_alike(look, distance=SAME_PICTURE, limit=limit)
    return tuple(
        Match(entry.manifest_label, round(100 * (1 - hash_distance(look, entry.perceptual_hash) / _HASH_BITS)))
        for entry in found
    )


def _value(text: str, bits: int) -> bytes:
    try:
        # A plus sign that a client forgot to escape arrives as a space.
        value = base64.b64decode(text.replace(" ", "+"), altchars=None, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"the value {text!r} is no base64") from None
    if len(value) != bits // 8:
        raise ValueError(f"the value has {len(value)} bytes, expected {bits // 8}")
    return value
