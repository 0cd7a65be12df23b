"""Cut the square around a face in the way of a FLAME network's training crops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generator.errors import NoFaceError
from generator.trackers.face_mesh.face_mesh import MeshFace, check_box

from .ibug import MESH_INDEX
from .protocol import Box
from .regions import Points, Region
from .smoothing import OneEuro, spread

_FOREHEAD = 0.2  # height of the face mesh above the 68 points, relative to their height: 0.16 to 0.24 on eight faces
_CALM = OneEuro(cutoff=0.4, beta=1.0)  # of a crop's position and log size, in crop sides


@dataclass(frozen=True, slots=True)
class CropRule:
    """The rule of a network's training crops: an upright square around the centre of the face's points.

    Attributes:
        scale: Side of the crop divided by the mean side of the points' box.
        forehead: Whether that box encloses the whole face mesh; otherwise the 68 points, brows to chin.
        box_scale: Side of the crop divided by the mean side of a box from a person or a detector.
        box_drop: Downward shift of the crop relative to such a box, in the box's mean side.
    """

    scale: float
    forehead: bool
    box_scale: float
    box_drop: float = 0.0

    def around_face(self, face: MeshFace) -> Region:
        """Place the crop around a face mesh."""
        points = face.points[:, :2]
        return self._around(points if self.forehead else points[MESH_INDEX])

    def around_landmarks(self, landmarks: Points) -> Region:
        """Place the crop around 68 points ``(68, 2)`` in pixels."""
        if not self.forehead:
            return self._around(landmarks)
        top = landmarks[:, 1].min() - _FOREHEAD * np.ptp(landmarks[:, 1])
        return self._around(np.concatenate([landmarks, [[landmarks[8, 0], top]]]))

    def around_box(self, box: Box, height: int, width: int) -> Region:
        """Place the crop around a box.

        Args:
            box: Box of the face, forehead to chin.
            height: Height of the picture in pixels.
            width: Width of the picture in pixels.

        Raises:
            NoFaceError: The box does not lie in the picture.
        """
        left, top, right, bottom = check_box(box, height, width)
        side = (right - left + bottom - top) / 2
        return Region((left + right) / 2, (top + bottom) / 2 + self.box_drop * side, self.box_scale * side)

    def _around(self, points: Points) -> Region:
        low, high = points.min(0), points.max(0)
        x, y = (low + high) / 2
        return Region(float(x), float(y), float((high - low).mean()) * self.scale)


def check_landmarks(landmarks: Points, height: int, width: int) -> Points:
    """Check that points can be a face in a picture.

    Args:
        landmarks: ``(68, 2)`` iBUG points in pixels.
        height: Height of the picture in pixels.
        width: Width of the picture in pixels.

    Raises:
        NoFaceError: The points have another shape, are not finite, or lie outside of the picture or on one line.
    """
    points = np.asarray(landmarks, np.float64)
    if points.shape != (68, 2) or not np.isfinite(points).all():
        raise NoFaceError(f"landmarks of shape {points.shape}: 68 finite points x, y in pixels expected")
    low, high = points.min(0), points.max(0)
    if (high - low).min() < 1 or (high < 0).any() or (low > (width, height)).any():
        raise NoFaceError(
            f"landmarks from ({low[0]:.0f}, {low[1]:.0f}) to ({high[0]:.0f}, {high[1]:.0f}) are no face in the "
            f"{width}x{height} px picture; correct them"
        )
    return points


def box_around(landmarks: Points, height: int, width: int) -> Box:
    """Return the box of a face, forehead to chin, around its 68 points; it ends at the picture's edge.

    Args:
        landmarks: ``(68, 2)`` in pixels.
        height: Height of the picture in pixels.
        width: Width of the picture in pixels.
    """
    (left, top), (right, bottom) = landmarks.min(0), landmarks.max(0)
    top = top - _FOREHEAD * (bottom - top)
    return (max(0.0, float(left)), max(0.0, float(top)), min(float(width), right), min(float(height), bottom))


def steady(regions: list[Region], known: NDArray[np.bool_], fps: float) -> list[Region]:
    """Smooth the position and size of a clip's crops, so that they add no jitter, and bridge frames without a face.

    Args:
        regions: Upright regions of the K frames that show a face.
        known: ``(T,)`` with K true values.
        fps: Frames per second.

    Returns:
        Regions of all T frames.
    """
    size = float(np.median([region.side for region in regions]))
    curve = np.array([(region.x / size, region.y / size, np.log(region.side / size)) for region in regions])
    curve = _CALM.smooth(spread(curve, known), fps)
    return [Region(x * size, y * size, float(np.exp(grown)) * size) for x, y, grown in curve.tolist()]
