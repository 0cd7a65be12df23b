"""Seal marked frames into a signed file.

1. A hidden folder is made beside the destination; everything happens there.
2. The frames are encoded.
3. The mark is read back from the encoded file: its id and kind must be the claim's.
4. The file is signed. The signature covers the bytes, so it comes after the encoder.
5. The credential is read back from the signed file and must be TRUSTED under our own root.
6. The manifest is stored under the mark's id.
7. The file is flushed to disk and renamed to its destination.

Whatever fails, the hidden folder goes, and a file that was at the destination stays as it was.
"""

from __future__ import annotations

import datetime as dt
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .claim import Claim, Ingredient, Relationship
from .containers import writable
from .credentials import Credential, CredentialState, active_label, file_digest, read_credential
from .deployment import Deployment
from .encoding import encode_clip, encode_still
from .errors import MediaError, SealError
from .frames import Frames, check_frames
from .mark_reading import read_mark
from .marking import mark
from .media import Media, read_media
from .payload import Payload, PayloadKind
from .perceptual_hash import perceptual_hash
from .signing import sign_file
from .store import StoreEntry


@dataclass(frozen=True, slots=True)
class SealReceipt:
    """What was sealed.

    Attributes:
        path: The sealed file.
        sha256: Its digest.
        payload: What its mark says.
        credential: Its credential as read back.
        frames: Number of frames.
        fps: Frames a second, or None for a still.
        width: Pixels in a row, as encoded.
        height: Pixels in a column, as encoded.
        seconds: Wall time of "encode", "read_back" and "sign".
    """

    path: Path
    sha256: str
    payload: Payload
    credential: Credential
    frames: int
    fps: float | None
    width: int
    height: int
    seconds: Mapping[str, float]


def seal(
    marked: Frames,
    path: Path,
    claim: Claim,
    deployment: Deployment,
    *,
    fps: float | None = None,
    quality: int = 95,
    crf: int = 18,
) -> SealReceipt:
    """Encode marked frames, sign the file, and put it in place once both can be read back.

    Args:
        marked: What `mark` returned for the claim's payload, `(H, W, 3)` or `(T, H, W, 3)`.
        path: Destination; its suffix decides: .png .jpg .jpeg .webp for a still, .mp4 for a clip.
        claim: What is said.
        deployment: Who says it.
        fps: Frames a second of a clip.
        quality: As for `encode_still`.
        crf: As for `encode_clip`.

    Raises:
        SealError: The file cannot be written, or its mark or credential cannot be read back.
        MediaError: The suffix or the frame rate does not fit the frames.
        StoreError: The manifest store cannot be written.
        IdentityError: The private key cannot be read.
    """
    _check_request(marked, path, fps)
    seconds: dict[str, float] = {}
    with _workshop(path) as folder:
        encoded, signed = (folder / f"{name}{path.suffix.lower()}" for name in ("encoded", "signed"))
        with _timed(seconds, "encode"):
            _encode(marked, encoded, fps, quality, crf)
        with _timed(seconds, "read_back"):
            media = _read_mark_back(encoded, path, claim, deployment)
        with _timed(seconds, "sign"):
            manifest = sign_file(encoded, signed, claim, deployment.identity)
            credential = _read_credential_back(signed, path, deployment)
        entry = _entry(signed, claim, manifest, credential, media)
        _put_in_place(signed, path, entry, deployment)
    return SealReceipt(
        path, entry.sha256, claim.payload, credential, len(media.frames), media.fps, media.width, media.height, seconds
    )


def seal_file(
    source: Path,
    path: Path,
    kind: PayloadKind,
    deployment: Deployment,
    *,
    rng: np.random.Generator | None = None,
) -> SealReceipt:
    """Decode a file, mark it and seal it; a clip loses its sound.

    A mark that is already there is never overwritten: that would turn a generated file into a control file.

    Args:
        source: The file, recorded as the ingredient: the model's product for GENERATED, the genuine original for
            CONTROL.
        path: Destination, as for `seal`.
        kind: What is claimed about it.
        deployment: Who claims it.
        rng: Draws the mark's id; None takes fresh entropy.

    Raises:
        SealError: The source carries a mark of this deployment already, or as for `seal`.
        WatermarkError: As for `read_media`, `mark` and `seal`.
    """
    media = read_media(source)
    found = read_mark(media.frames, deployment.mark_key, search=0)
    if found.present:
        raise SealError(
            f"{source}: carries mark {found.id or 'of this deployment'} already; start from the unmarked original"
        )
    payload = Payload.random(np.random.default_rng() if rng is None else rng, kind)
    relationship: Relationship = "parentOf" if kind is PayloadKind.CONTROL else "inputTo"
    claim = Claim(
        payload, path.name, "facetrail", "0.1.0", ingredients=(Ingredient(source, source.name, relationship),)
    )
    pixels = media.frames if media.fps else media.frames[0]
    return seal(mark(pixels, payload, deployment.mark_key), path, claim, deployment, fps=media.fps)


def _check_request(marked: Frames, path: Path, fps: float | None) -> None:
    check_frames(marked)
    container = writable(path)
    if container.is_clip != (marked.ndim == 4):
        kind = "a clip" if marked.ndim == 4 else "a still"
        raise MediaError(
            f"{path}: {container.name} cannot hold {kind}; use .mp4 for clips and .png, .jpg or .webp for stills"
        )
    if container.is_clip and fps is None:
        raise MediaError(f"{path}: a clip needs its frames a second; pass fps")


@contextmanager
def _workshop(path: Path) -> Iterator[Path]:
    """Make the hidden folder; say in one line which file failed and why."""
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".facetrail-") as folder:
            yield Path(folder)
    except OSError as error:
        reason = error.strerror or str(error)
        raise SealError(
            f"{path}: cannot be written ({reason}); free space or choose another folder; nothing was left"
        ) from error


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - start


def _encode(marked: Frames, encoded: Path, fps: float | None, quality: int, crf: int) -> None:
    if marked.ndim == 3:
        encode_still(marked, encoded, quality=quality)
    elif fps is not None:
        encode_clip(marked, encoded, fps, crf=crf)


def _read_mark_back(encoded: Path, path: Path, claim: Claim, deployment: Deployment) -> Media:
    media = read_media(encoded)
    reading = read_mark(media.frames, deployment.mark_key, search=0)
    if (reading.id, reading.kind) != (claim.payload.hex, claim.payload.kind):
        found = f"{reading.kind} {reading.id}" if reading.id else "no mark"
        raise SealError(
            f"{path}: the encoded file reads {found} instead of {claim.payload.kind} {claim.payload.hex}; "
            "mark the frames with the claim's payload, or raise the quality; nothing was left"
        )
    return media


def _read_credential_back(signed: Path, path: Path, deployment: Deployment) -> Credential:
    credential = read_credential(signed, (deployment.identity.root_pem,), deployment.store)
    if credential.state is not CredentialState.TRUSTED:
        codes = ", ".join(credential.codes) or "no code"
        raise SealError(
            f"{path}: the signed file reads {credential.state} ({codes}) instead of trusted; nothing was left"
        )
    return credential


def _entry(signed: Path, claim: Claim, manifest: bytes, credential: Credential, media: Media) -> StoreEntry:
    return StoreEntry(
        mark_id=claim.payload.hex,
        sha256=file_digest(signed),
        manifest_label=active_label(credential),
        manifest=manifest,
        perceptual_hash=perceptual_hash(media.frames[0]),
        title=claim.title,
        kind=claim.payload.kind,
        created=dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
    )


def _put_in_place(signed: Path, path: Path, entry: StoreEntry, deployment: Deployment) -> None:
    """Store the entry and rename the file; take the entry back where the rename fails."""
    with signed.open("rb") as file:
        os.fsync(file.fileno())
    deployment.store.put(entry)
    try:
        signed.replace(path)
    except OSError:
        deployment.store.remove(entry)
        raise
    _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    """Make the rename itself durable, where the system can open folders."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
