"""Convert colours and interpolate smoothly; colours of pictures are sRGB, colours that light falls on are linear."""

from __future__ import annotations

import numpy as np

from generator.face.face_params import Floats

GAMMA = 2.2
"""Exponent between linear light and the values of a picture."""


def linear(colour: tuple[int, int, int] | Floats) -> Floats:
    """Return a colour in [0, 255] as linear light in [0, 1], float32."""
    return ((np.asarray(colour, np.float32) / 255) ** GAMMA).astype(np.float32)


def encoded(light: Floats) -> Floats:
    """Return linear light as values of a picture in [0, 1]."""
    return (np.clip(light, 0, 1) ** (1 / GAMMA)).astype(np.float32)


def smooth(low: float, high: float, values: Floats | float) -> Floats:
    """Return 0 at `low`, 1 at `high`, and a smooth step between them; `low` may be the greater one."""
    share = np.clip((np.asarray(values, np.float32) - low) / (high - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def unit(vectors: Floats) -> Floats:
    """Return vectors (..., 3) of length 1."""
    return (vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)).astype(np.float32)


def mix(first: Floats, second: Floats, share: Floats | float) -> Floats:
    """Return a colour between two: the first at 0, the second at 1."""
    return np.asarray(first * (1 - np.asarray(share)) + second * np.asarray(share), np.float32)
