"""Add noise that is independent and normal in every pixel and channel of RGB, new in every frame."""

from __future__ import annotations

import numpy as np

from .distortion import Frames, Rng, each


def noise(frames: Frames, sigma: float, rng: Rng) -> Frames:
    """Add white Gaussian noise, round and clip.

    Args:
        frames: (T, H, W, 3) uint8 RGB.
        sigma: Standard deviation in grey levels.
        rng: Random generator of the noise.
    """

    def noisy(frame: Frames) -> Frames:
        grain = rng.standard_normal(frame.shape, dtype=np.float32) * np.float32(sigma)
        return np.clip(np.rint(frame + grain), 0, 255).astype(np.uint8)

    return each(frames, noisy)
