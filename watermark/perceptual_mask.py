"""How much change each pixel hides, and putting a pattern into a frame that strongly."""

from __future__ import annotations

import math

import cv2
import numpy as np

from .frames import Frames
from .tile import Floats, luminance

# The map is smooth, so it is computed on a small copy of the frame.
_SIDE = 256
_WINDOW = (5, 5)
_AROUND = (9, 9)
_EDGE = 24.0  # what one edge may count for: a lone edge hides little
_MASKING = 0.25  # share of the activity around a pixel that a change may have

# Structural similarity (Wang et al. 2004): a change of power w costs about w / (2σ² + C₂) where σ² is the variance.
_C2 = (0.03 * 255) ** 2
_SIMILARITY_WINDOW = (7, 7)


def hidden_change(luma: Floats, flat: float) -> Floats:
    """Return the root mean square change that each pixel hides, in grey levels, `(H, W)`.

    Args:
        luma: Luminance, 0 … 255.
        flat: The change that a flat mid-grey region hides.
    """
    height, width = luma.shape
    shrink = min(1.0, _SIDE / min(height, width))
    size = max(round(width * shrink), 1), max(round(height * shrink), 1)
    small = cv2.resize(luma, size, interpolation=cv2.INTER_AREA) if shrink < 1 else luma
    local = cv2.blur(small, _WINDOW)
    high = small - local
    activity = cv2.blur(np.square(np.clip(high, -_EDGE, _EDGE)), _AROUND)
    hidden = np.sqrt(flat**2 + _MASKING**2 * np.maximum(activity, 0)) * (1 + 0.3 / 128 * np.abs(local - 110))
    if shrink < 1:
        hidden = cv2.resize(hidden, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(hidden, dtype=np.float32)


def similarity_loss(luma: Floats, change: Floats) -> float:
    """Return by how much a change of luminance lowers structural similarity, about."""
    mean = cv2.blur(luma, _SIMILARITY_WINDOW)
    variance = np.maximum(cv2.blur(np.square(luma), _SIMILARITY_WINDOW) - np.square(mean), 0)
    power = cv2.blur(np.square(change), _SIMILARITY_WINDOW)
    return float(np.mean(power / (2 * variance + power + _C2)))


def hidden_pattern(luma: Floats, pattern: Floats, flat: float, floor: float) -> Floats:
    """Return a pattern of unit power, made as strong as hides, in whole grey levels, `(H, W)`.

    Args:
        luma: Luminance, 0 … 255.
        pattern: `(H, W)`.
        flat: Root mean square change in flat mid-grey regions, in grey levels.
        floor: Lowest peak signal-to-noise ratio before rounding and clipping, in dB.
    """
    change = hidden_change(luma, flat)
    change *= pattern
    rms = cv2.norm(change) / math.sqrt(change.size)
    most = 255 / 10 ** (floor / 20)
    if rms > most:
        change *= most / rms
    return np.asarray(np.rint(change, out=change), dtype=np.float32)


def add_pattern(frame: Frames, pattern: Floats, flat: float, floor: float) -> Frames:
    """Return an RGB frame, `(H, W, 3)`, with a pattern added to its luminance; see `hidden_pattern`."""
    change = hidden_pattern(luminance(frame), pattern, flat, floor).astype(np.int16)
    return np.asarray(cv2.add(frame, cv2.merge([change, change, change]), dtype=cv2.CV_8U), dtype=np.uint8)
