"""What leaves the generator: marked frames that know what to say about themselves."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from watermark import Claim, Deployment, SealError, SealReceipt, seal

from .face_params import DriveSequence


@dataclass(frozen=True, slots=True)
class GeneratedClip:
    """A generated clip or still.

    Attributes:
        frames: (T, H, W, 3) uint8 RGB, already marked.
        fps: Frames per second.
        claim: What the seal will say.
        aligned: The motion that was drawn, on the source's head in the generated picture.
        source: (H, W, 3) the source as the network saw it.
        seconds: Wall time of "denoise" and "mark".
    """

    frames: NDArray[np.uint8]
    fps: float
    claim: Claim
    aligned: DriveSequence
    source: NDArray[np.uint8]
    seconds: Mapping[str, float]

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
        if not path.suffix:
            return self._seal_folder(path, deployment)
        if path.suffix.lower() == ".mp4":
            return seal(self.frames, path, self.claim, deployment, fps=self.fps)
        if len(self.frames) != 1:
            raise SealError(f"{path}: {len(self.frames)} frames make no picture; name a .mp4 or a folder as output")
        return seal(self.frames[0], path, self.claim, deployment)

    def _seal_folder(self, path: Path, deployment: Deployment) -> SealReceipt:
        if path.exists():
            raise SealError(f"{path}: exists already; name a new folder for the frames")
        try:
            with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as name:
                folder = Path(name) / "frames"
                folder.mkdir()
                receipts = []
                for index, frame in enumerate(self.frames):
                    title = f"{path.name}/{index:05d}.png"
                    receipts.append(
                        seal(frame, folder / f"{index:05d}.png", replace(self.claim, title=title), deployment)
                    )
                folder.rename(path)
        except OSError as error:
            raise SealError(
                f"{path}: cannot be written ({error.strerror}); choose a folder you may write to"
            ) from error
        return replace(receipts[0], path=path / "00000.png", frames=len(receipts))
