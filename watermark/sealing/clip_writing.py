"""Seal a clip of any length in constant memory, while its marked frames arrive."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Self

from watermark.credential.claim import Claim, check_claim
from watermark.deployment import Deployment
from watermark.errors import MediaError, SealError
from watermark.mark.embed import check_size
from watermark.media.animations import is_moving
from watermark.media.clip_losses import clip_losses
from watermark.media.clip_reading import open_clip
from watermark.media.containers import Container
from watermark.media.encoding import ClipEncoder
from watermark.media.frames import CLIP_SAMPLE, Frames, check_frames
from watermark.media.media import read_media
from watermark.media.written_formats import check_clip

from .release import SealReceipt, check_mark, refuse_foreign_sidecar, release, staging_folder, timed, writing
from .xmp import add_xmp, clip_xmp

_LOG = logging.getLogger(__name__)

_CHECKED_EVERY = 12


class ClipWriter:
    """Write marked frames in a `with` block, and release a sealed clip when the block ends without an error.

    The suffix says the format: .mp4, .mov, .webm, .webp or .gif. WebM holds no credential, so its credential is
    released as a file of its own beside it, with the suffix .c2pa.

    The claim's mark is read in one of every twelve frames before encoding, so that unmarked pixels never enter the
    file. After encoding the mark is read back from up to 16 frames of the file. Any error leaves nothing at the path.

    Attributes:
        path: The destination.
    """

    def __init__(
        self,
        path: Path,
        claim: Claim,
        deployment: Deployment,
        *,
        fps: float | Fraction,
        height: int,
        width: int,
        crf: int = 18,
        audio_from: Path | None = None,
        tracks_from: Path | None = None,
        fragmented: bool = False,
        replace: bool = False,
        transparent: bool = False,
    ) -> None:
        """Check everything that can be checked before any frame exists; nothing is written yet.

        Args:
            path: Destination.
            claim: The claim to seal.
            deployment: Deployment that signs.
            fps: Frames per second.
            height: Pixels in a column.
            width: Pixels in a row.
            crf: As for `encode_clip`.
            audio_from: A clip whose sound track is copied, cut to the length of the frames; a clip without sound is
                allowed.
            tracks_from: As for `ClipEncoder`; instead of `audio_from`.
            fragmented: As for `ClipEncoder`.
            replace: Whether the credential of a WebM may replace one that lies there for another file.
            transparent: Whether frames are written with their alpha, as .mov, .webm and .webp can.

        Raises:
            MediaError: The suffix, the rate, the transparency or fragments do not fit the format, or `audio_from` is no
                clip.
            TooSmallError: The frames are too small to carry a mark.
            SealError: The claim contradicts itself, or the credential's own file would replace another one.
        """
        check_clip(path, fps, transparent=transparent, fragmented=fragmented)
        check_size(height, width)
        check_claim(claim)
        if not replace:
            refuse_foreign_sidecar(path)
        self.path = path
        self._claim, self._deployment = claim, deployment
        self._fps, self._size, self._crf = fps, (height, width), crf
        self._audio_from = audio_from if audio_from is not None and open_clip(audio_from).has_sound else None
        self._tracks_from, self._fragmented, self._transparent = tracks_from, fragmented, transparent
        self._open = ExitStack()
        self._encoder: ClipEncoder | None = None
        self._encoded = path
        self._count = 0
        self._seconds: dict[str, float] = {}
        self._receipt: SealReceipt | None = None

    @property
    def receipt(self) -> SealReceipt:
        """Return the receipt; it is available once the block has ended.

        Raises:
            SealError: The block has not ended, or failed.
        """
        if self._receipt is None:
            raise SealError(f"{self.path}: is not sealed; the receipt is there when the ClipWriter's block has ended")
        return self._receipt

    def __enter__(self) -> Self:
        """Open the file in a hidden folder beside its destination."""
        with ExitStack() as opening, writing(self.path):
            self._encoded = opening.enter_context(staging_folder(self.path)) / f"encoded{self.path.suffix.lower()}"
            self._encoder = ClipEncoder(
                self._encoded,
                self._fps,
                *self._size,
                crf=self._crf,
                audio_from=self._audio_from,
                tracks_from=self._tracks_from,
                fragmented=self._fragmented,
                transparent=self._transparent,
            )
            self._open = opening.pop_all()
        return self

    def write(self, marked: Frames, alpha: Frames | None = None) -> None:
        """Write the next frames.

        Args:
            marked: Frames that `ClipMarker.mark` or `mark` returned for the claim's payload, uint8 RGB, `(T, H, W, 3)`,
                over white where they are transparent.
            alpha: uint8, `(T, H, W)`, how opaque each pixel of a transparent clip is; None otherwise.

        Raises:
            SealError: The frames do not contain the claim's mark, or the file cannot be written.
            MediaError: The frames have another size, or are no frames.
        """
        if self._encoder is None:
            raise SealError(f"{self.path}: takes frames inside the ClipWriter's `with` block only")
        check_frames(marked)
        if marked.ndim != 4 or marked.shape[1:3] != self._size:
            raise MediaError(
                f"{self.path}: frames of shape {marked.shape} do not fit a clip of {self._size[1]} × {self._size[0]}"
            )
        for index in range(-self._count % _CHECKED_EVERY, len(marked), _CHECKED_EVERY):
            what = f"frame {self._count + index}"
            check_mark(marked[index : index + _CHECKED_EVERY], self.path, self._claim, self._deployment, what=what)
        with timed(self._seconds, "encode"), writing(self.path):
            self._encoder.write(marked, alpha)
        self._count += len(marked)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Release the file, or leave nothing."""
        encoder, self._encoder = self._encoder, None
        with self._open:
            if encoder is not None:
                with timed(self._seconds, "encode"), writing(self.path):
                    encoder.__exit__(kind)
            if kind is None:
                self._receipt = self._finalised()

    def _finalised(self) -> SealReceipt:
        if not self._count:
            raise SealError(f"{self.path}: got no frames; write at least one; nothing was left")
        lost = () if self._tracks_from is None else clip_losses(self._tracks_from, self._encoded)
        with writing(self.path):
            discreet = self._deployment.discreet
            packet, missing = clip_xmp(self._tracks_from, self._encoded, self._claim, discreet=discreet)
            add_xmp(self._encoded, packet)
        with timed(self._seconds, "read_back"):
            sample, fps = self._sample()
            check_mark(sample, self.path, self._claim, self._deployment, what="the encoded file")
        finalised = release(self._encoded, self.path, self._claim, self._deployment, sample[0], self._seconds)
        return SealReceipt(
            self.path,
            finalised.sha256,
            self._claim.payload,
            finalised.credential,
            self._count,
            fps,
            sample.shape[2],
            sample.shape[1],
            self._seconds,
            finalised.time_stamp,
            lost=(*lost, *missing),
            sidecar=finalised.sidecar,
        )

    def _sample(self) -> tuple[Frames, float]:
        """Read frames of the encoded file back, and its frames per second.

        A WebP shows a frame longer instead of writing it again, and is a still where nothing moves.
        """
        merges = self.path.suffix.lower() == ".webp"
        if merges and not is_moving(self._encoded, Container.WEBP):
            return read_media(self._encoded).frames, float(self._fps)
        clip = open_clip(self._encoded)
        if clip.frame_count != self._count and not merges:
            raise SealError(f"{self.path}: {clip.frame_count} of {self._count} frames were encoded")
        _LOG.info("encoded %s for %s", clip, self.path)
        return clip.sample(CLIP_SAMPLE), float(clip.fps)
