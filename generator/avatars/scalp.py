"""Keep hair and hats outside the head: the head's radius by direction, and the nearest skin below it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from generator.face.face_params import Floats

from .colours import unit

CENTRE = np.array([0, 0.15, 0.0], np.float32)
"""A point inside the skull in head space, from which directions are measured."""

_ROWS, _COLUMNS = 48, 96
_NECK = -1.0


@dataclass(frozen=True, slots=True)
class Scalp:
    """The surface that hair must not enter.

    Attributes:
        radii: (48, 96) distance of the skin from `CENTRE` by polar angle from the crown and by direction; without ears.
        points: (P, 3) skin of neck and shoulders.
        normals: (P, 3).
        tree: Search tree over `points`.
    """

    radii: Floats
    points: Floats
    normals: Floats
    tree: cKDTree

    @classmethod
    def of(cls, points: Floats, normals: Floats, ears: Floats) -> Scalp:
        """Measure the skin (P, 3) of a head without expression; `ears` (P,) is their mask."""
        head = points[(ears < 0.3) & (points[:, 1] > -1.15)] - CENTRE
        radius = np.linalg.norm(head, axis=1)
        order = np.argsort(radius)
        rows, columns = _cell(head / radius[:, None])
        table = np.full((_ROWS, _COLUMNS), np.nan)
        table[rows[order].astype(int), columns[order].astype(int) % _COLUMNS] = radius[order]
        body = points[:, 1] < _NECK + 0.2
        return cls(_filled(table), points[body], normals[body], cKDTree(points[body]))

    def radius(self, directions: Floats) -> Floats:
        """Return the skin's distance from `CENTRE` along unit vectors (P, 3)."""
        row, column = _cell(directions)
        row, column = row - 0.5, column - 0.5
        i, j = np.floor(row).astype(int), np.floor(column).astype(int)
        u, v = row - i, column - j
        above, below = np.clip(i, 0, _ROWS - 1), np.clip(i + 1, 0, _ROWS - 1)
        left, right = j % _COLUMNS, (j + 1) % _COLUMNS
        table = self.radii
        upper = table[above, left] * (1 - v) + table[above, right] * v
        lower = table[below, left] * (1 - v) + table[below, right] * v
        return np.asarray(upper * (1 - u) + lower * u, np.float32)

    def outside(self, points: Floats, distance: Floats | float) -> Floats:
        """Move points (P, 3) out of head, neck and shoulders, at least `distance` away from the skin."""
        offset = points - CENTRE
        length = np.linalg.norm(offset, axis=1)
        directions = unit(offset)
        margin = np.broadcast_to(np.asarray(distance, np.float32), length.shape)
        moved = CENTRE + directions * np.maximum(length, self.radius(directions) + margin)[:, None]
        out = np.where(points[:, 1:2] > _NECK - 0.1, moved, points).astype(np.float32)
        low = np.flatnonzero(out[:, 1] < _NECK + 0.1)
        if len(low):
            _, nearest = self.tree.query(out[low])
            height = ((out[low] - self.points[nearest]) * self.normals[nearest]).sum(1)
            push = np.maximum(0, np.minimum(margin[low], 0.12) + 0.05 - height)
            out[low] += self.normals[nearest] * push[:, None]
        return out


def _cell(directions: Floats) -> tuple[Floats, Floats]:
    """Return fractional row and column of directions (P, 3) in the table of radii."""
    row = np.arccos(np.clip(directions[:, 1], -1, 1)) / np.pi * _ROWS
    column = (np.arctan2(directions[:, 0], directions[:, 2]) / (2 * np.pi) + 0.5) * _COLUMNS
    return np.minimum(row, _ROWS - 1e-3), column


def _filled(table: Floats) -> Floats:
    """Fill cells without a point from their neighbours, and smooth outwards."""
    for _ in range(80):
        holes = np.isnan(table)
        if not holes.any():
            break
        around = np.stack([
            np.roll(table, 1, 1), np.roll(table, -1, 1), np.vstack([table[:1], table[:-1]]),
            np.vstack([table[1:], table[-1:]]),
        ])  # fmt: skip
        known = ~np.isnan(around)
        mean = np.where(known, around, 0).sum(0) / np.maximum(known.sum(0), 1)
        table = np.where(holes & known.any(0), mean, table)
    padded = np.pad(table, ((1, 1), (1, 1)), mode="wrap")
    padded[0], padded[-1] = padded[1], padded[-2]
    near = (padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]) / 4
    return np.maximum(table, near).astype(np.float32)
