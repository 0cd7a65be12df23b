"""Draw meshes and lay textures over pictures: the loops over pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from generator.face.face_params import Floats
from generator.face.raster import Ints

from .filling import Bytes


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawn mesh: `face` (H, W) triangle or -1, `depth` (H, W), and interpolated `values` (H, W, A)."""

    face: Ints
    depth: Floats
    values: Floats

    @property
    def mask(self) -> np.ndarray:
        """Return where the mesh is, (H, W) bool."""
        return self.face >= 0


@numba.njit(cache=True, nogil=True, fastmath=True)
def _visible_faces(points, faces, both_sides, face, depth, weights):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    height, width = depth.shape
    for k in range(faces.shape[0]):
        i, j, m = faces[k, 0], faces[k, 1], faces[k, 2]
        ax, ay, bx, by, cx, cy = points[i, 0], points[i, 1], points[j, 0], points[j, 1], points[m, 0], points[m, 1]
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area > -1e-9 and not (both_sides and area > 1e-9):
            continue
        x0, x1 = max(0, int(np.ceil(min(ax, bx, cx) - 0.5))), min(width - 1, int(np.floor(max(ax, bx, cx) - 0.5)))
        y0, y1 = max(0, int(np.ceil(min(ay, by, cy) - 0.5))), min(height - 1, int(np.floor(max(ay, by, cy) - 0.5)))
        if x1 < x0 or y1 < y0:
            continue
        inverse = 1.0 / area
        az, bz, cz = points[i, 2], points[j, 2], points[m, 2]
        for y in range(y0, y1 + 1):
            px, py = x0 + 0.5, y + 0.5
            w1 = ((px - ax) * (cy - ay) - (py - ay) * (cx - ax)) * inverse
            w2 = ((bx - ax) * (py - ay) - (by - ay) * (px - ax)) * inverse
            for x in range(x0, x1 + 1):
                w0 = 1.0 - w1 - w2
                if w0 >= -1e-5 and w1 >= -1e-5 and w2 >= -1e-5:
                    z = az * w0 + bz * w1 + cz * w2
                    if z > depth[y, x]:
                        depth[y, x] = z
                        face[y, x] = k
                        weights[y, x, 0] = w1
                        weights[y, x, 1] = w2
                w1 += (cy - ay) * inverse
                w2 -= (by - ay) * inverse


@numba.njit(cache=True, nogil=True, fastmath=True)
def _interpolate(face, weights, faces, attributes, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    height, width = face.shape
    for y in range(height):
        for x in range(width):
            k = face[y, x]
            if k >= 0:
                w1, w2 = weights[y, x, 0], weights[y, x, 1]
                w0 = 1 - w1 - w2
                i, j, m = faces[k, 0], faces[k, 1], faces[k, 2]
                for a in range(attributes.shape[1]):
                    out[y, x, a] = attributes[i, a] * w0 + attributes[j, a] * w1 + attributes[m, a] * w2


def draw_mesh(points: Floats, faces: Ints, attributes: Floats, shape: tuple[int, int], *, both_sides: bool) -> Drawn:
    """Draw triangles with a z-buffer.

    Args:
        points: (V, 3) x, y in pixels (y down), larger z is nearer; pixel centres lie at +0.5.
        faces: (F, 3), counter-clockwise seen from outside in head space.
        attributes: (V, A), interpolated linearly in the picture.
        shape: Height and width of the picture in pixels.
        both_sides: Whether triangles are also drawn from behind.
    """
    face = np.full(shape, -1, np.int32)
    depth = np.full(shape, -1e9, np.float32)
    weights = np.zeros((*shape, 2), np.float32)
    _visible_faces(np.ascontiguousarray(points, np.float32), faces, both_sides, face, depth, weights)
    out = np.zeros((*shape, attributes.shape[1]), np.float32)
    _interpolate(face, weights, faces, np.ascontiguousarray(attributes, np.float32), out)
    return Drawn(face, depth, out)


@numba.njit(cache=True, nogil=True, fastmath=True)
def _normals(points, faces, out):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for k in range(faces.shape[0]):
        a, b, c = faces[k, 0], faces[k, 1], faces[k, 2]
        x0, y0, z0 = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1], points[b, 2] - points[a, 2]
        x1, y1, z1 = points[c, 0] - points[a, 0], points[c, 1] - points[a, 1], points[c, 2] - points[a, 2]
        nx, ny, nz = y0 * z1 - z0 * y1, z0 * x1 - x0 * z1, x0 * y1 - y0 * x1
        for v in (a, b, c):
            out[v, 0] += nx
            out[v, 1] += ny
            out[v, 2] += nz


def vertex_normals(points: Floats, faces: Ints) -> Floats:
    """Return area-weighted unit normals (V, 3), pointing outwards."""
    out = np.zeros((len(points), 3), np.float32)
    _normals(np.ascontiguousarray(points, np.float32), faces, out)
    normals: Floats = out / np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-12)
    return normals


@numba.njit(cache=True, nogil=True, fastmath=True)
def _bilinear(texture, u, v, c):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    rows, columns = texture.shape[0], texture.shape[1]
    u, v = min(max(u - 0.5, 0.0), columns - 1.0), min(max(v - 0.5, 0.0), rows - 1.0)
    i, j = int(u), int(v)
    k, m = min(i + 1, columns - 1), min(j + 1, rows - 1)
    a, b = u - i, v - j
    top = texture[j, i, c] * (1 - a) + texture[j, k, c] * a
    return top * (1 - b) + (texture[m, i, c] * (1 - a) + texture[m, k, c] * a) * b


@numba.njit(cache=True, nogil=True, fastmath=True)
def _lay(colours, cover, face, places, texture):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for y in range(face.shape[0]):
        for x in range(face.shape[1]):
            if face[y, x] < 0:
                continue
            u, v = places[y, x, 0], places[y, x, 1]
            alpha = _bilinear(texture, u, v, 3)
            if alpha <= 0:
                continue
            for c in range(3):
                colours[y, x, c] += alpha * (_bilinear(texture, u, v, c) - colours[y, x, c])
            cover[y, x] += alpha * (1 - cover[y, x])


def lay_over(colours: Floats, cover: Floats, drawn: Drawn, texture: Floats) -> None:
    """Lay a texture over a picture, in place.

    Args:
        colours: (H, W, 3) in 0 to 255. cover: (H, W) how far layers cover the picture, 0 to 1.
        drawn: A mesh whose first two values are the place in the texture in pixels.
        texture: (h, w, 4) colours in 0 to 255 and alpha in [0, 1].
    """
    _lay(colours, cover, drawn.face, drawn.values, texture)


@numba.njit(cache=True, nogil=True, fastmath=True)
def _mix(colours, cover, face, values, texture, left, alphas, own):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for y in range(face.shape[0]):
        for x in range(face.shape[1]):
            inside = values[y, x, 6]
            if face[y, x] < 0 or inside <= 0:
                continue
            u, v, mu, mv = values[y, x, 0], values[y, x, 1], values[y, x, 2], values[y, x, 3]
            seen, mirrored = values[y, x, 4], values[y, x, 5]
            share = min(seen * 1.6, 1.0)
            share = share + (1 - share) * (1 - min(mirrored * 2, 1.0))
            certain = min(seen * 3, 1.0)
            rim = certain * _bilinear(texture, u, v, 3) + (1 - certain) * min(max(inside * 1.5 - 0.3, 0.0), 1.0)
            closed = _bilinear(texture, u, v, 4) * share
            if share < 1:
                closed += _bilinear(texture, mu, mv, 4) * (1 - share)
            alpha = rim * closed * min(inside * 4, 1.0) * left[y, x]
            alphas[y, x] = alpha
            own[y, x] = share
            if alpha <= 0:
                continue
            for c in range(3):
                value = _bilinear(texture, u, v, c) * share
                if share < 1:
                    value += _bilinear(texture, mu, mv, c) * values[y, x, 7 + c] * (1 - share)
                colours[y, x, c] += alpha * (value - colours[y, x, c])
            cover[y, x] += alpha * (1 - cover[y, x])


def mix_over(colours: Floats, cover: Floats, drawn: Drawn, texture: Floats, left: Floats) -> tuple[Floats, Floats]:
    """Lay the face over a picture, in place, with mirrored colours where the source hides its own.

    Args:
        colours: (H, W, 3) in 0 to 255. cover: (H, W) how far layers cover the picture, 0 to 1.
        drawn: A mesh with the values place (2), mirrored place (2), visibility, visibility of the mirror image, share
            inside the face's contour, and gain of the mirrored colours (3).
        texture: (h, w, 5) colours in 0 to 255, alpha of the contour, and alpha of the openings, in [0, 1].
        left: (H, W) what eyes and mouth leave of the face.

    Returns:
        The face's alpha (H, W), and the share of its own colours (H, W).
    """
    alphas, own = np.zeros_like(cover), np.ones_like(cover)
    _mix(colours, cover, drawn.face, drawn.values, texture, left, alphas, own)
    return alphas, own


@numba.njit(cache=True, nogil=True, fastmath=True)
def _raise_top(top, places, face, values, texture, number):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for y in range(face.shape[0]):
        for x in range(face.shape[1]):
            if face[y, x] >= 0 and _bilinear(texture, values[y, x, 0], values[y, x, 1], 3) > 0.35:
                top[y, x] = number
                places[y, x, 0], places[y, x, 1] = values[y, x, 0], values[y, x, 1]


@numba.njit(cache=True, nogil=True, fastmath=True)
def _raise_face(top, places, values, alphas, number):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for y in range(alphas.shape[0]):
        for x in range(alphas.shape[1]):
            if alphas[y, x] > 0.5:
                top[y, x] = number
                places[y, x, 0], places[y, x, 1] = values[y, x, 0], values[y, x, 1]


def topmost(sheets: tuple[tuple[Drawn, Floats], ...], face: Drawn, alpha: Floats) -> tuple[Bytes, Floats]:
    """Return the number of the topmost layer (H, W), and its place in the source (H, W, 2) in pixels.

    Args:
        sheets: Drawn sheets with their textures, from behind to the front; they are numbered from 1, the plate is 0.
        face: The drawn face, which has the last number.
        alpha: (H, W) the face's alpha.
    """
    height, width = alpha.shape
    grid = np.mgrid[0:height, 0:width].astype(np.float32) + 0.5
    places, top = np.ascontiguousarray(np.stack([grid[1], grid[0]], -1)), np.zeros((height, width), np.uint8)
    for number, (drawn, texture) in enumerate(sheets, 1):
        _raise_top(top, places, drawn.face, drawn.values, texture, number)
    _raise_face(top, places, face.values, alpha, len(sheets) + 1)
    return top, places
