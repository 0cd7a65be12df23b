"""Light the pixels of a surface: shadows, occlusion, soft and hard light, highlights; and the two tones of drawings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.face.face_params import Floats
from generator.face.raster import Ints, compiled, depth_buffer

from .colours import unit
from .lights import Light
from .materials import BACKGROUND, BEARD, CLOTHES, HAIR, LASHES, LEFT_EYE, LIPS, MOUTH, RIGHT_IRIS, SKIN, TEETH, TONGUE
from .posing import turn_vectors
from .surface import Bytes, Surface, _step

_SHADOW_SIZE, _SHADOW_SPAN = 288, 4.8
_SHADOW_CENTRE = np.array([0, -0.2, 0.1], np.float32)
_AROUND = np.arange(16) * 2 * np.pi / 16
_COSINE, _SINE = np.cos(_AROUND).astype(np.float32), np.sin(_AROUND).astype(np.float32)
_REACH = 0.20


@dataclass(frozen=True, slots=True)
class Shaded:
    """Light on every pixel: `diffuse` (H, W, 3), to be multiplied by the albedo, and `highlight` (H, W, 3)."""

    diffuse: Floats
    highlight: Floats


def shadow_map(points: Floats, faces: Ints, key: Floats) -> tuple[Floats, Floats]:
    """Look at triangles from the key light.

    Args:
        points: (V, 3) in head space.
        faces: (F, 3).
        key: (3,) unit vector towards the light.

    Returns:
        The depth (S, S), and the (3, 4) map from head space to column, row and depth of it.
    """
    across = unit(np.cross(np.array([0, 1, 0], np.float32), key))
    upwards = np.cross(key, across)
    scale, half = _SHADOW_SIZE / _SHADOW_SPAN, _SHADOW_SIZE / 2
    seen = np.array([
        [*(across * scale), half - scale * (across @ _SHADOW_CENTRE)],
        [*(-upwards * scale), half + scale * (upwards @ _SHADOW_CENTRE)],
        [*key, 0],
    ], np.float32)  # fmt: skip
    placed = turn_vectors(points, seen[:, :3])
    placed += seen[:, 3]
    _, depth = depth_buffer(placed, faces, _SHADOW_SIZE, _SHADOW_SIZE, np.ones(len(faces), np.bool_))
    return depth, seen


@compiled
def _lit(shadow: Floats, seen: Floats, x: float, y: float, z: float, bias: float) -> float:
    """Return the share of the key light that arrives, over 4 x 4 samples of the shadow map."""
    size = shadow.shape[0]
    column = seen[0, 0] * x + seen[0, 1] * y + seen[0, 2] * z + seen[0, 3] - 0.5
    row = seen[1, 0] * x + seen[1, 1] * y + seen[1, 2] * z + seen[1, 3] - 0.5
    depth = seen[2, 0] * x + seen[2, 1] * y + seen[2, 2] * z + bias
    i0, j0 = int(np.floor(row)), int(np.floor(column))
    fy, fx = row - i0, column - j0
    total = 0.0
    for dy in range(-1, 3):
        wy = (1 - fy) if dy == -1 else (fy if dy == 2 else 1.0)
        for dx in range(-1, 3):
            wx = (1 - fx) if dx == -1 else (fx if dx == 2 else 1.0)
            i, j = i0 + dy, j0 + dx
            if i < 0 or j < 0 or i >= size or j >= size or shadow[i, j] < depth:
                total += wx * wy
    return total / 9.0


@compiled
def _open(face: Ints, g: Floats, y: int, x: int, reach: float, samples: int) -> float:
    """Return the share of surrounding light that neighbours on the screen leave."""
    height, width = face.shape
    a = g[y, x]
    length = 1.0 / max(1e-6, np.sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]))
    start, jitter, hidden = (x * 7 + y * 13 + (x * y) % 5) % 16, ((x * 5 + y * 3) % 8) / 8.0, 0.0
    for s in range(samples):
        radius = (s + 0.4 + 0.6 * jitter) / (samples + 0.5) * reach
        angle = (start + s * 6 + s * s) % 16
        i, j = int(y + _SINE[angle] * radius), int(x + _COSINE[angle] * radius)
        if i < 0 or j < 0 or i >= height or j >= width or face[i, j] < 0:
            continue
        q0, q1, q2 = g[i, j, 11] - a[11], g[i, j, 12] - a[12], g[i, j, 13] - a[13]
        squared = q0 * q0 + q1 * q1 + q2 * q2 + 1e-6
        rise = (q0 * a[0] + q1 * a[1] + q2 * a[2]) * length / np.sqrt(squared)
        hidden += max(0.0, rise - 0.12) * max(0.0, 1 - squared / (_REACH * _REACH * 2.2))
    return max(0.0, 1 - hidden / samples * 2.6)


@compiled
def _surround(around: Floats, x: float, y: float, z: float, c: int) -> float:
    """Return light from all around that falls on a surface with this normal."""
    return (
        x * x * (around[0, c] if x > 0 else around[1, c])
        + y * y * (around[2, c] if y > 0 else around[3, c])
        + z * z * (around[4, c] if z > 0 else around[5, c])
    )


@compiled
def _strand_glint(g: Floats, d0: float, d1: float, d2: float, v0: float, v1: float, v2: float) -> float:
    """Return the highlight of hair (Kajiya and Kay, 1989), shifted a little from strand to strand."""
    h0, h1, h2 = d0 + v0, d1 + v1, d2 + v2
    shift = 0.08 + 0.10 * (g[10] - 0.5)
    t0, t1, t2 = g[6] + g[0] * shift, g[7] + g[1] * shift, g[8] + g[2] * shift
    size = np.sqrt((h0 * h0 + h1 * h1 + h2 * h2) * (t0 * t0 + t1 * t1 + t2 * t2))
    cosine = (t0 * h0 + t1 * h1 + t2 * h2) / max(1e-5, size)
    sine = np.sqrt(max(0.0, 1 - cosine * cosine))
    return sine**90 * 0.22 + sine**18 * 0.11


@compiled
def _glint(
    kind: int, n: Floats, d0: float, d1: float, d2: float, v0: float, v1: float, v2: float, rough: float
) -> float:
    """Return a highlight of skin, eyes and smooth things for light from one direction."""
    h0, h1, h2 = d0 + v0, d1 + v1, d2 + v2
    cosine = (n[0] * h0 + n[1] * h1 + n[2] * h2) / max(1e-5, np.sqrt(h0 * h0 + h1 * h1 + h2 * h2))
    cosine = max(0.0, cosine)
    if LEFT_EYE <= kind <= RIGHT_IRIS:
        return _step(0.9925, 0.996, cosine) * 24.0
    if cosine < 0.6:
        return 0.0
    power = min(900.0, 2.0 / (rough * rough + 1e-4))
    lobe = cosine**power * (min(power, 400.0) + 8) / 25.0 * 0.35
    if kind in (SKIN, LIPS):
        fine = 8.0 / (rough * rough)
        lobe = 0.7 * lobe + cosine**fine * (fine + 8) / 25.0 * 0.16
    return lobe


@compiled
def _light(  # noqa: C901 - one loop over pixels, which numba compiles as a whole
    face: Ints, g: Floats, material: Bytes, albedo: Floats, normal: Floats, finish: Floats, shadow: Floats,
    seen: Floats, directions: Floats, colours: Floats, around: Floats, camera: Floats, reach: float, sheen: float,
    diffuse: Floats, highlight: Floats,
) -> None:  # fmt: skip
    height, width = face.shape
    for y in range(height):
        for x in range(width):
            if face[y, x] < 0:
                continue
            a, n, f, kind = g[y, x], normal[y, x], finish[y, x], material[y, x]
            v0, v1, v2 = camera[0] - a[11], camera[1] - a[12], camera[2] - a[13]
            far = 1.0 / np.sqrt(v0 * v0 + v1 * v1 + v2 * v2)
            v0, v1, v2 = v0 * far, v1 * far, v2 * far
            strand = kind in (HAIR, BEARD)
            eye = LEFT_EYE <= kind <= RIGHT_IRIS
            facing = n[0] * directions[0, 0] + n[1] * directions[0, 1] + n[2] * directions[0, 2]
            lit = 0.0
            if strand or eye or facing > -f[2]:
                bias = 0.07 if strand else 0.022 + 0.03 * (1 - max(0.0, facing))
                lit = _lit(shadow, seen, a[11], a[12], a[13], bias)
            ambient = _open(face, g, y, x, reach, 4 if strand or kind >= CLOTHES else 8)
            if kind in (TEETH, TONGUE, MOUTH):
                ambient, lit = 0.55 + 0.45 * ambient, 0.45 + 0.55 * lit
            ambient *= f[3]
            if kind in (MOUTH, TEETH, TONGUE):
                lit *= f[3]
            hidden = max(0.0, n[0] * directions[1, 0] + n[1] * directions[1, 1] + n[2] * directions[1, 2])
            for c in range(3):
                wrap = f[2] if (c == 0 or f[2] <= 0.3) else f[2] * (0.45 if c == 1 else 0.3)
                soft = max(0.0, (facing + wrap) / (1 + wrap)) / (1 + 0.5 * wrap)
                if strand:
                    slope = a[6] * directions[0, 0] + a[7] * directions[0, 1] + a[8] * directions[0, 2]
                    soft = 0.45 * soft + 0.55 * np.sqrt(max(0.0, 1 - slope * slope)) * _step(-0.5, 0.6, facing)
                bleed = lit if wrap < 0.01 or lit <= 0 or lit >= 1 else lit ** (1.0 - 0.5 * min(0.9, wrap))
                glow = _surround(around, n[0], n[1], n[2], c) * ambient * (1.0 if c else 0.65 + 0.35 * ambient)
                diffuse[y, x, c] = (
                    glow + colours[0, c] * soft * bleed * (0.4 + 0.6 * ambient)
                    + colours[1, c] * hidden * (0.3 + 0.7 * ambient) * 0.6
                )  # fmt: skip
            for light in range(2):
                d0, d1, d2 = directions[light, 0], directions[light, 1], directions[light, 2]
                share = lit if light == 0 else (1.0 if strand else 0.4)
                if strand:
                    side = _step(-0.25, 0.35, n[0] * d0 + n[1] * d1 + n[2] * d2) * (0.35 + 0.65 * ambient)
                    value = sheen * _strand_glint(a, d0, d1, d2, v0, v1, v2) * side * share
                    for c in range(3):
                        highlight[y, x, c] += value * colours[light, c] * (0.10 + 1.5 * albedo[y, x, c])
                    continue
                if eye:  # the light is drawn closer to the viewer, so that it is mirrored on the cornea
                    near = 0.55 if light == 0 else 0.35
                    d0, d1, d2 = d0 * near + v0, d1 * near + v1 + (0.18 if light == 0 else -0.1), d2 * near + v2
                    size = 1.0 / np.sqrt(d0 * d0 + d1 * d1 + d2 * d2)
                    d0, d1, d2 = d0 * size, d1 * size, d2 * size
                    share = max(share, 0.5) if light == 0 else 0.2
                lobe = _glint(kind, n, d0, d1, d2, v0, v1, v2, f[1])
                value = 0.028 * f[0] * lobe * max(0.0, d0 * n[0] + d1 * n[1] + d2 * n[2] + 0.05) * share
                for c in range(3):
                    highlight[y, x, c] += value * colours[light, c]
            if f[0] > 0 and not strand:
                view = max(0.02, n[0] * v0 + n[1] * v1 + n[2] * v2)
                grazing = (1 - max(view, 0.15)) ** 5 * (1 - f[1])
                mirror = f[0] * ambient * (0.02 + 0.175 * grazing if kind <= LIPS else 0.04 + 0.9 * grazing)
                r0, r1, r2 = 2 * view * n[0] - v0, 2 * view * n[1] - v1, 2 * view * n[2] - v2
                for c in range(3):
                    highlight[y, x, c] += mirror * _surround(around, r0, r1, r2, c)
            for c in range(3):
                highlight[y, x, c] += f[4]


def light_surface(
    face: Ints, attributes: Floats, made: Surface, shadow: tuple[Floats, Floats], light: Light, camera: Floats,
    pixels_per_unit: float, sheen: float,
) -> Shaded:  # fmt: skip
    """Light a surface as a camera sees it.

    Args:
        face: (H, W) triangle of each pixel, -1 for none.
        attributes: (H, W, 14) of the G-buffer.
        made: The surface.
        shadow: What `shadow_map` returned.
        light: The light.
        camera: (3,) its position in head space.
        pixels_per_unit: Pixels in a unit of head space.
        sheen: Strength of the hair's highlights.
    """
    shape = (*face.shape, 3)
    shaded = Shaded(np.zeros(shape, np.float32), np.zeros(shape, np.float32))
    _light(
        face, attributes, made.material, made.albedo, made.normal, made.finish, shadow[0], shadow[1],
        np.stack([light.key, light.rim]), np.stack([light.key_colour, light.rim_colour]), light.around,
        camera, _REACH * pixels_per_unit, sheen, shaded.diffuse, shaded.highlight,
    )  # fmt: skip
    return shaded


@compiled
def _two_tones(
    face: Ints, g: Floats, material: Bytes, albedo: Floats, finish: Floats, shadow: Floats, seen: Floats, key: Floats,
    threshold: float, width: float, diffuse: Floats, highlight: Floats,
) -> None:  # fmt: skip
    height, pixels = face.shape
    for y in range(height):
        for x in range(pixels):
            if face[y, x] < 0:
                continue
            a, kind = g[y, x], material[y, x]
            lit = 1.0
            if kind != LASHES and not LEFT_EYE <= kind <= RIGHT_IRIS:
                first = 6 if kind <= LIPS + 1 and kind != BACKGROUND else 0
                size = np.sqrt(a[first] ** 2 + a[first + 1] ** 2 + a[first + 2] ** 2)
                facing = (a[first] * key[0] + a[first + 1] * key[1] + a[first + 2] * key[2]) / max(1e-6, size)
                lit = _step(threshold - width, threshold + width, facing * 0.5 + 0.5)
                lit *= _step(0.3, 0.7, _lit(shadow, seen, a[11], a[12], a[13], 0.06))
            elif kind != LASHES:
                lit = 1 - _step(0.30, 0.42, a[7])
            if kind in (MOUTH, TEETH, TONGUE):
                lit = 0.75
            diffuse[y, x, 0], diffuse[y, x, 1], diffuse[y, x, 2] = (
                0.66 + 0.34 * lit,
                0.56 + 0.44 * lit,
                0.68 + 0.32 * lit,
            )
            glint = 0.0
            if kind == HAIR:
                h0, h1, h2 = key[0], key[1] + 0.35, key[2] + 1.0
                size = np.sqrt(h0 * h0 + h1 * h1 + h2 * h2)
                cosine = (a[6] * h0 + a[7] * h1 + a[8] * h2) / size
                sine = np.sqrt(max(0.0, 1 - cosine * cosine)) - 0.05 * a[10]
                glint = 0.3 * _step(0.955, 0.975, sine) * lit * _step(0.1, 0.3, a[9]) * (1 - _step(0.55, 0.75, a[9]))
            for c in range(3):
                highlight[y, x, c] = glint * (0.5 + 0.5 * albedo[y, x, c]) + finish[y, x, 4]


def two_tones(
    face: Ints, attributes: Floats, made: Surface, shadow: tuple[Floats, Floats], key: Floats, threshold: float,
    width: float,
) -> Shaded:  # fmt: skip
    """Shade a surface as drawings do: lit or not, by smooth normals of the skin.

    Args:
        face: (H, W) triangle of each pixel, -1 for none.
        attributes: (H, W, 14) of the G-buffer.
        made: The surface.
        shadow: What `shadow_map` returned.
        key: (3,) direction towards the light.
        threshold: Where shade begins, in [0, 1]; more is darker.
        width: Half the width of the step.
    """
    shape = (*face.shape, 3)
    shaded = Shaded(np.ones(shape, np.float32), np.zeros(shape, np.float32))
    _two_tones(
        face, attributes, made.material, made.albedo, made.finish, shadow[0], shadow[1], key, threshold, width,
        shaded.diffuse, shaded.highlight,
    )  # fmt: skip
    return shaded
