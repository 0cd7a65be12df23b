"""Find what every pixel shows: its material, colour, relief and gloss, before any light falls on it.

The G-buffer's attributes are, by their index: 0-2 normal, 3-5 canonical coordinates, 6-8 tangent (hair), smooth normal
(skin) or direction from the eye's centre, 9 and 10 two values of the material, 11-13 position in head space.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from generator.face.face_params import Floats
from generator.face.raster import Ints, compiled

from .materials import (
    BACKGROUND,
    BEARD,
    BROWS,
    CLOTHES,
    HAIR,
    LASHES,
    LEFT_EYE,
    LEFT_IRIS,
    LIPS,
    MOUTH,
    RIGHT_EYE,
    RIGHT_IRIS,
    SKIN,
    TEETH,
    TONGUE,
)  # fmt: skip
from .skin_chart import AXIS, HALF_TURN, HIGH, LOW

Bytes = NDArray[np.uint8]


class SurfaceStyle(NamedTuple):
    """Numbers of a character that colours depend on.

    Attributes:
        neckline: Height of the collar in canonical coordinates, `neck_dip` its dip in front, `neck_width` its width.
        neck_dip: Depth of a V.
        neck_width: Width of a V.
        pattern: Number of the pattern of the clothes.
        iris: Polar angle of the iris's edge in radians.
        relief: Strength of the skin's fine relief.
        gloss: Strength of the skin's highlights.
        rough: Roughness of the skin.
        wrap: How far light goes round the skin's edges.
        dents: Strength of dents and thumb prints, as on clay.
        plain: Whether hair has one colour.
    """

    neckline: float
    neck_dip: float
    neck_width: float
    pattern: int
    iris: float
    relief: float
    gloss: float
    rough: float
    wrap: float
    dents: float
    plain: bool


@dataclass(frozen=True, slots=True)
class Surface:
    """What every pixel shows; all arrays are (H, W, ...).

    Attributes:
        material: Number of the material, uint8.
        albedo: (..., 3) linear colour.
        normal: (..., 3) unit normal with relief.
        finish: (..., 5) strength of highlights, roughness, wrap, share of surrounding light, light of its own.
    """

    material: Bytes
    albedo: Floats
    normal: Floats
    finish: Floats


@compiled
def _step(low: float, high: float, value: float) -> float:
    share = min(1.0, max(0.0, (value - low) / (high - low)))
    return share * share * (3 - 2 * share)


@compiled
def _hash(x: float, y: float) -> float:
    value = np.sin(x * 12.9898 + y * 78.233) * 43758.5453
    return value - np.floor(value)


@compiled
def _noise(x: float, y: float) -> float:
    i, j = np.floor(x), np.floor(y)
    u, v = x - i, y - j
    u, v = u * u * (3 - 2 * u), v * v * (3 - 2 * v)
    upper = _hash(i, j) * (1 - u) + _hash(i + 1, j) * u
    lower = _hash(i, j + 1) * (1 - u) + _hash(i + 1, j + 1) * u
    return upper * (1 - v) + lower * v


@compiled
def _pattern(pattern: int, x: float, y: float, below: float) -> float:
    """Return the share of the clothes' second colour."""
    if pattern == 1:
        return 1.0 if np.sin(y * 26.0) > 0.2 else 0.0
    if pattern == 2:
        return 1.0 if np.sin(x * 16.0) > 0.4 else 0.0
    if pattern == 3:
        return 0.5 * (1.0 if np.sin(x * 20.0) > 0 else 0.0) + 0.5 * (1.0 if np.sin(y * 20.0) > 0 else 0.0)
    if pattern == 4:
        return 1.0 if below < 0.08 else 0.0
    if pattern == 5:
        dx, dy = x * 5 - np.floor(x * 5) - 0.5, y * 5 - np.floor(y * 5) - 0.5
        return 1.0 if dx * dx + dy * dy < 0.06 else 0.0
    return 0.0


@compiled
def _skin(g: Floats, chart: Floats, turn: Floats, style: SurfaceStyle, material: Bytes, albedo: Floats, normal: Floats,
          finish: Floats) -> None:  # fmt: skip
    """Colour a pixel of skin that is neither clothed nor inside the mouth."""
    size = chart.shape[0]
    angle = min(HALF_TURN, max(-HALF_TURN, np.arctan2(g[3], g[5] - AXIS)))
    column = (angle / HALF_TURN * 0.5 + 0.5) * (size - 1.001)
    row = (1 - (min(HIGH, max(LOW, g[4])) - LOW) / (HIGH - LOW)) * (size - 1.001)
    i, j = int(row), int(column)
    v, u = row - i, column - j
    w00, w01, w10, w11 = (1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v
    for c in range(3):
        albedo[c] = (
            chart[i, j, c] * w00 + chart[i, j + 1, c] * w01 + chart[i + 1, j, c] * w10 + chart[i + 1, j + 1, c] * w11
        )
    across = (chart[i, j, 3] * (1 - u) + chart[i, j + 1, 3] * u) * style.relief
    upwards = (chart[i, j, 4] * (1 - u) + chart[i, j + 1, 4] * u) * style.relief
    gloss = chart[i, j, 5] * w00 + chart[i, j + 1, 5] * w01 + chart[i + 1, j, 5] * w10 + chart[i + 1, j + 1, 5] * w11
    cosine, sine = np.cos(angle), np.sin(angle)
    for c in range(3):
        normal[c] -= across * (turn[c, 0] * cosine - turn[c, 2] * sine) + upwards * turn[c, 1]
    inner = 1 - 0.65 * _step(0.1, 0.5, g[10])
    albedo[0] *= inner
    albedo[1] *= inner * 0.92
    albedo[2] *= inner * 0.92
    finish[0], finish[1], finish[2] = style.gloss * gloss, style.rough, style.wrap
    material[0] = LIPS if g[9] > 0.5 else (BROWS if chart[i, j, 6] > 0.5 else SKIN)


@compiled
def _eye(g: Floats, left: bool, view_x: float, view_y: float, iris: Floats, sclera: Floats, style: SurfaceStyle,
         material: Bytes, albedo: Floats, finish: Floats) -> None:  # fmt: skip
    """Colour a pixel of an eyeball; the iris lies a little below the cornea."""
    size = iris.shape[0]
    edge = np.sin(style.iris)
    x, y = g[3] / (edge * 1.3), -g[4] / (edge * 1.3)
    corner = _step(0.55, 0.95, abs(g[6])) * 0.25
    for c in range(3):
        albedo[c] = sclera[c]
    albedo[1] *= 1 - corner * 0.5
    albedo[2] *= 1 - corner * 0.5
    material[0] = LEFT_EYE if left else RIGHT_EYE
    radius = np.sqrt(x * x + y * y)
    if g[5] > 0 and radius < 1.0:
        if radius < 0.77:
            x -= view_x * 0.06 * (1 - radius / 0.77)
            y += view_y * 0.06 * (1 - radius / 0.77)
        i = int(min(size - 1.0, max(0.0, (y * 0.5 + 0.5) * size)))
        j = int(min(size - 1.0, max(0.0, (x * 0.5 + 0.5) * size)))
        share = iris[i, j, 3]
        for c in range(3):
            albedo[c] = albedo[c] * (1 - share) + share * iris[i, j, c]
        finish[4] = iris[i, j, 4]
        if share > 0.5:
            material[0] = LEFT_IRIS if left else RIGHT_IRIS
    finish[0], finish[1], finish[2] = 1.0, 0.05, 0.25
    finish[3] = 1 - 0.45 * _step(-0.1, 0.7, g[7])


@compiled
def _hair(g: Floats, roots: Floats, tips: Floats, plain: bool, albedo: Floats, finish: Floats) -> None:
    along, tint = g[9], g[10]
    share = _step(0.0, 0.9, along) * 0.8 + 0.2 * tint
    value = (0.80 + 0.34 * tint) * (0.62 + 0.38 * _step(0.0, 0.35, along))
    if plain:
        share, value = 0.35 + 0.4 * _step(0.2, 0.9, along), 1.0
    for c in range(3):
        albedo[c] = (roots[c] * (1 - share) + tips[c] * share) * value
    finish[2] = 0.3


@compiled
def _dent(g: Floats, strength: float, normal: Floats) -> None:
    """Add dents and thumb prints, rings about scattered centres."""
    x, y = g[3] * 7 + g[5] * 3, g[4] * 7
    i, j = np.floor(x * 0.5), np.floor(y * 0.5)
    dx, dy = x * 0.5 - i - 0.2 - 0.6 * _hash(i, j), y * 0.5 - j - 0.2 - 0.6 * _hash(i + 9, j)
    radius = np.sqrt(dx * dx + dy * dy)
    ring = 0.5 * np.exp(-((radius / 0.28) ** 2)) * np.sin(radius * 48.0) / (radius + 0.05)
    normal[0] += strength * (0.6 * (_noise(x, y) - 0.5) + ring * dx)
    normal[1] += strength * (0.6 * (_noise(x + 31, y) - 0.5) + ring * dy)


@compiled
def _surface(  # noqa: C901 - one loop over pixels, which numba compiles as a whole
    face: Ints, kinds: Ints, g: Floats, chart: Floats, iris: Floats, palette: Floats, camera: Floats, turn: Floats,
    style: SurfaceStyle, material: Bytes, albedo: Floats, normal: Floats, finish: Floats,
) -> None:  # fmt: skip
    """Fill material, albedo, normal and finish; `palette` holds colours by material, then roots, tips and sclera."""
    height, width = face.shape
    count = palette.shape[0]
    roots, tips, sclera, second = palette[count - 4], palette[count - 3], palette[count - 2], palette[count - 1]
    for y in range(height):
        for x in range(width):
            k = face[y, x]
            if k < 0:
                continue
            a = g[y, x]
            m, n, out, f = material[y, x : x + 1], normal[y, x], albedo[y, x], finish[y, x]
            kind = kinds[k]
            m[0] = kind
            length = 1.0 / max(1e-6, np.sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]))
            v0, v1, v2 = camera[0] - a[11], camera[1] - a[12], camera[2] - a[13]
            far = 1.0 / np.sqrt(v0 * v0 + v1 * v1 + v2 * v2)
            if kind >= LASHES and a[0] * v0 + a[1] * v1 + a[2] * v2 < 0:
                length = -length
            n[0], n[1], n[2] = a[0] * length, a[1] * length, a[2] * length
            f[0], f[1], f[2], f[3], f[4] = 0.25, 0.4, 0.0, 1.0, 0.0
            collar = style.neckline - style.neck_dip * np.exp(-((a[3] / style.neck_width) ** 2)) * _step(
                -1.2, -0.6, a[5]
            )
            if kind == SKIN and a[4] < collar:
                m[0] = CLOTHES
                share = _pattern(style.pattern, a[3], a[4], collar - a[4])
                weave = (0.93 + 0.14 * _noise(a[3] * 60, a[4] * 60)) * (0.55 + 0.45 * _step(0.0, 0.05, collar - a[4]))
                for c in range(3):
                    out[c] = (palette[CLOTHES, c] * (1 - share) + second[c] * share) * (
                        weave if style.relief > 0 else 1.0
                    )
                f[0] = 0.12
            elif kind == SKIN and a[10] > 0.5:
                m[0] = MOUTH
                depth = _step(-0.35, 0.25, a[5])
                out[0], out[1], out[2] = 0.30 + 0.12 * depth, 0.075 + 0.05 * depth, 0.075 + 0.045 * depth
                f[0], f[1], f[3] = 0.5, 0.25, 0.06 + 0.75 * depth
            elif kind == SKIN:
                _skin(a, chart, turn, style, m, out, n, f)
            elif kind in (LEFT_EYE, RIGHT_EYE):
                view_x = (turn[0, 0] * v0 + turn[1, 0] * v1 + turn[2, 0] * v2) * far
                view_y = (turn[0, 1] * v0 + turn[1, 1] * v1 + turn[2, 1] * v2) * far
                _eye(a, kind == LEFT_EYE, view_x, view_y, iris, sclera, style, m, out, f)
            elif kind == TEETH:
                depth = 0.3 + 0.7 * _step(-0.2, 0.2, a[5])
                out[0] = (0.86 * (1 - a[9]) + 0.58 * a[9]) * depth
                out[1] = (0.82 * (1 - a[9]) + 0.22 * a[9]) * depth
                out[2] = (0.72 * (1 - a[9]) + 0.22 * a[9]) * depth
                f[0], f[1], f[2], f[3] = 1.4, 0.14, 0.25, 0.35 + 0.6 * _step(-0.15, 0.22, a[5])
            elif kind == TONGUE:
                out[0], out[1], out[2] = 0.62, 0.21, 0.21
                f[0], f[1], f[2], f[3] = 1.0, 0.2, 0.3, 0.12 + 0.88 * _step(-0.3, 0.2, a[5])
            elif kind in (HAIR, BEARD):
                _hair(a, roots, tips, style.plain, out, f)
            elif kind == LASHES:
                for c in range(3):
                    out[c] = roots[c] * 0.2 + 0.004
                f[0] = 0.0
            else:
                share = a[9]
                for c in range(3):
                    out[c] = palette[kind, c] * (1 - 0.5 * share)
                f[0], f[1], f[2] = a[10], 0.18, 0.1
            if style.dents > 0 and (m[0] == SKIN or m[0] == LIPS or m[0] == HAIR or m[0] == CLOTHES):
                _dent(a, style.dents, n)
            length = 1.0 / max(1e-6, np.sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]))
            n[0], n[1], n[2] = n[0] * length, n[1] * length, n[2] * length


def surface(
    face: Ints, kinds: Ints, attributes: Floats, chart: Floats, iris: Floats, palette: Floats, camera: Floats,
    turn: Floats, style: SurfaceStyle,
) -> Surface:  # fmt: skip
    """Find material, colour and finish of every pixel.

    Args:
        face: (H, W) triangle of each pixel, -1 for none.
        kinds: (F,) material of each triangle, before skin and eyes are told apart further.
        attributes: (H, W, 14) as this module's docstring says.
        chart: The painted skin.
        iris: (S, S, 5) colour, coverage and light of its own.
        palette: (M + 4, 3) linear colours by material, then hair's roots and tips, the sclera and the second cloth.
        camera: (3,) its position in head space.
        turn: (3, 3) rotation of the head.
        style: Numbers of the character.
    """
    height, width = face.shape
    made = Surface(
        material=np.full((height, width), BACKGROUND, np.uint8),
        albedo=np.zeros((height, width, 3), np.float32),
        normal=np.zeros((height, width, 3), np.float32),
        finish=np.zeros((height, width, 5), np.float32),
    )
    _surface(
        face, kinds, attributes, chart, iris, palette, camera, turn, style,
        made.material, made.albedo, made.normal, made.finish,
    )  # fmt: skip
    return made
