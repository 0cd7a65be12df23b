"""Set lower lids to drawn eyes, which are often larger than the eye that the iris network expects."""

from __future__ import annotations

import numpy as np

from generator.face.face_params import Floats

from .filling import at_pixels, blur, polygon
from .head_cut import lab_colours
from .landmarks import CORNERS, LIDS, lid_outline

_SKIN_DISTANCE, _EYE_DISTANCE = 14.0, 220.0
"""Squared Mahalanobis distance from which a colour is not skin, squared CIELAB distance up to which it is the eye's."""


def set_lower_lids(image: Floats, points: Floats) -> Floats:
    """Return the points (468, 2) with the lower lids moved down as far as the colours are still the eye's.

    Args:
        image: (S, S, 3) in 0 to 255.
        points: (468, 2) in pixels.
    """
    lab = lab_colours(blur(image, 0.8 * len(image) / 512))
    moved = points.astype(np.float64).copy()
    for eye in (0, 1):
        lid = list(LIDS[eye][:9])
        moved[lid] += _drop(lab, points, eye)
    return moved


def _drop(lab: Floats, points: Floats, eye: int) -> Floats:
    """Return the shifts (9, 2) of the lower lid from corner to corner."""
    still = np.zeros((9, 2))
    lid, corners, size = points[list(LIDS[eye])], points[list(CORNERS[eye])], len(lab)
    width = float(np.linalg.norm(corners[0] - corners[1]))
    opening = float(np.linalg.norm(lid[9:16] - lid[1:8], axis=1).max())
    mask = polygon(lid_outline(points, eye), lab.shape[:2]) > 0.5
    if opening < 0.12 * width or mask.sum() < 40 or size < 2:
        return still
    along = (corners[1] - corners[0]) / max(width, 1)
    along = along * np.sign(along[0])
    down = np.array([-along[1], along[0]])
    skin = _skin_under(lab.shape[:2], corners.mean(0), (along, down), (width, opening))
    if skin.sum() < 20:
        return still
    mean, spread = lab[skin].mean(0), np.cov(lab[skin].T) + 12 * np.eye(3)
    inverse = np.linalg.inv(spread)
    inside = lab[mask]
    examples = inside[np.linspace(0, len(inside) - 1, 60).astype(int)]
    drops = np.zeros(9)
    for index in range(1, 8):
        steps = np.arange(0, 0.38 * opening, 0.5)
        colours = np.asarray(at_pixels(lab, lid[index] + down * steps[:, None]), np.float64)
        away = np.einsum("ni,ij,nj->n", colours - mean, inverse, colours - mean)
        near = ((colours[:, None] - examples) ** 2).sum(-1).min(1)
        is_eye = (away > _SKIN_DISTANCE) & (near < _EYE_DISTANCE)
        ends = int(np.argmin(is_eye)) if not is_eye.all() else 0
        drops[index] = max(ends * 0.5 - 0.5, 0)
    calm = np.array([np.median(drops[max(0, index - 1) : index + 2]) for index in range(9)])
    smooth = np.convolve(np.concatenate([[0], calm, [0]]), [0.25, 0.5, 0.25], "valid")
    smooth[[0, 8]] = 0
    shifts: Floats = smooth[:, None] * down
    return shifts


def _skin_under(
    shape: tuple[int, ...], middle: Floats, axes: tuple[Floats, Floats], sizes: tuple[float, float]
) -> np.ndarray:
    """Return the mask of the skin under an eye."""
    (along, down), (width, opening) = axes, sizes
    grid = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32) + 0.5
    x, y = grid[1] - middle[0], grid[0] - middle[1]
    lower, beside = x * down[0] + y * down[1], np.abs(x * along[0] + y * along[1])
    start = 0.55 * opening
    return (beside < 0.5 * width) & (lower > start + 0.16 * width) & (lower < start + 0.45 * width)
