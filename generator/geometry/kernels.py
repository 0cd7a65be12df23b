"""Draw meshes and lay textures over pictures: the loops over pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from generator.face.face_params import Floats
from generator.face.raster import Ints, depth_buffer, resolve

from .filling import Bytes

_FAR = np.float32(-1e9)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawn mesh: `face` (H, W) triangle or -1, `depth` (H, W) or -1e9, and interpolated `values` (H, W, A)."""

    face: Ints
    depth: Floats
    values: Floats

    @property
    def mask(self) -> np.ndarray:
        """Return where the mesh is, (H, W) bool."""
        return self.face >= 0


def draw_mesh(points: Floats, faces: Ints, attributes: Floats, shape: tuple[int, int], *, both_sides: bool) -> Drawn:
    """Draw triangles with a z-buffer.

    Args:
        points: (V, 3) x, y in pixels (y down), larger z is nearer; pixel centres lie at +0.5.
        faces: (F, 3), counter-clockwise seen from outside in head space.
        attributes: (V, A), interpolated linearly in the picture.
        shape: Height and width of the picture in pixels.
        both_sides: Whether triangles are also drawn from behind.
    """
    two_sided = np.ones(len(faces), np.bool_) if both_sides else None
    face, depth = depth_buffer(points, faces, *shape, two_sided)
    return Drawn(face, np.maximum(depth, _FAR), resolve(points, faces, attributes, face)[0])


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
        colours: (H, W, 3) in 0 to 255.
        cover: (H, W) how far layers cover the picture, 0 to 1.
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
        colours: (H, W, 3) in 0 to 255.
        cover: (H, W) how far layers cover the picture, 0 to 1.
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
def _raise_top(top, places, face, values, texture, number, rim):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for y in range(face.shape[0]):
        for x in range(face.shape[1]):
            if face[y, x] < 0:
                continue
            covered = _bilinear(texture, values[y, x, 0], values[y, x, 1], 3) > 0.35
            if covered or top[y, x] == 0 or top[y, x] >= rim:
                top[y, x] = number if covered else rim + number
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

    Plate that lies on a drawn sheet beside its texture is the sheet's rim: it moves with the sheet, and has the
    sheet's number on top of the face's.
    """
    height, width = alpha.shape
    grid = np.mgrid[0:height, 0:width].astype(np.float32) + 0.5
    places, top = np.ascontiguousarray(np.stack([grid[1], grid[0]], -1)), np.zeros((height, width), np.uint8)
    for number, (drawn, texture) in enumerate(sheets, 1):
        _raise_top(top, places, drawn.face, drawn.values, texture, number, len(sheets) + 1)
    _raise_face(top, places, face.values, alpha, len(sheets) + 1)
    return top, places
