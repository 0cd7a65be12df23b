"""Disturb face boxes as another face detector might: shifted, wider or tighter. The pixels do not change.

Landmarks move with their box, so that crops aligned by five points are disturbed in the same way.
"""

from __future__ import annotations

import numpy as np

from .distortion import Floats, Rng


def jitter(boxes: Floats, landmarks: Floats, amount: float, rng: Rng) -> tuple[Floats, Floats]:
    """Shift every box separately, by up to a share of its side on each axis, uniformly.

    Args:
        boxes: (N, 4) left, top, right, bottom in pixels.
        landmarks: (N, 68, 2) in pixels.
        amount: Largest shift as a share of the box's side.
        rng: Random generator of the shifts.
    """
    sides = boxes[:, 2:] - boxes[:, :2]
    shift = (rng.uniform(-amount, amount, sides.shape) * sides).astype(np.float32)  # (N, 2)
    return boxes + np.tile(shift, 2), landmarks + shift[:, None]


def rescale(boxes: Floats, landmarks: Floats, factor: float, rng: Rng) -> tuple[Floats, Floats]:
    """Scale every box about its centre.

    Args:
        boxes: (N, 4) left, top, right, bottom in pixels.
        landmarks: (N, 68, 2) in pixels.
        factor: Factor of the sides; above 1 the margin grows.
        rng: Unused.
    """
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2
    middle = np.tile(centre, 2)
    grown = middle + (boxes - middle) * np.float32(factor)
    moved = centre[:, None] + (landmarks - centre[:, None]) * np.float32(factor)
    return grown.astype(np.float32), moved.astype(np.float32)
