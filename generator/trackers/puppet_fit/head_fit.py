"""Fit the puppet head to the 68 points of one face: shape, expression and placement."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation

from generator.face.face_params import EXPRESSION, EXPRESSION_HIGH, EXPRESSION_LOW, SHAPE
from generator.face.head_model import landmarks68
from generator.trackers.ibug import BROWS, JAW, LIPS, NOSE
from generator.trackers.regions import Points
from generator.trackers.rigid import Similarity, procrustes

from .mesh_bias import MESH_BIAS

_NOISE = 0.02  # noise of a point, in head units: 1 % of the head's height
_DEPTH_TRUST = 0.4  # weight of depth, which the mesh network estimates less well than x and y
_STEP = 0.01  # step of the numeric Jacobian; the head is computed in single precision
_LIMIT = 3.0  # limit of a shape coefficient, in standard deviations

_SPREAD = {
    "jaw_open": 0.3,
    "smile": 0.3,
    "blink_l": 0.15,
    "blink_r": 0.15,
    "brow_l": 0.2,
    "brow_r": 0.2,
    "squint": 0.1,
}
_OTHER_SPREAD = 0.15


def _trust() -> Points:
    trust = np.ones(68)
    trust[JAW], trust[BROWS], trust[LIPS] = 0.3, 0.6, 0.8
    trust[8] = 0.6
    return trust


def _still() -> Points:
    """Return the weights of points that no expression moves: eye corners, nose, and the jaw line beside the ears."""
    still = np.zeros(68)
    still[NOSE] = 1.0
    still[[36, 39, 42, 45]] = 1.0
    still[[0, 1, 2, 14, 15, 16]] = 0.4
    return still


TRUST = _trust()
STILL = _still()


@dataclass(frozen=True, slots=True)
class HeadFit:
    """A head that fits 68 points.

    Attributes:
        shape: ``(16,)`` as in `SHAPE`.
        expression: ``(12,)`` as in `EXPRESSION`.
        placement: Transform from head space to the space of the points.
    """

    shape: Points
    expression: Points
    placement: Similarity


def mesh_points(shape: Points, expression: Points, bias: Points = MESH_BIAS) -> Points:
    """Predict the network's 68 points of a puppet head in head space; ``(68, 3)``, or ``(K, 68, 3)`` for K heads.

    Args:
        shape: ``(16,)`` as in `SHAPE`, or ``(K, 16)``.
        expression: ``(12,)`` as in `EXPRESSION`, or ``(K, 12)``.
        bias: ``(68, 3)`` offset from the true points; that of the mesh network by default.
    """
    points = landmarks68(shape.astype(np.float32), expression.astype(np.float32))
    moved: Points = np.asarray(points, np.float64) + bias
    return moved


def fit_head(points: Points, free: tuple[str, ...] = EXPRESSION, bias: Points = MESH_BIAS) -> HeadFit:
    """Fit shape, expression and placement by robust least squares.

    Shape has the prior N(0, 1) that `SHAPE` is scaled to, and expression has a narrower one, so that proportions
    explain a picture before an expression does.

    Args:
        points: ``(68, 3)``, in a space with x to the right, y up and z to the viewer.
        free: The expression channels that may differ from 0.
        bias: Offset of these points from the true ones, as in `mesh_points`.
    """
    channels = [EXPRESSION.index(name) for name in free]
    shapes = len(SHAPE)
    placed = procrustes(mesh_points(np.zeros(shapes), np.zeros(len(EXPRESSION)), bias), points, STILL)
    prior = np.concatenate([np.ones(shapes), [_SPREAD.get(name, _OTHER_SPREAD) for name in free]])
    weights = TRUST[:, None] * np.array([1.0, 1.0, _DEPTH_TRUST]) / (_NOISE * placed.scale)

    def head(x: Points) -> tuple[Points, Points]:
        expression = np.zeros((*x.shape[:-1], len(EXPRESSION)))
        expression[..., channels] = x[..., shapes : len(prior)]
        return x[..., :shapes], expression

    def place(x: Points) -> Similarity:
        turn, grow, shift = x[-7:-4], x[-4], x[-3:]
        rotation = Rotation.from_rotvec(turn).as_matrix() @ placed.rotation
        return Similarity(placed.scale * float(np.exp(grow)), rotation, placed.offset + placed.scale * shift)

    def compare(seen: Points, x: Points) -> Points:
        return np.concatenate([((seen - points) * weights).ravel(), x[: len(prior)] / prior])

    def residuals(x: Points) -> Points:
        return compare(place(x)(mesh_points(*head(x), bias)), x)

    def jacobian(x: Points) -> Points:
        steps = np.where(x + _STEP < high, _STEP, -_STEP)
        aside = x + np.diag(steps)
        here, *heads = mesh_points(*head(np.vstack([x, aside[: len(prior)]])), bias)
        seen = [*(place(x)(each) for each in heads), *(place(each)(here) for each in aside[len(prior) :])]
        start = compare(place(x)(here), x)
        return np.stack([(compare(*one) - start) / h for *one, h in zip(seen, aside, steps, strict=True)], 1)

    low = np.concatenate([np.full(shapes, -_LIMIT), EXPRESSION_LOW[channels] - 1e-6, np.full(7, -np.inf)])
    high = np.concatenate([np.full(shapes, _LIMIT), EXPRESSION_HIGH[channels] + 1e-6, np.full(7, np.inf)])
    start = np.zeros(len(prior) + 7)
    found = least_squares(residuals, start, jacobian, (low, high), loss="soft_l1", f_scale=2.0, max_nfev=30, xtol=1e-4)
    solved = np.asarray(found.x, np.float64)
    return HeadFit(*head(solved), place(solved))
