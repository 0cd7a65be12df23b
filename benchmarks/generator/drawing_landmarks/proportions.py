"""Change the proportions of a face: larger eyes, a shorter chin, features that lie closer together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from generator.face.face_params import Floats

from .places import BASE, BROWS, EYES, FIXED, INNER_LIPS, IRISES, NOSE, OUTER_LIPS, OVAL, TIP, UNDER_BROWS, WINGS

_LIPS = np.array([*OUTER_LIPS, *INNER_LIPS])
_EYES = tuple(np.array([*eye, *range(iris.start, iris.stop)]) for eye, iris in zip(EYES, IRISES, strict=True))
_BROWS = tuple(np.array([*upper, *under]) for upper, under in zip(BROWS, UNDER_BROWS, strict=True))
_NOSE = np.array(NOSE)
CONTROLS = np.unique(np.concatenate([*_EYES, *_BROWS, _LIPS, _NOSE, FIXED]))
"""Points that say how a face changes; what lies between them follows."""


def axes_of(points: Floats) -> Floats:
    """Return the directions (2, 2) of a face in its picture: to the right, and down."""
    across = points[EYES[1][0]] - points[EYES[0][0]]
    across = across / max(float(np.linalg.norm(across)), 1e-6)
    down = np.array([-across[1], across[0]])
    toward = points[_LIPS].mean(0) - points[[*EYES[0], *EYES[1]]].mean(0)
    return np.stack([across, down if float(down @ toward) >= 0 else -down]).astype(np.float32)


def changed(points: Floats, rng: np.random.Generator, strength: float) -> Floats:
    """Return points (478, 2) of the same face with other proportions.

    Args:
        points: (478, 2) in pixels.
        rng: Source of randomness.
        strength: 0 for none, 1 for those of drawings.
    """
    axes = axes_of(points)
    middle = points[FIXED].mean(0)
    local = (points - middle) @ axes.T
    size = float(np.ptp(local[:, 1]))
    moved = local.copy()
    _turn_outline(moved, rng, strength)
    grown = np.exp(strength * rng.normal(0, 0.16))
    spread = np.exp(strength * rng.normal(0, 0.10))
    inner = np.concatenate([*_EYES, *_BROWS, _LIPS, _NOSE])
    moved[inner] *= np.array([grown * spread, grown])
    eyes = np.exp(strength * (rng.normal(0, 0.22) + rng.normal(0, 0.16, 2)))
    higher, level = strength * rng.normal(0, 0.05, 2) * size
    apart = strength * rng.normal(0, 0.02) * size
    for side, (eye, brow) in enumerate(zip(_EYES, _BROWS, strict=True)):
        _scale(moved, eye, eyes * np.exp(strength * rng.normal(0, 0.04)))
        shift = np.array([(-1, 1)[side] * apart, higher])
        moved[eye] += shift
        grown_up = (eyes[1] - 1) * 0.5 * float(np.ptp(local[eye, 1]))
        moved[brow] += shift - [0, max(0.0, grown_up)]
        moved[brow] += [0, strength * rng.normal(0, 0.012) * size]
    _scale(moved, _NOSE, np.exp(strength * rng.normal(-0.1, 0.25, 2)))
    moved[_NOSE] += [0, 0.5 * higher + strength * rng.normal(0, 0.02) * size]
    _scale(moved, _LIPS, np.exp(strength * np.array([rng.normal(0, 0.25), rng.normal(0, 0.20)])))
    moved[_LIPS] += [strength * rng.normal(0, 0.012) * size, level]
    _bend(moved, strength * rng.normal(0, 0.12))
    result = points + follow(local[CONTROLS], moved[CONTROLS] - local[CONTROLS], local) @ axes
    return result.astype(np.float32)


def follow(controls: Floats, moves: Floats, places: Floats) -> Floats:
    """Return how far places (N, 2) move where control points (K, 2) move by (K, 2), by inverse squared distances."""
    places, controls = np.asarray(places, np.float32), np.asarray(controls, np.float32)
    distance = (places**2).sum(1)[:, None] + (controls**2).sum(1)[None] - 2 * places @ controls.T
    scale = float(np.ptp(controls[:, 1])) or 1.0
    near = 1 / (np.maximum(distance, 0) + np.float32((0.012 * scale) ** 2))
    weight = near * np.sqrt(near)
    result: Floats = (weight @ np.asarray(moves, np.float32)) / weight.sum(1, keepdims=True)
    return result


def followed(points: Floats, moved: Floats, groups: NDArray[np.int64]) -> Floats:
    """Return points of which a group has moved, and what lies near it with it; outline and other features stay."""
    others = np.array([*OVAL, *OUTER_LIPS, *INNER_LIPS, TIP, BASE, *WINGS, *BROWS[0], *BROWS[1]])
    others = others[~np.isin(others, groups)]
    controls = np.concatenate([groups, others])
    result = points + follow(points[controls], (moved - points)[controls], points)
    result[groups] = moved[groups]
    return result.astype(np.float32)


def _turn_outline(local: Floats, rng: np.random.Generator, strength: float) -> None:
    """Change the outline in place: width, jaw, chin and forehead."""
    size = float(np.ptp(local[:, 1]))
    low = np.clip(local[FIXED, 1] / (0.5 * size), 0, 1)
    local[FIXED, 0] *= np.exp(strength * rng.normal(0.03, 0.09)) * (1 + strength * rng.normal(0.05, 0.12) * low)
    local[FIXED, 1] *= 1 + low * strength * rng.normal(-0.02, 0.09)
    high = np.clip(-local[FIXED, 1] / (0.5 * size), 0, 1)
    local[FIXED, 1] *= 1 + high * strength * rng.normal(0.04, 0.10)


def _scale(local: Floats, group: Floats, factors: Floats) -> None:
    middle = local[group].mean(0)
    local[group] = middle + (local[group] - middle) * factors


def _bend(local: Floats, amount: float) -> None:
    """Raise the corners of the mouth in place, or lower them where `amount` is below 0."""
    lips = local[_LIPS]
    middle, half = lips.mean(0), float(np.ptp(lips[:, 0])) / 2 or 1.0
    along = (lips[:, 0] - middle[0]) / half
    local[_LIPS, 1] -= amount * half * (along**2 - 0.4)
