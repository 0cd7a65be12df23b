"""Apply a gamma curve to every channel."""

from __future__ import annotations

import numpy as np

from .distortion import Frames, Rng


def gamma(frames: Frames, exponent: float, rng: Rng) -> Frames:
    """Raise pixel values, as shares of 255, to a power; above 1 darkens, below 1 brightens.

    Args:
        frames: (T, H, W, 3) uint8 RGB.
        exponent: The power.
        rng: Unused.
    """
    table = np.rint(255 * (np.arange(256) / 255) ** exponent).astype(np.uint8)
    return table[frames]
