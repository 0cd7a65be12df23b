"""Define the 68 points of the 300-W annotation (Sagonas et al. 2013) and their indices in the mesh of 468."""

from __future__ import annotations

import numpy as np

from generator.face.landmark_indices import MESH_INDEX

from .regions import Points

__all__ = ["CORNERS", "LOWER_LIDS", "MESH_INDEX", "UPPER_LIDS", "camera_space"]

CORNERS = ((36, 39), (45, 42))
"""Outer and inner corner of the eye on the left and of the eye on the right of the picture."""

UPPER_LIDS = ((37, 38), (44, 43))
LOWER_LIDS = ((41, 40), (46, 47))


def camera_space(points: Points, height: int, width: int) -> Points:
    """Convert mesh points to a space with axes like those of head space.

    The unit is the picture's longer side and the origin the top left corner of the square that encloses the picture
    centrally: x points to the right, y up (so the points of a picture are negative), z to the viewer.

    Args:
        points: ``(N, 2)`` or ``(N, 3)`` pixels, y down, depth smaller when nearer.
        height: Height of the picture in pixels.
        width: Width of the picture in pixels.
    """
    side = max(height, width)
    signs = np.array([1.0, -1.0, -1.0])[: points.shape[1]]
    margin = np.array([(side - width) / 2, -(side - height) / 2, 0.0])[: points.shape[1]]
    moved: Points = (points * signs + margin) / side
    return moved
