"""Measure in the picture itself how far the eyes extend.

The mesh network was trained on people. In their pictures it places the lids correctly; in a drawing it mistakes the rim
of a large iris for a lid. `MESH_BIAS` was measured on puppets, so it would open a painted person's eyes too far. The
region below the eye, without brow and shadow, distinguishes the two cases: between the network's lower lid and the lid
position of a puppet, the picture shows either only skin, or first eyeball and then skin.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.trackers.ibug import CORNERS, LOWER_LIDS
from generator.trackers.regions import Image, Points

Floats = NDArray[np.float32]

_WIDTH, _HEIGHT = 96, 80
_REACH = (1.9, 1.6)  # extent of the patch around an eye, in half eye widths
_WAY = np.arange(-0.5, 2.01, 0.25)  # shares of the way from the network's lid, 0, to a puppet's, 1
_INNER = _WAY <= 0.5  # positions that show eyeball if there is any
_ACROSS = np.linspace(0, 1, 5)
_LAB_WEIGHTS = np.array([0.8, 1.3, 1.3], np.float32)  # shading changes lightness, so colour has more weight
_FOREIGN = 25.0  # weighted distance in Lab from which a pixel is certainly no skin
_CONTRAST = 0.4  # contrast of eyeball against skin below which the picture is not conclusive
_MOST = 1.75


@dataclass(frozen=True, slots=True)
class _Patch:
    """The area around one eye: `foreign` (H, W) in [0, 1] is the difference from skin, `matrix` leads to the patch."""

    foreign: Floats
    matrix: Points

    @classmethod
    def around(cls, image: Image, left: Points, right: Points) -> _Patch:
        middle, half = (left + right) / 2, (right - left) / 2
        scale = np.array([_WIDTH / (2 * _REACH[0]), _HEIGHT / (2 * _REACH[1])]) / float(half @ half)
        turn = np.array([[half[0], half[1]], [-half[1], half[0]]]) * scale[:, None]  # y stays down
        matrix = np.column_stack([turn, np.array([_WIDTH, _HEIGHT]) / 2 - turn @ middle])
        grain = float(np.linalg.norm(half)) * 2 * _REACH[0] / _WIDTH  # pixels of the picture per pixel of the patch
        smooth = cv2.GaussianBlur(image, (0, 0), 0.5 * grain) if grain > 1 else image
        patch = cv2.warpAffine(smooth, matrix, (_WIDTH, _HEIGHT), borderMode=cv2.BORDER_REPLICATE)
        lab = cv2.cvtColor(patch.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) * _LAB_WEIGHTS
        skin = lab[_SKIN]
        usual = np.median(skin, axis=0)
        noise = float(np.median(np.linalg.norm(skin - usual, axis=1)))
        distance = np.linalg.norm(lab - usual, axis=2)
        return cls(np.clip((distance - 1.5 * noise) / _FOREIGN, 0, 1).astype(np.float32), matrix)

    def at(self, points: Points) -> Floats:
        """Return the difference from skin at points (N, 2)."""
        places = np.rint(points @ self.matrix[:, :2].T + self.matrix[:, 2] - 0.5).astype(int)
        column, row = np.clip(places, 0, (_WIDTH - 1, _HEIGHT - 1)).T
        return self.foreign[row, column]


def _skin() -> NDArray[np.bool_]:
    """Return the skin region of a patch: below the eye and beside its corners."""
    x = np.linspace(-_REACH[0], _REACH[0], _WIDTH)[None, :]
    y = np.linspace(_REACH[1], -_REACH[1], _HEIGHT)[:, None]
    below = (y < -0.75) & (y > -1.5) & (np.abs(x) < 1.3)
    beside = (np.abs(x) > 1.45) & (np.abs(y) < 0.5)
    return below | beside


_SKIN = _skin()


def lid_share(image: Image, seen: Points, puppet: Points) -> float:
    """Measure the position of the lids between the network's position, 0, and that of a puppet, 1.

    Args:
        image: ``(H, W, 3)`` RGB.
        seen: ``(68, 2)`` pixels, points of the network.
        puppet: ``(68, 2)`` pixels, true positions on a puppet for which the network returns these points.

    Returns:
        0 for the lids of a person, about 1 for those of a puppet, at most 1.75; 1 where the picture is not conclusive.
    """
    foreign = np.zeros(len(_WAY))
    for (outer, inner), lids in zip(CORNERS, LOWER_LIDS, strict=True):
        left, right = sorted((seen[outer], seen[inner]), key=lambda corner: float(corner[0]))
        if float(np.linalg.norm(right - left)) < 2:
            return 1.0
        patch = _Patch.around(image, left, right)
        first, second = (seen[lid] + _WAY[:, None] * (puppet[lid] - seen[lid]) for lid in lids)
        foreign += np.mean([patch.at(first + share * (second - first)) for share in _ACROSS], axis=0) / 2
    return _end_of_eye(foreign)


def _end_of_eye(foreign: NDArray[np.float64]) -> float:
    """Return the first position beyond the maximum of `foreign` at which its value has fallen to half."""
    start = int(foreign[_INNER].argmax())
    half = foreign[start] / 2
    if foreign[start] < _CONTRAST:
        return 1.0
    for index in range(start + 1, len(_WAY)):
        if foreign[index] < half:
            before, after = foreign[index - 1], foreign[index]
            step = (before - half) / (before - after)
            return float(np.clip(_WAY[index - 1] + step * (_WAY[index] - _WAY[index - 1]), 0, _MOST))
    return _MOST
