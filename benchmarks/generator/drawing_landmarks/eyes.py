"""Draw eyes: dots, ovals, arcs, rings, or eyeballs with irises."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from generator.face.face_params import Floats

from .ink import FINE_BITS, Canvas, Colour, Ink, ellipse, fill, fixed, jitter, smooth, stroke
from .places import EYES, IRISES
from .proportions import axes_of, followed

EYE_KINDS = ("dot", "tall", "white", "almond", "anime", "arc", "ring", "lid")


def place_eyes(points: Floats, kind: str, rng: np.random.Generator) -> Floats:
    """Return the points with the contours of the eyes around what a kind of eye will be drawn as."""
    axes = axes_of(points)
    moved = points.copy()
    distance = float(np.linalg.norm(points[EYES[1][0]] - points[EYES[0][0]]))
    tall = {"dot": 1.0, "tall": 1.7, "white": rng.uniform(0.85, 1.25), "anime": rng.uniform(1.0, 1.5), "ring": 1.0,
            "almond": rng.uniform(0.35, 0.6), "arc": 0.35, "lid": rng.uniform(0.6, 0.9)}[kind]  # fmt: skip
    reach = {"dot": (0.045, 0.085), "tall": (0.04, 0.075), "arc": (0.07, 0.13)}.get(kind, (0.09, 0.19))
    half = rng.uniform(*reach) * distance
    look = rng.normal(0, 0.22, 2).clip(-0.45, 0.45)
    groups = []
    for eye, iris in zip(EYES, IRISES, strict=True):
        outer, inner = points[eye[0]], points[eye[8]]
        centre = (outer + inner) / 2
        narrow = np.clip(float(np.linalg.norm(inner - outer)) / (0.32 * distance), 0.5, 1.0)
        along = axes[0] if float((inner - outer) @ axes[0]) > 0 else -axes[0]
        angle = np.pi - np.arange(16) * np.pi / 8
        across, down = half * narrow, half * tall
        moved[list(eye)] = centre + across * np.cos(angle)[:, None] * along + down * np.sin(angle)[:, None] * axes[1]
        pupil = centre if kind in ("dot", "tall", "arc") else centre + (look * [across, down * 0.6]) @ axes
        radius = 0.9 * across if kind in ("dot", "tall") else (0.75 * across if kind == "anime" else 0.45 * across)
        moved[iris] = pupil + radius * np.array([[0, 0], [1, 0], [0, -1], [-1, 0], [0, 1]]) @ axes
        groups += [*eye, *range(iris.start, iris.stop)]
    return followed(points, moved, np.array(groups))


@dataclass(frozen=True, slots=True, eq=False)
class _Eye:
    """One eye of a drawing: its contour (16, 2), middle, half axes, pupil, and the axes of the face."""

    contour: Floats
    centre: Floats
    across: float
    down: float
    pupil: Floats
    axes: Floats


@dataclass(frozen=True, slots=True)
class _Choice:
    """What both eyes of a drawing have in common."""

    kind: str
    lashes: bool
    highlight: bool
    flat: bool
    upwards: bool
    iris: float
    white: Colour


def draw_eyes(canvas: Canvas, points: Floats, kind: str, ink: Ink, rng: np.random.Generator) -> None:
    """Draw both eyes in place, within the contours of `place_eyes`."""
    axes = axes_of(points)
    chosen = _Choice(
        kind,
        lashes=rng.random() < 0.3 and kind != "arc",
        highlight=rng.random() < 0.5,
        flat=rng.random() < 0.3,
        upwards=rng.random() < 0.6,
        iris=rng.uniform(0.4, 0.95),
        white=(255, 255, 255) if rng.random() < 0.8 else jitter(rng, (235, 235, 225), 12),
    )
    for indices, iris in zip(EYES, IRISES, strict=True):
        contour = points[list(indices)]
        centre = contour.mean(0)
        across, down = np.abs((contour - centre) @ axes.T).max(0)
        eye = _Eye(contour, centre, float(across), float(down), points[iris.start], axes)
        if kind in ("dot", "tall"):
            _draw_dot(canvas, eye, chosen, ink)
        elif kind == "arc":
            _draw_arc(canvas, eye, chosen, ink)
        else:
            _draw_ball(canvas, eye, chosen, ink, rng)
        if chosen.lashes:
            for start in contour[13:]:
                stroke(canvas, np.stack([start, start + 0.4 * (start - centre)]), ink.line, ink.width * 0.7)


def _draw_dot(canvas: Canvas, eye: _Eye, chosen: _Choice, ink: Ink) -> None:
    fill(canvas, smooth(ellipse(eye.centre, eye.axes, eye.across * 0.95, eye.down * 0.95)), ink.line)
    if chosen.highlight and eye.across > 3:
        shine = eye.centre + np.array([0.3 * eye.across, -0.35 * eye.down]) @ eye.axes
        fill(canvas, ellipse(shine, eye.axes, eye.across * 0.3, eye.across * 0.3), chosen.white)


def _draw_arc(canvas: Canvas, eye: _Eye, chosen: _Choice, ink: Ink) -> None:
    along = np.linspace(-1, 1, 9)
    high = (-1 if chosen.upwards else 1) * eye.down
    bow = np.stack([eye.across * along, high * (0.6 - along**2)], 1)
    stroke(canvas, eye.centre + bow @ eye.axes, ink.line, ink.width * 1.3)


def _draw_ball(canvas: Canvas, eye: _Eye, chosen: _Choice, ink: Ink, rng: np.random.Generator) -> None:
    shape = smooth(eye.contour)
    if chosen.kind != "ring":
        fill(canvas, shape, chosen.white)
    mask = np.zeros(canvas.shape[:2], np.uint8)
    cv2.fillPoly(mask, [fixed(shape)], 255, cv2.LINE_8, FINE_BITS)
    layer = canvas.copy()
    _draw_iris(layer, eye, chosen, ink)
    if chosen.kind == "lid":
        down = eye.down * eye.axes[1]
        lid = np.concatenate([eye.contour[:8] - 0.9 * down, eye.contour[8:] - 0.2 * down])
        fill(layer, smooth(lid), ink.skin)
    canvas[mask > 0] = layer[mask > 0]
    if chosen.kind == "ring" or (ink.outlined and rng.random() < 0.7):
        stroke(canvas, shape, ink.line, ink.width * 0.8, closed=True)
    elif rng.random() < 0.6:
        upper = eye.contour[[0, *range(15, 8, -1), 8]]
        stroke(canvas, upper, ink.line, ink.width * rng.uniform(0.8, 1.8))


def _draw_iris(layer: Canvas, eye: _Eye, chosen: _Choice, ink: Ink) -> None:
    across, down, axes = eye.across, eye.down, eye.axes
    if chosen.kind == "anime":
        fill(layer, smooth(ellipse(eye.pupil, axes, across * chosen.iris, down * 1.05)), ink.iris)
        fill(layer, ellipse(eye.pupil, axes, across * chosen.iris * 0.55, down * 0.6), ink.line)
        shine = eye.pupil + np.array([-0.25 * across, -0.4 * down]) @ axes
        fill(layer, ellipse(shine, axes, across * 0.25, across * 0.28), chosen.white)
        return
    share = 0.6 if chosen.kind == "ring" else 0.8
    radius = max(1.0, min(across, max(down, 0.35 * across)) * chosen.iris * share)
    if not chosen.flat and radius > 3:
        fill(layer, smooth(ellipse(eye.pupil, axes, radius, radius)), ink.iris)
        radius *= 0.55
    fill(layer, smooth(ellipse(eye.pupil, axes, radius, radius)), ink.line)
