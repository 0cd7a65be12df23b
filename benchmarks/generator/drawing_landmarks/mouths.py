"""Draw mouths: a line, lips, or open with teeth and tongue."""

from __future__ import annotations

import numpy as np

from generator.face.face_params import Floats

from .ink import Canvas, Ink, fill, mix, smooth, stroke
from .places import INNER_LIPS, OUTER_LIPS
from .proportions import axes_of, followed

MOUTH_KINDS = ("line", "open", "lips", "smile", "small")


def place_mouth(points: Floats, kind: str, rng: np.random.Generator) -> Floats:
    """Return the points with lips that lie where a kind of mouth will be drawn."""
    axes = axes_of(points)
    outer, inner = np.array(OUTER_LIPS), np.array(INNER_LIPS)
    both = np.concatenate([outer, inner])
    centre = points[both].mean(0)
    local = (points - centre) @ axes.T
    half = float(np.ptp(local[outer, 0])) / 2
    moved = local.copy()
    along = np.clip(local[both, 0] / max(half, 1e-6), -1, 1)
    upper = np.concatenate([np.arange(20) > 10, np.arange(20) > 10])
    corner = np.isin(np.concatenate([np.arange(20), np.arange(20)]), (0, 10))
    side = np.where(corner, 0.0, np.where(upper, -1.0, 1.0))
    bend = rng.normal(0.12, 0.22)
    middle = -bend * half * (along**2 - 0.5)
    opening = {
        "line": 0.0,
        "open": rng.uniform(0.2, 0.7),
        "lips": rng.uniform(0, 0.25),
        "smile": rng.uniform(0.3, 0.8),
        "small": 0.5,
    }[kind]
    lips = {"line": rng.uniform(0.04, 0.14), "lips": rng.uniform(0.14, 0.32)}.get(kind, rng.uniform(0.03, 0.12))
    width = rng.uniform(0.2, 0.45) if kind == "small" else rng.uniform(0.6, 1.15)
    bow = np.sqrt(np.clip(1 - along**2, 0, 1))
    apart = side * (half * width * opening) * bow
    if kind == "smile":
        apart = np.where(side > 0, 1.6 * apart, 0.15 * apart)
    thick = np.concatenate([np.full(20, lips), np.zeros(20)]) * half * width * side * bow
    moved[both, 0] = local[both, 0] * width
    moved[both, 1] = middle * width + apart + thick
    there = points.copy()
    there[both] = centre + moved[both] @ axes
    return followed(points, there, both)


def draw_mouth(canvas: Canvas, points: Floats, kind: str, ink: Ink, rng: np.random.Generator) -> None:
    """Draw the mouth in place, within the lips of `place_mouth`."""
    outer, inner = points[list(OUTER_LIPS)], points[list(INNER_LIPS)]
    line = np.concatenate([inner[:1], (inner[1:10] + inner[:10:-1]) / 2, inner[10:11]])
    if kind == "line":
        stroke(canvas, line, ink.line if rng.random() < 0.8 else ink.lips, ink.width * rng.uniform(0.8, 1.6))
        if rng.random() < 0.2:
            stroke(canvas, outer[4:7] + 0.5 * (outer[4:7] - inner[4:7]), ink.line, ink.width * 0.7)
        return
    if kind == "lips":
        fill(canvas, outer, ink.lips)
        if rng.random() < 0.7:
            stroke(canvas, line, mix(ink.lips, ink.line, 0.6), ink.width * 0.7)
    elif kind == "small" or rng.random() < 0.3:
        fill(canvas, smooth(outer, 1), ink.lips)
    dark = mix(ink.line, (110, 20, 30), rng.random()) if rng.random() < 0.85 else (255, 255, 255)
    if kind != "lips" or np.ptp(inner[:, 1]) > 0.2 * np.ptp(inner[:, 0]):
        fill(canvas, inner, dark)
        if kind in ("open", "smile") and rng.random() < 0.5:
            upper = np.concatenate([inner[:1], inner[:10:-1], inner[10:11]])
            deep = upper + rng.uniform(0.2, 0.5) * (np.concatenate([inner[:1], inner[1:10], inner[10:11]]) - upper)
            fill(canvas, np.concatenate([upper, deep[::-1]]), (255, 255, 255))
        if kind in ("open", "smile") and rng.random() < 0.35:
            tongue = inner[3:8]
            fill(canvas, np.concatenate([tongue, 0.65 * tongue[::-1] + 0.35 * line[3:8][::-1]]), (220, 90, 100))
    if ink.outlined or rng.random() < 0.3:
        stroke(canvas, inner if rng.random() < 0.7 else outer, ink.line, ink.width * 0.8, closed=True)
