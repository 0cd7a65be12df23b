"""Draw maps of a head's surface: normals, depth, shading and displacement, anti-aliased by supersampling."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from .raster import GBuffer

SURFACE_MAPS = ("normals", "depth", "shaded", "displacement")
"""Names of the maps, each (S, S, 3) uint8 and 0 outside the head.

* normals: x right, y up, z to the viewer, [-1, 1] to [0, 255].
* depth: grey, white is near; z from `FAR` to `NEAR` in head space, whatever the camera's scale.
* shaded: grey Lambertian shading with the five lights and the albedo of DECA's shape renderings.
* displacement: the colour of the vertices, see `spatial_maps`.
"""

FAR, NEAR = -0.4, 1.2
FARTHEST_GREY = 0.1
"""Grey level of everything at or behind `FAR`, so that the head differs from the background."""

_LIGHTS = np.array([[-1, 1, 1], [1, 1, 1], [-1, -1, 1], [1, -1, 1], [0, 0, 1]], np.float32)
_LIGHTS /= np.linalg.norm(_LIGHTS, axis=1, keepdims=True)
_BRIGHTNESS = 1.7 * 180 / 255 / len(_LIGHTS)


@numba.njit(cache=True, fastmath=True)
def _level(value):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Return the byte of a sum of four values in [0, 1]."""
    return np.uint8(np.float32(63.75) * value + np.float32(0.5))


@numba.njit(cache=True, fastmath=True)
def _paint(face, depth, attributes, lights, normals, grey, shaded, coloured):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    half, zero, one = np.float32(0.5), np.float32(0), np.float32(1)
    slope, floor = np.float32((1 - FARTHEST_GREY) / (NEAR - FAR)), np.float32(FARTHEST_GREY)
    far, bright = np.float32(FAR), np.float32(_BRIGHTNESS)
    for y in range(normals.shape[0]):
        for x in range(normals.shape[1]):
            sx, sy, sz, near, lit, red, green, blue = zero, zero, zero, zero, zero, zero, zero, zero
            for part in range(4):
                i, j = 2 * y + part // 2, 2 * x + part % 2
                if face[i, j] < 0:
                    continue
                nx, ny, nz = attributes[i, j, 0], attributes[i, j, 1], attributes[i, j, 2]
                inverse = one / np.sqrt(nx * nx + ny * ny + nz * nz + np.float32(1e-12))
                nx, ny, nz = nx * inverse, ny * inverse, nz * inverse
                sx, sy, sz = sx + half + half * nx, sy + half + half * ny, sz + half + half * nz
                near += min(floor + slope * max(depth[i, j] - far, zero), one)
                light = zero
                for k in range(lights.shape[0]):
                    light += max(nx * lights[k, 0] + ny * lights[k, 1] + nz * lights[k, 2], zero)
                lit += min(bright * light, one)
                if coloured.shape[0]:
                    red += min(max(attributes[i, j, 3], zero), one)
                    green += min(max(attributes[i, j, 4], zero), one)
                    blue += min(max(attributes[i, j, 5], zero), one)
            normals[y, x, 0], normals[y, x, 1], normals[y, x, 2] = _level(sx), _level(sy), _level(sz)
            grey[y, x] = _level(near)
            shaded[y, x] = _level(lit)
            if coloured.shape[0]:
                coloured[y, x, 0], coloured[y, x, 1], coloured[y, x, 2] = _level(red), _level(green), _level(blue)


def paint_surface(buffer: GBuffer) -> dict[str, NDArray[np.uint8]]:
    """Return the surface maps (S, S, 3) by name.

    Args:
        buffer: The head at twice the size, (2S, 2S); attributes are the normal (3) and, where the displacement is
            wanted, its colour (3) in [0, 1].
    """
    size = len(buffer.face) // 2
    normals = np.empty((size, size, 3), np.uint8)
    grey, shaded = np.empty((size, size), np.uint8), np.empty((size, size), np.uint8)
    coloured = np.empty((size if buffer.attributes.shape[2] >= 6 else 0, size, 3), np.uint8)
    _paint(buffer.face, buffer.depth, buffer.attributes, _LIGHTS, normals, grey, shaded, coloured)
    maps = {"normals": normals, "depth": np.stack([grey] * 3, -1), "shaded": np.stack([shaded] * 3, -1)}
    return maps | ({"displacement": coloured} if len(coloured) else {})
