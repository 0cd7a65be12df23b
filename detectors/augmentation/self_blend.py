"""Build training pairs from genuine pictures alone: blend a face with a slightly changed copy of itself.

The method is re-implemented from the published description of self-blended images (Shiohara & Yamasaki 2022). It
differs in three points. Where only the 68 iBUG points are known, the whole hull ends at the eyebrows. The hue shift of
±0.3 is left out because it has no effect on 8-bit pictures. The caller crops to the face box (`SelfBlends` cuts it as
published).

A detector trained on such pairs detects blending seams. A completely generated face has none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.errors import BlendError

from .augment import to_pixels
from .compression import jpeg_roundtrip
from .hulls import FACE_POINTS, FAMILIES, HullFamily, draw_hull

Image = NDArray[np.uint8]
Mask = NDArray[np.float32]
Rng = np.random.Generator

_SHAPES = ((FACE_POINTS, 2), (FACE_POINTS + 13, 2))
_WITHOUT_FOREHEAD = 0.25
_RATIOS = (0.25, 0.5, 0.75, 1.0, 1.0, 1.0)
_CLOSING_BRIGHTNESS = 0.3
"""Share of pairs whose brightness and contrast are changed at the end, as published."""
_MIRROR = np.concatenate(
    [
        np.arange(16, -1, -1),  # jaw
        np.arange(26, 16, -1),  # brows
        (27, 28, 29, 30, 35, 34, 33, 32, 31),  # nose
        (45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),  # eyes
        (54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65),  # lips
    ]
)


class Blend(NamedTuple):
    """Store a genuine picture, its self-blend, and the place of the blend.

    Attributes:
        genuine: (h, w, 3) uint8 RGB.
        blended: (h, w, 3) uint8 RGB.
        mask: (h, w) float32 in 0–1, the share of the source in the blend.
        box: Left, top, right and bottom of the 68 landmarks in both pictures, in pixels.
    """

    genuine: Image
    blended: Image
    mask: Mask
    box: tuple[float, float, float, float]


def self_blend(image: Image, landmarks: NDArray[np.floating], rng: Rng) -> tuple[Image, Image, Mask]:
    """Build a genuine and a self-blended picture of the same face, and the mask that blended them.

    Both pictures share mirroring, colour and compression; where the colour change of the blend fell on the target, the
    genuine picture has it too, so that colour alone is no cue.

    Args:
        image: (H, W, 3) uint8 RGB, a genuine picture.
        landmarks: (68, 2) x, y in pixels, iBUG order, or (81, 2) with thirteen points of the forehead after them.
        rng: Source of all random draws.

    Returns:
        The genuine and the blended picture, (h, w, 3) uint8 each, cut to the wide face region (half a face to the
        sides, one above, two fifths below, within the picture), and the blending mask (h, w) float32 in 0–1.

    Raises:
        BlendError: The picture is not (H, W, 3) uint8, or the landmarks are not (68, 2) or (81, 2), not finite, span
            less than eight pixels or lie outside the picture.
    """
    return blend_face(image, landmarks, rng)[:3]


def blend_face(image: Image, landmarks: NDArray[np.floating], rng: Rng) -> Blend:
    """Build a self-blend as `self_blend` does, and return it with the place of the face.

    Raises:
        BlendError: As for `self_blend`.
    """
    points = _checked(image, landmarks)
    if rng.random() < 0.5:
        image, points = _mirrored(image, points)
    picture, points = _wide_crop(image, points)
    height, width = picture.shape[:2]
    hull = draw_hull(*_draw_outline(points, rng), height, width)

    changed = _change(picture, rng)
    source, target = (changed, picture) if rng.random() < 0.5 else (picture, changed)
    source, hull = _shift(source, hull, rng)
    mask = soften(warp_elastically(hull, rng), rng) * np.float32(rng.choice(_RATIOS))

    weight = mask[..., None]
    blended = to_pixels(weight * source + (1 - weight) * target)
    genuine, fake = _finish((target, blended), rng)
    low, high = points[:FACE_POINTS].min(axis=0), points[:FACE_POINTS].max(axis=0)
    return Blend(genuine, fake, mask, (float(low[0]), float(low[1]), float(high[0]), float(high[1])))


def _draw_outline(points: NDArray[np.float64], rng: Rng) -> tuple[NDArray[np.float64], HullFamily]:
    """Drop the forehead with probability 1/4, and choose one of the four hull families."""
    kept = points[:FACE_POINTS] if rng.random() < _WITHOUT_FOREHEAD else points
    return kept, FAMILIES[int(rng.integers(len(FAMILIES)))]


def soften(mask: Mask, rng: Rng) -> Mask:
    """Convert a hard mask to a soft one, in the published steps.

    Args:
        mask: (H, W) in 0–1.
        rng: Source of all random draws.

    Returns:
        (H, W) in 0–1 with 1 as its largest value, or all 0 where the mask was too thin to survive the erosion.
    """
    height, width = mask.shape
    # 1. work at a random size, so that the softness does not depend on the face's size
    rows, columns = (int(side) for side in rng.integers(192, 257, 2))
    soft = np.asarray(cv2.resize(mask, (columns, rows)), dtype=np.float32)
    # 2.-3. blur and keep only what stayed full, which is an erosion
    kernel = _odd(rng)
    soft = np.asarray(cv2.GaussianBlur(soft, (kernel, kernel), 0), dtype=np.float32)
    soft = (soft >= soft.max() - 1e-6).astype(np.float32) if soft.max() > 0 else soft
    # 4.-5. blur again, almost as a box filter where sigma exceeds the kernel, and stretch to 1
    kernel = _odd(rng)
    sigma = float(rng.integers(5, 46))
    soft = np.asarray(cv2.GaussianBlur(soft, (kernel, kernel), sigma), dtype=np.float32)
    soft = soft / max(float(soft.max()), 1e-6)
    # 6. resize to the picture's size
    return np.clip(np.asarray(cv2.resize(soft, (width, height)), dtype=np.float32), 0, 1)


def warp_elastically(mask: Mask, rng: Rng, *, strength: float = 50.0, smoothness: float = 7.0) -> Mask:
    """Displace a mask by a smooth random field (Simard et al. 2003).

    Args:
        mask: (H, W).
        rng: Source of all random draws.
        strength: Factor on the smoothed uniform noise in ±1, giving displacements of a few pixels.
        smoothness: Standard deviation of the smoothing, pixels.
    """
    height, width = mask.shape
    noise = rng.uniform(-1, 1, (2, height, width)).astype(np.float32)
    across, down = (cv2.GaussianBlur(plane, (0, 0), smoothness) * np.float32(strength) for plane in noise)
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    moved = cv2.remap(mask, columns + across, rows + down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(moved, dtype=np.float32)


def _checked(image: Image, landmarks: NDArray[np.floating]) -> NDArray[np.float64]:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise BlendError(f"self-blending wants uint8 RGB (H, W, 3), got {image.dtype} {image.shape}")
    points = np.asarray(landmarks, dtype=np.float64)
    if points.shape not in _SHAPES or not np.isfinite(points).all():
        raise BlendError(
            f"self-blending wants 68 finite landmarks (68, 2) in iBUG order, or 81 with a forehead, got {points.shape}"
        )
    span = np.ptp(points[:FACE_POINTS], axis=0)
    if span.min() < 8:
        raise BlendError(f"the landmarks span {span[0]:.0f}×{span[1]:.0f} px; a face of at least 8×8 px is needed")
    height, width = image.shape[:2]
    inside = ((points >= 0) & (points < (width, height))).all(axis=1)
    if inside.mean() < 0.5:
        raise BlendError(f"{int((~inside).sum())} of {len(points)} landmarks lie outside the {width}×{height} picture")
    return points


def _mirrored(image: Image, points: NDArray[np.float64]) -> tuple[Image, NDArray[np.float64]]:
    flipped = np.concatenate((points[_MIRROR], points[FACE_POINTS:]))  # only a convex hull uses the forehead
    flipped[:, 0] = image.shape[1] - 1 - flipped[:, 0]
    return np.ascontiguousarray(image[:, ::-1]), flipped


def _wide_crop(image: Image, points: NDArray[np.float64]) -> tuple[Image, NDArray[np.float64]]:
    low, high = points[:FACE_POINTS].min(axis=0), points[:FACE_POINTS].max(axis=0)
    width, height = high - low
    left, top = np.maximum(0, np.floor(low - np.array((width / 2, height)))).astype(int)
    right, bottom = np.ceil(high + np.array((width / 2, height * 0.4))).astype(int) + 1
    return image[top:bottom, left:right].copy(), points - (left, top)


def _shift(source: Image, hull: Mask, rng: Rng) -> tuple[Image, Mask]:
    """Move and scale the source and its mask together, a few per cent."""
    height, width = hull.shape
    scale = rng.uniform(0.95, 1 / 0.95)
    across, down = rng.uniform(-0.03, 0.03) * width, rng.uniform(-0.015, 0.015) * height
    centre = np.array([(width - 1) / 2, (height - 1) / 2])
    offset = centre * (1 - scale) + (across, down)
    matrix = np.array([[scale, 0, offset[0]], [0, scale, offset[1]]], dtype=np.float64)
    moved = cv2.warpAffine(source, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    mask = cv2.warpAffine(hull, matrix, (width, height), borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(moved, dtype=np.uint8), np.asarray(mask, dtype=np.float32)


def _change(picture: Image, rng: Rng) -> Image:
    """Apply the source transform: change colour, brightness and contrast, then either shrink or sharpen."""
    changed = _brighten(_tint(rng)(picture), rng, 0.1)
    return _shrink(changed, rng) if rng.random() < 0.5 else _sharpen(changed, rng)


def _tint(rng: Rng) -> Callable[[Image], Image]:
    shift = rng.integers(-20, 21, 3) if rng.random() < 0.3 else np.zeros(3, np.int64)
    return lambda picture: to_pixels(picture + shift)


def _brighten(picture: Image, rng: Rng, limit: float) -> Image:
    contrast, brightness = 1 + rng.uniform(-limit, limit), 255 * rng.uniform(-limit, limit)
    return to_pixels(picture * contrast + brightness)


def _shrink(picture: Image, rng: Rng) -> Image:
    factor = int(rng.choice((2, 4)))
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (max(1, width // factor), max(1, height // factor)), interpolation=cv2.INTER_NEAREST)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def _sharpen(picture: Image, rng: Rng) -> Image:
    alpha, lightness = rng.uniform(0.2, 0.5), rng.uniform(0.5, 1.0)
    kernel = np.full((3, 3), -1.0)
    kernel[1, 1] = 8 + lightness
    identity = np.zeros((3, 3))
    identity[1, 1] = 1
    sharp = cv2.filter2D(picture.astype(np.float32), -1, (1 - alpha) * identity + alpha * kernel)
    return to_pixels(sharp)


def _finish(pair: tuple[Image, Image], rng: Rng) -> tuple[Image, Image]:
    """Apply the final colour change and compression to both pictures alike."""
    tint = _tint(rng)
    seed, quality = int(rng.integers(2**63)), int(rng.integers(40, 101))
    compress = rng.random() < 0.5
    brighten = rng.random() < _CLOSING_BRIGHTNESS

    def finished(picture: Image) -> Image:
        varied = tint(picture)
        if brighten:
            varied = _brighten(varied, np.random.default_rng(seed), 0.3)
        return jpeg_roundtrip(varied, quality) if compress else varied

    return finished(pair[0]), finished(pair[1])


def _odd(rng: Rng) -> int:
    return 2 * int(rng.integers(2, 13)) + 1
