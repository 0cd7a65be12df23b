"""Build the head surface as a triangle mesh, with rows where eyes and mouth need them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from .face_params import Floats
from .head_model import LIP_GAP, features, surface
from .raster import Ints, Mesh

HEAD = 1.0
"""Part label of the head surface."""


def head_rows(shape: Floats, detail: float = 1.0) -> Floats:
    """Return the t of the grid's rows for a head of this shape, dense at lips, eyes and brows."""
    f = features(shape)
    lo, hi = f.mouth_t - LIP_GAP, f.mouth_t + LIP_GAP
    knots = [0.0, f.mouth_t - 0.07, lo, hi, f.mouth_t + 0.07, f.eye_t - 1.6 * f.eye_ry, f.brow_t + 0.06, 1.0]
    counts = [10, 9, 6, 9, 7, 20, 14]
    spans = []
    for index, (start, stop, count) in enumerate(zip(knots[:-1], knots[1:], counts, strict=True)):
        rows = max(2 if index != 2 else 6, round(count * detail))
        x = np.linspace(0, 1, rows, endpoint=False)
        if index in (0, len(counts) - 1):
            x = x**1.6 if index == 0 else 1 - (1 - x) ** 1.6
        spans.append(start + (stop - start) * x)
    return np.concatenate([*spans, [1.0]]).astype(np.float32)


@lru_cache(maxsize=16)
def _faces(rows: int, columns: int) -> Ints:
    i = np.arange((rows - 1) * columns)
    a = (i // columns) * (columns + 1) + i % columns
    b = a + columns + 1
    return np.concatenate([np.stack([a, a + 1, b], 1), np.stack([a + 1, b + 1, b], 1)]).astype(np.int32)


def head_grid(shape: Floats, detail: float = 1.0) -> tuple[Floats, Floats, Ints]:
    """Return (u, t, faces) of the head's grid; detail < 1 gives larger triangles."""
    rows = head_rows(shape, detail)
    columns = 2 * round(38 * detail)
    x = np.linspace(-1, 1, columns + 1)
    u = np.pi * np.sign(x) * (0.62 * np.abs(x) + 0.38 * np.abs(x) ** 3)
    t, u = np.meshgrid(rows, u.astype(np.float32), indexing="ij")
    return u.ravel(), t.ravel(), _faces(len(rows), columns)


def head_mesh(shape: Floats, expression: Floats, detail: float = 1.0) -> Mesh:
    """Return the head as a mesh in head space; `uv` holds the face coordinates (u, t)."""
    u, t, faces = head_grid(shape, detail)
    return Mesh(
        points=surface(u, t, shape, expression),
        faces=faces,
        part=np.full(len(u), HEAD, np.float32),
        uv=np.stack([u, t], -1),
        cut=np.zeros(len(u), np.float32),
    )
