"""Compute the visible distance, from the front, between the faces of two sets of coefficients.

Coefficients with little visible effect count little, and those that move much of the face count most.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from generator import EXPRESSION
from generator.face import landmarks68

from .face_net import Floats

_NEUTRAL = np.zeros(len(EXPRESSION), np.float32)


def shape_distance(first: Floats, second: Floats) -> Floats:
    """Return the RMS distance, over the 68 landmarks seen from the front, of heads without expression.

    Args:
        first: (N, 16) shape coefficients.
        second: (N, 16).

    Returns:
        (N,) in head units.
    """
    return _distances((landmarks68(a, _NEUTRAL), landmarks68(b, _NEUTRAL)) for a, b in zip(first, second, strict=True))


def expression_distance(first: Floats, second: Floats, shape: Floats) -> Floats:
    """Return the RMS distance, over the 68 landmarks seen from the front, of two expressions of the same heads.

    Args:
        first: (N, 12) expression coefficients.
        second: (N, 12).
        shape: (N, 16) shape coefficients of the heads.

    Returns:
        (N,) in head units.
    """
    return _distances(
        (landmarks68(head, a), landmarks68(head, b)) for a, b, head in zip(first, second, shape, strict=True)
    )


def _distances(pairs: Iterable[tuple[Floats, Floats]]) -> Floats:
    return np.array([np.sqrt(np.square(a - b)[:, :2].sum(1).mean()) for a, b in pairs], np.float32)
