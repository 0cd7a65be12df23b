"""Separate the motion of the skull from that of the skin.

A tracker's camera follows all of the face a little, so that a twisted mouth turns the head and wide jaws bring it
nearer; the hair, which no landmark holds, then swings by pixels. Here the camera is found anew from points that lie
on bone, and of all motions that explain them nearly as well the one that moves the outline of the head least is taken.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from generator.face.face_params import Floats

from .landmarks import BROWS, EDGES, LIPS, OUTER_EYES, eye_distance
from .rig import Rig
from .view import View

if TYPE_CHECKING:
    from .motion import Moment

_OUTLINE = 24
_OUTLINE_CENTRE, _OUTLINE_REACH = np.array([0.0, 0.25, -0.75]), np.array([0.85, 1.2])
"""Middle and half axes of the head's outline in decimetres from the middle between the eyes."""
_STILLNESS = 3.0
_SWAY, _NOISE, _DOUBT = 0.05, 0.012, 0.002
"""Weight of the outline's stillness; then, in distances of the eyes: motion of the outline at which it counts half,
standard deviation of landmarks, and misfit of the landmarks on bone from which it counts in full."""
_ROUNDS = 3
_STEP = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Skull:
    """Points of one person's head that move with the bone.

    Attributes:
        zero: The neutral moment's camera. landmarks: (468, 3) its landmarks in head space.
        weights: (468,) how far each landmark lies on bone. outline: (24, 3) the head's outline.
    """

    zero: View
    landmarks: Floats
    weights: Floats
    outline: Floats

    @classmethod
    def of(cls, rig: Rig, neutral: Moment) -> Skull:
        """Return the skull of the neutral moment of a drive."""
        landmarks = np.asarray(neutral.landmarks, np.float64)
        angle = np.linspace(0, 2 * np.pi, _OUTLINE, endpoint=False)
        ring = np.stack([np.cos(angle) * _OUTLINE_REACH[0], np.sin(angle) * _OUTLINE_REACH[1], np.zeros(_OUTLINE)], 1)
        outline = landmarks[list(OUTER_EYES)].mean(0) + (_OUTLINE_CENTRE + ring) * rig.unit
        return cls(neutral.view, landmarks, _on_bone(rig.landmark_rest), outline)

    def steadied(self, moment: Moment, expressed: Floats) -> Moment:
        """Return a moment whose landmarks are seen in the same places, by the camera of the skull.

        Args:
            moment: The moment, in the pixels of the neutral one.
            expressed: (468, 3) displacement of the landmarks by the change of the expression coefficients.
        """
        seen = moment.view.project(moment.landmarks)[:, :2]
        head, view = self.landmarks + expressed, moment.view
        outline = self.zero.project(self.outline)[:, :2]
        eyes = eye_distance(np.pad(seen, ((0, 0), (0, 1))))
        noise = 3 * _NOISE * eyes
        unsure = self._unsure(seen - view.project(head)[:, :2], eyes)
        for _ in range(_ROUNDS):
            apart = seen - view.project(head)[:, :2]
            weights = self.weights / (1 + (np.linalg.norm(apart, axis=1) / noise) ** 2)
            still = outline - view.project(self.outline)[:, :2]
            trust = _STILLNESS * unsure / (1 + (still**2).sum(1).mean() / (_SWAY * eyes) ** 2)
            weights = np.concatenate([weights, np.full(_OUTLINE, trust * self.weights.sum() / _OUTLINE)])
            left = np.concatenate([apart, still])
            columns = _columns(view, np.concatenate([head, self.outline]))
            weighted = columns * np.repeat(weights, 2)
            view = _moved(view, np.linalg.solve(weighted @ columns.T + 1e-9 * np.eye(6), weighted @ left.ravel()))
        landmarks = moment.landmarks + view.lift(moment.landmarks, seen - view.project(moment.landmarks)[:, :2])
        return replace(moment, view=view, landmarks=landmarks)

    def _unsure(self, apart: Floats, eyes: float) -> float:
        """Return how far landmarks (468, 2) apart from the head make its camera doubtful: 0 where they meet it."""
        error = float(np.sqrt((self.weights * (apart**2).sum(1)).sum() / self.weights.sum())) / eyes
        return min((error / _DOUBT) ** 2, 1.0)


def _on_bone(rest: Floats) -> Floats:
    """Return how far landmarks (468, 3) lie on bone: the ridge of the nose, cheekbones, temples and forehead."""
    middle, width = rest[list(OUTER_EYES)].mean(0), eye_distance(rest) / 0.9
    place = (rest - middle) / width
    weights = ((place[:, 1] > -0.34) & (np.abs(place[:, 0]) < 0.78)).astype(float)
    weights[list(EDGES + LIPS + BROWS)] = 0
    for side in (-1, 1):
        weights[np.linalg.norm((place[:, :2] - [side * 0.308, 0]) / [0.24, 0.15], axis=1) < 1] = 0
    weights[(place[:, 1] > 0.10) & (place[:, 1] < 0.42)] *= 0.25
    return weights


def _columns(view: View, points: Floats) -> Floats:
    """Return the derivatives (6, 2 N) of the places of N points by rotation, log scale and shift."""
    here = view.project(points)[:, :2]
    columns = [(_moved(view, _STEP * axis).project(points)[:, :2] - here).ravel() / _STEP for axis in np.eye(6)]
    return np.stack(columns)


def _moved(view: View, step: Floats) -> View:
    """Return a view after a step (6,): a small rotation about the picture's axes, log scale, and shift."""
    x, y, z = step[:3]
    turn = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    half = np.linalg.solve(np.eye(3) - turn / 2, np.eye(3) + turn / 2)  # Cayley's map: a rotation to third order
    return view.moved(rotation=half @ view.rotation, scale=view.scale * np.exp(step[3]), shift=view.shift + step[4:])
