"""Draw simple shapes and soft noise on pictures of sRGB values in [0, 1]."""

from __future__ import annotations

import colorsys

import cv2
import numpy as np

from generator.face.face_params import Floats

from .colours import mix


def hue(rng: np.random.Generator, saturation: float, value: float, around: float | None = None) -> Floats:
    """Draw a colour (3,) in [0, 1]."""
    tone = rng.random() if around is None else around + rng.normal(0, 0.05)
    return np.array(colorsys.hsv_to_rgb(tone % 1.0, saturation, value), np.float32)


def ramp(first: Floats, second: Floats, share: Floats) -> Floats:
    """Return colours from the first (share 0) to the second (1), (..., 3)."""
    return mix(first, second, np.clip(share, 0, 1)[..., None])


def rows_of(size: int) -> Floats:
    """Return the height of every pixel of a picture, 0 at its top and 1 at its bottom, (size, size)."""
    return np.broadcast_to(np.linspace(0, 1, size, dtype=np.float32)[:, None], (size, size))


def cloud(rng: np.random.Generator, size: int, cell: int = 4, octaves: int = 5) -> Floats:
    """Return smooth noise of about unit variance."""
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        count = min(size, cell * 2**octave)
        grid = rng.normal(size=(count, count)).astype(np.float32)
        total += cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC) * 0.6**octave
    return total / 1.2


def box(picture: Floats, left: float, top: float, right: float, bottom: float, colour: Floats) -> None:
    """Fill a rectangle given in picture sides."""
    size = len(picture)
    corners = [round(v * size) for v in (left, top, right, bottom)]
    cv2.rectangle(picture, (corners[0], corners[1]), (corners[2], corners[3]), colour.tolist(), -1, cv2.LINE_AA)


def disc(picture: Floats, x: float, y: float, radius: float, colour: Floats) -> None:
    """Fill a disc given in picture sides."""
    size = len(picture)
    centre = (round(x * size * 16), round(y * size * 16))
    cv2.circle(picture, centre, max(1, round(radius * size * 16)), colour.tolist(), -1, cv2.LINE_AA, 4)


def blurred(picture: Floats, amount: float) -> Floats:
    """Return a picture out of focus; `amount` is in picture sides."""
    if amount <= 0:
        return picture
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), amount * len(picture)), np.float32)
