"""The looks: how light falls on paint, and what the hand does with the picture afterwards.

`shade` works on the supersampled G-buffer; `finish` works on the picture at its final size. A style is a pair of
functions; every noise is drawn from the puppet's own seed, so one clip has one paper and one canvas.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from generator.face.face_params import Floats, vector

from .look import Puppet, Style

Shade = Callable[[Floats, Floats, Floats], Floats]
Finish = Callable[[Floats, Floats, Puppet], Floats]


@dataclass(frozen=True, slots=True)
class Recipe:
    """A style: `shade(colour (N, 3), normals (N, 3), light (3,))` and `finish(picture, edges, puppet)`, in [0, 1]."""

    shade: Shade
    finish: Finish


def _lambert(normals: Floats, light: Floats) -> Floats:
    return np.clip(normals @ light, 0, 1)[:, None]


def _specular(normals: Floats, light: Floats, power: float) -> Floats:
    half = light + vector(0, 0, 1)
    half /= np.linalg.norm(half)
    return (np.clip(normals @ half, 0, 1) ** power)[:, None]


def _shade_flat(colour: Floats, normals: Floats, light: Floats) -> Floats:
    return colour


def _shade_toon(colour: Floats, normals: Floats, light: Floats) -> Floats:
    lit = _lambert(normals, light)
    level = 0.66 + 0.20 * np.clip((lit - 0.22) / 0.05, 0, 1) + 0.16 * np.clip((lit - 0.62) / 0.05, 0, 1)
    return colour * level


def _shade_gloss(colour: Floats, normals: Floats, light: Floats) -> Floats:
    rim = (1 - np.clip(normals[:, 2:3], 0, 1)) ** 3
    return (
        colour * (0.40 + 0.68 * _lambert(normals, light)) + 0.42 * _specular(normals, light, 40) + 0.16 * rim * colour
    )


def _shade_soft(colour: Floats, normals: Floats, light: Floats) -> Floats:
    return colour * (0.58 + 0.50 * _lambert(normals, light))


def _shade_clay(colour: Floats, normals: Floats, light: Floats) -> Floats:
    wrapped = np.clip((normals @ light + 0.45) / 1.45, 0, 1)[:, None]
    grey = colour.mean(1, keepdims=True)
    muted = 0.72 * colour + 0.28 * grey
    return muted * (0.38 + 0.70 * wrapped) + 0.07 * _specular(normals, light, 8)


def _paper(puppet: Puppet, size: int, cell: int, strength: float) -> Floats:
    rng = np.random.default_rng(puppet.seed + 1)
    grid = rng.normal(0, 1, (size // cell + 2, size // cell + 2)).astype(np.float32)
    return (strength * cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC))[..., None]


def _ink(picture: Floats, edges: Floats, puppet: Puppet) -> Floats:
    return picture * (1 - puppet.line_weight * edges) + 0.05 * puppet.line_weight * edges


def _finish_plain(picture: Floats, edges: Floats, puppet: Puppet) -> Floats:
    return picture


def _finish_ink(picture: Floats, edges: Floats, puppet: Puppet) -> Floats:
    return _ink(picture, edges, puppet)


def _finish_paint(picture: Floats, edges: Floats, puppet: Puppet) -> Floats:
    size = len(picture)
    rng = np.random.default_rng(puppet.seed + 2)
    cells = rng.normal(0, 1, (2, size // 6 + 2, size // 6 + 2)).astype(np.float32)
    dx, dy = (cv2.resize(cell, (size, size), interpolation=cv2.INTER_LINEAR) for cell in cells)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    amount = size / 256
    stroked = cv2.remap(
        picture, x + 1.3 * amount * dx, y + 1.3 * amount * dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    flat = cv2.bilateralFilter(stroked.astype(np.float32), 5, 0.12, 2.5)
    relief = (dx - np.roll(dx, 1, 0))[..., None]
    return flat * (1 + 0.06 * relief) + _paper(puppet, size, 3, 0.012)


def _finish_pencil(picture: Floats, edges: Floats, puppet: Puppet) -> Floats:
    size = len(picture)
    grey = picture @ vector(0.30, 0.59, 0.11)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) * (256 / size)
    sheet = 0.93 + _paper(puppet, size, 2, 0.018)[..., 0]
    tone = np.ones_like(grey)
    for limit, a, b in ((0.72, 1.0, 1.0), (0.50, 1.0, -0.6), (0.30, 0.2, 1.0)):
        hatch = 0.5 + 0.5 * np.sin((a * x + b * y) * 1.25)
        tone *= 1 - 0.30 * np.clip((limit - grey) / 0.22, 0, 1) * hatch
    detail = np.clip((cv2.GaussianBlur(grey, (0, 0), 2.2) - grey) * 3.0, 0, 1)
    tone *= (1 - 0.55 * detail) * (1 - 0.75 * edges[..., 0])
    tint = 0.88 + 0.12 * picture / np.maximum(picture.max(-1, keepdims=True), 0.2)
    return (sheet * (0.30 + 0.70 * tone))[..., None] * tint


def _finish_clay(picture: Floats, edges: Floats, puppet: Puppet) -> Floats:
    size = len(picture)
    dents = _paper(puppet, size, 9, 1.0)
    relief = dents - np.roll(dents, (1, 1), (0, 1))
    return picture * (1 + 0.05 * relief)


def _finish_pixel(picture: Floats, edges: Floats, puppet: Puppet) -> Floats:
    size = len(picture)
    grid = max(8, size // 4)
    small = cv2.resize(_ink(picture, 0.6 * edges, puppet), (grid, grid), interpolation=cv2.INTER_AREA)
    small = np.round(np.clip(small, 0, 1) * 9) / 9
    return cv2.resize(small, (size, size), interpolation=cv2.INTER_NEAREST)


def _finish_halftone(picture: Floats, edges: Floats, puppet: Puppet) -> Floats:
    size = len(picture)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) * (256 / size)
    dots = (0.5 + 0.25 * (np.cos((x + y) * 0.95) + np.cos((x - y) * 0.95)))[..., None]
    value = picture.max(-1, keepdims=True)
    ink = np.clip((0.86 - value - 0.75 * dots + 0.35) / 0.20, 0, 1)
    posters = np.round(np.clip(picture * 1.12, 0, 1) * 5) / 5
    return _ink(posters * (1 - 0.34 * ink), edges, puppet)


def _finish_watercolour(picture: Floats, edges: Floats, puppet: Puppet) -> Floats:
    size = len(picture)
    wash = cv2.medianBlur((np.clip(picture, 0, 1) * 255).astype(np.uint8), 5).astype(np.float32) / 255
    wash = 0.30 + 0.70 * wash
    dark = np.clip(cv2.GaussianBlur(wash, (0, 0), 2.5) - wash, -0.1, 0.2)
    blots = _paper(puppet, size, 28, 0.035) + _paper(puppet, size, 2, 0.012)
    return (wash - 0.55 * np.clip(dark, 0, 1)) * (1 + blots) * (1 - 0.18 * edges)


_RECIPES: dict[Style, Recipe] = {
    "flat": Recipe(_shade_flat, _finish_plain),
    "toon": Recipe(_shade_toon, _finish_ink),
    "gloss": Recipe(_shade_gloss, _finish_plain),
    "paint": Recipe(_shade_soft, _finish_paint),
    "pencil": Recipe(_shade_soft, _finish_pencil),
    "clay": Recipe(_shade_clay, _finish_clay),
    "lowpoly": Recipe(_shade_soft, _finish_plain),
    "pixel": Recipe(_shade_toon, _finish_pixel),
    "halftone": Recipe(_shade_soft, _finish_halftone),
    "watercolour": Recipe(_shade_soft, _finish_watercolour),
}


def recipe(style: Style) -> Recipe:
    """Return how a style shades and finishes."""
    return _RECIPES[style]
