"""Convert a network's output for a crop to pose and camera of the whole picture.

The networks rotate FLAME about its root joint J, in the neck, and project it to the crop (DECA, section 3):

    crop point = s (P(R (V - J) + J) + t),    y flipped, crop sides at -1 and 1

Our model rotates head space about the middle of the head, and projects it in picture sides:

    picture point = camera t + camera s P(R H),    H = unit (V - origin),    y flipped

Both are weak perspective with the same R, so a camera exists that makes them equal for every vertex.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from scipy.spatial.transform import Rotation

from generator.face.face_params import Floats
from generator.face.pose import angles
from generator.trackers.regions import Points, Region

from .flame_code import FlameCode


class FlameHead(Protocol):
    """The part of FLAME that this module needs."""

    @property
    def unit(self) -> float:
        """Return the number of head space units per metre of FLAME's own space."""

    @property
    def origin(self) -> Floats:
        """Return the point (3,) of FLAME's own space that is head space's origin."""

    def landmarks(self, shape: Floats, expression: Floats) -> Floats:
        """Return the 68 iBUG landmarks (68, 3) in head space."""

    def root(self, shape: Floats, expression: Floats) -> Floats:
        """Return FLAME's root joint (3,) in its own space."""


def pose_of(code: FlameCode) -> Points:
    """Return yaw, pitch and roll ``(N, 3)`` of the heads in radians."""
    return np.stack([angles(turned) for turned in Rotation.from_rotvec(code.turn).as_matrix()])


def cameras_of(
    code: FlameCode, regions: list[Region], head: FlameHead, worn: tuple[Floats, Floats], size: tuple[int, int]
) -> Points:
    """Return the cameras of the whole picture for which a head is where the network placed it.

    The head has one shape over a clip, but the network's shape changes from frame to frame. The camera minimises the
    distance between the 68 landmarks of the two; where the shapes are equal, it is exact.

    Args:
        code: Output of the network for N crops.
        regions: The N upright regions of the crops.
        head: FLAME.
        worn: Shape ``(100,)`` and expressions ``(N, 55)`` of the head to place there.
        size: Height and width of the picture in pixels.

    Returns:
        ``(N, 3)`` scale, tx, ty in sides of the square that encloses the picture centrally.
    """
    shape, expressions = worn
    turns = Rotation.from_rotvec(code.turn).as_matrix()
    cameras = np.empty((len(code), 3))
    for index, (turn, region) in enumerate(zip(turns, regions, strict=True)):
        seen = _seen_by_network(head, code.shape[index], code.expression[index], turn, code.camera[index])
        ours = (head.landmarks(shape, expressions[index]) @ turn.T)[:, :2] * (1, -1)
        cameras[index] = _fit(ours, _in_picture_sides(seen, region, *size))
    return cameras


def _seen_by_network(head: FlameHead, shape: Floats, expression: Floats, turn: Points, camera: Floats) -> Points:
    """Project the landmarks into the crop, ``(68, 2)`` with its sides at -1 and 1 and y down."""
    metres = head.landmarks(shape, expression).astype(np.float64) / head.unit + head.origin
    root = head.root(shape, expression)
    turned = (metres - root) @ turn.T + root
    seen: Points = float(camera[0]) * (turned[:, :2] + camera[1:]) * (1, -1)
    return seen


def _in_picture_sides(points: Points, region: Region, height: int, width: int) -> Points:
    """Convert points of a crop with its sides at -1 and 1 to the square that encloses the picture centrally."""
    pixels = region.to_picture(points + 1, 2)
    side = max(height, width)
    placed: Points = (pixels + np.array([side - width, side - height]) / 2) / side
    return placed


def _fit(points: Points, wanted: Points) -> Points:
    """Find scale and shift ``(3,)`` that move points ``(N, 2)`` onto others with the least squared error."""
    middle, wanted_middle = points.mean(0), wanted.mean(0)
    centred = points - middle
    scale = float((centred * (wanted - wanted_middle)).sum() / (centred**2).sum())
    return np.concatenate([[scale], wanted_middle - scale * middle])
