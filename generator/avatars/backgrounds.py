"""Paint what is behind an avatar: gradients, lights, rooms, landscapes, towns, leaves, patterns."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping
from typing import Protocol

import cv2
import numpy as np

from generator.face.face_params import Floats

from .colours import mix


class _Painter(Protocol):
    def __call__(self, rng: np.random.Generator, size: int) -> Floats: ...


def _hue(rng: np.random.Generator, saturation: float, value: float, around: float | None = None) -> Floats:
    """Draw a colour (3,) in [0, 1]."""
    hue = rng.random() if around is None else around + rng.normal(0, 0.05)
    return np.array(colorsys.hsv_to_rgb(hue % 1.0, saturation, value), np.float32)


def _ramp(first: Floats, second: Floats, share: Floats) -> Floats:
    return mix(first, second, np.clip(share, 0, 1)[..., None])


def _rows(size: int) -> Floats:
    return np.broadcast_to(np.linspace(0, 1, size, dtype=np.float32)[:, None], (size, size))


def _cloud(rng: np.random.Generator, size: int, cell: int = 4, octaves: int = 5) -> Floats:
    """Return smooth noise of about unit variance."""
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        count = min(size, cell * 2**octave)
        grid = rng.normal(size=(count, count)).astype(np.float32)
        total += cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC) * 0.6**octave
    return total / 1.2


def _box(picture: Floats, left: float, top: float, right: float, bottom: float, colour: Floats) -> None:
    size = len(picture)
    corners = [round(v * size) for v in (left, top, right, bottom)]
    cv2.rectangle(picture, (corners[0], corners[1]), (corners[2], corners[3]), colour.tolist(), -1, cv2.LINE_AA)


def _disc(picture: Floats, x: float, y: float, radius: float, colour: Floats) -> None:
    size = len(picture)
    centre = (round(x * size * 16), round(y * size * 16))
    cv2.circle(picture, centre, max(1, round(radius * size * 16)), colour.tolist(), -1, cv2.LINE_AA, 4)


def _blurred(picture: Floats, amount: float) -> Floats:
    if amount <= 0:
        return picture
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), amount * len(picture)), np.float32)


def _gradient(rng: np.random.Generator, size: int) -> Floats:
    base = rng.random()
    first = _hue(rng, rng.uniform(0.05, 0.5), rng.uniform(0.3, 0.95), base)
    second = _hue(rng, rng.uniform(0.05, 0.5), rng.uniform(0.15, 0.9), base + rng.uniform(-0.15, 0.15))
    rows = _rows(size)
    if rng.random() < 0.5:
        return _ramp(first, second, np.hypot(rows - 0.45, rows.T - 0.5) * 1.4)
    angle = rng.uniform(0, np.pi)
    return _ramp(first, second, (rows - 0.5) * np.sin(angle) + (rows.T - 0.5) * np.cos(angle) + 0.5)


def _studio(rng: np.random.Generator, size: int) -> Floats:
    colour = _hue(rng, rng.uniform(0, 0.25), rng.uniform(0.35, 0.95))
    rows = _rows(size)
    spot = np.exp(-(((rows - rng.uniform(0.2, 0.6)) / 0.5) ** 2) - ((rows.T - rng.uniform(0.2, 0.8)) / 0.5) ** 2)
    return np.asarray(colour * (0.55 + 0.5 * spot[..., None]) * (1 + 0.02 * _cloud(rng, size)[..., None]), np.float32)


def _lights(rng: np.random.Generator, size: int) -> Floats:
    base, warm = rng.uniform(0.05, 0.2), rng.uniform(0.02, 0.12)
    picture = _ramp(_hue(rng, 0.5, base + 0.1), _hue(rng, 0.5, base), _rows(size)).copy()
    for _ in range(int(rng.integers(14, 40))):
        radius, glow = rng.uniform(0.02, 0.075), np.zeros_like(picture)
        hue = warm if rng.random() < 0.7 else rng.random()
        _disc(glow, rng.random(), rng.random(), radius, _hue(rng, rng.uniform(0.2, 0.7), rng.uniform(0.25, 0.8), hue))
        picture += _blurred(glow, 0.004) * 0.7
    return picture


def _outdoor(rng: np.random.Generator, size: int) -> Floats:
    evening = rng.random() < 0.35
    top = np.array([0.35, 0.40, 0.62] if evening else [0.38, 0.60, 0.86], np.float32)
    low = np.array([0.96, 0.72, 0.52] if evening else [0.80, 0.90, 0.96], np.float32)
    horizon = rng.uniform(0.5, 0.75)
    picture = _ramp(top, low, _rows(size) / horizon).copy()
    stretched = cv2.resize(_cloud(rng, size, 3), (2 * size, size))[:, :size]
    clouds = np.clip(stretched * 0.8 - 0.1, 0, 1) * np.clip(1.1 - _rows(size) / horizon, 0, 1)
    picture = mix(picture, np.array([1.0, 0.93, 0.88] if evening else [1, 1, 1]), clouds[..., None] * 0.8)
    if rng.random() < 0.4:
        _disc(picture, rng.random(), horizon - rng.uniform(0.1, 0.35), 0.045, np.array([1, 0.96, 0.82], np.float32))
    across = np.linspace(0, 1, size)
    for layer in range(3):
        far = 1 - layer / 3
        waves = sum(
            np.sin(across * rng.uniform(3, 14) + rng.uniform(0, 6)) * rng.uniform(0.01, 0.05) for _ in range(3)
        )
        height = horizon + 0.10 * layer - 0.05 + waves
        colour = mix(_hue(rng, 0.45, rng.uniform(0.25, 0.5), 0.30), low, 0.55 * far)
        below = np.clip((_rows(size) - height[None]) * size, 0, 1)[..., None]
        picture = mix(picture, colour * (1 + 0.10 * _cloud(rng, size, 8)[..., None]), below)
        if layer == 1 and rng.random() < 0.7:
            _trees(rng, picture, float(horizon))
    return _blurred(picture, rng.uniform(0.003, 0.014))


def _trees(rng: np.random.Generator, picture: Floats, horizon: float) -> None:
    for _ in range(int(rng.integers(2, 9))):
        x, tall = rng.random(), rng.uniform(0.10, 0.35)
        foot = horizon + 0.10
        _box(picture, x - 0.008, foot - tall * 0.6, x + 0.008, foot, np.array([0.26, 0.19, 0.13], np.float32))
        for _ in range(16):
            place = x + rng.normal(0, 0.045), foot - tall * rng.uniform(0.45, 1.0)
            _disc(picture, *place, rng.uniform(0.02, 0.05), _hue(rng, 0.5, rng.uniform(0.2, 0.45), 0.29))


def _room(rng: np.random.Generator, size: int) -> Floats:
    wall = _hue(rng, rng.uniform(0.05, 0.35), rng.uniform(0.45, 0.9))
    picture = _ramp(wall, wall * 0.75, _rows(size)).copy()
    picture *= 0.85 + 0.3 * _rows(size).T[..., None] if rng.random() < 0.5 else 1.0
    for _ in range(int(rng.integers(1, 4))):
        name = ("window", "shelf", "frame", "lamp", "plant", "curtain")[int(rng.integers(6))]
        x = float(rng.choice([rng.uniform(0.0, 0.25), rng.uniform(0.7, 0.98)]))
        _furnish(rng, picture, name, x)
    return _blurred(picture, rng.uniform(0.003, 0.016))


def _furnish(rng: np.random.Generator, picture: Floats, name: str, x: float) -> None:
    """Put one thing into a room at a column in [0, 1]."""
    wood = _hue(rng, 0.45, rng.uniform(0.25, 0.6), 0.07)
    if name == "window":
        top, width, tall = rng.uniform(0.02, 0.15), rng.uniform(0.22, 0.34), rng.uniform(0.35, 0.5)
        _box(picture, x - width / 2 - 0.015, top - 0.015, x + width / 2 + 0.015, top + tall + 0.015, np.full(3, 0.92, np.float32))
        _box(picture, x - width / 2, top, x + width / 2, top + tall, np.array([0.78, 0.88, 0.98], np.float32))
        _box(picture, x - width / 2, top + tall * 0.65, x + width / 2, top + tall, np.array([0.52, 0.66, 0.45], np.float32))
        _box(picture, x - 0.006, top, x + 0.006, top + tall, np.full(3, 0.92, np.float32))
        _box(picture, x - width / 2, top + tall * 0.45, x + width / 2, top + tall * 0.47, np.full(3, 0.92, np.float32))
    elif name == "shelf":
        for level in np.arange(rng.uniform(0.12, 0.25), 0.95, 0.24):
            place = x - 0.2
            while place < x + 0.18:
                wide, tall = rng.uniform(0.012, 0.035), rng.uniform(0.09, 0.17)
                if rng.random() < 0.85:
                    book = _hue(rng, rng.uniform(0.2, 0.6), rng.uniform(0.25, 0.8))
                    _box(picture, place, level - tall, place + wide, level, book)
                place += wide + 0.004
            _box(picture, x - 0.21, level, x + 0.21, level + 0.018, wood)
    elif name == "frame":
        top, width, tall = rng.uniform(0.08, 0.3), rng.uniform(0.12, 0.22), rng.uniform(0.14, 0.26)
        _box(picture, x - width / 2, top, x + width / 2, top + tall, wood * 0.7)
        _box(picture, x - width / 2 + 0.015, top + 0.015, x + width / 2 - 0.015, top + tall - 0.015, np.full(3, 0.9, np.float32))
        inner = _hue(rng, 0.4, 0.6)
        _box(picture, x - width / 2 + 0.04, top + 0.04, x + width / 2 - 0.04, top + tall - 0.04, inner)
        _disc(picture, x, top + tall / 2, width * 0.15, _hue(rng, 0.6, 0.8))
    elif name == "lamp":
        glow = np.zeros_like(picture)
        _disc(glow, x, 0.42, 0.22, np.array([0.5, 0.38, 0.2], np.float32))
        picture += _blurred(glow, 0.08)
        _box(picture, x - 0.006, 0.5, x + 0.006, 1.0, np.array([0.2, 0.18, 0.16], np.float32))
        shade = np.array([[x - 0.05, 0.33], [x + 0.05, 0.33], [x + 0.10, 0.52], [x - 0.10, 0.52]]) * len(picture)
        cv2.fillPoly(picture, [shade.round().astype(np.int32)], (1.0, 0.88, 0.66), cv2.LINE_AA)
    elif name == "plant":
        pot = _hue(rng, 0.4, 0.6, 0.05)
        for _ in range(int(rng.integers(14, 26))):
            angle, reach = rng.uniform(-1.2, 1.2), rng.uniform(0.12, 0.34)
            middle = (int((x + 0.5 * reach * np.sin(angle)) * len(picture)), int((0.82 - 0.5 * reach * np.cos(angle)) * len(picture)))
            axes = (max(2, int(0.5 * reach * len(picture))), max(1, int(0.022 * len(picture))))
            leaf = _hue(rng, 0.5, rng.uniform(0.25, 0.6), 0.33).tolist()
            cv2.ellipse(picture, middle, axes, float(np.degrees(angle)) - 90, 0, 360, leaf, -1, cv2.LINE_AA)
        _box(picture, x - 0.06, 0.82, x + 0.06, 1.0, pot)
    else:
        cloth = _hue(rng, rng.uniform(0.1, 0.5), rng.uniform(0.4, 0.8))
        for fold in np.arange(x - 0.15, x + 0.15, 0.022):
            _box(picture, fold, 0, fold + 0.022, 1, cloth * rng.uniform(0.75, 1.05))


def _city(rng: np.random.Generator, size: int) -> Floats:
    night = rng.random() < 0.5
    top, low = (_hue(rng, 0.6, 0.16, 0.65), _hue(rng, 0.5, 0.42, 0.72)) if night else (
        _hue(rng, 0.4, 0.8, 0.58), _hue(rng, 0.12, 0.95, 0.08))  # fmt: skip
    picture = _ramp(top, low, _rows(size)).copy()
    for layer in range(2):
        x = -0.05
        shade = (0.12 if night else 0.55) * (1.3 - 0.5 * layer)
        while x < 1:
            width, roof = rng.uniform(0.08, 0.2), rng.uniform(0.15, 0.55) + 0.12 * layer
            colour = _hue(rng, 0.2, shade * rng.uniform(0.8, 1.2), 0.62 if night else 0.08)
            _box(picture, x, roof, x + width, 1, colour)
            for column in np.arange(x + 0.02, x + width - 0.02, 0.03):
                for row in np.arange(roof + 0.03, 1, 0.05):
                    lit = rng.random() < (0.4 if night else 0.8)
                    glass = np.array([0.98, 0.82, 0.5], np.float32) if night else colour * 0.7
                    _box(picture, column, row, column + 0.014, row + 0.022, glass if lit else colour * 0.8)
            x += width
    return _blurred(picture, rng.uniform(0.003, 0.014))


def _foliage(rng: np.random.Generator, size: int) -> Floats:
    hue = rng.choice([0.30, 0.26, 0.10, 0.35])
    picture = np.tile(_hue(rng, 0.5, 0.22, hue), (size, size, 1))
    for _ in range(260):
        place, radius = rng.random(2), rng.uniform(0.015, 0.05)
        _disc(picture, float(place[0]), float(place[1]), radius, _hue(rng, rng.uniform(0.3, 0.6), rng.uniform(0.15, 0.75), hue))
    for _ in range(24):
        _disc(picture, rng.random(), rng.random(), rng.uniform(0.02, 0.05), np.array([0.9, 0.95, 0.75], np.float32))
    return _blurred(picture, rng.uniform(0.010, 0.022))


def _pattern(rng: np.random.Generator, size: int) -> Floats:
    first = _hue(rng, rng.uniform(0.1, 0.5), rng.uniform(0.6, 0.95))
    second = mix(first, np.ones(3, np.float32) if rng.random() < 0.6 else first * 0.6, 0.45)
    rows, columns = _rows(size), _rows(size).T
    kind, count = int(rng.integers(4)), rng.uniform(6, 12)
    if kind == 0:
        share = np.sin((rows + columns) * count * np.pi) > 0
    elif kind == 1:
        share = np.hypot((rows * count) % 1 - 0.5, (columns * count) % 1 - 0.5) < 0.28
    elif kind == 2:
        share = np.sin(np.arctan2(rows - 0.5, columns - 0.5) * int(count)) > 0
    else:
        share = np.hypot(rows - 0.48, columns - 0.5) < 0.42
    return _ramp(first, second, share.astype(np.float32))


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
