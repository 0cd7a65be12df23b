"""Draw heads without features: body, hair, ears and face."""

from __future__ import annotations

import numpy as np

from generator.face.face_params import Floats
from generator.geometry import OVAL

from .ink import Canvas, Ink, ellipse, mix, shape, smooth, tone
from .places import SIDES
from .proportions import axes_of

_OVAL = np.array(OVAL)


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
    cloth = tone(rng, 0, 255)
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
        shape(canvas, middle + smooth(grown * (1 + 0.04 * rng.normal(size=(len(grown), 1)))) @ axes, ink.hair, ink)
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
        shape(canvas, middle + column @ axes, mix(ink.skin, ink.line, 0.12), ink)
        shape(canvas, middle + body @ axes, cloth, ink)
    if rng.random() < 0.7:
        size = wide * rng.uniform(0.12, 0.3)
        for side in SIDES:
            place = points[side] + rng.uniform(-0.1, 0.25) * high * axes[1]
            shape(canvas, smooth(ellipse(place, axes, size * 0.8, size * 1.1)), ink.skin, ink)
    shape(canvas, middle + smooth(skull, 1) @ axes, ink.skin, ink)
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
    cap = np.concatenate([lifted, np.stack([edge_x * 1.04, edge], 1)])
    shape(canvas, middle + smooth(cap, 1) @ axes, ink.hair, ink)
