"""Complete five points of a face to 68 by the mean face: the puppet head at rest, as the face mesh detects it.

A box around the 68 points therefore means the same whether they were detected or completed. The completed points follow
no expression.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .finding import Floats
from .five_points import five_points


def complete(points: NDArray[np.floating]) -> Floats:
    """Return the mean face, turned, scaled and moved until its five points, seen from afar, lie near the given ones.

    The fit first computes the affine camera with the least squared distance, and then the scaled rotation nearest to it
    (DeMenthon and Davis 1995, the first step of POSIT).

    Args:
        points: (5, 2) in pixels, in the order of `five_points`.

    Returns:
        (68, 2) iBUG points in pixels.
    """
    from generator.trackers import mean_face

    mean = mean_face() * (1, -1, -1)  # image rows count downwards
    five = five_points(mean)
    here, there = five - five.mean(0), points - points.mean(0)
    camera = np.linalg.lstsq(here, there, rcond=None)[0].T
    left, _, right = np.linalg.svd(camera, full_matrices=False)
    turn = left @ right
    seen = here @ turn.T
    scale = (there * seen).sum() / (seen**2).sum()
    return np.asarray(scale * (mean - five.mean(0)) @ turn.T + points.mean(0), dtype=np.float32)
