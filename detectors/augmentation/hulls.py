"""Draw the initial masks of self-blending: filled hulls of facial landmarks.

The four families of hulls are those of Shiohara & Yamasaki 2022 ("Detecting Deepfakes with Self-Blended Images") and of
Face X-ray (Li et al. 2020). Landmarks follow the iBUG 68-point scheme; the thirteen forehead points of an 81-point
scheme are used by the whole hull only, where they are given.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

FACE_POINTS = 68
"""Number of landmarks in the iBUG scheme; points after them lie on the forehead, in any order."""
HullFamily = Literal["full_jaw", "components", "extended", "whole"]
FAMILIES: tuple[HullFamily, ...] = ("full_jaw", "components", "extended", "whole")

Points = NDArray[np.float64]

_FULL_JAW: tuple[tuple[int, ...], ...] = (
    (*range(17), *range(48, 68)),
    (*range(27, 31), 33),
    (*range(17, 27), 0, 27, 16, 33),
)
_COMPONENTS: tuple[tuple[int, ...], ...] = (
    (*range(9), 17),
    (*range(8, 17), 26),
    (*range(17, 20), 8),
    (*range(24, 27), 8),
    (*range(19, 25), 8),
    (*range(17, 22), 27, *range(31, 36), 8),
    (*range(22, 27), 27, *range(31, 36), 8),
    tuple(range(27, 36)),
)
_POLYGONS: Mapping[str, tuple[tuple[int, ...], ...]] = MappingProxyType(
    {"full_jaw": _FULL_JAW, "components": _COMPONENTS, "extended": _COMPONENTS}
)


def draw_hull(landmarks: Points, family: HullFamily, height: int, width: int) -> NDArray[np.float32]:
    """Draw the union of a family's convex polygons.

    Args:
        landmarks: (68, 2) or (81, 2) x, y in pixels.
        family: Family of polygons to draw.
        height: Number of rows of the mask.
        width: Number of columns of the mask.

    Returns:
        (H, W) mask, 1 inside and 0 outside.
    """
    points = _raise_brows(landmarks) if family == "extended" else landmarks
    mask = np.zeros((height, width), np.float32)
    everything = (tuple(range(len(points))),)
    for polygon in everything if family == "whole" else _POLYGONS[family]:
        hull = cv2.convexHull(np.rint(points[list(polygon)]).astype(np.int32))
        cv2.fillConvexPoly(mask, hull, 1.0)
    return mask


def _raise_brows(landmarks: Points) -> Points:
    """Move each eyebrow away from its eye by half their distance, so that the mask covers part of the forehead."""
    raised = landmarks.copy()
    left_quarter = landmarks[36] + (landmarks[0] - landmarks[36]) / 4
    right_quarter = landmarks[45] + (landmarks[16] - landmarks[45]) / 4
    left = np.vstack((left_quarter, landmarks[36:40]))
    right = np.vstack((landmarks[42:46], right_quarter))
    raised[17:22] += np.floor((landmarks[17:22] - left) / 2)
    raised[22:27] += np.floor((landmarks[22:27] - right) / 2)
    return raised
