"""Release an encoded file: the sealing steps that stills and clips share.

Everything happens in a hidden folder beside the destination. If any step fails, the folder is removed, and an existing
file at the destination stays unchanged.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from watermark.credential.claim import Claim
from watermark.credential.credential import Credential, CredentialState, active_label, read_credential
from watermark.credential.signing import TimeStampOutcome, sign_file
from watermark.deployment import Deployment
from watermark.errors import MarkLostError, SealError
from watermark.mark.payload import Payload
from watermark.mark.read import read_mark
from watermark.media.containers import SIDECAR_SUFFIX, sniff
from watermark.media.files import file_hash, flush, hidden_folder
from watermark.media.frames import Frames
from watermark.media.written_formats import writable
from watermark.store.manifest_store import StoreEntry
from watermark.store.perceptual_hash import perceptual_hash

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SealReceipt:
    """The record of a sealed file.

    Attributes:
        path: The sealed file.
        sha256: SHA-256 of the file.
        payload: Payload of its mark.
        credential: Credential as read back from the file.
        frames: Number of frames.
        fps: Frames per second, or None for a still.
        width: Width in pixels, as encoded.
        height: Height in pixels, as encoded.
        seconds: Wall time of "encode", "read_back" and "sign".
        time_stamp: State of the signature's time stamp.
        resampled: Whether the frames of the source were not evenly spaced and were resampled to `fps`.
        flattened: Whether the source has transparency; its frames were then composited over white.
        sidecar: The credential as a file of its own, where the file's kind holds none; it belongs beside the file.
        kept: Kinds of metadata that the file holds, such as EXIF.
        lost: What of the source the file does not hold, in words.
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
    time_stamp: TimeStampOutcome = TimeStampOutcome.NONE
    resampled: bool = False
    flattened: bool = False
    sidecar: Path | None = None
    kept: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Release:
    """The file that `release` put in place.

    Attributes:
        sha256: SHA-256 of the file.
        credential: Credential as read back from the file.
        time_stamp: State of the signature's time stamp.
        sidecar: The credential as a file of its own, where the file's kind holds none.
    """

    sha256: str
    credential: Credential
    time_stamp: TimeStampOutcome
    sidecar: Path | None = None


@contextmanager
def staging_folder(path: Path) -> Iterator[Path]:
    """Create the hidden folder beside a destination and remove it in the end.

    Raises:
        SealError: The destination's folder cannot be written.
    """
    with ExitStack() as stack:
        with writing(path):
            folder = stack.enter_context(hidden_folder(path.parent))
        yield folder


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Convert an OSError to an error that states in one line which file cannot be written and why.

    Raises:
        SealError: Raised in place of an OSError.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise SealError(
            f"{path}: cannot be written ({reason}); free space or choose another folder; nothing was left"
        ) from error


@contextmanager
def timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    """Add the wall time of the block to `seconds[name]`."""
    start = time.perf_counter()
    yield
    seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - start


def check_mark(pixels: Frames, path: Path, claim: Claim, deployment: Deployment, *, what: str) -> None:
    """Check that pixels contain the claim's mark.

    Args:
        pixels: A still, or frames of one clip.
        path: The destination, for the error message.
        claim: Claim whose payload they must contain.
        deployment: Deployment whose keys are tried.
        what: Description of the pixels, for the error message.

    Raises:
        MarkLostError: The pixels contain no mark, or another one.
    """
    reading = read_mark(pixels, deployment.mark_keys, search=0)
    if (reading.id, reading.kind) != (claim.payload.hex, claim.payload.kind):
        found = f"{reading.kind} {reading.id}" if reading.id else "no mark"
        raise MarkLostError(
            f"{path}: {what} reads {found} instead of {claim.payload.kind} {claim.payload.hex}; "
            "mark the frames with the claim's payload, raise the quality, or take another format, or a picture that is "
            "larger or has less fine texture, in which the mark drowns; nothing was left"
        )


def refuse_foreign_sidecar(path: Path) -> None:
    """Check that a credential in a file of its own would not replace that of another file.

    Args:
        path: The clip that is to be sealed.

    Raises:
        SealError: A credential lies where this clip's would, and this clip does not.
    """
    sidecar = path.with_suffix(SIDECAR_SUFFIX)
    if not writable(path, moving=True).holds_credential and sidecar.exists() and not path.exists():
        raise SealError(
            f"{path}: its credential would replace {sidecar.name}, which is there already for another file; "
            "move that away or choose another name"
        )


def release(
    encoded: Path, path: Path, claim: Claim, deployment: Deployment, first: Frames, seconds: dict[str, float]
) -> Release:
    """Sign an encoded file, read the credential back, store it, and move the file to its destination.

    Args:
        encoded: The file, in the hidden folder; its mark has been read back already.
        path: The destination.
        claim: The claim to sign.
        deployment: Deployment that signs.
        first: First frame as decoded from the file.
        seconds: Dictionary that receives the time of "sign".

    Raises:
        SealError: The library refuses to sign, the credential cannot be read back, or the file cannot be written.
        StoreError: The manifest store cannot be written.
        IdentityError: The private key cannot be read.
    """
    signed = encoded.with_name(f"signed{encoded.suffix}")
    sidecar = None if sniff(encoded).holds_credential else path.with_suffix(SIDECAR_SUFFIX)
    with writing(path):
        with timed(seconds, "sign"):
            identity, anchors, discreet = deployment.identity, deployment.trust.signer_anchors, deployment.discreet
            signature = sign_file(encoded, signed, claim, identity, anchors, discreet=discreet)
            if sidecar is not None:
                signed.with_suffix(SIDECAR_SUFFIX).write_bytes(signature.manifest)
            credential = _read_credential_back(signed, path, deployment)
        entry = StoreEntry(
            mark_id=claim.payload.hex,
            sha256=file_hash(signed),
            manifest_label=active_label(credential),
            manifest=signature.manifest,
            perceptual_hash=perceptual_hash(first),
            title=claim.title,
            kind=claim.payload.kind,
            created=dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
        )
        _LOG.info("signed %s as %s: credential %s", path, identity.subject, credential.state)
        _put_in_place(signed, path, entry, deployment, sidecar)
    _LOG.info("sealed %s with %s mark %s, SHA-256 %s", path, claim.payload.kind, claim.payload.hex, entry.sha256)
    return Release(entry.sha256, credential, signature.time_stamp, sidecar)


def _read_credential_back(signed: Path, path: Path, deployment: Deployment) -> Credential:
    credential = read_credential(signed, deployment.trust, deployment.store)
    if credential.state is not CredentialState.TRUSTED:
        codes = ", ".join(credential.codes) or "no code"
        raise SealError(
            f"{path}: the signed file reads {credential.state} ({codes}) instead of trusted; nothing was left"
        )
    return credential


def _put_in_place(signed: Path, path: Path, entry: StoreEntry, deployment: Deployment, sidecar: Path | None) -> None:
    """Store the entry and rename the file; remove the entry where the rename fails.

    A credential in a file of its own comes first, so that its file never lies there without it.
    """
    flush(signed)
    deployment.store.put(entry)
    try:
        if sidecar is not None:
            flush(signed.with_suffix(SIDECAR_SUFFIX))
            signed.with_suffix(SIDECAR_SUFFIX).replace(sidecar)
        signed.replace(path)
    except OSError:
        deployment.store.remove(entry)
        raise
    flush(path.parent)
