"""Draw smooth outlines through landmarks (Catmull and Rom, 1974)."""

from __future__ import annotations

import numpy as np

from generator.face.face_params import Floats

_PIECES = 4


def arc(points: Floats) -> Floats:
    """Return a smooth open curve through points (N, 2), four pieces between neighbours."""
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    t = (np.arange(_PIECES) / _PIECES)[None, :, None]
    a, b, c, d = (each[:, None] for each in (padded[:-3], padded[1:-2], padded[2:-1], padded[3:]))
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return np.concatenate([curve.reshape(-1, 2), points[-1:]])


def between(upper: Floats, lower: Floats) -> Floats:
    """Return the closed outline between two curves that run in the same direction and share their ends."""
    return np.concatenate([arc(upper), arc(lower)[::-1]])
