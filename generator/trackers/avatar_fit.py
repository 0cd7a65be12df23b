"""Fit the avatar head to the points of the face mesh: camera, shape and expression.

Gauss-Newton steps on a linear head seen in perspective, with robust weights, priors on shape and expression, and bounds
on the expression. What head and points still differ by is kept as a residual.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from generator.avatars import AvatarHead, MeshBasis, lids_follow_gaze
from generator.face.face_params import ARKIT_EXPRESSION, ARKIT_PHENOTYPE, Floats
from generator.geometry import BROWS, EYES_AND_LIPS, OVAL, View
from generator.trackers.regions import Points

_NOISE = 0.012
"""Standard deviation of the points in distances of the eyes."""
_DEPTH_TRUST = 0.12
_ROUNDS = 8
_LINEARISED = (3, 5, 7)
"""Rounds that linearise the head anew at the shape that the rounds before have found."""


@dataclass(frozen=True, slots=True, eq=False)
class AvatarFit:
    """The fit of one picture: camera in pixels, shape (120,) and expression (52,)."""

    view: View
    shape: Floats
    expression: Floats


class AvatarFitter:
    """Fit one head model to any number of pictures."""

    def __init__(self, head: AvatarHead) -> None:
        self.head = head
        count = len(head.layout.expression)
        self._neutral = np.zeros(head.layout.shape_size, np.float32)
        self._basis = self._basis_at(self._neutral)
        self._person = self._neutral, self._basis
        self._nothing = head.layout.neutral()
        self._shape_prior = np.where(np.arange(len(self._neutral)) < len(ARKIT_PHENOTYPE), 0.4, 0.6)
        self._expression_prior = np.full(count, 0.45)
        rare = ("tongueOut", "cheekPuff"), ("eyeLookIn", "eyeLookOut", "jawForward")
        for starts, sigma in zip(rare, (0.05, 0.1), strict=True):
            self._expression_prior[[name.startswith(starts) for name in ARKIT_EXPRESSION]] = sigma
        self._weights = np.ones(468)
        self._weights[list(OVAL)] = 0.5
        self._weights[list(EYES_AND_LIPS)] = 1.6
        self._still = _still_weights(self._basis.points)

    def _basis_at(self, shape: Floats) -> MeshBasis:
        """Return the head's 468 points and their derivatives at a shape, in double precision."""
        basis = self.head.mesh_basis(np.asarray(shape, np.float32))
        parts = (np.asarray(part, np.float64)[..., :468, :] for part in (basis.points, basis.shape, basis.expression))
        return MeshBasis(*parts)

    def person(self, shape: Floats) -> MeshBasis:
        """Return the linear head of a shape; that of the last shape is kept."""
        if not np.array_equal(shape, self._person[0]):
            self._person = np.array(shape), self._basis_at(shape)
        return self._person[1]

    def fit(self, points: Points, shape: Floats | None = None, start: AvatarFit | None = None) -> AvatarFit:
        """Fit the points of one picture.

        Args:
            points: (468, 3) x, y in pixels and depth, smaller is nearer.
            shape: (120,) to keep; None to fit it, and then the head is linearised anew as the shape moves.
            start: Fit of the frame before.
        """
        free = shape is None
        given = self._neutral if shape is None else shape
        basis, centre = self._basis if shape is None else self.person(shape), np.array(given, np.float64)
        current = centre.copy()
        expression = np.zeros(len(self._expression_prior)) if start is None else np.array(start.expression, np.float64)
        view = _procrustes(points, basis.points, self.head)
        for turn in range(_ROUNDS if free else 4):
            if free and turn in _LINEARISED:
                basis, centre = self._basis_at(current), current.copy()
            head = basis.points + np.tensordot(expression, basis.expression, 1)
            if free:
                head = head + np.tensordot(current - centre, basis.shape, 1)
            residual, columns = _system(view, head, points)
            by_expression = _columns(view, head, basis.expression @ view.rotation.T)
            by_shape = _columns(view, head, basis.shape @ view.rotation.T) if free else np.zeros((0, len(residual)))
            jacobian = np.concatenate([columns, by_expression, by_shape]).T
            weight = self._robust(residual, points)
            prior = np.concatenate(
                [np.full(6, 1e-6), 1 / self._expression_prior**2, 1 / self._shape_prior**2 if free else []]
            )
            values = np.concatenate([np.zeros(6), expression, current if free else []])
            bounded = slice(6, 6 + len(expression))
            step = _bounded_step(jacobian * weight[:, None], residual * weight, prior, values, bounded, self._nothing)
            view = _moved(view, step[:6])
            expression = np.clip(expression + step[6 : 6 + len(expression)], 0, 1)
            if free:
                current = np.clip(current + step[6 + len(expression) :], -1.5, 1.5)
        return AvatarFit(view, current.astype(np.float32), expression.astype(np.float32))

    def steadied(self, fit: AvatarFit, points: Points, misfit: Floats) -> AvatarFit:
        """Fit the camera again, to points that move with the skull only and with the person's constant misfit."""
        basis = self.person(fit.shape)
        head = basis.points + np.tensordot(fit.expression, basis.expression, 1) + misfit
        view, noise = fit.view, 3 * _NOISE * _eyes(points)
        for _ in range(3):
            residual, columns = _system(view, head, points)
            flat = residual[: 2 * 468].reshape(-1, 2)
            weight = self._still / (1 + (np.linalg.norm(flat, axis=1) / noise) ** 2)
            jacobian = columns[:, : 2 * 468].T * np.repeat(weight, 2)[:, None]
            step = np.linalg.solve(columns[:, : 2 * 468] @ jacobian + 1e-9 * np.eye(6), jacobian.T @ flat.ravel())
            view = _moved(view, step)
        return replace(fit, view=view)

    def refined(self, fit: AvatarFit, points: Points, misfit: Floats, gaze: Floats) -> AvatarFit:
        """Fit the expression again with the camera held, on top of the person's constant misfit.

        The prior pulls to the expression that was fitted first: that fit has been pulled to the neutral face already.

        Args:
            fit: The fit, of `steadied`.
            points: (468, 3) as in `fit`.
            misfit: (468, 3) the person's constant misfit in head space.
            gaze: (2,) the lids follow it, so the eyeLook coefficients are at least as large as it asks for.
        """
        basis = self.person(fit.shape)
        low = lids_follow_gaze(self._nothing, gaze).astype(np.float64)
        expression = np.maximum(fit.expression.astype(np.float64), low)
        prior, rest = 1 / self._expression_prior**2, fit.expression.astype(np.float64)
        for _ in range(2):
            head = basis.points + np.tensordot(expression, basis.expression, 1) + misfit
            residual = (points[:, :2] - fit.view.project(head)[:, :2]).ravel()
            columns = _columns(fit.view, head, basis.expression @ fit.view.rotation.T)[:, : 2 * 468]
            weight = np.repeat(self._weights, 2) / (_NOISE * _eyes(points))
            weight = weight / np.sqrt(1 + (np.abs(residual * weight) / 6) ** 2)
            step = _bounded_step((columns * weight).T, residual * weight, prior, expression, slice(None), low, rest)
            expression = np.clip(expression + step, low, 1)
        return replace(fit, expression=expression.astype(np.float32))

    def misfit(self, fit: AvatarFit, points: Points) -> Floats:
        """Return what moves the fitted head's points to the picture's, (468, 3) in head space at equal depth."""
        basis = self.person(fit.shape)
        head = basis.points + np.tensordot(fit.expression, basis.expression, 1)
        return fit.view.lift(head, points[:, :2] - fit.view.project(head)[:, :2])

    def _robust(self, residual: Floats, points: Points) -> Floats:
        weight = np.concatenate([np.repeat(self._weights, 2), self._weights]) / (_NOISE * _eyes(points))
        robust: Floats = weight / np.sqrt(1 + (np.abs(residual * weight) / 6) ** 2)
        return robust


def _eyes(points: Points) -> float:
    return float(np.linalg.norm(points[33, :2] - points[263, :2]))


def _still_weights(points: Floats) -> Floats:
    """Return weights (468,) of the points that move with the skull: nose ridge, cheekbones, temples, forehead."""
    middle = points[[33, 263]].mean(0)
    place = (points - middle) / (np.linalg.norm(points[33] - points[263]) / 0.9)
    weight = ((place[:, 1] > -0.34) & (np.abs(place[:, 0]) < 0.78)).astype(float)
    weight[[*EYES_AND_LIPS, *BROWS]] = 0
    for side in (-1, 1):
        weight[np.linalg.norm((place[:, :2] - [side * 0.308, 0]) / [0.24, 0.15], axis=1) < 1] = 0
    weight[(place[:, 1] > 0.10) & (place[:, 1] < 0.42)] *= 0.25
    return weight


def _procrustes(points: Points, head: Floats, model: AvatarHead) -> View:
    """Return the camera that puts a head on points, by similarity."""
    there = np.stack([points[:, 0], -points[:, 1], -points[:, 2]], 1)
    centre, middle = there.mean(0), head.mean(0)
    left, singular, right = np.linalg.svd((there - centre).T @ (head - middle))
    flip = np.array([1, 1, np.sign(np.linalg.det(left @ right))])
    turn = left * flip @ right
    scale = float((singular * flip).sum() / ((head - middle) ** 2).sum())
    shift = centre - scale * turn @ middle
    return View(turn, scale, np.array([shift[0], -shift[1]]), model.layout.camera_distance)


def _system(view: View, head: Floats, points: Points) -> tuple[Floats, Floats]:
    """Return the residuals (1404,) in pixels and their derivatives (6, 1404) by rotation, log scale and shift."""
    turned, seen = head @ view.rotation.T, view.project(head)
    depth = turned[:, 2] * view.scale
    behind = -points[:, 2] - depth
    residual = np.concatenate([(points[:, :2] - seen[:, :2]).ravel(), _DEPTH_TRUST * (behind - behind.mean())])
    columns = [_columns(view, head, np.cross(axis, turned)[None])[0] for axis in np.eye(3)]
    columns.append(np.concatenate([(seen[:, :2] - view.shift).ravel(), _DEPTH_TRUST * (depth - depth.mean())]))
    for axis in np.eye(2):
        columns.append(np.concatenate([np.tile(axis, len(head)), np.zeros(len(head))]))
    return residual, np.stack(columns)


def _columns(view: View, head: Floats, moves: Floats) -> Floats:
    """Return the derivatives (K, 1404) of the residuals' predictions by K movements (K, 468, 3) in camera axes."""
    turned = head @ view.rotation.T
    left = view.distance - turned[:, 2]
    zoom = view.scale * view.distance / left
    across = moves[..., 0] * zoom + turned[:, 0] * zoom / left * moves[..., 2]
    down = -moves[..., 1] * zoom - turned[:, 1] * zoom / left * moves[..., 2]
    depth = moves[..., 2] * view.scale
    flat = np.stack([across, down], -1).reshape(len(moves), -1)
    return np.concatenate([flat, _DEPTH_TRUST * (depth - depth.mean(-1, keepdims=True))], 1)


def _bounded_step(
    jacobian: Floats,
    residual: Floats,
    prior: Floats,
    values: Floats,
    expressions: slice,
    low: Floats,
    rest: Floats | float = 0.0,
) -> Floats:
    """Return the step of least squares with expressions kept between `low` and 1; the prior pulls to `rest`."""
    normal = jacobian.T @ jacobian + np.diag(prior)
    right = jacobian.T @ residual - prior * (values - rest)
    least, most = np.full(len(values), -np.inf), np.full(len(values), np.inf)
    least[expressions], most[expressions] = low, 1
    free = np.ones(len(values), bool)
    step = np.zeros(len(values))
    for _ in range(3):
        step[:] = 0
        step[free] = np.linalg.solve(normal[np.ix_(free, free)], right[free])
        after = values + step
        below, above = (after < least) & (values <= least + 1e-9), (after > most) & (values >= most)
        stuck = free & (below | above)
        if not stuck.any():
            break
        free &= ~stuck
    return step


def _moved(view: View, step: Floats) -> View:
    angle = float(np.linalg.norm(step[:3]))
    x, y, z = step[:3] / max(angle, 1e-12)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    turn = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    scale = view.scale * float(np.exp(np.clip(step[3], -0.3, 0.3)))
    return view.moved(rotation=turn @ view.rotation, scale=scale, shift=view.shift + step[4:6])
