"""Define the output of the generator: marked frames with their claim, or a sealed file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generator.face.face_params import DriveSequence
from watermark import Claim, Deployment, SealReceipt

from .delivery import deliver


@dataclass(frozen=True, slots=True)
class GeneratedClip:
    """A generated clip or still.

    Attributes:
        frames: (T, H, W, 3) uint8 RGB, already marked; the mark can be read from each frame alone, too. Of a
            transparent source (T, H, W, 4), with alpha, and the colours over white.
        fps: Frames per second.
        claim: Claim to seal.
        aligned: The generated motion, on the source's head in the square that the network generated.
        source: (S, S, 3) the source as the network's input.
        seconds: Wall time of "denoise" and "mark".
        evaluations: Evaluations of the U-Net per frame.
    """

    frames: NDArray[np.uint8]
    fps: float
    claim: Claim
    aligned: DriveSequence
    source: NDArray[np.uint8]
    seconds: Mapping[str, float]
    evaluations: float

    def seal(self, path: Path, deployment: Deployment) -> SealReceipt:
        """Write the clip, marked and signed.

        Args:
            path: `.mp4`, `.mov`, `.webm`, `.webp` or `.gif` for a clip; `.png`, `.jpg`, `.webp` for one frame; a
                name without suffix for a folder of signed PNG frames.
            deployment: Deployment that signs; the frames must contain its mark.

        Returns:
            The receipt of the file, or of the folder's first frame.

        Raises:
            WatermarkError: The file cannot be written, or cannot be read back; then no file is left.
        """
        count, height, width, channels = self.frames.shape
        with deliver(path, self.claim, deployment, self.fps, (count, height, width, channels)) as delivery:
            delivery.write(self.frames)
        return delivery.receipt


@dataclass(frozen=True, slots=True)
class GeneratedFile:
    """A clip or still that was generated directly to its file.

    Attributes:
        receipt: Receipt of the file, or of the folder's first frame.
        frames: Number of frames.
        claim: Claim of the seal.
        seconds: Wall time of "denoise", "mark" and "encode", which includes reading back and signing.
        evaluations: Evaluations of the U-Net per frame.
        continued: Whether an interrupted run had finished a part of the work.
    """

    receipt: SealReceipt
    frames: int
    claim: Claim
    seconds: Mapping[str, float]
    evaluations: float
    continued: bool
