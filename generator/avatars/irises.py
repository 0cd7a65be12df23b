"""Paint irises."""

from __future__ import annotations

import numpy as np

from generator.face.face_params import Floats

from .colours import linear, smooth
from .look import Eyes
from .shapes import Kind

_SIZE = 128
_EDGE = 0.77


def paint_iris(rng: np.random.Generator, eyes: Eyes, kind: Kind) -> Floats:
    """Paint an iris as (128, 128, 5): linear colour, coverage in [0, 1], and light of its own (painted highlights).

    The iris's edge lies at 0.77 of the picture's half side.
    """
    y, x = (np.mgrid[0:_SIZE, 0:_SIZE].astype(np.float32) + 0.5) / _SIZE * 2 - 1
    radius, angle = np.hypot(x, y) / _EDGE, np.arctan2(y, x)
    hole = np.hypot(x * 3.0, y * 0.9) / _EDGE if eyes.slit else radius
    colour = linear(eyes.iris)
    out = np.zeros((_SIZE, _SIZE, 5), np.float32)
    if kind == "anime":
        colour = colour**0.62
        colour = colour * min(1.0, 0.42 / max(float(colour.mean()), 0.01))
        painted = colour * (0.2 + 1.1 * smooth(-0.75, 0.8, y))[..., None]
        painted = painted * (1 - 0.9 * smooth(0.42, 0.36, hole))[..., None]
        painted = painted * (1 - 0.8 * smooth(0.80, 0.88, radius))[..., None]
        painted = painted + colour * (0.7 * np.exp(-(((y - 0.42) / 0.16) ** 2) - (x / 0.35) ** 2))[..., None]
        large = smooth(1, 0.85, np.hypot((x + 0.22) / 0.20, (y + 0.32) / 0.24))
        small = smooth(1, 0.85, np.hypot((x - 0.28) / 0.10, (y - 0.30) / 0.10))
        out[..., 4] = np.maximum(large, 0.8 * small)
    else:
        waves = ((17, 0.5), (31, 0.35), (53, 0.3), (7, 0.3))
        fibres = sum(
            strength * np.sin(angle * count + rng.uniform(0, 6) + 2 * np.sin(radius * 4 + count))
            for count, strength in waves
        )
        fibres = fibres * (0.5 if kind == "real" else 0.25)
        value = 0.62 + 0.28 * fibres + 0.4 * np.exp(-(((radius - 0.42) / 0.16) ** 2))
        value = value * (1 - 0.72 * smooth(0.78, 1.0, radius))
        warm = 0.5 * np.exp(-(((radius - 0.38) / 0.14) ** 2))[..., None] * np.array([0.10, 0.05, 0.0])
        painted = colour * value[..., None] * 1.25 + warm
        pupil = smooth(0.40, 0.34, hole)[..., None]
        painted = painted * (1 - pupil) + 0.004 * pupil
        if kind == "cartoon":
            painted = painted * (1.0 + 0.9 * smooth(-0.2, 0.8, y))[..., None]
    out[..., :3] = np.clip(painted, 0.002, 1)
    out[..., 3] = smooth(1.05, 0.97, radius)
    return out
