"""Resample frames: make them smaller, make them smaller and larger again, or blur them."""

from __future__ import annotations

import cv2
import numpy as np

from .distortion import Frames, Rng, each

INTERPOLATIONS = {
    "nearest": cv2.INTER_NEAREST,
    "bilinear": cv2.INTER_LINEAR,
    "bicubic": cv2.INTER_CUBIC,
    "lanczos": cv2.INTER_LANCZOS4,
    "area": cv2.INTER_AREA,
}


def shrink(frames: Frames, scale: float, rng: Rng, *, interpolation: str) -> Frames:
    """Scale every frame down and keep the smaller size.

    Args:
        frames: (T, H, W, 3) uint8 RGB.
        scale: Factor of both sides, at most 1.
        rng: Unused.
        interpolation: A name from `INTERPOLATIONS`; only `area` averages all pixels; the others alias.
    """
    size = _scaled(frames, scale)
    return each(frames, lambda frame: _resize(frame, size, INTERPOLATIONS[interpolation]))


def there_and_back(frames: Frames, scale: float, rng: Rng) -> Frames:
    """Scale every frame down by area and back to its size by cubic interpolation.

    Args:
        frames: (T, H, W, 3) uint8 RGB.
        scale: Factor of both sides in between, at most 1.
        rng: Unused.
    """
    small, back = _scaled(frames, scale), (frames.shape[2], frames.shape[1])
    return each(frames, lambda frame: _resize(_resize(frame, small, cv2.INTER_AREA), back, cv2.INTER_CUBIC))


def fit_within(frames: Frames, longest: int) -> Frames:
    """Scale frames down by area until no side is longer than `longest`; smaller frames stay unchanged.

    Args:
        frames: (T, H, W, 3) uint8 RGB.
        longest: Longest side in pixels.
    """
    scale = longest / max(frames.shape[1:3])
    if scale >= 1.0:
        return frames
    size = _scaled(frames, scale)
    return each(frames, lambda frame: _resize(frame, size, cv2.INTER_AREA))


def blur(frames: Frames, sigma: float, rng: Rng) -> Frames:
    """Blur frames by a Gaussian.

    Args:
        frames: (T, H, W, 3) uint8 RGB.
        sigma: Standard deviation in pixels.
        rng: Unused.
    """
    return each(frames, lambda frame: cv2.GaussianBlur(frame, (0, 0), sigma))


def _scaled(frames: Frames, scale: float) -> tuple[int, int]:
    height, width = frames.shape[1:3]
    return max(1, round(width * scale)), max(1, round(height * scale))


def _resize(frame: Frames, size: tuple[int, int], interpolation: int) -> Frames:
    return np.asarray(cv2.resize(frame, size, interpolation=interpolation), dtype=np.uint8)
