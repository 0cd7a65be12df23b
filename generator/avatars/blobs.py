"""Mesh smooth unions of capsules, for hands and horns (naive surface nets; Gibson, 1998)."""

from __future__ import annotations

import numpy as np

from generator.face.face_params import Floats
from generator.face.raster import Flags, Ints

Capsule = tuple[tuple[float, float, float], tuple[float, float, float], float, float]
"""Two ends and the radius at each."""


def _distance(points: Floats, capsule: Capsule) -> Floats:
    start, end = np.array(capsule[0], np.float32), np.array(capsule[1], np.float32)
    axis = end - start
    along = np.clip((points - start) @ axis / max(float(axis @ axis), 1e-9), 0, 1)
    radius = capsule[2] + (capsule[3] - capsule[2]) * along
    nearest = start + along[..., None] * axis
    return np.asarray(np.linalg.norm(points - nearest, axis=-1) - radius, np.float32)


def _field(points: Floats, capsules: tuple[Capsule, ...], soft: float) -> Floats:
    """Return the signed distance to the union, smoothed over `soft` units."""
    total = np.zeros(points.shape[:-1], np.float32)
    for capsule in capsules:
        total += np.exp(-np.clip(_distance(points, capsule), -1, 3) / soft)
    return np.asarray(-soft * np.log(np.maximum(total, 1e-30)), np.float32)


def union(capsules: tuple[Capsule, ...], soft: float = 0.02, cells: int = 56) -> tuple[Floats, Ints]:
    """Return points (P, 3) and triangles (T, 3), counter-clockwise seen from outside.

    Args:
        capsules: The parts.
        soft: How far joints are rounded, in the same units as the capsules.
        cells: Cells along the longest side.
    """
    ends = np.array([end for capsule in capsules for end in capsule[:2]], np.float32)
    margin = max(max(capsule[2:]) for capsule in capsules) + 3 * soft
    low, high = ends.min(0) - margin, ends.max(0) + margin
    step = float((high - low).max()) / cells
    counts = np.ceil((high - low) / step).astype(int) + 1
    grid = np.stack(np.meshgrid(*(np.arange(count) for count in counts), indexing="ij"), -1).astype(np.float32)
    value = _field(low + grid * step, capsules, soft)
    inside = value < 0
    corners = [(i, j, k) for i in (0, 1) for j in (0, 1) for k in (0, 1)]
    shape = tuple(count - 1 for count in counts)
    width, height, depth = shape
    parts = [inside[i : i + width, j : j + height, k : k + depth] for i, j, k in corners]
    filled = np.sum(parts, 0)
    mixed = (filled > 0) & (filled < 8)
    number = np.full(shape, -1, np.int32)
    number[mixed] = np.arange(int(mixed.sum()))
    points = low + (np.argwhere(mixed) + 0.5) * step
    for _ in range(3):  # on to the surface along the gradient
        shift = np.eye(3, dtype=np.float32) * (0.5 * step)
        slope = np.stack([_field(points + s, capsules, soft) - _field(points - s, capsules, soft) for s in shift], 1)
        slope = slope / np.maximum(np.linalg.norm(slope, axis=1, keepdims=True), 1e-9)
        points = points - slope * _field(points, capsules, soft)[:, None] * 0.9
    return points.astype(np.float32), _quads(inside, number)


def _quads(inside: Flags, number: Ints) -> Ints:
    """Join the cells round every edge of the grid that passes through the surface."""
    faces = []
    for axis in range(3):
        first = np.moveaxis(inside, axis, 0)
        cells = np.moveaxis(number, axis, 0)
        crossed = first[:-1, 1:-1, 1:-1] != first[1:, 1:-1, 1:-1]
        place = np.argwhere(crossed)
        i, j, k = place[:, 0], place[:, 1] + 1, place[:, 2] + 1
        ring = np.stack([cells[i, j - 1, k - 1], cells[i, j, k - 1], cells[i, j, k], cells[i, j - 1, k]], 1)
        outwards = first[i, j, k] != (axis == 1)
        ring[~outwards] = ring[~outwards][:, ::-1]
        faces.append(ring)
    quads = np.concatenate(faces)
    return quads[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3).astype(np.int32)
