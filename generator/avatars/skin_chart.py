"""Unroll the head's skin into a flat chart, on which skin, brows and make-up are painted.

The chart is a cylinder round the reference head's vertical axis: columns are directions, rows are heights. Coordinates
are those of `AvatarHead.canonical`, in decimetres.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.face.face_params import Floats
from generator.face.raster import depth_buffer, resolve

from .head import avatar_head

SIZE = 640
AXIS = -0.65
"""z of the cylinder's axis."""

HALF_TURN = 2.0
"""Direction at the chart's left and right border, in radians from the front."""

LOW, HIGH = -1.55, 1.3
"""Heights at the chart's lower and upper border."""

RADIUS = 0.78
"""Typical distance of the face from the axis, which turns directions into decimetres."""

_HAIRLINE_TURN = np.radians([0, 20, 35, 48, 56, 64, 72, 78, 84, 95, 108, 118, 135, 180])
_HAIRLINE = np.array([0.70, 0.71, 0.66, 0.50, 0.28, 0.16, -0.04, -0.15, 0.08, 0.17, 0.05, -0.35, -0.70, -0.78])


def direction(canonical: Floats) -> Floats:
    """Return the direction of points (P, 3) round the axis, in radians; 0 is the front, positive the person's left."""
    return np.arctan2(canonical[:, 0], canonical[:, 2] - AXIS)


def hairline(turn: Floats) -> Floats:
    """Return the height of the hairline for directions in radians."""
    return np.interp(np.abs(turn), _HAIRLINE_TURN, _HAIRLINE)


def above_hairline(canonical: Floats, recede: float = 0.0) -> Floats:
    """Return how far points (P, 3) lie above the hairline; `recede` raises it at the forehead."""
    turn = direction(canonical)
    return canonical[:, 1] - (hairline(turn) + recede * np.clip(1 - np.abs(turn) / 1.2, 0, 1))


def to_chart(canonical: Floats) -> Floats:
    """Return column and row (P, 2) of points (P, 3)."""
    column = (np.clip(direction(canonical), -HALF_TURN, HALF_TURN) / HALF_TURN * 0.5 + 0.5) * (SIZE - 1)
    row = (1 - (np.clip(canonical[:, 1], LOW, HIGH) - LOW) / (HIGH - LOW)) * (SIZE - 1)
    return np.stack([column, row], 1).astype(np.float32)


def pixels(x: Floats, y: Floats) -> Floats:
    """Return column and row (..., 2) of places given by the distance across the face and the height."""
    column = (np.asarray(x) / RADIUS / HALF_TURN * 0.5 + 0.5) * (SIZE - 1)
    row = (1 - (np.asarray(y) - LOW) / (HIGH - LOW)) * (SIZE - 1)
    return np.stack([column, row], -1)


@dataclass(frozen=True, slots=True)
class Chart:
    """Maps of the reference head, all (SIZE, SIZE) float32.

    Attributes:
        x: Distance across the face from its middle, in decimetres.
        y: Height.
        turn: Direction in radians.
        lips: Soft mask; `ears` and `lids` likewise.
        ears: Soft mask.
        lids: Soft mask.
        hairline: Height above the hairline.
    """

    x: Floats
    y: Floats
    turn: Floats
    lips: Floats
    ears: Floats
    lids: Floats
    hairline: Floats

    def spot(self, x: float, y: float, width: float, height: float) -> Floats:
        """Return a soft spot, and its mirror image unless it lies in the middle."""
        total = np.exp(-(((self.x - x) / width) ** 2) - ((self.y - y) / height) ** 2)
        if x:
            total = total + np.exp(-(((self.x + x) / width) ** 2) - ((self.y - y) / height) ** 2)
        return np.asarray(total, np.float32)


@cache
def chart() -> Chart:
    """Return the chart of the committed head, which is drawn once in a process."""
    head = avatar_head()
    canonical, faces, masks = head.canonical[head.parts["skin"]], head.skin.triangles, head.masks
    seen = (np.abs(direction(canonical))[faces].max(1) < HALF_TURN + 0.2) & (masks["inside_mouth"][faces].max(1) < 0.5)
    points = np.column_stack([to_chart(canonical), np.hypot(canonical[:, 0], canonical[:, 2] - AXIS)])
    both = np.ones(int(seen.sum()), np.bool_)
    face, _ = depth_buffer(points, faces[seen], SIZE, SIZE, two_sided=both)
    attributes = np.stack([masks["lips"], masks["ears"], masks["eyelids"]], 1)
    drawn, _ = resolve(points, faces[seen], attributes, face)
    rows, columns = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    turn = (columns / (SIZE - 1) - 0.5) * 2 * HALF_TURN
    y = (1 - rows / (SIZE - 1)) * (HIGH - LOW) + LOW
    return Chart(
        x=turn * RADIUS,
        y=y,
        turn=turn,
        lips=cv2.GaussianBlur(drawn[..., 0], (0, 0), 1.8).astype(np.float32),
        ears=drawn[..., 1],
        lids=drawn[..., 2],
        hairline=(y - hairline(turn)).astype(np.float32),
    )


def noise(rng: np.random.Generator, cell: float, octaves: int = 1) -> NDArray[np.float32]:
    """Return smooth noise of unit variance over the chart; the coarsest structure measures `cell` pixels."""
    total = np.zeros((SIZE, SIZE), np.float32)
    strength, power = 1.0, 0.0
    for _ in range(octaves):
        count = max(2, int(SIZE / cell))
        grid = rng.normal(size=(count, count)).astype(np.float32)
        total += strength * cv2.resize(grid, (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
        power, strength, cell = power + strength**2, strength * 0.55, cell / 2
    return (total / np.sqrt(power)).astype(np.float32)
