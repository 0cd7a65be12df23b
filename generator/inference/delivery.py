"""Write marked frames, a few at a time, to one sealed clip, one sealed picture, or a folder of sealed pictures."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from watermark import (
    CLIP_SUFFIXES,
    STILL_SUFFIXES,
    Claim,
    ClipWriter,
    Deployment,
    SealError,
    SealReceipt,
    hidden_folder,
    seal,
)


class Delivery(Protocol):
    """Write marked frames in order and seal them in a `with` block; an error leaves no file."""

    @property
    def receipt(self) -> SealReceipt:
        """Return the receipt of the file, or of the folder's first picture, once the block has ended."""

    def __enter__(self) -> Self:
        """Open the output."""

    def write(self, marked: NDArray[np.uint8]) -> None:
        """Write the next frames (N, H, W, 3), or (N, H, W, 4) with alpha and colours over white."""

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Seal the output, or leave nothing."""


def is_clip(path: Path, frames: int) -> bool:
    """Return whether so many frames become one clip, in contrast to pictures that must each contain the mark."""
    suffix = path.suffix.lower()
    return suffix in CLIP_SUFFIXES and (frames > 1 or suffix not in STILL_SUFFIXES)


def deliver(
    path: Path,
    claim: Claim,
    deployment: Deployment,
    fps: float,
    shape: tuple[int, int, int, int],
    audio_from: Path | None = None,
) -> Delivery:
    """Return the delivery that fits a path; nothing is written before its block begins.

    Args:
        path: `.mp4`, `.mov`, `.webm`, `.webp` or `.gif` for a clip; a picture's suffix for a clip of one frame; a name
            without suffix for a folder.
        claim: Claim to seal.
        deployment: Deployment that signs.
        fps: Frames per second of a clip.
        shape: Number of frames, height, width, channels.
        audio_from: A clip whose sound a clip keeps; pictures ignore it.

    Raises:
        SealError: There are several frames for one picture, or the folder exists already.
        WatermarkError: The suffix, the rate or the size does not fit.
    """
    count, height, width, channels = shape
    if not path.suffix:
        return _Folder(path, claim, deployment)
    if is_clip(path, count):
        return _Clip(
            ClipWriter(
                path,
                claim,
                deployment,
                fps=fps,
                height=height,
                width=width,
                audio_from=audio_from,
                transparent=channels == 4,
            )
        )
    if count != 1:
        raise SealError(
            f"{path}: {count} frames make no picture; name one of {', '.join(CLIP_SUFFIXES)} or a folder as output"
        )
    return _Still(path, claim, deployment)


class _Clip:
    def __init__(self, writer: ClipWriter) -> None:
        self._writer = writer

    @property
    def receipt(self) -> SealReceipt:
        return self._writer.receipt

    def __enter__(self) -> Self:
        self._writer.__enter__()
        return self

    def write(self, marked: NDArray[np.uint8]) -> None:
        self._writer.write(*_parted(marked))

    def __exit__(self, kind: type[BaseException] | None, *details: object) -> None:
        self._writer.__exit__(kind, *details)


class _Still:
    receipt: SealReceipt

    def __init__(self, path: Path, claim: Claim, deployment: Deployment) -> None:
        self._path, self._claim, self._deployment = path, claim, deployment

    def __enter__(self) -> Self:
        return self

    def write(self, marked: NDArray[np.uint8]) -> None:
        colours, alpha = _parted(marked[0])
        self.receipt = seal(colours, self._path, self._claim, self._deployment, alpha=alpha)

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
            colours, alpha = _parted(frame)
            receipt = seal(colours, self._folder / name, claim, self._deployment, alpha=alpha)
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


def _parted(marked: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Return the colours of frames, and their alpha where they have one."""
    if marked.shape[-1] == 3:
        return marked, None
    return np.ascontiguousarray(marked[..., :3]), np.ascontiguousarray(marked[..., 3])
