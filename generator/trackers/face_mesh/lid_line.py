"""See in the picture itself how far the eyes reach.

The mesh network knows people. On their pictures it sees the lids where they are; on a drawing it takes the rim of a
large iris for a lid. `MESH_BIAS` was measured on puppets, so it would open a painted person's eyes too far. Which of
the two a picture is shows below the eye, where neither brow nor shadow disturbs: from the lower lid as the network sees
it to where it would be on a puppet, the picture is skin from the start, or eyeball for a while.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.trackers.ibug import CORNERS, LOWER_LIDS
from generator.trackers.regions import Image, Points

Floats = NDArray[np.float32]

_WIDTH, _HEIGHT = 96, 80
_REACH = (1.9, 1.6)  # of the patch around an eye, in half eye widths
_WAY = np.arange(-0.5, 2.01, 0.25)  # shares of the way from the seen lid, 0, to a puppet's, 1
_INNER = _WAY <= 0.5  # where there is eyeball if anywhere
_ACROSS = np.linspace(0, 1, 5)
_LAB_WEIGHTS = np.array([0.8, 1.3, 1.3], np.float32)  # shading changes lightness, so colour counts more
_FOREIGN = 25.0  # weighted distance in Lab at which a pixel is surely no skin
_CONTRAST = 0.4  # of eyeball against skin, below which the picture does not tell
_MOST = 1.75


@dataclass(frozen=True, slots=True)
class _Patch:
    """What is around one eye: `foreign` (H, W) in [0, 1] says how unlike skin it is; `matrix` leads into it."""

    foreign: Floats
    matrix: Points

    @classmethod
    def around(cls, image: Image, left: Points, right: Points) -> "_Patch":
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
        """Return how foreign the picture is at points (N, 2)."""
        places = np.rint(points @ self.matrix[:, :2].T + self.matrix[:, 2] - 0.5).astype(int)
        column, row = np.clip(places, 0, (_WIDTH - 1, _HEIGHT - 1)).T
        return self.foreign[row, column]


def _skin() -> NDArray[np.bool_]:
    """Return where in a patch there is skin: below the eye and beside its corners."""
    x = np.linspace(-_REACH[0], _REACH[0], _WIDTH)[None, :]
    y = np.linspace(_REACH[1], -_REACH[1], _HEIGHT)[:, None]
    below = (y < -0.75) & (y > -1.5) & (np.abs(x) < 1.3)
    beside = (np.abs(x) > 1.45) & (np.abs(y) < 0.5)
    return below | beside


_SKIN = _skin()


def lid_share(image: Image, seen: Points, puppet: Points) -> float:
    """Say how far the lids are on the way from where the network sees them to where a puppet's would be.

    Args:
        image: ``(H, W, 3)`` RGB.
        seen: ``(68, 2)`` pixels, as the network sees them.
        puppet: ``(68, 2)`` pixels, where they would be on a puppet that the network sees so.

    Returns:
        0 for the lids of a person, about 1 for those of a puppet, at most 1.75; 1 where the picture does not tell.
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
    """Return the first share of the way, beyond the most foreign place, at which half of its strangeness is lost."""
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
