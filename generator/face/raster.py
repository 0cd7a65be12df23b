"""Rasterise triangles to a G-buffer of interpolated attributes, in software.

This is the project's only z-buffer. Avatars and the spatial maps draw with it, so all of them agree
to the pixel. It needs no GPU and no system library; numba compiles the loops once and caches them.

`rasterise` does everything in one call. A renderer that draws large meshes many times calls the two steps itself:

1. `depth_buffer` finds the nearest triangle of every pixel (a shadow map needs only its depth);
2. `resolve` interpolates any number of attributes at the pixels, and the barycentric weights where they are wanted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

from .face_params import Floats

Ints = NDArray[np.int32]
Flags = NDArray[np.bool_]
Kernel = TypeVar("Kernel", bound=Callable[..., object])


def compiled(kernel: Kernel) -> Kernel:
    """Compile a loop over arrays to machine code at its first call, and cache it; it runs beside other threads."""
    typed: Kernel = numba.njit(cache=True, fastmath=True, nogil=True)(kernel)
    return typed


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


@compiled
def _accumulate_normals(points: Floats, faces: Ints, out: Floats) -> None:
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


@compiled
def _nearest(points: Floats, faces: Ints, cut: Floats, two_sided: Flags, face: Ints, depth: Floats) -> None:
    """Fill `face` and `depth`; `cut` and `two_sided` may be empty."""
    height, width = depth.shape
    both, holes = two_sided.shape[0] > 0, cut.shape[0] > 0
    for k in range(faces.shape[0]):
        i, j, m = faces[k, 0], faces[k, 1], faces[k, 2]
        ax, ay, bx, by, cx, cy = points[i, 0], points[i, 1], points[j, 0], points[j, 1], points[m, 0], points[m, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area >= -1e-7 and not (both and two_sided[k] and area > 1e-7):
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
                if z <= depth[y, x] or (holes and cut[i] * w0 + cut[j] * w1 + cut[m] * w2 < 0):
                    continue
                depth[y, x] = z
                face[y, x] = k


@compiled
def _resolve(points: Floats, faces: Ints, attributes: Floats, face: Ints, out: Floats, weights: Floats) -> None:
    """Fill `out`, and `weights` unless it is empty, at the pixels that show a triangle."""
    for y in range(face.shape[0]):
        for x in range(face.shape[1]):
            k = face[y, x]
            if k < 0:
                continue
            i, j, m = faces[k, 0], faces[k, 1], faces[k, 2]
            ax, ay, bx, by, cx, cy = points[i, 0], points[i, 1], points[j, 0], points[j, 1], points[m, 0], points[m, 1]
            inverse = 1.0 / ((bx - ax) * (cy - ay) - (by - ay) * (cx - ax))
            px, py = x + 0.5, y + 0.5
            w1 = ((px - ax) * (cy - ay) - (py - ay) * (cx - ax)) * inverse
            w2 = ((bx - ax) * (py - ay) - (by - ay) * (px - ax)) * inverse
            w0 = 1.0 - w1 - w2
            if weights.shape[0] > 0:
                weights[y, x, 0] = w1
                weights[y, x, 1] = w2
            for a in range(out.shape[2]):
                out[y, x, a] = attributes[i, a] * w0 + attributes[j, a] * w1 + attributes[m, a] * w2


def depth_buffer(
    points: Floats, faces: Ints, height: int, width: int, two_sided: Flags | None = None, cut: Floats | None = None
) -> tuple[Ints, Floats]:
    """Find the nearest triangle of every pixel.

    Args:
        points: (V, 3), x and y in pixels (y down, pixel centres lie at +0.5), larger z is nearer.
        faces: (F, 3), clockwise on the screen where they are seen from outside; others are not drawn.
        height: Height of the picture in pixels.
        width: Width of the picture in pixels.
        two_sided: (F,) True for triangles that are drawn from both sides, such as hair; None for no such triangle.
        cut: (V,), fragments whose interpolated value is < 0 are not drawn; None to draw all.

    Returns:
        The triangle (H, W), -1 where there is none, and the depth (H, W), -inf where there is none.
    """
    face = np.full((height, width), -1, np.int32)
    depth = np.full((height, width), -np.inf, np.float32)
    _nearest(
        np.ascontiguousarray(points, np.float32),
        np.ascontiguousarray(faces, np.int32),
        np.zeros(0, np.float32) if cut is None else np.ascontiguousarray(cut, np.float32),
        np.zeros(0, np.bool_) if two_sided is None else np.ascontiguousarray(two_sided, np.bool_),
        face,
        depth,
    )
    return face, depth


def resolve(
    points: Floats, faces: Ints, attributes: Floats, face: Ints, barycentric: bool = False
) -> tuple[Floats, Floats]:
    """Interpolate attributes at the pixels of a depth buffer, linearly in the picture.

    Args:
        points: (V, 3), as they were given to `depth_buffer`.
        faces: (F, 3), as they were given to `depth_buffer`.
        attributes: (V, A) values of the vertices.
        face: (H, W) triangle of each pixel, -1 for none.
        barycentric: Whether the weights are wanted too.

    Returns:
        The attributes (H, W, A), 0 where there is no triangle, and the weights (H, W, 2) of the triangle's second and
        third corner, or an empty array.
    """
    out = np.zeros((*face.shape, attributes.shape[1]), np.float32)
    weights = np.zeros((*face.shape, 2) if barycentric else (0, 0, 2), np.float32)
    _resolve(
        np.ascontiguousarray(points, np.float32),
        np.ascontiguousarray(faces, np.int32),
        np.ascontiguousarray(attributes, np.float32),
        face,
        out,
        weights,
    )
    return out, weights


def rasterise(
    points: Floats,
    faces: Ints,
    attributes: Floats,
    size: int,
    cut: Floats | None = None,
    two_sided: Flags | None = None,
) -> GBuffer:
    """Draw triangles with a z-buffer.

    Args:
        points: (V, 3), x and y in picture sides (y down), larger z is nearer.
        faces: (F, 3).
        attributes: (V, A), interpolated linearly in the picture.
        size: Height and width of the picture in pixels; pixel centres lie at +0.5.
        cut: (V,), fragments whose interpolated value is < 0 are not drawn.
        two_sided: (F,) True for triangles that are drawn from both sides; None for no such triangle.

    Returns:
        The G-buffer; background has face -1, depth -inf and attributes 0.
    """
    scaled = np.ascontiguousarray(points, np.float32).copy()
    scaled[:, :2] *= size
    face, depth = depth_buffer(scaled, faces, size, size, two_sided, cut)
    return GBuffer(face, depth, resolve(scaled, faces, attributes, face)[0])
