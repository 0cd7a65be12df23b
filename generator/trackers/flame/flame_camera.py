"""From a network's words about a crop to pose and camera of the whole picture.

The networks turn FLAME about its root joint J, deep in the neck, and see it through the crop (DECA, section 3):

    crop point = s (P(R (V - J) + J) + t),    y flipped, crop sides at -1 and 1

Ours turns head space about the middle of the head, and sees it in picture sides:

    picture point = camera t + camera s P(R H),    H = unit (V - origin),    y flipped

Both are weak perspective with the same R, so a camera exists that makes them equal for every vertex.
"""

from typing import Protocol

import numpy as np
from scipy.spatial.transform import Rotation

from generator.face.face_params import Floats
from generator.trackers.regions import Points, Region
from generator.trackers.rigid import angles

from .flame_code import FlameCode


class FlameHead(Protocol):
    """What is needed of FLAME here."""

    @property
    def unit(self) -> float:
        """Return how many units of head space are a metre of FLAME's own space."""

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
    """Return the camera of the whole picture under which a head stands where the network saw it.

    The head keeps one shape over a clip, the network's changes from frame to frame: the camera then brings the 68
    landmarks of the one as near as can be to those of the other. Where the two are the same it is exact.

    Args:
        code: What the network said about N crops.
        regions: Where those were cut, N of them, upright.
        head: FLAME.
        worn: Shape ``(100,)`` and expressions ``(N, 55)`` of the head that is to stand there.
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
    """Take points of a crop, whose sides are at -1 and 1, to the square that encloses the picture centrally."""
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
