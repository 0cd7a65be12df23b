"""Draw faces with few strokes, where the points of an avatar's face lie: dots for eyes, a line for the mouth."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from generator.face.face_params import Floats
from generator.geometry import OVAL

from .places import BASE, BROWS, EYES, INNER_LIPS, IRISES, OUTER_LIPS, SIDES, TIP, UNDER_BROWS, WINGS
from .proportions import axes_of, follow

Canvas = NDArray[np.uint8]
Colour = tuple[int, int, int]

_FINE = 4  # bits of a pixel's fraction
_OVAL = np.array(OVAL)
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
    dark = _tone(rng, 0, 60) if rng.random() < 0.8 else _tone(rng, 0, 200)
    skin = _skin(rng)
    hair = _tone(rng, 0, 255) if rng.random() < 0.5 else _tone(rng, 0, 110)
    lips = _mix(skin, (200, 60, 70), rng.uniform(0.2, 0.9)) if rng.random() < 0.7 else dark
    return Ink(dark, skin, hair, lips, _tone(rng, 0, 220), face * rng.uniform(0.008, 0.035), rng.random() < 0.55)


def _skin(rng: np.random.Generator) -> Colour:
    kind = rng.random()
    if kind < 0.6:
        share = rng.random()
        base = _mix((255, 224, 196), (84, 50, 32), share)
        return _jitter(rng, base, 14)
    if kind < 0.72:
        return _jitter(rng, (255, 205, 60), 25)
    if kind < 0.84:
        return _jitter(rng, (250, 250, 248), 6)
    return _tone(rng, 40, 255)


def _tone(rng: np.random.Generator, low: int, high: int) -> Colour:
    red, green, blue = rng.integers(low, high, 3).tolist()
    if rng.random() < 0.4:
        green = blue = red
    return red, green, blue


def _jitter(rng: np.random.Generator, colour: Colour, amount: float) -> Colour:
    red, green, blue = np.clip(np.array(colour) + rng.normal(0, amount, 3), 0, 255).astype(int).tolist()
    return red, green, blue


def _mix(first: Colour, second: Colour, share: float) -> Colour:
    red, green, blue = (np.array(first) * (1 - share) + np.array(second) * share).astype(int).tolist()
    return red, green, blue


def _fixed(points: Floats) -> NDArray[np.int32]:
    return np.round((np.asarray(points) - 0.5) * (1 << _FINE)).astype(np.int32).reshape(-1, 1, 2)


def fill(canvas: Canvas, points: Floats, colour: Colour) -> None:
    """Fill a polygon in place."""
    cv2.fillPoly(canvas, [_fixed(points)], colour, cv2.LINE_AA, _FINE)


def stroke(canvas: Canvas, points: Floats, colour: Colour, width: float, *, closed: bool = False) -> None:
    """Draw a line in place."""
    cv2.polylines(canvas, [_fixed(points)], closed, colour, max(1, round(width)), cv2.LINE_AA, _FINE)


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


# ------------------------------------------------------------------------------------------------------------- eyes
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
    return _followed(points, moved, np.array(groups))


def _followed(points: Floats, moved: Floats, groups: NDArray[np.int64]) -> Floats:
    """Return points of which a group has moved, and what lies near it with it; outline and other features stay."""
    others = np.array([*_OVAL, *OUTER_LIPS, *INNER_LIPS, TIP, BASE, *WINGS, *BROWS[0], *BROWS[1]])
    others = others[~np.isin(others, groups)]
    controls = np.concatenate([groups, others])
    result = points + follow(points[controls], (moved - points)[controls], points)
    result[groups] = moved[groups]
    return result.astype(np.float32)


def draw_eyes(canvas: Canvas, points: Floats, kind: str, ink: Ink, rng: np.random.Generator) -> None:
    """Draw both eyes in place, within the contours of `place_eyes`."""
    axes = axes_of(points)
    lashes, highlight, flat = rng.random() < 0.3, rng.random() < 0.5, rng.random() < 0.3
    upwards = rng.random() < 0.6
    iris_share = rng.uniform(0.4, 0.95)
    white = (255, 255, 255) if rng.random() < 0.8 else _jitter(rng, (235, 235, 225), 12)
    for eye, iris in zip(EYES, IRISES, strict=True):
        contour = points[list(eye)]
        centre = contour.mean(0)
        across, down = np.abs((contour - centre) @ axes.T).max(0)
        pupil = points[iris.start]
        if kind in ("dot", "tall"):
            fill(canvas, smooth(ellipse(centre, axes, across * 0.95, down * 0.95)), ink.line)
            if highlight and across > 3:
                fill(
                    canvas,
                    ellipse(centre + ([0.3, -0.35] * np.array([across, down])) @ axes, axes, *([across * 0.3] * 2)),
                    white,
                )
        elif kind == "arc":
            sign = -1 if upwards else 1
            t = np.linspace(-1, 1, 9)
            bow = np.stack([across * t, sign * down * (1 - t**2) - sign * 0.4 * down], 1)
            stroke(canvas, centre + bow @ axes, ink.line, ink.width * 1.3)
        else:
            shape = smooth(contour)
            if kind != "ring":
                fill(canvas, shape, white)
            mask = np.zeros(canvas.shape[:2], np.uint8)
            cv2.fillPoly(mask, [_fixed(shape)], 255, cv2.LINE_8, _FINE)
            layer = canvas.copy()
            if kind == "anime":
                tall = smooth(ellipse(pupil, axes, across * iris_share, down * 1.05))
                fill(layer, tall, ink.iris)
                fill(layer, ellipse(pupil, axes, across * iris_share * 0.55, down * 0.6), ink.line)
                shine = pupil + ([-0.25 * across, -0.4 * down]) @ axes
                fill(layer, ellipse(shine, axes, across * 0.25, across * 0.28), white)
            else:
                radius = max(1.0, min(across, max(down, 0.35 * across)) * iris_share * (0.6 if kind == "ring" else 0.8))
                if not flat and radius > 3:
                    fill(layer, smooth(ellipse(pupil, axes, radius, radius)), ink.iris)
                    radius *= 0.55
                fill(layer, smooth(ellipse(pupil, axes, radius, radius)), ink.line)
            if kind == "lid":
                drop = contour - 0.9 * down * axes[1]
                fill(layer, smooth(np.concatenate([drop[:8], contour[8:] - 0.2 * down * axes[1]])), ink.skin)
            canvas[mask > 0] = layer[mask > 0]
            if kind == "ring" or (ink.outlined and rng.random() < 0.7):
                stroke(canvas, shape, ink.line, ink.width * 0.8, closed=True)
            elif rng.random() < 0.6:
                upper = points[[eye[0], *eye[:8:-1], eye[8]]]
                stroke(canvas, upper, ink.line, ink.width * rng.uniform(0.8, 1.8))
        if lashes and kind not in ("arc",):
            for index in (15, 14, 13):
                start = points[eye[index]]
                stroke(canvas, np.stack([start, start + 0.4 * (start - centre)]), ink.line, ink.width * 0.7)


# ------------------------------------------------------------------------------------------------- brows, nose, mouth
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
    shade = _mix(ink.skin, ink.line, rng.uniform(0.1, 0.45)) if rng.random() < 0.6 else ink.line
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
        colour = shade if rng.random() < 0.6 else _mix(ink.skin, (235, 110, 110), 0.5)
        shape = smooth(ellipse((tip + base) / 2, axes, half * rng.uniform(0.6, 1.1), half * rng.uniform(0.5, 1.0)))
        fill(canvas, shape, colour)
        if ink.outlined and rng.random() < 0.5:
            stroke(canvas, shape, ink.line, ink.width * 0.8, closed=True)
    elif kind == "triangle":
        fill(canvas, np.stack([points[5], base - half * axes[0], base + half * axes[0]]), shade)
    elif kind == "bridge":
        stroke(canvas, points[[6, 197, 195, 5, 1]], shade, ink.width)
        stroke(canvas, base + np.stack([half * t, half * 0.4 * (1 - t**2)], 1) @ axes, shade, ink.width)


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
    return _followed(points, there, both)


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
            stroke(canvas, line, _mix(ink.lips, ink.line, 0.6), ink.width * 0.7)
    elif kind == "small" or rng.random() < 0.3:
        fill(canvas, smooth(outer, 1), ink.lips)
    dark = _mix(ink.line, (110, 20, 30), rng.random()) if rng.random() < 0.85 else (255, 255, 255)
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


def draw_extras(canvas: Canvas, points: Floats, ink: Ink, rng: np.random.Generator) -> None:
    """Draw in place what some faces have: blushed cheeks, freckles, glasses, a moustache."""
    axes = axes_of(points)
    centres = [points[list(eye)].mean(0) for eye in EYES]
    distance = float(np.linalg.norm(centres[1] - centres[0]))
    if rng.random() < 0.2:
        blush = _mix(ink.skin, (240, 90, 100), rng.uniform(0.25, 0.6))
        for side, centre in zip((-1, 1), centres, strict=True):
            place = centre + distance * np.array([side * 0.18, 0.38]) @ axes
            fill(canvas, smooth(ellipse(place, axes, 0.16 * distance, 0.1 * distance)), blush)
    if rng.random() < 0.18:
        radius, colour = distance * rng.uniform(0.28, 0.45), ink.line if rng.random() < 0.7 else _tone(rng, 0, 255)
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


# --------------------------------------------------------------------------------------------------------- whole heads
def draw_head(canvas: Canvas, points: Floats, ink: Ink, rng: np.random.Generator) -> None:
    """Draw in place a head without features: body, hair behind, ears, face, hair in front."""
    axes = axes_of(points)
    oval = points[_OVAL]
    middle = oval.mean(0)
    local = (oval - middle) @ axes.T
    wide, high = np.abs(local).max(0)
    long = rng.random() < 0.35
    bald = rng.random() < 0.1
    skull = local.copy()
    up = np.clip(-local[:, 1] / high, 0, 1)
    skull[:, 1] -= up * high * rng.uniform(0, 0.3)
    cloth = _tone(rng, 0, 255)
    neck = wide * rng.uniform(0.3, 0.6)
    drop = high * rng.uniform(1.1, 1.5)
    shoulders = wide * rng.uniform(1.2, 2.4)
    if not bald:
        grown = skull * [rng.uniform(1.1, 1.4), rng.uniform(1.08, 1.35)]
        if long:
            low = grown[:, 1] > 0
            grown[low, 1] *= rng.uniform(1.0, 1.4)
            grown[low, 0] = np.sign(grown[low, 0]) * np.maximum(np.abs(grown[low, 0]), wide * rng.uniform(0.9, 1.25))
        else:
            grown[:, 1] = np.minimum(grown[:, 1], high * rng.uniform(-0.2, 0.4))
        _shape(canvas, middle + smooth(grown * (1 + 0.04 * rng.normal(size=(len(grown), 1)))) @ axes, ink.hair, ink)
    if rng.random() < 0.8:
        body = np.array(
            [
                [-shoulders, 3 * high],
                [-shoulders, drop + 0.5 * neck],
                [-neck, drop],
                [neck, drop],
                [shoulders, drop + 0.5 * neck],
                [shoulders, 3 * high],
            ]
        )
        column = np.array([[-neck, 0], [-neck, drop + 2], [neck, drop + 2], [neck, 0]])
        _shape(canvas, middle + column @ axes, _mix(ink.skin, ink.line, 0.12), ink)
        _shape(canvas, middle + body @ axes, cloth, ink)
    if rng.random() < 0.7:
        size = wide * rng.uniform(0.12, 0.3)
        for side in SIDES:
            place = points[side] + rng.uniform(-0.1, 0.25) * high * axes[1]
            _shape(canvas, smooth(ellipse(place, axes, size * 0.8, size * 1.1)), ink.skin, ink)
    _shape(canvas, middle + smooth(skull, 1) @ axes, ink.skin, ink)
    if not bald:
        _fringe(canvas, middle, axes, skull, ink, rng)


def _fringe(canvas: Canvas, middle: Floats, axes: Floats, skull: Floats, ink: Ink, rng: np.random.Generator) -> None:
    """Draw hair over the top of a head, with a hairline that is straight, round, parted or jagged."""
    high = float(np.abs(skull[:, 1]).max())
    line = -high * rng.uniform(0.45, 0.95)
    top = skull[skull[:, 1] < line + 0.1 * high]
    if len(top) < 3:
        return
    top = top[np.argsort(top[:, 0])]
    edge_x = np.linspace(top[-1, 0], top[0, 0], 9)
    t = np.linspace(-1, 1, 9)
    edge = line + high * (
        rng.normal(0, 0.12) * t**2 + rng.normal(0, 0.08) * t + rng.normal(0, rng.choice([0.0, 0.06]), 9)
    )
    lifted = top * [1.06, rng.uniform(1.02, 1.2)]
    shape = np.concatenate([lifted, np.stack([edge_x * 1.04, edge], 1)])
    _shape(canvas, middle + smooth(shape, 1) @ axes, ink.hair, ink)


def _shape(canvas: Canvas, points: Floats, colour: Colour, ink: Ink) -> None:
    fill(canvas, points, colour)
    if ink.outlined:
        stroke(canvas, points, ink.line, ink.width, closed=True)
