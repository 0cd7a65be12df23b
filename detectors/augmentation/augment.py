"""Augment face crops for training, so that codec, size and colour stop being cues.

All draws come from the generator passed in and none depends on the picture, so the same seed applies the same
augmentation to both crops of a pair.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .compression import h264_roundtrip, jpeg_roundtrip

Image = NDArray[np.uint8]
Rng = np.random.Generator

_LEAST_SIGMA = 0.01  # OpenCV refuses 0, which stands for no blur
_INTERPOLATIONS = (cv2.INTER_NEAREST, cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_AREA)


@dataclass(frozen=True, slots=True)
class AugmentConfig:
    """Configure how often each augmentation is applied (as probabilities) and how strong it is.

    Attributes:
        flip: Probability of mirroring left and right.
        jpeg: Probability of JPEG compression in memory.
        jpeg_quality: Lowest and highest JPEG quality.
        resize: Probability of shrinking and enlarging again, each with a random interpolation.
        resize_scale: Lowest and highest scale of the shrunk crop.
        blur: Probability of Gaussian blur.
        blur_sigma: Lowest and highest standard deviation in pixels.
        colour: Probability of shifting brightness, contrast and each colour plane.
        colour_strength: Largest relative change.
        noise: Probability of adding Gaussian noise.
        noise_sigma: Highest standard deviation in grey levels, 0–255.
        h264: Probability of H.264 compression in memory, each crop by itself.
        h264_crf: Lowest and highest constant rate factor.
        pixel_mix: Probability of mixing a forgery with its genuine twin in pixel space.
        frequency_mix: Probability of replacing the highest frequencies of a forgery by those of its genuine twin.
    """

    flip: float = 0.5
    jpeg: float = 0.3
    jpeg_quality: tuple[int, int] = (50, 98)
    resize: float = 0.15
    resize_scale: tuple[float, float] = (0.6, 0.95)
    blur: float = 0.1
    blur_sigma: tuple[float, float] = (0.3, 0.9)
    colour: float = 0.5
    colour_strength: float = 0.15
    noise: float = 0.15
    noise_sigma: float = 5.0
    h264: float = 0.0
    h264_crf: tuple[int, int] = (18, 40)
    pixel_mix: float = 0.0
    frequency_mix: float = 0.0


def augment(crop: Image, rng: Rng, config: AugmentConfig) -> Image:
    """Return an augmented copy of one crop (S, S, 3); generators in the same state treat crops of equal size alike."""
    steps: tuple[tuple[float, Callable[[Image, Rng, AugmentConfig], Image]], ...] = (
        (config.flip, _flip),
        (config.colour, _colour),
        (config.resize, _resize),
        (config.blur, _blur),
        (config.noise, _noise),
        (config.jpeg, _jpeg),
        (config.h264, _h264),
    )
    for probability, step in steps:
        seed = int(rng.integers(2**63))
        if rng.random() < probability:
            crop = step(crop, np.random.default_rng(seed), config)
    return np.ascontiguousarray(crop)


def to_pixels(values: NDArray[np.generic]) -> Image:
    """Round values to the nearest grey level and clip them to 0–255."""
    return np.asarray(np.clip(np.rint(values), 0, 255), dtype=np.uint8)


def _flip(crop: Image, rng: Rng, config: AugmentConfig) -> Image:
    return crop[:, ::-1]


def _colour(crop: Image, rng: Rng, config: AugmentConfig) -> Image:
    strength = config.colour_strength
    gain = 1 + rng.uniform(-strength, strength) + rng.uniform(-strength, strength, 3) / 3
    shift = 255 * rng.uniform(-strength, strength) / 2
    varied = (crop.astype(np.float32) - 127.5) * gain.astype(np.float32) + np.float32(127.5 + shift)
    return to_pixels(varied)


def _resize(crop: Image, rng: Rng, config: AugmentConfig) -> Image:
    height, width = crop.shape[:2]
    scale = rng.uniform(*config.resize_scale)
    down, up = rng.choice(_INTERPOLATIONS, 2)
    small = cv2.resize(crop, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=int(down))
    return np.asarray(cv2.resize(small, (width, height), interpolation=int(up)), dtype=np.uint8)


def _blur(crop: Image, rng: Rng, config: AugmentConfig) -> Image:
    sigma = max(_LEAST_SIGMA, float(rng.uniform(*config.blur_sigma)))
    return np.asarray(cv2.GaussianBlur(crop, (0, 0), sigma), dtype=np.uint8)


def _noise(crop: Image, rng: Rng, config: AugmentConfig) -> Image:
    sigma = np.float32(rng.uniform(0, config.noise_sigma))
    noisy = crop + sigma * rng.standard_normal(crop.shape, dtype=np.float32)
    return to_pixels(noisy)


def _jpeg(crop: Image, rng: Rng, config: AugmentConfig) -> Image:
    low, high = config.jpeg_quality
    return jpeg_roundtrip(crop, int(rng.integers(low, high + 1)))


def _h264(crop: Image, rng: Rng, config: AugmentConfig) -> Image:
    low, high = config.h264_crf
    return np.asarray(h264_roundtrip(crop[None], int(rng.integers(low, high + 1)))[0], dtype=np.uint8)
