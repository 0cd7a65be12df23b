"""Align a face to a template of five points: eyes, nose tip and mouth corners."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Points = NDArray[np.floating]

TEMPLATE = (
    np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]) / 112
)
"""Template points in a unit square (Deng et al. 2019, ArcFace): left eye, right eye, nose, mouth corners."""


def five_points(landmarks: Points) -> Points:
    """Return the five points of the template, (5, 2), from 68 iBUG points (68, 2)."""
    eyes = landmarks[36:42].mean(0), landmarks[42:48].mean(0)
    return np.stack([*eyes, landmarks[30], landmarks[48], landmarks[54]])


def align_face(image: Image, landmarks: Points, size: int, margin: float) -> Image:
    """Return a crop in which a face is turned, scaled and moved so that its five points fit the template best.

    Args:
        image: (H, W, 3) uint8 RGB.
        landmarks: (68, 2) iBUG points in pixels.
        size: S, side of the crop in pixels.
        margin: Share of the template's square that is added on every side; 0.15 is the usual scale of 1.3.

    Returns:
        (S, S, 3) uint8 RGB; outside the picture its border is repeated.
    """
    small, move = plan_alignment(image.shape[0], image.shape[1], landmarks, size, margin)
    if small is not None:
        image = np.asarray(cv2.resize(image, small, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    cut = cv2.warpAffine(image, move, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, dtype=np.uint8)


def plan_alignment(
    height: int, width: int, landmarks: Points, size: int, margin: float
) -> tuple[tuple[int, int] | None, NDArray[np.float64]]:
    """Return how a face is mapped onto the template.

    Args:
        height: Height of the picture.
        width: Width of the picture.
        landmarks: (68, 2) iBUG points in pixels.
        size: Side of the crop in pixels.
        margin: Share of the template's square that is added on every side.

    Returns:
        Width and height to shrink the picture to by area first, None where it shrinks by less than half; and the
        similarity (2, 3) from the pixels of that picture to those of the crop.
    """
    wanted = ((TEMPLATE - 0.5) / (1 + 2 * margin) + 0.5) * size
    move = similarity(five_points(landmarks), wanted)
    shrink = float(np.hypot(move[0, 0], move[1, 0]))
    if shrink >= 0.5:
        return None, move
    small = (max(1, round(width * 2 * shrink)), max(1, round(height * 2 * shrink)))
    return small, move @ np.diag([width / small[0], height / small[1], 1])


def similarity(source: Points, target: Points) -> NDArray[np.float64]:
    """Return the similarity (2, 3) with the least squared distance from source to target (Umeyama 1991).

    Args:
        source: (N, 2) points.
        target: (N, 2) points that they should reach.
    """
    here, there = source.mean(0), target.mean(0)
    a, b = source - here, target - there
    u, strength, v = np.linalg.svd(b.T @ a / len(a))
    sign = np.array([1, np.sign(np.linalg.det(u @ v))])
    turn = u @ np.diag(sign) @ v
    scale = (strength * sign).sum() / a.var(0).sum()
    return np.column_stack([scale * turn, there - scale * turn @ here])
