"""Hold what a drawing is drawn with: colours, lines and filled shapes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.face.face_params import Floats

Canvas = NDArray[np.uint8]
Colour = tuple[int, int, int]

FINE_BITS = 4
"""Bits of a pixel's fraction."""

_RING = np.linspace(0, 2 * np.pi, 16, endpoint=False)


@dataclass(frozen=True, slots=True)
class Ink:
    """What a drawing is drawn with: colours, the width of a line in pixels, and whether shapes have outlines."""

    line: Colour
    skin: Colour
    hair: Colour
    lips: Colour
    iris: Colour
    width: float
    outlined: bool


def sample_ink(rng: np.random.Generator, face: float) -> Ink:
    """Draw the colours of a drawing whose face is `face` pixels high."""
    dark = tone(rng, 0, 60) if rng.random() < 0.8 else tone(rng, 0, 200)
    skin = _skin(rng)
    hair = tone(rng, 0, 255) if rng.random() < 0.5 else tone(rng, 0, 110)
    lips = mix(skin, (200, 60, 70), rng.uniform(0.2, 0.9)) if rng.random() < 0.7 else dark
    return Ink(dark, skin, hair, lips, tone(rng, 0, 220), face * rng.uniform(0.008, 0.035), rng.random() < 0.55)


def _skin(rng: np.random.Generator) -> Colour:
    kind = rng.random()
    if kind < 0.6:
        share = rng.random()
        base = mix((255, 224, 196), (84, 50, 32), share)
        return jitter(rng, base, 14)
    if kind < 0.72:
        return jitter(rng, (255, 205, 60), 25)
    if kind < 0.84:
        return jitter(rng, (250, 250, 248), 6)
    return tone(rng, 40, 255)


def tone(rng: np.random.Generator, low: int, high: int) -> Colour:
    """Draw a colour between two values, grey now and then."""
    red, green, blue = rng.integers(low, high, 3).tolist()
    if rng.random() < 0.4:
        green = blue = red
    return red, green, blue


def jitter(rng: np.random.Generator, colour: Colour, amount: float) -> Colour:
    """Return a colour a little beside another."""
    red, green, blue = np.clip(np.array(colour) + rng.normal(0, amount, 3), 0, 255).astype(int).tolist()
    return red, green, blue


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Return a colour between two others; `share` 1 is the second."""
    red, green, blue = (np.array(first) * (1 - share) + np.array(second) * share).astype(int).tolist()
    return red, green, blue


def fixed(points: Floats) -> NDArray[np.int32]:
    """Return points (N, 2) as OpenCV draws them, in fractions of a pixel."""
    return np.round((np.asarray(points) - 0.5) * (1 << FINE_BITS)).astype(np.int32).reshape(-1, 1, 2)


def fill(canvas: Canvas, points: Floats, colour: Colour) -> None:
    """Fill a polygon in place."""
    cv2.fillPoly(canvas, [fixed(points)], colour, cv2.LINE_AA, FINE_BITS)


def stroke(canvas: Canvas, points: Floats, colour: Colour, width: float, *, closed: bool = False) -> None:
    """Draw a line in place."""
    cv2.polylines(canvas, [fixed(points)], closed, colour, max(1, round(width)), cv2.LINE_AA, FINE_BITS)


def ellipse(centre: Floats, axes: Floats, across: float, down: float) -> Floats:
    """Return 16 points of an ellipse around a place, along the axes of a face."""
    flat = np.stack([across * np.cos(_RING), down * np.sin(_RING)], 1)
    result: Floats = centre + flat @ axes
    return result


def smooth(points: Floats, times: int = 2) -> Floats:
    """Return a closed polygon whose corners are cut (Chaikin 1974)."""
    for _ in range(times):
        after = np.roll(points, -1, 0)
        points = np.stack([0.75 * points + 0.25 * after, 0.25 * points + 0.75 * after], 1).reshape(-1, 2)
    return points


def shape(canvas: Canvas, points: Floats, colour: Colour, ink: Ink) -> None:
    """Fill a polygon in place, with an outline where the drawing has outlines."""
    fill(canvas, points, colour)
    if ink.outlined:
        stroke(canvas, points, ink.line, ink.width, closed=True)
