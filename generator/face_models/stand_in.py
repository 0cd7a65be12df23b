"""Build a head in FLAME's layout from the puppet head, for trials without a FLAME file.

It has FLAME's numbers of vertices, triangles, joints and coefficients, but no FLAME data: its first 16 shape
coefficients are the puppet's, its first eight expression components the puppet's mouth and brows, the rest have no
effect. It is not a model of people.
"""

from __future__ import annotations

import numpy as np

from generator.face.face_params import EXPRESSION, FLAME_SHAPE_SIZE, SHAPE, Floats, vector
from generator.face.head_mesh import head_rows
from generator.face.head_model import LIP_GAP, features, surface
from generator.face.raster import Ints

from .flame import UNIT, Flame
from .flame_file import JOINTS, TRIANGLES, VERTICES, FlameArrays

_COLUMNS = 65
_EYEBALL = (17, 32)
_EYE_RADIUS = 0.012
_MOVED = ("smile", "pucker", "stretch", "lip_raise", "mouth_shift", "brow_l", "brow_r", "furrow")
_STEP = 0.4
"""Puppet units per standard deviation of the stand-in's expression."""

_SHIFT = vector(0, 0.02, -0.02)
_SHAPE = np.zeros(len(SHAPE), np.float32)
_SHAPE[[SHAPE.index("eye_gap"), SHAPE.index("mouth_height")]] = -1.5, -2.0


def _expression(name: str, value: float) -> Floats:
    out = np.zeros(len(EXPRESSION), np.float32)
    out[EXPRESSION.index(name)] = value
    return out


def _closed_grid(rows: int, columns: int) -> Ints:
    """Return triangles of a sphere: vertex 0 below, rows of vertices upwards, the last vertex above."""
    k = np.arange(columns)
    beside = (k + 1) % columns
    below = np.stack([np.zeros_like(k), 1 + beside, 1 + k], 1)
    top = 1 + (rows - 1) * columns
    above = np.stack([np.full_like(k, top + columns), top + k, top + beside], 1)
    bands = [below]
    for row in range(rows - 1):
        a, b = 1 + row * columns + k, 1 + row * columns + beside
        bands += [np.stack([a, b, a + columns], 1), np.stack([b, b + columns, a + columns], 1)]
    return np.concatenate([*bands, above]).astype(np.int32)


def _head() -> tuple[Floats, Floats, Ints]:
    """Return (u, t, faces) of the head with an open mouth and an open neck."""
    rows = head_rows(_SHAPE, 0.8)[1:-1]
    x = np.linspace(-1, 1, _COLUMNS + 1)[:-1]
    across = np.pi * np.sign(x) * (0.62 * np.abs(x) + 0.38 * np.abs(x) ** 3)
    t, u = np.meshgrid(rows, across, indexing="ij")
    u, t = np.concatenate([[0], u.ravel(), [0]]), np.concatenate([[0], t.ravel(), [1]])
    faces = _closed_grid(len(rows), _COLUMNS)
    f = features(_SHAPE)
    mouth = (np.abs(t[faces].mean(1) - f.mouth_t) < 0.3 * LIP_GAP) & (np.abs(u[faces]).max(1) < f.mouth_u)
    faces = faces[~mouth]
    # FLAME's vertex count is reached by splitting triangles of the crown, its triangle count by opening the neck.
    extra = VERTICES - 2 * (_EYEBALL[0] * _EYEBALL[1] + 2) - len(u)
    split = faces[-_COLUMNS - extra : -_COLUMNS]
    centre = len(u) + np.arange(extra)
    around = [np.stack([split[:, i], split[:, (i + 1) % 3], centre], 1) for i in range(3)]
    faces = np.concatenate([faces[: -_COLUMNS - extra], *around, faces[-_COLUMNS:]])
    u, t = np.concatenate([u, u[split].mean(1)]), np.concatenate([t, t[split].mean(1)])
    eyeballs = 4 * _EYEBALL[0] * _EYEBALL[1]
    faces = faces[len(faces) + eyeballs - TRIANGLES :]
    return u.astype(np.float32), t.astype(np.float32), faces.astype(np.int32)


def _eyeball(centre: Floats) -> Floats:
    rows, columns = _EYEBALL
    height = np.pi * (np.arange(1, rows + 1) / (rows + 1) - 0.5)
    around = 2 * np.pi * np.arange(columns) / columns
    v, h = np.meshgrid(height, around, indexing="ij")
    ring = np.stack([np.cos(v) * np.sin(h), np.sin(v), np.cos(v) * np.cos(h)], -1).reshape(-1, 3)
    return centre + _EYE_RADIUS * np.concatenate([[[0, -1, 0]], ring, [[0, 1, 0]]])


def stand_in_arrays() -> FlameArrays:
    """Return the stand-in as arrays of FLAME's shapes."""
    u, t, faces = _head()
    f = features(_SHAPE)
    neutral = np.zeros(len(EXPRESSION), np.float32)

    def head(shape: Floats, expression: Floats) -> Floats:
        return surface(u, t, shape, expression) / UNIT + _SHIFT

    rest = head(_SHAPE, neutral)
    places = surface(vector(f.eye_u, -f.eye_u), vector(f.eye_t, f.eye_t), _SHAPE, neutral) / UNIT + _SHIFT
    eyes = [_eyeball(place - (0, 0, 0.5 * _EYE_RADIUS)) for place in places]
    template = np.concatenate([rest, *eyes])
    ball = len(eyes[0])
    shape = np.zeros((VERTICES, 3, FLAME_SHAPE_SIZE))
    for index in range(len(SHAPE)):
        shape[: len(u), :, index] = head(_SHAPE + np.eye(len(SHAPE), dtype=np.float32)[index], neutral) - rest
    expression = np.zeros((VERTICES, 3, 50))
    for index, name in enumerate(_MOVED):
        expression[: len(u), :, index] = head(_SHAPE, _expression(name, _STEP)) - rest
    opened = np.linalg.norm(head(_SHAPE, _expression("jaw_open", 1)) - rest, axis=1)
    skinning = np.zeros((VERTICES, JOINTS))
    skinning[: len(u), 2] = np.clip(opened / np.quantile(opened, 0.98), 0, 1)
    skinning[: len(u), 1] = 1 - skinning[: len(u), 2]
    skinning[len(u) : len(u) + ball, 3] = skinning[len(u) + ball :, 4] = 1
    eyelids = np.zeros((VERTICES, 3, 2))
    for side, sign in enumerate((1, -1)):
        around = ((u - sign * f.eye_u) / f.eye_rx) ** 2 + ((t - f.eye_t) / f.eye_ry) ** 2
        eyelids[: len(u), 2, side] = 0.009 * np.exp(-(around**2))
    regressor = np.zeros((JOINTS, VERTICES))
    low = np.flatnonzero((t > 0) & (t < 0.1))
    ears = [np.argmin((u - sign * 1.6) ** 2 + (t - 0.49) ** 2) for sign in (-1, 1)]
    regressor[0, low] = regressor[1, low] = 1 / len(low)
    regressor[2, ears] = 0.5
    regressor[3, len(u) : len(u) + ball] = regressor[4, len(u) + ball :] = 1 / ball
    globe = _closed_grid(*_EYEBALL)
    return FlameArrays(
        template=template.astype(np.float32),
        shape=shape.astype(np.float32),
        expression=expression.astype(np.float32),
        pose=np.zeros((VERTICES, 3, 9 * (JOINTS - 1)), np.float32),
        regressor=regressor.astype(np.float32),
        skinning=skinning.astype(np.float32),
        faces=np.concatenate([faces, globe + len(u), globe + len(u) + ball]).astype(np.int32),
        eyelids=eyelids.astype(np.float32),
    )


def stand_in_flame() -> Flame:
    """Return the stand-in as a face model."""
    return Flame(stand_in_arrays())
