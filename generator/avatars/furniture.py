"""Draw furniture into the rooms behind avatars."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from generator.face.face_params import Floats

from .brushes import blurred, box, disc, hue

_WHITE = np.full(3, 0.92, np.float32)


def _window(rng: np.random.Generator, picture: Floats, x: float) -> None:
    top, width, tall = rng.uniform(0.02, 0.15), rng.uniform(0.22, 0.34), rng.uniform(0.35, 0.5)
    box(
        picture,
        x - width / 2 - 0.015,
        top - 0.015,
        x + width / 2 + 0.015,
        top + tall + 0.015,
        _WHITE,
    )
    box(picture, x - width / 2, top, x + width / 2, top + tall, np.array([0.78, 0.88, 0.98], np.float32))
    box(
        picture,
        x - width / 2,
        top + tall * 0.65,
        x + width / 2,
        top + tall,
        np.array([0.52, 0.66, 0.45], np.float32),
    )
    box(picture, x - 0.006, top, x + 0.006, top + tall, _WHITE)
    box(picture, x - width / 2, top + tall * 0.45, x + width / 2, top + tall * 0.47, _WHITE)


def _shelf(rng: np.random.Generator, picture: Floats, x: float) -> None:
    wood = hue(rng, 0.45, rng.uniform(0.25, 0.6), 0.07)
    for level in np.arange(rng.uniform(0.12, 0.25), 0.95, 0.24):
        place = x - 0.2
        while place < x + 0.18:
            wide, tall = rng.uniform(0.012, 0.035), rng.uniform(0.09, 0.17)
            if rng.random() < 0.85:
                book = hue(rng, rng.uniform(0.2, 0.6), rng.uniform(0.25, 0.8))
                box(picture, place, level - tall, place + wide, level, book)
            place += wide + 0.004
        box(picture, x - 0.21, level, x + 0.21, level + 0.018, wood)


def _frame(rng: np.random.Generator, picture: Floats, x: float) -> None:
    wood = hue(rng, 0.45, rng.uniform(0.25, 0.6), 0.07)
    top, width, tall = rng.uniform(0.08, 0.3), rng.uniform(0.12, 0.22), rng.uniform(0.14, 0.26)
    box(picture, x - width / 2, top, x + width / 2, top + tall, wood * 0.7)
    box(
        picture,
        x - width / 2 + 0.015,
        top + 0.015,
        x + width / 2 - 0.015,
        top + tall - 0.015,
        np.full(3, 0.9, np.float32),
    )
    inner = hue(rng, 0.4, 0.6)
    box(picture, x - width / 2 + 0.04, top + 0.04, x + width / 2 - 0.04, top + tall - 0.04, inner)
    disc(picture, x, top + tall / 2, width * 0.15, hue(rng, 0.6, 0.8))


def _lamp(rng: np.random.Generator, picture: Floats, x: float) -> None:
    glow = np.zeros_like(picture)
    disc(glow, x, 0.42, 0.22, np.array([0.5, 0.38, 0.2], np.float32))
    picture += blurred(glow, 0.08)
    box(picture, x - 0.006, 0.5, x + 0.006, 1.0, np.array([0.2, 0.18, 0.16], np.float32))
    shade = np.array([[x - 0.05, 0.33], [x + 0.05, 0.33], [x + 0.10, 0.52], [x - 0.10, 0.52]]) * len(picture)
    cv2.fillPoly(picture, [shade.round().astype(np.int32)], (1.0, 0.88, 0.66), cv2.LINE_AA)


def _plant(rng: np.random.Generator, picture: Floats, x: float) -> None:
    pot = hue(rng, 0.4, 0.6, 0.05)
    for _ in range(int(rng.integers(14, 26))):
        angle, reach = rng.uniform(-1.2, 1.2), rng.uniform(0.12, 0.34)
        middle = (
            int((x + 0.5 * reach * np.sin(angle)) * len(picture)),
            int((0.82 - 0.5 * reach * np.cos(angle)) * len(picture)),
        )
        axes = (max(2, int(0.5 * reach * len(picture))), max(1, int(0.022 * len(picture))))
        leaf = hue(rng, 0.5, rng.uniform(0.25, 0.6), 0.33).tolist()
        cv2.ellipse(picture, middle, axes, float(np.degrees(angle)) - 90, 0, 360, leaf, -1, cv2.LINE_AA)
    box(picture, x - 0.06, 0.82, x + 0.06, 1.0, pot)


def _curtain(rng: np.random.Generator, picture: Floats, x: float) -> None:
    cloth = hue(rng, rng.uniform(0.1, 0.5), rng.uniform(0.4, 0.8))
    for fold in np.arange(x - 0.15, x + 0.15, 0.022):
        box(picture, fold, 0, fold + 0.022, 1, cloth * rng.uniform(0.75, 1.05))


_PIECES: Mapping[str, Callable[[np.random.Generator, Floats, float], None]] = {
    "window": _window,
    "shelf": _shelf,
    "frame": _frame,
    "lamp": _lamp,
    "plant": _plant,
    "curtain": _curtain,
}


def furnish(rng: np.random.Generator, picture: Floats, x: float) -> None:
    """Draw one thing into a room, at a column in [0, 1] of the picture (size, size, 3)."""
    names = tuple(_PIECES)
    _PIECES[names[int(rng.integers(len(names)))]](rng, picture, x)
