"""Change crops without changing the face: light, colour, softness, compression, or another background."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .face_net import Pictures


def recoloured(cut: Pictures, rng: np.random.Generator) -> Pictures:
    """Exchange the colour channels of about every third crop (S, S, 3)."""
    return cut[..., rng.permutation(3)] if rng.random() < 0.4 else cut


def softened(cut: Pictures, rng: np.random.Generator) -> Pictures:
    """Soften, light, grain and compress a crop (S, S, 3), each slightly and with some probability."""
    side = cut.shape[:2]
    if rng.random() < 0.2:
        smaller = cv2.resize(
            cut, None, fx=float(rng.uniform(0.5, 0.9)), fy=float(rng.uniform(0.5, 0.9)), interpolation=cv2.INTER_AREA
        )
        cut = np.asarray(cv2.resize(smaller, side, interpolation=cv2.INTER_LINEAR), np.uint8)
    elif rng.random() < 0.5:
        cut = np.asarray(cv2.GaussianBlur(cut, (0, 0), float(rng.uniform(0.3, 1.2))), np.uint8)
    if rng.random() < 0.25:
        _, code = cv2.imencode(".jpg", cut, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(50, 96))])
        cut = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR), np.uint8)
    values = cut.astype(np.float32)
    values *= rng.uniform(0.85, 1.15, 3).astype(np.float32)
    values += np.float32(rng.uniform(-15, 15))
    if rng.random() < 0.5:
        values += np.float32(rng.uniform(0, 4)) * rng.standard_normal(values.shape, dtype=np.float32)
    return np.asarray(np.clip(values + 0.5, 0, 255), np.uint8)


def before_another_background(cut: Pictures, background: NDArray[np.bool_], rng: np.random.Generator) -> Pictures:
    """Return a head (S, S, 3) on a gradient of four colours where `background` (S, S) is set."""
    corners = rng.uniform(0, 255, (2, 2, 3)).astype(np.float32)
    behind = cv2.resize(corners, cut.shape[:2], interpolation=cv2.INTER_LINEAR).astype(np.uint8)
    return np.where(background[..., None], behind, cut)
