"""Seal marked frames into a signed file.

1. A hidden folder is created beside the destination; everything happens there.
2. The frames are encoded.
3. The mark is read back from the encoded file: its id and kind must be the claim's.
4. The file is signed. The signature covers the bytes, so it comes after the encoder.
5. The credential is read back from the signed file and must be TRUSTED under our own root.
6. The manifest is stored under the mark's id.
7. The file is flushed to disk and renamed to its destination.

If any step fails, the hidden folder is removed, and an existing file at the destination stays unchanged. Clips go
through `ClipWriter`, which takes the same steps in constant memory.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np

from watermark.credential.claim import Claim, Ingredient, Relationship, check_claim
from watermark.credential.own_assertions import OwnAssertion, check_assertions
from watermark.deployment import Deployment
from watermark.errors import MarkLostError, MediaError, SealError, TooSmallError
from watermark.mark.embed import ClipMarker, check_size, mark
from watermark.mark.payload import Payload, PayloadKind
from watermark.mark.read import read_mark
from watermark.media.animations import is_moving
from watermark.media.clip_losses import clip_transfer
from watermark.media.clip_reading import open_clip
from watermark.media.containers import sniff
from watermark.media.encoding import encode_still
from watermark.media.frames import CLIP_SAMPLE, Frames, check_frames
from watermark.media.media import read_media
from watermark.media.still_metadata import StillMetadata, hdr_transfer, read_metadata
from watermark.media.written_formats import check_clip, writable

from .clip_writing import ClipWriter
from .contradiction import refuse_contradiction, refuse_same_file
from .release import SealReceipt, check_mark, release, staging_folder, timed, writing
from .stated_metadata import stated_metadata

_LOG = logging.getLogger(__name__)

_ATTEMPTS = 3


def seal(
    marked: Frames,
    path: Path,
    claim: Claim,
    deployment: Deployment,
    *,
    fps: float | None = None,
    quality: int = 95,
    crf: int = 18,
    lossless: bool = False,
    metadata: StillMetadata | None = None,
    alpha: Frames | None = None,
) -> SealReceipt:
    """Encode marked frames, sign the file, and put it in place once both can be read back.

    Args:
        marked: Pixels that `mark` returned for the claim's payload, `(H, W, 3)` or `(T, H, W, 3)`.
        path: Destination; its suffix decides the format: .png .jpg .jpeg .webp .avif .tif .tiff for a still, .mp4 .mov
            .webm .webp .gif for a clip. The credential of a WebM is put beside it, as .c2pa.
        claim: The claim to seal.
        deployment: Deployment that signs.
        fps: Frames per second of a clip.
        quality: As for `encode_still`.
        crf: As for `encode_clip`.
        lossless: As for `encode_still`.
        metadata: What a still says beside its pixels; the receipt names what the file keeps of it.
        alpha: uint8, `(H, W)` or `(T, H, W)`, how opaque each pixel is; the marked pixels are then those over white.

    Raises:
        SealError: The file cannot be written, or its mark or credential cannot be read back.
        MediaError: The suffix or the frame rate does not fit the frames.
        StoreError: The manifest store cannot be written.
        IdentityError: The private key cannot be read.
    """
    _check_request(marked, path, fps)
    check_claim(claim)
    if fps is not None:
        with ClipWriter(
            path,
            claim,
            deployment,
            fps=fps,
            height=marked.shape[1],
            width=marked.shape[2],
            crf=crf,
            transparent=alpha is not None,
        ) as clip:
            clip.write(marked, alpha)
        return clip.receipt
    seconds: dict[str, float] = {}
    with staging_folder(path) as folder:
        encoded = folder / f"encoded{path.suffix.lower()}"
        with timed(seconds, "encode"), writing(path):
            metadata = stated_metadata(metadata or StillMetadata(), claim, discreet=deployment.discreet)
            written = encode_still(marked, encoded, quality=quality, lossless=lossless, metadata=metadata, alpha=alpha)
        with timed(seconds, "read_back"):
            picture = read_media(encoded).frames[0]
            check_mark(picture, path, claim, deployment, what="the encoded file")
        finalised = release(encoded, path, claim, deployment, picture, seconds)
    height, width = picture.shape[:2]
    return SealReceipt(
        path,
        finalised.sha256,
        claim.payload,
        finalised.credential,
        1,
        None,
        width,
        height,
        seconds,
        finalised.time_stamp,
        kept=written.kept,
        lost=written.lost,
    )


def seal_file(
    source: Path,
    path: Path,
    kind: PayloadKind,
    deployment: Deployment,
    *,
    rng: np.random.Generator | None = None,
    force: bool = False,
    quality: int | None = None,
    lossless: bool = False,
    assertions: Sequence[OwnAssertion] = (),
    thumbnail: bool = False,
    fragmented: bool = False,
) -> SealReceipt:
    """Decode a file, mark it and seal it; a clip keeps its tracks, an uneven frame rate becomes even.

    Transparent pixels are laid over white. EXIF (with its orientation applied), IPTC, XMP, resolution and texts of a
    still are kept where the new container has a place for them. The receipt says what was kept and what was lost.

    A mark that is already there is never overwritten: that would turn a generated file into a control file. Where a
    picture and its coding drown the mark of one id, two others are tried.

    Args:
        source: The file, recorded as the ingredient: the model's product for GENERATED, the original for the
            other kinds.
        path: Destination, as for `seal`.
        kind: What is claimed about it.
        deployment: Who claims it.
        rng: Draws the mark's id; None takes fresh entropy.
        force: Seal as another kind than GENERATED although the source's credential says that a machine made it, which
            the new credential then keeps as its ingredient; and let the sealed file take the source's own place.
        quality: 1 … 100 for JPEG, WebP and AVIF; None takes 95. A clip has none.
        lossless: Whether every marked pixel must be kept, as PNG, TIFF and WebP can.
        assertions: Further assertions of the owner.
        thumbnail: Whether the manifest gets a small picture of the sealed file, where the library can make one.
        fragmented: Whether an MP4 or MOV is written in fragments.

    Raises:
        SealError: The source carries a mark of this deployment already, its credential says that a machine made it
            although the kind says otherwise, the destination is the source itself, or as for `seal`.
        TooSmallError: The source is too small to carry a mark.
        WatermarkError: As for `read_media`, `open_clip`, `mark` and `seal`.
    """
    draws = np.random.default_rng() if rng is None else rng
    check_assertions(assertions, kind)
    relationship: Relationship = "inputTo" if kind is PayloadKind.GENERATED else "parentOf"
    ingredients = (Ingredient(source, source.name, relationship),)
    if is_moving(source, sniff(source)):
        if quality is not None or lossless:
            raise MediaError(f"{source}: is a clip; quality and lossless coding can be chosen for stills alone")
        seal_under = _prepare_clip(source, path, deployment, force=force, fragmented=fragmented)
    else:
        if fragmented:
            raise MediaError(f"{source}: is a still; only MP4 and MOV can be written in fragments")
        seal_under = _prepare_still(source, path, deployment, 95 if quality is None else quality, lossless=lossless)
    if not force:
        refuse_same_file(source, path)
        refuse_contradiction(source, kind, deployment)

    def attempt() -> SealReceipt:
        payload = Payload.random(draws, kind)
        claim = Claim(payload, path.name, "facetrail", version("facetrail"), ingredients=ingredients)
        return seal_under(replace(claim, assertions=tuple(assertions), thumbnail=thumbnail))

    for number in range(1, _ATTEMPTS):
        try:
            return attempt()
        except MarkLostError as error:
            _LOG.debug("attempt %d of %d: %s", number, _ATTEMPTS, error)
    return attempt()


def _prepare_still(
    source: Path, path: Path, deployment: Deployment, quality: int, *, lossless: bool
) -> Callable[[Claim], SealReceipt]:
    _refuse_hdr(source, hdr_transfer(source))
    media = read_media(source)
    _LOG.info("opened %s: %s", source, media)
    picture, metadata = media.frames[0], read_metadata(source)
    _check_kind(source, path, moving=False)
    _check_source(source, media.height, media.width)
    _refuse_marked(picture, source, deployment)

    def seal_under(claim: Claim) -> SealReceipt:
        marked = mark(picture, claim.payload, deployment.mark_key)
        receipt = seal(marked, path, claim, deployment, quality=quality, lossless=lossless, metadata=metadata)
        return replace(receipt, flattened=media.flattened)

    return seal_under


def _prepare_clip(
    source: Path, path: Path, deployment: Deployment, *, force: bool, fragmented: bool
) -> Callable[[Claim], SealReceipt]:
    clip = open_clip(source)
    _refuse_hdr(source, clip_transfer(source))
    _LOG.info("opened %s: %s", source, clip)
    _check_kind(source, path, moving=True)
    rate = clip.written_rate
    check_clip(path, rate, fragmented=fragmented)
    _check_source(source, clip.height, clip.width)
    sample = clip.sample(CLIP_SAMPLE)
    _refuse_marked(sample, source, deployment)

    def seal_under(claim: Claim) -> SealReceipt:
        marker = ClipMarker.prepare(sample, claim.payload, deployment.mark_key)
        with ClipWriter(
            path,
            claim,
            deployment,
            fps=rate,
            height=clip.height,
            width=clip.width,
            tracks_from=source,
            fragmented=fragmented,
            replace=force,
        ) as writer:
            for chunk in clip.chunks():
                writer.write(marker.mark(chunk))
        return replace(writer.receipt, resampled=clip.variable_rate, flattened=clip.flattened)

    return seal_under


def _refuse_hdr(source: Path, transfer: str | None) -> None:
    """Refuse to write code values of HDR as if they were of the usual range: every viewer would show them grey."""
    if transfer is not None:
        raise MediaError(
            f"{source}: is HDR ({transfer}), and what is sealed has the usual range; tone-map it first, for example "
            "with ffmpeg's filters zscale and tonemap, or add a credential without a mark with `facetrail sign`"
        )


def _check_kind(source: Path, path: Path, *, moving: bool) -> None:
    try:
        writable(path, moving=moving)
    except MediaError as error:
        raise MediaError(f"{source}: is {'a clip' if moving else 'a still'}, and {error}") from error


def _check_source(source: Path, height: int, width: int) -> None:
    try:
        check_size(height, width)
    except TooSmallError as error:
        raise TooSmallError(f"{source}: {error}") from error


def _refuse_marked(pixels: Frames, source: Path, deployment: Deployment) -> None:
    found = read_mark(pixels, deployment.mark_keys, search=1)
    _LOG.info("mark of %s: %s", source, found)
    if found.present:
        raise SealError(
            f"{source}: carries mark {found.id or 'of this deployment'} already; start from the unmarked original"
        )


def _check_request(marked: Frames, path: Path, fps: float | None) -> None:
    check_frames(marked)
    writable(path, moving=marked.ndim == 4)
    if marked.ndim == 4 and fps is None:
        raise MediaError(f"{path}: a clip needs its frames a second; pass fps")
    if marked.ndim == 3 and fps is not None:
        raise MediaError(f"{path}: a still has no frames a second; leave fps out")
