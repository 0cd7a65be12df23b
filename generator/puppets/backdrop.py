"""What stands behind a puppet; it does not move."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from generator.face.face_params import Floats

from .look import Puppet


@lru_cache(maxsize=8)
def backdrop(puppet: Puppet, size: int) -> Floats:
    """Return the background (size, size, 3), RGB in [0, 1]."""
    first, second = puppet.backdrop_colours
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    rng = np.random.default_rng(puppet.seed + 3)
    if puppet.backdrop == "plain":
        mix = np.zeros_like(x)
    elif puppet.backdrop == "gradient":
        mix = y
    elif puppet.backdrop == "radial":
        mix = np.clip(np.hypot(x - 0.5, y - 0.4) * 1.5, 0, 1)
    elif puppet.backdrop == "stripes":
        angle, count = rng.uniform(0, np.pi), rng.uniform(4, 12)
        mix = np.clip(0.5 + 6 * np.sin(2 * np.pi * count * (np.cos(angle) * x + np.sin(angle) * y)), 0, 1) * 0.6
    elif puppet.backdrop == "dots":
        count = rng.uniform(5, 12)
        radius = np.hypot((x * count) % 1 - 0.5, (y * count) % 1 - 0.5)
        mix = np.clip(0.5 + (0.28 - radius) * 12, 0, 1) * 0.7
    else:
        mix = np.zeros_like(x)
        for _ in range(9):
            cx, cy, r = rng.random(), rng.random(), rng.uniform(0.08, 0.3)
            mix += 0.5 * np.exp(-(((x - cx) / r) ** 2) - ((y - cy) / r) ** 2)
        mix = np.clip(mix, 0, 1)
    return (first * (1 - mix[..., None]) + second * mix[..., None]).astype(np.float32)
