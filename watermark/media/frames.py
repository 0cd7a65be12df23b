"""Check arrays of pixels, define their type, and choose which frames of a clip to use."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from watermark.errors import MediaError

Frames = npt.NDArray[np.uint8]

MOST_PIXELS = 64_000_000

CLIP_SAMPLE = 16
"""Number of frames of a clip that are used to read its mark."""


def check_frames(pixels: Frames) -> None:
    """Check that an array is a uint8 RGB still `(H, W, 3)` or clip `(T, H, W, 3)`.

    Raises:
        MediaError: The array has another type or shape, or no pixels.
    """
    if pixels.dtype != np.uint8 or pixels.ndim not in (3, 4) or pixels.shape[-1] != 3 or not pixels.size:
        raise MediaError(
            f"an array of {pixels.dtype} with shape {pixels.shape} is no picture; "
            "expected uint8 RGB, (H, W, 3) or (T, H, W, 3)"
        )


def spread(count: int, limit: int) -> Sequence[int]:
    """Return at most `limit` indices, evenly spread over `count`, the first included."""
    if count <= limit:
        return range(count)
    return [i * (count - 1) // max(limit - 1, 1) for i in range(limit)]


def check_area(path: Path, width: int, height: int) -> None:
    """Check, before any frame is decoded, that a file's frames do not fill the memory.

    Raises:
        MediaError: A frame has more than 64 million pixels.
    """
    if width * height > MOST_PIXELS:
        raise MediaError(
            f"{path}: has {width} × {height} pixels; at most {MOST_PIXELS} are decoded; scale it down first"
        )
