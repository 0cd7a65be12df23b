"""Paint what is behind an avatar: gradients, lights, rooms, landscapes, towns, leaves, patterns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import cv2
import numpy as np

from generator.face.face_params import Floats

from .brushes import blurred, box, cloud, disc, hue, ramp, rows_of
from .colours import mix
from .furniture import furnish


class _Painter(Protocol):
    def __call__(self, rng: np.random.Generator, size: int) -> Floats: ...


def _gradient(rng: np.random.Generator, size: int) -> Floats:
    base = rng.random()
    first = hue(rng, rng.uniform(0.05, 0.5), rng.uniform(0.3, 0.95), base)
    second = hue(rng, rng.uniform(0.05, 0.5), rng.uniform(0.15, 0.9), base + rng.uniform(-0.15, 0.15))
    rows = rows_of(size)
    if rng.random() < 0.5:
        return ramp(first, second, np.hypot(rows - 0.45, rows.T - 0.5) * 1.4)
    angle = rng.uniform(0, np.pi)
    return ramp(first, second, (rows - 0.5) * np.sin(angle) + (rows.T - 0.5) * np.cos(angle) + 0.5)


def _studio(rng: np.random.Generator, size: int) -> Floats:
    colour = hue(rng, rng.uniform(0, 0.25), rng.uniform(0.35, 0.95))
    rows = rows_of(size)
    spot = np.exp(-(((rows - rng.uniform(0.2, 0.6)) / 0.5) ** 2) - ((rows.T - rng.uniform(0.2, 0.8)) / 0.5) ** 2)
    return np.asarray(colour * (0.55 + 0.5 * spot[..., None]) * (1 + 0.02 * cloud(rng, size)[..., None]), np.float32)


def _lights(rng: np.random.Generator, size: int) -> Floats:
    base, warm = rng.uniform(0.05, 0.2), rng.uniform(0.02, 0.12)
    picture = ramp(hue(rng, 0.5, base + 0.1), hue(rng, 0.5, base), rows_of(size)).copy()
    for _ in range(int(rng.integers(14, 40))):
        radius, glow = rng.uniform(0.02, 0.075), np.zeros_like(picture)
        tone = warm if rng.random() < 0.7 else rng.random()
        disc(glow, rng.random(), rng.random(), radius, hue(rng, rng.uniform(0.2, 0.7), rng.uniform(0.25, 0.8), tone))
        picture += blurred(glow, 0.004) * 0.7
    return picture


def _outdoor(rng: np.random.Generator, size: int) -> Floats:
    evening = rng.random() < 0.35
    top = np.array([0.35, 0.40, 0.62] if evening else [0.38, 0.60, 0.86], np.float32)
    low = np.array([0.96, 0.72, 0.52] if evening else [0.80, 0.90, 0.96], np.float32)
    horizon = rng.uniform(0.5, 0.75)
    picture = ramp(top, low, rows_of(size) / horizon).copy()
    stretched = cv2.resize(cloud(rng, size, 3), (2 * size, size))[:, :size]
    clouds = np.clip(stretched * 0.8 - 0.1, 0, 1) * np.clip(1.1 - rows_of(size) / horizon, 0, 1)
    picture = mix(picture, np.array([1.0, 0.93, 0.88] if evening else [1, 1, 1]), clouds[..., None] * 0.8)
    if rng.random() < 0.4:
        disc(picture, rng.random(), horizon - rng.uniform(0.1, 0.35), 0.045, np.array([1, 0.96, 0.82], np.float32))
    across = np.linspace(0, 1, size)
    for layer in range(3):
        far = 1 - layer / 3
        numbers = [(rng.uniform(3, 14), rng.uniform(0, 6), rng.uniform(0.01, 0.05)) for _ in range(3)]
        waves = np.sum([np.sin(across * often + phase) * high for often, phase, high in numbers], 0)
        height = horizon + 0.10 * layer - 0.05 + waves
        colour = mix(hue(rng, 0.45, rng.uniform(0.25, 0.5), 0.30), low, 0.55 * far)
        below = np.clip((rows_of(size) - height[None]) * size, 0, 1)[..., None]
        picture = mix(picture, colour * (1 + 0.10 * cloud(rng, size, 8)[..., None]), below)
        if layer == 1 and rng.random() < 0.7:
            _trees(rng, picture, float(horizon))
    return blurred(picture, rng.uniform(0.003, 0.014))


def _trees(rng: np.random.Generator, picture: Floats, horizon: float) -> None:
    for _ in range(int(rng.integers(2, 9))):
        x, tall = rng.random(), rng.uniform(0.10, 0.35)
        foot = horizon + 0.10
        box(picture, x - 0.008, foot - tall * 0.6, x + 0.008, foot, np.array([0.26, 0.19, 0.13], np.float32))
        for _ in range(16):
            place = x + rng.normal(0, 0.045), foot - tall * rng.uniform(0.45, 1.0)
            disc(picture, *place, rng.uniform(0.02, 0.05), hue(rng, 0.5, rng.uniform(0.2, 0.45), 0.29))


def _room(rng: np.random.Generator, size: int) -> Floats:
    wall = hue(rng, rng.uniform(0.05, 0.35), rng.uniform(0.45, 0.9))
    picture = ramp(wall, wall * 0.75, rows_of(size)).copy()
    picture *= 0.85 + 0.3 * rows_of(size).T[..., None] if rng.random() < 0.5 else 1.0
    for _ in range(int(rng.integers(1, 4))):
        x = float(rng.choice([rng.uniform(0.0, 0.25), rng.uniform(0.7, 0.98)]))
        furnish(rng, picture, x)
    return blurred(picture, rng.uniform(0.003, 0.016))


def _city(rng: np.random.Generator, size: int) -> Floats:
    night = rng.random() < 0.5
    top, low = (hue(rng, 0.6, 0.16, 0.65), hue(rng, 0.5, 0.42, 0.72)) if night else (
        hue(rng, 0.4, 0.8, 0.58), hue(rng, 0.12, 0.95, 0.08))  # fmt: skip
    picture = ramp(top, low, rows_of(size)).copy()
    for layer in range(2):
        x = -0.05
        shade = (0.12 if night else 0.55) * (1.3 - 0.5 * layer)
        while x < 1:
            width, roof = rng.uniform(0.08, 0.2), rng.uniform(0.15, 0.55) + 0.12 * layer
            colour = hue(rng, 0.2, shade * rng.uniform(0.8, 1.2), 0.62 if night else 0.08)
            box(picture, x, roof, x + width, 1, colour)
            for column in np.arange(x + 0.02, x + width - 0.02, 0.03):
                for row in np.arange(roof + 0.03, 1, 0.05):
                    lit = rng.random() < (0.4 if night else 0.8)
                    glass = np.array([0.98, 0.82, 0.5], np.float32) if night else colour * 0.7
                    box(picture, column, row, column + 0.014, row + 0.022, glass if lit else colour * 0.8)
            x += width
    return blurred(picture, rng.uniform(0.003, 0.014))


def _foliage(rng: np.random.Generator, size: int) -> Floats:
    tone = rng.choice([0.30, 0.26, 0.10, 0.35])
    picture = np.tile(hue(rng, 0.5, 0.22, tone), (size, size, 1))
    for _ in range(260):
        place, radius = rng.random(2), rng.uniform(0.015, 0.05)
        disc(
            picture,
            float(place[0]),
            float(place[1]),
            radius,
            hue(rng, rng.uniform(0.3, 0.6), rng.uniform(0.15, 0.75), tone),
        )
    for _ in range(24):
        disc(picture, rng.random(), rng.random(), rng.uniform(0.02, 0.05), np.array([0.9, 0.95, 0.75], np.float32))
    return blurred(picture, rng.uniform(0.010, 0.022))


def _pattern(rng: np.random.Generator, size: int) -> Floats:
    first = hue(rng, rng.uniform(0.1, 0.5), rng.uniform(0.6, 0.95))
    second = mix(first, np.ones(3, np.float32) if rng.random() < 0.6 else first * 0.6, 0.45)
    rows, columns = rows_of(size), rows_of(size).T
    kind, count = int(rng.integers(4)), rng.uniform(6, 12)
    if kind == 0:
        share = np.sin((rows + columns) * count * np.pi) > 0
    elif kind == 1:
        share = np.hypot((rows * count) % 1 - 0.5, (columns * count) % 1 - 0.5) < 0.28
    elif kind == 2:
        share = np.sin(np.arctan2(rows - 0.5, columns - 0.5) * int(count)) > 0
    else:
        share = np.hypot(rows - 0.48, columns - 0.5) < 0.42
    return ramp(first, second, share.astype(np.float32))


_PAINTERS: Mapping[str, _Painter] = {
    "gradient": _gradient, "lights": _lights, "room": _room, "outdoor": _outdoor, "foliage": _foliage,
    "pattern": _pattern, "city": _city, "studio": _studio,
}  # fmt: skip


def paint_background(rng: np.random.Generator, setting: str, size: int) -> Floats:
    """Paint a background as (size, size, 3) sRGB in [0, 1].

    Args:
        rng: Source of randomness.
        setting: One of `generator.avatars.look.SETTINGS`.
        size: Height and width in pixels.
    """
    return np.clip(_PAINTERS[setting](rng, size), 0, 1).astype(np.float32)
