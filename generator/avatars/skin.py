"""Paint the skin's chart: colour, fine relief, gloss and brows."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from generator.face.face_params import Floats

from .colours import linear, smooth
from .look import Complexion, Hair
from .skin_chart import HALF_TURN, HIGH, LOW, RADIUS, SIZE, Chart, chart, noise, pixels


@dataclass(frozen=True, slots=True)
class PaintedSkin:
    """The painted chart.

    Attributes:
        chart: (SIZE, SIZE, 7) float32: linear colour, slope of the relief across and upwards, gloss, brows in [0, 1].
        beard: (SIZE, SIZE) where a beard grows, in [0, 1].
    """

    chart: Floats
    beard: Floats


def _over(colours: Floats, mask: Floats, colour: Floats) -> Floats:
    return (colours * (1 - mask[..., None]) + mask[..., None] * colour).astype(np.float32)


def _curves(points: list[Floats], values: list[float], width: int) -> Floats:
    """Draw polylines given in chart pixels."""
    out = np.zeros((SIZE, SIZE), np.float32)
    for line, value in zip(points, values, strict=True):
        cv2.polylines(out, [(line * 16).round().astype(np.int32)], False, value, width, cv2.LINE_AA, 4)
    return out


def _wrinkles(rng: np.random.Generator) -> Floats:
    """Draw the lines of the forehead, beside and below the eyes, each up to 1."""
    lines, values = [], []
    for index in range(4):
        x = np.linspace(-0.42, 0.42, 40)
        y = 0.34 + 0.1 * index + rng.normal(0, 0.012) + 0.02 * np.cos(9 * x + rng.normal()) + 0.03 * np.cos(4 * x)
        lines.append(pixels(x, y))
        values.append(0.9)
    for side in (-1, 1):
        for index in range(5):
            angle, along = rng.normal(0, 0.05) + (index - 2) * 0.32, np.linspace(0, 0.13, 8)
            y = 0.02 * (index - 2) + along * np.sin(angle) - 0.3 * along**2
            lines.append(pixels(side * (0.50 + along * np.cos(angle)), y))
            values.append(0.7)
        for index in range(3):
            x = np.linspace(0.2, 0.42, 12)
            lines.append(pixels(side * x, -0.13 - 0.03 * index - (x - 0.3) ** 2 + 0.02 * (x - 0.2)))
            values.append(0.4)
    return np.asarray(cv2.GaussianBlur(_curves(lines, values, 2), (0, 0), 1.8), np.float32)


def _freckles(rng: np.random.Generator, amount: float) -> Floats:
    out, count = np.zeros((SIZE, SIZE), np.float32), int(260 * amount)
    centres = pixels(rng.normal(0, 0.3, count), rng.normal(-0.22, 0.17, count))
    for centre, radius, value in zip(centres, rng.uniform(0.8, 2.2, count), rng.uniform(0.3, 1, count), strict=True):
        place = (int(centre[0] * 16), int(centre[1] * 16))
        cv2.circle(out, place, int(radius * 16), float(value), -1, cv2.LINE_AA, 4)
    return np.asarray(cv2.GaussianBlur(out, (0, 0), 0.8), np.float32)


def _beard_area(base: Chart, kind: str) -> Floats:
    across = np.abs(base.x)
    ring = np.hypot(base.x / 0.30, (base.y + 0.68) / 0.17)

    def ramp(values: Floats, width: float) -> Floats:
        return np.asarray(np.clip(values / width, 0, 1), np.float32)

    below = ramp(-0.40 - base.y + 0.9 * np.clip(across - 0.36, 0, 1), 0.12) * ramp(1.02 - across, 0.10)
    below = below * ramp(base.y + 1.20, 0.12)
    lip = np.clip(1.5 - np.abs((base.y + 0.525 + 0.77 * across**2) / 0.052), 0, 1) * ramp(0.31 - across, 0.06)
    cheeks = below * ramp(ring - 1.0, 0.15) * np.clip(ramp(across - 0.18, 0.1) + ramp(-0.80 - base.y, 0.05), 0, 1)
    chin = ramp(1.45 - ring, 0.15) * ramp(ring - 1.0, 0.12) * ramp(-0.55 - base.y, 0.06)
    chin = chin + ramp(0.2 - across, 0.08) * ramp(-0.82 - base.y, 0.05) * ramp(base.y + 1.18, 0.1)
    soul = base.spot(0, -0.83, 0.07, 0.05)
    total = {"full": cheeks + lip + soul, "goatee": chin + lip + soul, "moustache": lip}[kind]
    return np.asarray(np.clip(total, 0, 1) * (1 - np.clip((base.lips - 0.45) * 6, 0, 1)), np.float32)


def _brow_line(side: int, along: Floats, look: Complexion, flat: float) -> tuple[Floats, Floats]:
    """Return places on a brow's middle line, from its inner end (0) to its outer one (1)."""
    x = 0.13 + 0.37 * along
    y = 0.155 + look.brow_lift + look.brow_arch * np.sin(np.clip(along * 1.15, 0, 1.3) * np.pi / 1.3)
    y = y - 0.05 * along**3 + (0.01 + 0.02 * flat) * (1 - along) ** 1.5
    return side * x, y


def _brows(rng: np.random.Generator, look: Complexion, flat: float) -> Floats:
    """Draw both brows: hairs on a soft ground for people, one shape for drawn characters."""
    out = np.zeros((SIZE, SIZE), np.float32)
    for side in (-1, 1):
        along = np.linspace(0, 1, 30)
        x, y = _brow_line(side, along, look, flat)
        widest = look.brow_thickness * (0.042 - 0.008 * (flat > 0.6))
        width: Floats = widest * np.minimum(1, 0.62 + along * 2.2) * (1 - 0.75 * along**1.7)
        if flat > 0.6:
            width = width * np.sqrt(np.clip(along / 0.12, 0, 1))
        outline = np.concatenate([pixels(x, y + width), pixels(x, y - width)[::-1]])
        shape = np.zeros((SIZE, SIZE), np.float32)
        cv2.fillPoly(shape, [(outline * 16).round().astype(np.int32)], 1.0, cv2.LINE_AA, 4)
        if flat > 0.6:
            out = np.maximum(out, cv2.GaussianBlur(shape, (0, 0), 0.9))
        else:
            ground = 0.55 * cv2.GaussianBlur(shape, (0, 0), 2.5)
            out = np.maximum(np.maximum(out, ground), _brow_hairs(rng, side, look))
    return np.clip(out, 0, 1).astype(np.float32)


def _brow_hairs(rng: np.random.Generator, side: int, look: Complexion) -> Floats:
    count = 230
    along = rng.random(count) ** 0.9
    x, y = _brow_line(side, along, look, 0.0)
    width = look.brow_thickness * 0.042 * np.minimum(1, 0.62 + along * 2.2) * (1 - 0.75 * along**1.7)
    off = rng.uniform(-1, 1, count) * width
    angle = np.where(along < 0.18, 0.95 - along * 2, 0.55 - 0.75 * along) + rng.normal(0, 0.12, count)
    angle = angle - off / np.maximum(width, 1e-3) * 0.45 * (along > 0.2)
    length = 0.046 * (1 - 0.3 * along) * np.clip(0.55 + along * 3, 0, 1) * rng.uniform(0.7, 1.2, count)
    roots = pixels(x, y + off)
    tips = pixels(x + side * length * np.cos(angle), y + off + length * np.sin(angle))
    return _curves([np.stack(pair) for pair in zip(roots, tips, strict=True)], [1.0] * count, 1)


def _markings(rng: np.random.Generator, base: Chart, kind: str) -> Floats:
    """Draw the spots, stripes or mask of a creature, in [0, 1]."""
    if kind == "spots":
        spots = smooth(0.9, 1.2, noise(rng, 36))
        return np.asarray(spots * smooth(0.25, 0.5, np.abs(base.x) + 0.5 * np.abs(base.y)), np.float32)
    if kind == "stripes":
        wave = np.sin(13 * base.y + 2.0 * np.sin(3 * np.abs(base.x)) + 0.5 * noise(rng, 120))
        return np.asarray(smooth(0.55, 0.75, wave) * smooth(0.35, 0.6, np.abs(base.x)), np.float32)
    return np.asarray(np.clip(base.spot(0.31, 0.02, 0.30, 0.17), 0, 1) * 0.8, np.float32)


def _tone(rng: np.random.Generator, base: Chart, look: Complexion, flat: float) -> Floats:
    """Return the bare skin's linear colour: redder at cheeks, nose and ears, darker round the eyes."""
    real = 1 - flat
    colours = np.broadcast_to(linear(look.skin) * 0.86, (SIZE, SIZE, 3)).astype(np.float32)
    red = 0.06 * real * noise(rng, 50, 4) + 0.30 * look.blush * base.spot(0.40, -0.38, 0.2, 0.17)
    warm = 0.16 * base.spot(0, -0.36, 0.13, 0.12) + 0.12 * base.spot(0, -0.95, 0.2, 0.1)
    red += (warm + 0.25 * base.ears + 0.10 * base.lids) * (1 - 0.5 * flat)
    colours = colours * np.exp(red[..., None] * np.array([0.12, -0.75, -0.65]) * (0.8 if look.dark else 1.0))
    colours = colours * (1 + real * (0.04 * noise(rng, 130, 2) + 0.02 * noise(rng, 4, 2)))[..., None]
    bags = 0.28 * look.eyebags * base.spot(0.30, -0.12, 0.15, 0.055)
    socket = 0.14 * (1 - 0.6 * flat) * base.spot(0.308, -0.02, 0.19, 0.1)
    shade = bags[..., None] * np.array([0.9, 1.1, 0.8]) + socket[..., None] * np.array([0.7, 1.0, 0.9])
    return np.asarray(colours * np.exp(-shade), np.float32)


def _makeup(rng: np.random.Generator, base: Chart, look: Complexion, colours: Floats, flat: float) -> Floats:
    bare = linear(look.skin) * 0.86
    natural = np.clip(bare * np.array([0.80, 0.42, 0.42]) + np.array([0.10, 0.015, 0.02]), 0, 1)
    lines = cv2.GaussianBlur(noise(rng, 4), (1, 13), 3.5)
    lips = np.clip((base.lips - 0.45) * 6, 0, 1) * 0.88 if look.lips else base.lips * (0.75 - 0.4 * (flat >= 1))
    tint = natural if look.lips is None else linear(look.lips)
    colours = colours * (1 - lips[..., None]) + lips[..., None] * tint * (1 + 0.22 * (1 - flat) * lines)[..., None]
    if look.shadow is not None:
        colours = _over(colours, np.clip(1.1 * base.spot(0.315, 0.06, 0.17, 0.065), 0, 0.7), linear(look.shadow))
    liner = np.clip(base.lids * 1.2, 0, 1) * 0.30 * look.liner
    return _over(colours, liner, np.array([0.03, 0.02, 0.02]))


def paint_skin(rng: np.random.Generator, look: Complexion, hair: Hair | None, flat: float) -> PaintedSkin:
    """Paint a character's skin.

    Args:
        rng: Source of randomness.
        look: Skin and make-up.
        hair: The hair, whose colour the scalp takes; None for a bald head.
        flat: 0 for a person's skin, 1 for even colour without relief.
    """
    base, real = chart(), 1 - flat
    colours = _tone(rng, base, look, flat)
    relief = (0.35 * noise(rng, 3.4) + 0.5 * noise(rng, 8, 2)) * 0.0016 * real * (1 + 0.8 * look.age)
    if look.age > 0.35 and real > 0:
        lines = _wrinkles(rng) * np.clip((look.age - 0.35) * 1.5, 0, 1) * real * (1 + 0.3 * noise(rng, 34))
        relief -= 0.008 * lines
        colours = colours * (1 - 0.16 * lines)[..., None]
    if look.freckles:
        spots = _freckles(rng, look.freckles)[..., None]
        colours = colours * np.exp(-spots * np.array([0.22, 0.50, 0.64]))
    if look.markings:
        colours = _over(colours, _markings(rng, base, look.markings) * 0.75, linear(look.marking_colour))
    colours = _makeup(rng, base, look, colours, flat)
    gloss = 1 + base.lips * (1.4 if look.lips else 0.6) + 0.45 * base.spot(0, -0.3, 0.14, 0.2)
    gloss = gloss + 0.25 * base.spot(0, 0.4, 0.4, 0.18)

    roots: Floats = np.zeros((SIZE, SIZE), np.float32)
    if hair is not None:
        edge = base.hairline - hair.recede * np.clip(1 - np.abs(base.turn) / 1.2, 0, 1)
        roots = np.clip(edge / 0.09 + 0.35 * noise(rng, 3) * real, 0, 1) * 0.9
        colours = _over(colours, roots, linear(hair.colours[0]) * 0.55)
    beard = _beard_area(base, look.beard) if look.stubble > 0 else np.zeros((SIZE, SIZE), np.float32)
    if look.stubble > 0:
        density = np.clip(0.5 + 0.9 * noise(rng, 2.4) * real, 0, 1) * beard * look.stubble * 0.55
        colours = _over(colours, density, linear(look.brows) * 0.8 + 0.01)
    brows = _brows(rng, look, flat) * 0.95
    colours = _over(colours, brows, linear(look.brows))
    gloss = gloss * (1 + 0.25 * real * noise(rng, 5, 2)) * (1 - 0.7 * roots) * (1 - 0.6 * brows)

    relief = relief.astype(np.float32)
    across = cv2.Sobel(relief, cv2.CV_32F, 1, 0, scale=1 / 8) / (2 * HALF_TURN * RADIUS / SIZE)
    upwards = -cv2.Sobel(relief, cv2.CV_32F, 0, 1, scale=1 / 8) / ((HIGH - LOW) / SIZE)
    layers = [np.clip(colours, 0.002, 1), across, upwards, np.clip(gloss, 0.2, 3), brows]
    return PaintedSkin(np.ascontiguousarray(np.dstack(layers), np.float32), beard)
