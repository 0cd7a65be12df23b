"""Write marked frames, a few at a time, to one sealed clip, one sealed picture, or a folder of sealed pictures."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from watermark import Claim, ClipWriter, Deployment, SealError, SealReceipt, hidden_folder, seal


class Delivery(Protocol):
    """Write marked frames in order and seal them in a `with` block; an error leaves no file."""

    @property
    def receipt(self) -> SealReceipt:
        """Return the receipt of the file, or of the folder's first picture, once the block has ended."""

    def __enter__(self) -> Self:
        """Open the output."""

    def write(self, marked: NDArray[np.uint8]) -> None:
        """Write the next frames (N, H, W, 3)."""

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Seal the output, or leave nothing."""


def is_clip(path: Path) -> bool:
    """Return whether a path is for one clip, in contrast to pictures that must each contain the mark."""
    return path.suffix.lower() == ".mp4"


def deliver(
    path: Path,
    claim: Claim,
    deployment: Deployment,
    fps: float,
    shape: tuple[int, int, int],
    audio_from: Path | None = None,
) -> Delivery:
    """Return the delivery that fits a path; nothing is written before its block begins.

    Args:
        path: `.mp4` for a clip; a picture's suffix for a clip of one frame; a name without suffix for a folder.
        claim: Claim to seal.
        deployment: Deployment that signs.
        fps: Frames per second of a clip.
        shape: Number of frames, height, width.
        audio_from: A clip whose sound a clip keeps; pictures ignore it.

    Raises:
        SealError: There are several frames for one picture, or the folder exists already.
        WatermarkError: The suffix, the rate or the size does not fit.
    """
    count, height, width = shape
    if not path.suffix:
        return _Folder(path, claim, deployment)
    if is_clip(path):
        return ClipWriter(path, claim, deployment, fps=fps, height=height, width=width, audio_from=audio_from)
    if count != 1:
        raise SealError(f"{path}: {count} frames make no picture; name a .mp4 or a folder as output")
    return _Still(path, claim, deployment)


class _Still:
    receipt: SealReceipt

    def __init__(self, path: Path, claim: Claim, deployment: Deployment) -> None:
        self._path, self._claim, self._deployment = path, claim, deployment

    def __enter__(self) -> Self:
        return self

    def write(self, marked: NDArray[np.uint8]) -> None:
        self.receipt = seal(marked[0], self._path, self._claim, self._deployment)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Do nothing, because each picture is complete when it is written."""


class _Folder:
    """Write signed PNG frames to a folder that gets its name when all of them are complete."""

    receipt: SealReceipt

    def __init__(self, path: Path, claim: Claim, deployment: Deployment) -> None:
        if path.exists():
            raise SealError(f"{path}: exists already; name a new folder for the frames")
        self._path, self._claim, self._deployment = path, claim, deployment
        self._open = ExitStack()
        self._folder = path
        self._count = 0

    def __enter__(self) -> Self:
        try:
            self._folder = self._open.enter_context(hidden_folder(self._path.parent)) / "frames"
            self._folder.mkdir()
        except OSError as error:
            raise self._unwritable(error) from error
        return self

    def write(self, marked: NDArray[np.uint8]) -> None:
        for frame in marked:
            name = f"{self._count:05d}.png"
            claim = replace(self._claim, title=f"{self._path.name}/{name}")
            receipt = seal(frame, self._folder / name, claim, self._deployment)
            if self._count == 0:
                self.receipt = replace(receipt, path=self._path / name)
            self._count += 1

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._open:
            if kind is None:
                try:
                    self._folder.rename(self._path)
                except OSError as error:
                    raise self._unwritable(error) from error
                self.receipt = replace(self.receipt, frames=self._count)

    def _unwritable(self, error: OSError) -> SealError:
        return SealError(f"{self._path}: cannot be written ({error.strerror}); choose a folder you may write to")
