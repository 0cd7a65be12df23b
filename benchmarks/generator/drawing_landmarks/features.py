"""Draw brows and noses, and what some faces have besides: blush, glasses, a moustache."""

from __future__ import annotations

import numpy as np

from generator.face.face_params import Floats

from .ink import Canvas, Ink, ellipse, fill, mix, smooth, stroke, tone
from .places import BASE, BROWS, EYES, TIP, UNDER_BROWS, WINGS
from .proportions import axes_of


def draw_brows(canvas: Canvas, points: Floats, ink: Ink, rng: np.random.Generator) -> None:
    """Draw the brows in place, or none."""
    kind = rng.choice(["none", "line", "shape", "stub"], p=[0.2, 0.4, 0.3, 0.1])
    colour = ink.hair if rng.random() < 0.5 else ink.line
    width = ink.width * rng.uniform(0.9, 2.2)
    for upper, under in zip(BROWS, UNDER_BROWS, strict=True):
        line = (points[list(upper)] + points[list(under)]) / 2
        if kind == "line":
            stroke(canvas, line, colour, width)
        elif kind == "stub":
            stroke(canvas, line[1:4], colour, width * 1.5)
        elif kind == "shape":
            fill(canvas, smooth(np.concatenate([points[list(upper)], points[list(under)][::-1]]), 1), colour)


def draw_nose(canvas: Canvas, points: Floats, ink: Ink, rng: np.random.Generator) -> None:
    """Draw the nose in place, or none."""
    axes = axes_of(points)
    tip, base, (left, right) = points[TIP], points[BASE], points[list(WINGS)]
    half = 0.5 * float(np.linalg.norm(right - left)) * rng.uniform(0.4, 1.0)
    kind = rng.choice(
        ["none", "bow", "hook", "dots", "blob", "triangle", "bridge"], p=[0.15, 0.2, 0.2, 0.1, 0.15, 0.08, 0.12]
    )
    shade = mix(ink.skin, ink.line, rng.uniform(0.1, 0.45)) if rng.random() < 0.6 else ink.line
    t = np.linspace(-1, 1, 7)
    turned = 1 if float((tip - (left + right) / 2) @ axes[0]) > 0 else -1
    if kind == "bow":
        stroke(canvas, base + np.stack([half * t, half * 0.7 * (1 - t**2) - half * 0.5], 1) @ axes, shade, ink.width)
    elif kind == "hook":
        bridge = points[[6, 195]] if rng.random() < 0.5 else points[[195, 5]]
        ends = np.array([[turned * half, -0.5 * half], [turned * half * 0.9, 0.1 * half], [0, 0.15 * half]])
        stroke(canvas, np.concatenate([bridge, base + ends @ axes]), shade, ink.width)
    elif kind == "dots":
        for side in (-1, 1):
            fill(canvas, ellipse(base + (side * 0.5 * half) * axes[0], axes, half * 0.2, half * 0.16), shade)
    elif kind == "blob":
        colour = shade if rng.random() < 0.6 else mix(ink.skin, (235, 110, 110), 0.5)
        shape = smooth(ellipse((tip + base) / 2, axes, half * rng.uniform(0.6, 1.1), half * rng.uniform(0.5, 1.0)))
        fill(canvas, shape, colour)
        if ink.outlined and rng.random() < 0.5:
            stroke(canvas, shape, ink.line, ink.width * 0.8, closed=True)
    elif kind == "triangle":
        fill(canvas, np.stack([points[5], base - half * axes[0], base + half * axes[0]]), shade)
    elif kind == "bridge":
        stroke(canvas, points[[6, 197, 195, 5, 1]], shade, ink.width)
        stroke(canvas, base + np.stack([half * t, half * 0.4 * (1 - t**2)], 1) @ axes, shade, ink.width)


def draw_extras(canvas: Canvas, points: Floats, ink: Ink, rng: np.random.Generator) -> None:
    """Draw in place what some faces have: blushed cheeks, freckles, glasses, a moustache."""
    axes = axes_of(points)
    centres = [points[list(eye)].mean(0) for eye in EYES]
    distance = float(np.linalg.norm(centres[1] - centres[0]))
    if rng.random() < 0.2:
        blush = mix(ink.skin, (240, 90, 100), rng.uniform(0.25, 0.6))
        for side, centre in zip((-1, 1), centres, strict=True):
            place = centre + distance * np.array([side * 0.18, 0.38]) @ axes
            fill(canvas, smooth(ellipse(place, axes, 0.16 * distance, 0.1 * distance)), blush)
    if rng.random() < 0.18:
        radius, colour = distance * rng.uniform(0.28, 0.45), ink.line if rng.random() < 0.7 else tone(rng, 0, 255)
        tall = rng.uniform(0.6, 1.0)
        shaded = rng.random() < 0.15
        for centre in centres:
            ring = smooth(ellipse(centre, axes, radius, radius * tall))
            if shaded:
                fill(canvas, ring, colour)
            stroke(canvas, ring, colour, ink.width, closed=True)
        inner = [centres[0] + radius * axes[0], centres[1] - radius * axes[0]]
        stroke(canvas, np.stack(inner), colour, ink.width)
    if rng.random() < 0.10:
        base, lip = points[BASE], points[0]
        half = 0.5 * distance * rng.uniform(0.6, 1.1)
        shape = np.array([[-half, 0.35 * half], [0, -0.3 * half], [half, 0.35 * half], [0, 0.12 * half]])
        fill(canvas, smooth((base + lip) / 2 + shape @ axes), ink.hair)
