"""Rasterise triangles to a G-buffer of interpolated attributes, in software.

The puppets, the snapshot and the source warp use the same z-buffer, so all three agree to the pixel. It needs no GPU
and no system library; numba compiles the loops once and caches them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from .face_params import Floats

Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Mesh:
    """A triangle mesh with per-vertex attributes.

    Attributes:
        points: (V, 3) head space. faces: (F, 3), clockwise seen from outside on the screen. part: (V,) label.
        uv: (V, 2) face coordinates where they are defined, else 0. cut: (V,), fragments with a value < 0 are open.
    """

    points: Floats
    faces: Ints
    part: Floats
    uv: Floats
    cut: Floats


@dataclass(frozen=True, slots=True)
class GBuffer:
    """The triangle `face` (H, W) or -1, `depth` (H, W), and interpolated `attributes` (H, W, A) of each pixel."""

    face: Ints
    depth: Floats
    attributes: Floats


def join(meshes: list[Mesh]) -> Mesh:
    """Return one mesh that contains all of them."""
    offsets = np.cumsum([0] + [len(mesh.points) for mesh in meshes[:-1]])
    return Mesh(
        points=np.concatenate([mesh.points for mesh in meshes]),
        faces=np.concatenate([mesh.faces + offset for mesh, offset in zip(meshes, offsets, strict=True)]).astype(
            np.int32
        ),
        part=np.concatenate([mesh.part for mesh in meshes]),
        uv=np.concatenate([mesh.uv for mesh in meshes]),
        cut=np.concatenate([mesh.cut for mesh in meshes]),
    )


@numba.njit(cache=True)
def _accumulate_normals(points, faces, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for k in range(faces.shape[0]):
        a, b, c = faces[k, 0], faces[k, 1], faces[k, 2]
        e0x, e0y, e0z = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1], points[b, 2] - points[a, 2]
        e1x, e1y, e1z = points[c, 0] - points[a, 0], points[c, 1] - points[a, 1], points[c, 2] - points[a, 2]
        nx, ny, nz = e0y * e1z - e0z * e1y, e0z * e1x - e0x * e1z, e0x * e1y - e0y * e1x
        for v in (a, b, c):
            out[v, 0] += nx
            out[v, 1] += ny
            out[v, 2] += nz


def vertex_normals(points: Floats, faces: Ints) -> Floats:
    """Return area-weighted unit normals (V, 3), pointing outwards."""
    out = np.zeros((len(points), 3), np.float32)
    _accumulate_normals(points, faces, out)
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-9)
    return out


@numba.njit(cache=True, fastmath=True)
def _raster(points, faces, cut, attributes, face, depth, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    height, width = depth.shape
    count = attributes.shape[1]
    for k in range(faces.shape[0]):
        i, j, m = faces[k, 0], faces[k, 1], faces[k, 2]
        ax, ay, bx, by, cx, cy = points[i, 0], points[i, 1], points[j, 0], points[j, 1], points[m, 0], points[m, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area >= -1e-7:
            continue
        x0, x1 = max(0, int(np.ceil(min(ax, bx, cx) - 0.5))), min(width - 1, int(np.floor(max(ax, bx, cx) - 0.5)))
        y0, y1 = max(0, int(np.ceil(min(ay, by, cy) - 0.5))), min(height - 1, int(np.floor(max(ay, by, cy) - 0.5)))
        inverse = 1.0 / area
        for y in range(y0, y1 + 1):
            for x in range(x0, x1 + 1):
                px, py = x + 0.5, y + 0.5
                w1 = ((px - ax) * (cy - ay) - (py - ay) * (cx - ax)) * inverse
                w2 = ((bx - ax) * (py - ay) - (by - ay) * (px - ax)) * inverse
                w0 = 1.0 - w1 - w2
                if w0 < -1e-5 or w1 < -1e-5 or w2 < -1e-5:
                    continue
                z = points[i, 2] * w0 + points[j, 2] * w1 + points[m, 2] * w2
                if z <= depth[y, x] or cut[i] * w0 + cut[j] * w1 + cut[m] * w2 < 0:
                    continue
                depth[y, x] = z
                face[y, x] = k
                for a in range(count):
                    out[y, x, a] = attributes[i, a] * w0 + attributes[j, a] * w1 + attributes[m, a] * w2


def rasterise(points: Floats, faces: Ints, attributes: Floats, size: int, cut: Floats | None = None) -> GBuffer:
    """Draw triangles with a z-buffer.

    Args:
        points: (V, 3), x and y in picture sides (y down), larger z is nearer.
        faces: (F, 3).
        attributes: (V, A), interpolated linearly in the picture.
        size: Height and width of the picture in pixels; pixel centres lie at +0.5.
        cut: (V,), fragments whose interpolated value is < 0 are not drawn.

    Returns:
        The G-buffer; background has face -1, depth -inf and attributes 0.
    """
    scaled = np.ascontiguousarray(points, np.float32).copy()
    scaled[:, :2] *= size
    face = np.full((size, size), -1, np.int32)
    depth = np.full((size, size), -np.inf, np.float32)
    out = np.zeros((size, size, attributes.shape[1]), np.float32)
    cut = np.zeros(len(points), np.float32) if cut is None else cut.astype(np.float32)
    _raster(
        scaled,
        np.ascontiguousarray(faces, np.int32),
        cut,
        np.ascontiguousarray(attributes, np.float32),
        face,
        depth,
        out,
    )
    return GBuffer(face, depth, out)
