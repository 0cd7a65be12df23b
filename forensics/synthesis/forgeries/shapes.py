"""Compute regions of a face from its 68 landmarks, and blend patches into frames."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .footage import Frames

Points = NDArray[np.float32]
Weights = NDArray[np.float32]

VISIBLE = 0.08
"""Least share of a patch at which a pixel counts as altered."""

JAW, BROWS, NOSE, EYES, LIPS = range(17), range(17, 27), range(27, 36), range(36, 48), range(48, 68)


def hull(points: Points, height: int, width: int) -> Weights:
    """Fill the convex hull of points (N, 2).

    Returns:
        (H, W) 0 or 1.
    """
    mask = np.zeros((height, width), dtype=np.float32)
    outline = cv2.convexHull(np.round(points).astype(np.int32))
    return np.asarray(cv2.fillConvexPoly(mask, outline, 1.0), dtype=np.float32)


def feather(mask: Weights, softness: float) -> Weights:
    """Soften a mask's edge inwards, so that it stays 0 outside.

    Args:
        mask: (H, W) 0 or 1.
        softness: Standard deviation of the edge, pixels.
    """
    side = 2 * max(1, round(softness)) + 1
    inner = cv2.erode(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), borderValue=0)
    return np.asarray(cv2.GaussianBlur(inner, (0, 0), softness) * mask, dtype=np.float32)


def grow(mask: Weights, pixels: float) -> Weights:
    """Return a mask that is wider by a number of pixels."""
    side = 2 * max(1, round(pixels)) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    return np.asarray(cv2.dilate(mask, kernel), dtype=np.float32)


def lay_over(frame: Frames, patch: NDArray[np.floating] | Frames, weight: Weights) -> Frames:
    """Blend a patch (H, W, 3) over a frame by weights (H, W) in 0 to 1."""
    alpha = weight[..., None]
    return np.clip(np.rint(alpha * patch + (1 - alpha) * frame), 0, 255).astype(np.uint8)


def face_length(landmarks: Points) -> float:
    """Return the distance from between the brows to the chin, in pixels."""
    return float(np.linalg.norm(landmarks[8] - landmarks[[21, 22]].mean(0)))
