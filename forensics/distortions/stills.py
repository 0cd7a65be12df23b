"""Compress stills: JPEG once and twice, and WebP; chroma is kept at half resolution."""

from __future__ import annotations

import cv2
import numpy as np

from forensics.errors import InputError

from .distortion import Frames, Rng, each

FIRST_QUALITY = 75
"""Quality of the first of two compressions: libjpeg's default."""
GRID_SHIFT = 4
"""Pixels between the two block grids, half a block: the worst misalignment."""


def jpeg(frames: Frames, quality: float, rng: Rng) -> Frames:
    """Encode and decode every frame as JPEG.

    Args:
        frames: (T, H, W, 3) uint8 RGB.
        quality: 1–100 on libjpeg's scale.
        rng: Unused.
    """
    return each(frames, lambda frame: _roundtrip(frame, ".jpg", cv2.IMWRITE_JPEG_QUALITY, int(quality)))


def double_jpeg(frames: Frames, quality: float, rng: Rng) -> Frames:
    """Compress at quality 75, then again on a block grid that lies four pixels off, as after a crop.

    Args:
        frames: (T, H, W, 3) uint8 RGB.
        quality: Quality of the second compression, 1–100.
        rng: Unused.
    """
    border = ((0, 0), (GRID_SHIFT, 0), (GRID_SHIFT, 0), (0, 0))
    shifted = np.pad(jpeg(frames, FIRST_QUALITY, rng), border, mode="edge")
    return np.ascontiguousarray(jpeg(shifted, quality, rng)[:, GRID_SHIFT:, GRID_SHIFT:])


def webp(frames: Frames, quality: float, rng: Rng) -> Frames:
    """Encode and decode every frame as lossy WebP.

    Args:
        frames: (T, H, W, 3) uint8 RGB.
        quality: 1–100 on libwebp's scale.
        rng: Unused.
    """
    return each(frames, lambda frame: _roundtrip(frame, ".webp", cv2.IMWRITE_WEBP_QUALITY, int(quality)))


def _roundtrip(frame: Frames, suffix: str, flag: int, quality: int) -> Frames:
    done, data = cv2.imencode(suffix, np.ascontiguousarray(frame[..., ::-1]), [flag, quality])
    if not done:
        raise InputError(f"a frame of shape {frame.shape} cannot be encoded as {suffix}")
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)[..., ::-1]
