"""Distort pictures in memory as phones, webcams, broadcasts and platforms do, alike for all pictures of a pair."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.augmentation.augment import to_pixels
from detectors.augmentation.compression import h264_roundtrip, jpeg_roundtrip

Image = NDArray[np.uint8]
Rng = np.random.Generator
Step = Callable[[Image], Image]

_SHRINKING = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)
_ENLARGING = (cv2.INTER_LINEAR, cv2.INTER_CUBIC)
_SMALL_VIDEO = 0.33
"""Share of draws that imitate a small, strongly compressed video."""


def distort(pictures: Sequence[Image], rng: Rng) -> list[Image]:
    """Distort pictures of equal size by one draw.

    Args:
        pictures: (H, W, 3) uint8 RGB each.
        rng: Source of all random draws.
    """
    steps = _small_video(rng) if rng.random() < _SMALL_VIDEO else _ordinary(rng)
    return [_apply(picture, steps) for picture in pictures]


def _apply(picture: Image, steps: Sequence[Step]) -> Image:
    for step in steps:
        picture = step(picture)
    return picture


def _ordinary(rng: Rng) -> list[Step]:
    """Draw the steps of an ordinary picture: tone, blur, size, noise and up to two compressions."""
    steps: list[Step] = []
    if rng.random() < 0.4:
        steps.append(_tone(rng))
    if rng.random() < 0.25:
        steps.append(_blur(float(rng.uniform(0.3, 2.2))) if rng.random() < 0.7 else _motion(rng))
    if rng.random() < 0.35:
        steps.append(_resize(float(rng.uniform(0.33, 0.95)), rng))
    if rng.random() < 0.2:
        steps.append(_noise(float(rng.uniform(1, 12)), int(rng.integers(2**31))))
    if rng.random() < 0.65:
        steps.append(_compress(rng, 30, 38))
    if rng.random() < 0.2:
        steps.append(_compress(rng, 50, 32))
    return steps


def _small_video(rng: Rng) -> list[Step]:
    """Draw the steps of a webcam, broadcast or archive: soft, small, noisy, and compressed at its small size."""
    steps: list[Step] = []
    if rng.random() < 0.5:
        steps.append(_tone(rng))
    if rng.random() < 0.4:
        steps.append(_blur(float(rng.uniform(0.5, 1.8))) if rng.random() < 0.7 else _motion(rng))
    noise = float(rng.uniform(1, 9)) if rng.random() < 0.4 else 0.0
    seed, scale = int(rng.integers(2**31)), float(rng.uniform(0.25, 0.85))
    shrink, enlarge = int(rng.choice(_SHRINKING)), int(rng.choice(_ENLARGING))
    crf, quality = int(rng.integers(24, 41)), int(rng.integers(25, 75))
    video = rng.random() < 0.7

    def small(picture: Image) -> Image:
        height, width = picture.shape[:2]
        size = (max(48, 2 * round(width * scale / 2)), max(48, 2 * round(height * scale / 2)))
        little = np.asarray(cv2.resize(picture, size, interpolation=shrink), dtype=np.uint8)
        if noise:
            little = _noise(noise, seed)(little)
        squeezed = h264_roundtrip(little[None], crf)[0] if video else jpeg_roundtrip(little, quality)
        return np.asarray(cv2.resize(squeezed, (width, height), interpolation=enlarge), dtype=np.uint8)

    steps.append(small)
    if rng.random() < 0.4:
        steps.append(_compress(rng, 50, 30))
    return steps


def _compress(rng: Rng, least_quality: int, largest_crf: int) -> Step:
    kind = rng.random()
    quality, crf = int(rng.integers(least_quality, 96)), int(rng.integers(18, largest_crf + 1))
    if kind < 0.55:
        return lambda picture: jpeg_roundtrip(picture, quality)
    if kind < 0.7:
        return lambda picture: webp_roundtrip(picture, quality)
    return lambda picture: np.asarray(h264_roundtrip(picture[None], crf)[0], dtype=np.uint8)


def webp_roundtrip(picture: Image, quality: int) -> Image:
    """Compress an RGB picture as WebP in memory and read it back, with quality in 1–100."""
    _, data = cv2.imencode(".webp", picture[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, quality])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)[..., ::-1])


def _tone(rng: Rng) -> Step:
    gamma, contrast = float(np.exp(rng.uniform(-0.4, 0.4))), float(rng.uniform(0.8, 1.2))
    lift, tint = float(rng.uniform(-20, 20)), rng.uniform(-8, 8, 3)
    saturation = float(rng.uniform(0.0, 0.4)) if rng.random() < 0.1 else float(rng.uniform(0.6, 1.3))

    def tone(picture: Image) -> Image:
        bent = 255 * (picture.astype(np.float32) / 255) ** np.float32(gamma)
        grey = bent @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
        coloured = grey[..., None] + np.float32(saturation) * (bent - grey[..., None])
        return to_pixels((coloured - 127.5) * contrast + 127.5 + lift + tint)

    return tone


def _blur(sigma: float) -> Step:
    return lambda picture: np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), dtype=np.uint8)


def _motion(rng: Rng) -> Step:
    length, angle = int(rng.integers(3, 10)), float(rng.uniform(0, 180))
    kernel = np.zeros((length, length), dtype=np.float32)
    kernel[length // 2] = 1
    turn = cv2.getRotationMatrix2D(((length - 1) / 2, (length - 1) / 2), angle, 1)
    kernel = np.asarray(cv2.warpAffine(kernel, turn, (length, length)), dtype=np.float32)
    kernel /= max(float(kernel.sum()), 1e-6)
    return lambda picture: np.asarray(cv2.filter2D(picture, -1, kernel), dtype=np.uint8)


def _resize(scale: float, rng: Rng) -> Step:
    shrink, enlarge = int(rng.choice(_SHRINKING)), int(rng.choice(_ENLARGING))

    def resize(picture: Image) -> Image:
        height, width = picture.shape[:2]
        small = cv2.resize(picture, (round(width * scale), round(height * scale)), interpolation=shrink)
        return np.asarray(cv2.resize(small, (width, height), interpolation=enlarge), dtype=np.uint8)

    return resize


def _noise(sigma: float, seed: int) -> Step:
    def noise(picture: Image) -> Image:
        field = np.random.default_rng(seed).standard_normal(picture.shape, dtype=np.float32)
        return to_pixels(picture + np.float32(sigma) * field)

    return noise
