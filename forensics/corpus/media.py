"""Decode selected frames of a sample, wherever it lies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from watermark import read_media, take_frames

Frames = NDArray[np.uint8]


def read_frames(path: Path, files: tuple[str, ...], indices: Sequence[int], *, is_clip: bool) -> list[Frames]:
    """Return selected frames by number, without decoding most of the frames between them.

    Args:
        path: A still, a clip or a folder of frames.
        files: Names of the frames where it is a folder, in order.
        indices: Numbers of the frames.
        is_clip: Whether the path is a clip.

    Returns:
        (H, W, 3) uint8 RGB each; frames of a folder may differ in size.

    Raises:
        MediaError: A file is missing or cannot be decoded.
    """
    if files:
        return [read_media(path / files[index]).frames[0] for index in indices]
    if is_clip:
        return list(take_frames(path, indices))
    return [read_media(path).frames[0] for _ in indices]
