"""Simple solids from which hair, ears, glasses, necks and clothes are put together."""

from __future__ import annotations

import numpy as np

from generator.face.face_params import Floats
from generator.face.raster import Ints, Mesh


def _grid_faces(rows: int, columns: int) -> Ints:
    i = np.arange((rows - 1) * (columns - 1))
    a = (i // (columns - 1)) * columns + i % (columns - 1)
    b = a + columns
    return np.concatenate([np.stack([a, b, a + 1], 1), np.stack([a + 1, b, b + 1], 1)]).astype(np.int32)


def from_grid(points: Floats, part: float, cut: Floats | None = None, uv: Floats | None = None) -> Mesh:
    """Return the mesh of a (rows, columns, 3) grid; seen from outside, rows run down and columns to the right."""
    rows, columns = points.shape[:2]
    count = rows * columns
    return Mesh(
        points=points.reshape(count, 3).astype(np.float32),
        faces=_grid_faces(rows, columns),
        part=np.full(count, part, np.float32),
        uv=np.zeros((count, 2), np.float32) if uv is None else uv.reshape(count, 2).astype(np.float32),
        cut=np.zeros(count, np.float32) if cut is None else cut.reshape(count).astype(np.float32),
    )


def ellipsoid(centre: Floats, radii: Floats, part: float, detail: int = 10, turn: Floats | None = None) -> Mesh:
    """Return an ellipsoid; `turn` is a (3, 3) rotation applied before the shift to `centre`."""
    t, u = np.meshgrid(np.linspace(0, np.pi, detail), np.linspace(-np.pi, np.pi, 2 * detail), indexing="ij")
    points = np.stack([np.sin(t) * np.sin(u), np.cos(t), np.sin(t) * np.cos(u)], -1) * radii
    if turn is not None:
        points = points @ turn.T
    return from_grid(points + centre, part)


def cone(base: Floats, tip: Floats, radius: float, part: float, detail: int = 9) -> Mesh:
    """Return a rounded cone from `base` to `tip`."""
    axis = tip - base
    length = float(np.linalg.norm(axis))
    axis = axis / length
    side = np.cross(axis, [0.0, 0.0, 1.0] if abs(axis[2]) < 0.9 else [1.0, 0.0, 0.0])
    side /= np.linalg.norm(side)
    other = np.cross(axis, side)
    h, u = np.meshgrid(np.linspace(1, 0, 5), np.linspace(-np.pi, np.pi, detail), indexing="ij")
    r = radius * np.sqrt(1 - h) * (1 - 0.15 * h)
    points = (
        base + axis * (length * h)[..., None] + side * (r * np.sin(u))[..., None] + other * (r * np.cos(u))[..., None]
    )
    return from_grid(points, part)


def tube(path: Floats, radius: float, part: float, detail: int = 6) -> Mesh:
    """Return a tube of constant radius around a polyline (N, 3)."""
    ahead = np.gradient(path, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True) + 1e-9
    side = np.cross(ahead, np.array([0.0, 0.0, 1.0]) + 1e-3)
    side /= np.linalg.norm(side, axis=1, keepdims=True) + 1e-9
    other = np.cross(ahead, side)
    angle = np.linspace(np.pi, -np.pi, detail)
    ring = np.cos(angle)[None, :, None] * side[:, None] + np.sin(angle)[None, :, None] * other[:, None]
    return from_grid(path[:, None] + radius * ring, part)
