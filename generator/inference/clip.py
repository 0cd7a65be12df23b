"""What leaves the generator: marked frames that know what to say about themselves, or a file that says it."""

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
        frames: (T, H, W, 3) uint8 RGB, already marked; each shows the mark alone, too.
        fps: Frames per second.
        claim: What the seal will say.
        aligned: The motion that was drawn, on the source's head in the square that the network drew.
        source: (S, S, 3) the source as the network saw it.
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
            path: `.mp4` for a clip; `.png`, `.jpg`, `.webp` for a clip of one frame; a name without suffix for a folder
                of signed PNG frames.
            deployment: Who signs; must be the one whose mark the frames carry.

        Returns:
            The receipt of the file, or of the folder's first frame.

        Raises:
            WatermarkError: The file cannot be written, or cannot be read back; then nothing is left behind.
        """
        count, height, width = self.frames.shape[:3]
        with deliver(path, self.claim, deployment, self.fps, (count, height, width)) as delivery:
            delivery.write(self.frames)
        return delivery.receipt


@dataclass(frozen=True, slots=True)
class GeneratedFile:
    """A clip or still that was generated straight into its file.

    Attributes:
        receipt: Of the file, or of the folder's first frame.
        frames: How many.
        claim: What the seal says.
        seconds: Wall time of "denoise", "mark" and "encode", which includes reading back and signing.
        evaluations: Evaluations of the U-Net per frame.
        continued: Whether an interrupted run had done a part of the work.
    """

    receipt: SealReceipt
    frames: int
    claim: Claim
    seconds: Mapping[str, float]
    evaluations: float
    continued: bool
