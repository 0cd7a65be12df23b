"""Build a head in FLAME's layout from the avatar head, for trials without a FLAME file.

It has FLAME's numbers of vertices, triangles, joints and coefficients, but no FLAME data: its shape coefficients are
the first controls of the avatar head, its expression components the ARKit coefficients without blinks and jaw, and its
eyelids the blinks. It is not a model of people.
"""

from __future__ import annotations

import numpy as np

from generator.avatars import AvatarHead, NeutralHead, avatar_head
from generator.face.face_params import (
    ARKIT_EXPRESSION,
    ARKIT_PHENOTYPE,
    FLAME_SHAPE_SIZE,
    Floats,
    find_layout,
    vector,
)
from generator.face.raster import Ints

from .flame import UNIT, Flame
from .flame_file import JOINTS, TRIANGLES, VERTICES, FlameArrays

_EYES = ("right_eye", "left_eye")
_COMPONENTS = 50
_MOVED = [index for index, name in enumerate(ARKIT_EXPRESSION) if not name.startswith(("eyeBlink", "jawOpen"))]
_BLINKS = [ARKIT_EXPRESSION.index(name) for name in ("eyeBlinkLeft", "eyeBlinkRight")]
_JAW = ARKIT_EXPRESSION.index("jawOpen")
_STEP = 0.2
"""Strength of the avatar head's coefficients in a standard deviation of the stand-in's."""

_SHIFT = vector(0, 0.02, -0.02)
_NECK = 0.03
"""How far below the chin the neck is cut off, in head space."""


def _split(triangles: Ints, first: int, count: int) -> tuple[Ints, Ints]:
    """Split the last triangles at their middles, whose vertices are numbered from `first`.

    Returns:
        All triangles, two more for each that was split, and the (count, 3) corners around the new vertices.
    """
    around = triangles[-count:]
    centre = first + np.arange(count)
    made = [np.stack([around[:, i], around[:, (i + 1) % 3], centre], 1) for i in range(3)]
    return np.concatenate([triangles[:-count], *made]), around


def _topology(head: AvatarHead, rest: Floats) -> tuple[Ints, Ints, Ints]:
    """Return the avatar head's vertices that are kept, the corners of those that are added, and the triangles.

    FLAME's vertex count is reached by splitting triangles, its triangle count by leaving some away at the neck's edge.
    """
    asset = head.asset
    chin = float(head.landmarks(np.zeros(head.layout.shape_size, np.float32), head.layout.neutral())[8, 1])
    quads = [asset.quads, *(asset.part_quads[name] + asset.parts[name].start for name in _EYES)]
    triangles = np.concatenate(quads)[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3)
    triangles = triangles[(rest[triangles, 1] > chin - _NECK).all(1)]
    kept = np.unique(triangles)
    triangles = np.searchsorted(kept, triangles)
    triangles = triangles[np.argsort(rest[kept][triangles, 1].min(1), kind="stable")]
    triangles, around = _split(triangles, len(kept), VERTICES - len(kept))
    return kept, around, triangles[len(triangles) - TRIANGLES :].astype(np.int32)


def stand_in_arrays() -> FlameArrays:
    """Return the stand-in as arrays of FLAME's shapes."""
    head = avatar_head()
    middle = np.zeros(head.layout.shape_size, np.float32)
    person = head.neutral(middle)
    neutral = find_layout("arkit").neutral()
    kept, around, faces = _topology(head, person.coarse)

    def vertices(who: NeutralHead, expression: Floats = neutral) -> Floats:
        points = head.expressed(who, expression)[kept]
        return np.concatenate([points, points[around].mean(1)]) / UNIT + _SHIFT

    def moved(index: int, value: float) -> Floats:
        return vertices(person, value * np.eye(len(neutral), dtype=np.float32)[index]) - template

    template = vertices(person)
    shape = np.zeros((VERTICES, 3, FLAME_SHAPE_SIZE))
    for index in range(FLAME_SHAPE_SIZE):
        one = middle.copy()
        one[len(ARKIT_PHENOTYPE) + index] = _STEP
        shape[..., index] = vertices(head.neutral(one)) - template
    expression = np.zeros((VERTICES, 3, _COMPONENTS))
    for place, index in enumerate(_MOVED):
        expression[..., place] = moved(index, _STEP)
    opened = np.linalg.norm(moved(_JAW, 1), axis=1)
    skinning = np.zeros((VERTICES, JOINTS))
    skinning[:, 2] = np.clip(opened / np.quantile(opened, 0.97), 0, 1)
    regressor = np.zeros((JOINTS, VERTICES))
    for joint, name in zip((3, 4), _EYES[::-1], strict=True):
        part = head.asset.parts[name]
        own = (kept >= part.start) & (kept < part.stop)
        ball = np.concatenate([own, own[around].all(1)])
        skinning[ball] = np.eye(JOINTS)[joint]
        regressor[joint, : len(kept)] = own / own.sum()
    skinning[:, 1] = 1 - skinning[:, 2:].sum(1)
    low = (template[:, 1] < np.quantile(template[:, 1], 0.06)) & (template[:, 2] < _SHIFT[2])
    regressor[:2, low] = 1 / low.sum()
    ears = [np.argmin(np.linalg.norm(template - (side * 0.07, 0.02, -0.03), axis=1)) for side in (-1, 1)]
    regressor[2, ears] = 0.5
    return FlameArrays(
        template=template.astype(np.float32),
        shape=shape.astype(np.float32),
        expression=expression.astype(np.float32),
        pose=np.zeros((VERTICES, 3, 9 * (JOINTS - 1)), np.float32),
        regressor=regressor.astype(np.float32),
        skinning=skinning.astype(np.float32),
        faces=faces,
        eyelids=np.stack([moved(index, 1) for index in _BLINKS], -1).astype(np.float32),
    )


def stand_in_flame() -> Flame:
    """Return the stand-in as a face model."""
    return Flame(stand_in_arrays())
