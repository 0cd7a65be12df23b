"""Fit the motion of one face to the 68 points of every frame of a clip.

Movement is measured relative to the face's own rest, never to the puppet's: people and puppets have different
proportions, and a difference in proportions is no expression.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.face.face_params import EXPRESSION, EXPRESSION_HIGH, EXPRESSION_LOW
from generator.trackers.ibug import BROWS, EYES, LIPS
from generator.trackers.regions import Points
from generator.trackers.rigid import Similarity, procrustes

from .head_fit import STILL, TRUST, HeadFit, fit_head, mesh_points

FITTED = tuple(name for name in EXPRESSION if not name.startswith("blink") and name != "squint")
"""The channels that are fitted to displacements of points; lids are measured as ratios instead."""

_CHANNELS = [EXPRESSION.index(name) for name in FITTED]
_CALM_SHARE = 0.25
_NOISE = 0.015  # noise of a displacement, in head units
_DEPTH_TRUST = 0.3
_GAP_TRUST = 2.0
_SPREAD = {"lip_raise": 0.25, "furrow": 0.3, "pucker": 0.4}  # standard deviation of a channel over a clip
_OTHER_SPREAD = 0.6
_CHANGE = 0.25  # standard deviation of a channel's change from one frame to the next
_STEP = 0.02


@dataclass(frozen=True, slots=True)
class Motion:
    """The motion of one head.

    Attributes:
        head: The head at rest, in the clip's common space.
        expression: ``(T, 12)``; lids are 0.
        placements: Transforms from head space to each frame's space.
        points: ``(T, 68, 3)`` points without the head's motion, in the clip's common space.
    """

    head: HeadFit
    expression: Points
    placements: tuple[Similarity, ...]
    points: Points


def fit_motion(points: Points) -> Motion:
    """Fit one head to all frames, and its motion to each frame.

    Args:
        points: ``(T, 68, 3)``, x to the right, y up, z to the viewer; T at least 1.
    """
    steady, movements = _hold_still(points)
    rest = _rest(steady)
    head = fit_head(rest, free=("jaw_open",))
    to_head = head.placement.inverse()
    displacement = (to_head(steady) - to_head(rest)) * _proportions(head, to_head(rest))
    placements = tuple(movement.inverse().after(head.placement) for movement in movements)
    return Motion(head, _expressions(head, displacement), placements, steady)


def _hold_still(points: Points) -> tuple[Points, list[Similarity]]:
    """Remove the head's motion: align the points that no expression moves, first to a head, then to their median."""
    target = mesh_points(np.zeros(16), np.zeros(len(EXPRESSION)))
    movements: list[Similarity] = []
    steady = points
    for _ in range(3):
        movements = [procrustes(frame, target, STILL) for frame in points]
        steady = np.stack([move(frame) for move, frame in zip(movements, points, strict=True)])
        target = np.median(steady, axis=0)
    return steady, movements


def _rest(steady: Points) -> Points:
    """Return the median of the calm quarter of the frames, with closed lips and near the face's most frequent pose."""
    typical = np.median(steady, axis=0)
    moving = [*range(LIPS.start, LIPS.stop), *range(BROWS.start, BROWS.stop), 8]
    away = np.linalg.norm((steady - typical)[:, moving], axis=2).mean(1)
    gap = np.linalg.norm(steady[:, 62] - steady[:, 66], axis=1)
    unrest = away + 0.5 * (gap - gap.min())
    calm = np.argsort(unrest)[: max(1, round(_CALM_SHARE * len(steady)))]
    return np.asarray(np.median(steady[calm], axis=0), np.float64)


def _proportions(head: HeadFit, rest: Points) -> Points:
    """Return the factors ``(68, 1)`` that scale displacements by the puppet's size of a feature over the person's."""
    puppet = mesh_points(head.shape, head.expression)
    gain = np.ones((68, 1))
    gain[LIPS] = gain[8] = _length(puppet, 48, 54) / _length(rest, 48, 54)
    gain[BROWS] = (_length(puppet, 19, 37) + _length(puppet, 24, 44)) / (_length(rest, 19, 37) + _length(rest, 24, 44))
    return np.clip(gain, 0.6, 1.6)


def _length(points: Points, start: int, end: int) -> float:
    return float(np.linalg.norm(points[start] - points[end]))


def _expressions(head: HeadFit, displacement: Points) -> Points:
    """Fit each frame's channels by damped Gauss-Newton steps, starting from the previous frame.

    The fit minimises the weighted distance between the displacements of puppet and face, with priors on each channel's
    size and on its change since the previous frame.
    """
    spread = np.array([_SPREAD.get(name, _OTHER_SPREAD) for name in FITTED])
    low, high = EXPRESSION_LOW[_CHANNELS].astype(np.float64), EXPRESSION_HIGH[_CHANNELS].astype(np.float64)
    origin = mesh_points(head.shape, np.zeros(len(EXPRESSION)))
    at_rest = mesh_points(head.shape, head.expression) - origin

    def moved(values: Points) -> Points:
        expression = np.zeros((len(values), len(EXPRESSION)))
        expression[:, _CHANNELS] = values
        return np.stack([_weighted(points - origin) for points in mesh_points(head.shape, expression)])

    result = np.zeros((len(displacement), len(EXPRESSION)))
    values = head.expression[_CHANNELS]
    for t, shift in enumerate(displacement):
        wanted = _weighted(shift + at_rest)
        change = _CHANGE if t else _OTHER_SPREAD
        previous = values
        here, *aside = moved(np.vstack([values, values + _STEP * np.eye(len(values))]))
        slope = np.stack([(each - here) / _STEP for each in aside], 1)
        for _ in range(2):  # frames differ little, so both steps use one Jacobian
            values = _bounded_step(slope, wanted - here, values, previous, (spread, change), (low, high))
            here = moved(values[None])[0]
        result[t, _CHANNELS] = values
    return result


def _weighted(displacement: Points) -> Points:
    """Convert displacements ``(68, 3)`` to residuals; the lips' gap has extra weight, so that a mouth can close."""
    weights = np.sqrt(TRUST)[:, None] * np.array([1.0, 1.0, _DEPTH_TRUST]) / _NOISE
    weights[EYES] = 0  # the lids are measured as ratios
    gap = (displacement[[61, 62, 63], 1] - displacement[[67, 66, 65], 1]) * _GAP_TRUST / _NOISE
    return np.concatenate([(displacement * weights).ravel(), gap])


def _bounded_step(
    slope: Points,
    missing: Points,
    values: Points,
    previous: Points,
    priors: tuple[Points, float],
    bounds: tuple[Points, Points],
) -> Points:
    """Compute one Gauss-Newton step; channels at a bound are fixed there and the others are solved again."""
    (spread, change), (low, high) = priors, bounds
    normal = slope.T @ slope + np.diag(spread**-2 + change**-2)
    right = slope.T @ missing - values * spread**-2 - (values - previous) * change**-2
    free = np.ones(len(values), bool)
    step = np.zeros(len(values))
    for _ in range(3):
        held = normal[np.ix_(free, ~free)] @ step[~free]
        step[free] = np.linalg.solve(normal[np.ix_(free, free)], right[free] - held)
        outside = free & ((values + step < low) | (values + step > high))
        step = np.clip(values + step, low, high) - values
        if not outside.any():
            break
        free &= ~outside
        if not free.any():
            break
    return np.asarray(values + step, np.float64)
