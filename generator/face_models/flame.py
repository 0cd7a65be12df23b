"""Implement FLAME (Li, Bolkart, Black, Li, Romero: Learning a model of facial shape and expression, 2017)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from generator.avatars import EYES, GAZE_RADIANS
from generator.face.face_params import LAYOUTS, Floats, ParameterLayout
from generator.face.raster import Ints

from .flame_file import FlameArrays, read_flame
from .flame_landmarks import nearest_embedding

UNIT = 2.15 / 0.23
"""Units of head space per metre: an adult head of 0.23 m from chin to crown is as tall as the avatar head."""

_LEFT_LID, _RIGHT_LID = (LAYOUTS["flame"].expression.index(name) for name in ("eyelid_l", "eyelid_r"))
_JAW = slice(52, 55)


def rotation_of(axis_angle: Floats) -> Floats:
    """Return the (3, 3) rotation of an axis-angle vector in radians (Rodrigues' formula)."""
    angle = float(np.linalg.norm(axis_angle))
    if angle < 1e-8:
        return np.eye(3)
    x, y, z = np.asarray(axis_angle, np.float64) / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


class Flame:
    """Compute FLAME's surface in head space.

    Head space is FLAME's own space, moved and scaled: H = `unit` (V - `origin`). The middle between the eyeballs lies
    where that of the avatar head does.

    Args:
        arrays: Arrays of the model.
    """

    layout: ParameterLayout = LAYOUTS["flame"]
    unit: float = UNIT

    def __init__(self, arrays: FlameArrays) -> None:
        self._arrays = arrays
        self._shape = arrays.shape.reshape(-1, arrays.shape.shape[-1])
        self._expression = arrays.expression.reshape(-1, arrays.expression.shape[-1])
        self._pose = arrays.pose.reshape(-1, arrays.pose.shape[-1])
        joints = arrays.regressor @ arrays.template
        self.origin: Floats = (joints[3] + joints[4]) / 2 - EYES / UNIT
        self._landmarks = arrays.landmarks or nearest_embedding(arrays.template, joints, arrays.skinning)

    @staticmethod
    def load(path: Path) -> Flame:
        """Load a FLAME model and the files beside it, as `read_flame` describes.

        Raises:
            FaceModelError: A file is missing, damaged, of another layout, or contains more than arrays.
        """
        return Flame(read_flame(path))

    @property
    def faces(self) -> Ints:
        """Return the triangles (F, 3), counter-clockwise seen from outside."""
        return self._arrays.faces

    @property
    def has_eyelids(self) -> bool:
        """Return whether the eyelid blendshapes are available; without them the eyelid coefficients have no effect."""
        return self._arrays.eyelids is not None

    def root(self, shape: Floats, expression: Floats) -> Floats:
        """Return the root joint (3,) in FLAME's own space, about which its trackers rotate the head."""
        return self._arrays.regressor[0] @ self._at_rest(shape, expression)

    def vertices(self, shape: Floats, expression: Floats, gaze: Floats | None = None) -> Floats:
        """Return the surface (V, 3) in head space.

        With neck and head at rest the linear blend skinning of eq. 1 and 2 reduces to rotations of jaw and eyes about
        their own joints: V = sum_k w_k (R_k (T_P - J_k) + J_k), with T_P from `_posed_template`.

        Args:
            shape: (100,) coefficients.
            expression: (55,) in the order of the layout.
            gaze: (2,) in [-1, 1], None for straight ahead.
        """
        arrays = self._arrays
        rest = self._at_rest(shape, expression)
        joints = arrays.regressor @ rest
        look = np.zeros(2) if gaze is None else np.asarray(gaze) * GAZE_RADIANS
        eye = rotation_of(np.array([-look[1], look[0], 0]))
        turns = np.stack([np.eye(3), rotation_of(expression[_JAW]), eye, eye]).astype(np.float32)
        template = self._posed_template(rest, expression, turns)
        moved = template.copy()
        for joint, turn in zip((2, 3, 4), turns[1:], strict=True):
            weight = arrays.skinning[:, joint, None]
            centred = template - joints[joint]
            moved += weight * (centred @ turn.T - centred)
        return (self.unit * (moved - self.origin)).astype(np.float32)

    def landmarks(self, shape: Floats, expression: Floats) -> Floats:
        """Return the 68 iBUG landmarks (68, 3) in head space; the contour is that of a frontal face."""
        return self._landmarks.of(self.vertices(shape, expression))

    def _at_rest(self, shape: Floats, expression: Floats) -> Floats:
        """Return T + B_S(shape) + B_E(expression), (V, 3), eq. 4 and 6; as in FLAME's code, joints derive from it."""
        moved = self._shape @ np.asarray(shape, np.float32) + self._expression @ np.asarray(
            expression[: self._expression.shape[1]], np.float32
        )
        return self._arrays.template + moved.reshape(-1, 3)

    def _posed_template(self, rest: Floats, expression: Floats, turns: Floats) -> Floats:
        """Return T_P of eq. 2: the head at rest plus the pose correctives B_P of eq. 5 and SMIRK's eyelids."""
        feature = (turns - np.eye(3, dtype=np.float32)).reshape(-1)
        posed = rest + (self._pose @ feature).reshape(-1, 3)
        if self._arrays.eyelids is not None:
            posed = posed + self._arrays.eyelids @ np.asarray(expression[[_LEFT_LID, _RIGHT_LID]], np.float32)
        return posed
