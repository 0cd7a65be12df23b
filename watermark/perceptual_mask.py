"""How much change each pixel hides, and putting a pattern into a frame that strongly."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from .flat_blocks import BLOCK, one_cosine_each
from .frames import Frames
from .tile import Floats, is_large, luminance

# The map is smooth, so it is computed on a small copy of the frame.
_SIDE = 256
_WINDOW = (5, 5)
_AROUND = (9, 9)
_EDGE = 24.0  # what one edge may count for: a lone edge hides little
_MASKING = 0.25  # share of the activity around a pixel that a change may have

# Root mean square change in flat regions, in grey levels, of large pictures and of small ones, whose tiles are fewer.
_FLAT = {True: 0.9, False: 1.1}
_BUSY = (0.1, 0.3)  # the change that activity hides from which on a block is no longer flat, and is busy throughout

_FLOOR = 41.3  # lowest peak signal-to-noise ratio before rounding and clipping, in dB

# Structural similarity (Wang et al. 2004): a change of power w costs about w / (2σ² + C₂) where σ² is the variance.
_SIMILARITY_LOSS = 0.025
_C2 = (0.03 * 255) ** 2
_SIMILARITY_WINDOW = (7, 7)


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """A pattern of unit power or less, as it is drawn into busy regions and into flat ones.

    Attributes:
        busy: `(H, W)`.
        flat: One cosine a block, `(H, W)`.
    """

    busy: Floats
    flat: Floats

    @classmethod
    def of(cls, pattern: Floats) -> Pattern:
        """Give a pattern its form for flat regions."""
        return cls(pattern, one_cosine_each(pattern))


@dataclass(frozen=True, slots=True, eq=False)
class Room:
    """The root mean square change that each pixel hides, in grey levels.

    Attributes:
        busy: Of a pattern's busy form, `(H, W)`; zero in flat blocks.
        flat: Of its flat form, `(H, W)`; zero in busy blocks.
    """

    busy: Floats
    flat: Floats

    @classmethod
    def of(cls, luma: Floats) -> Room:
        """Measure luminance, 0 … 255, `(H, W)`."""
        height, width = luma.shape
        shrink = min(1.0, _SIDE / min(height, width))
        size = max(round(width * shrink), 1), max(round(height * shrink), 1)
        small = cv2.resize(luma, size, interpolation=cv2.INTER_AREA) if shrink < 1 else luma
        local = cv2.blur(small, _WINDOW)
        high = small - local
        np.clip(high, -_EDGE, _EDGE, out=high)
        activity = cv2.blur(np.square(high, out=high), _AROUND)
        np.maximum(activity, 0, out=activity)
        hidden = np.sqrt(_FLAT[is_large(height, width)] ** 2 + _MASKING**2 * activity)
        hidden *= 1 + 0.3 / 128 * np.abs(local - 110)
        flatness = _flatness(activity, height, width)
        if shrink < 1:
            hidden = cv2.resize(hidden, (width, height), interpolation=cv2.INTER_LINEAR)
        flat = hidden * flatness
        return cls(hidden - flat, flat)

    def change(self, pattern: Pattern) -> Floats:
        """Return the pattern as strong as hides, in whole grey levels, `(H, W)`."""
        change = self._full(pattern)
        change *= _allowed(change)
        return np.asarray(np.rint(change, out=change), dtype=np.float32)

    def bounded(self, pattern: Pattern, luma: Floats) -> Pattern:
        """Return a pattern, weakened where it would cost the picture too much structural similarity.

        Args:
            pattern: The pattern.
            luma: The luminance that was measured.
        """
        change = self._full(pattern)
        allowed = _allowed(change)
        loss = _similarity_loss(luma, change * np.float32(allowed))
        if loss <= _SIMILARITY_LOSS:
            return pattern
        factor = np.float32(allowed * math.sqrt(_SIMILARITY_LOSS / loss))
        return Pattern(pattern.busy * factor, pattern.flat * factor)

    def _full(self, pattern: Pattern) -> Floats:
        change = self.busy * pattern.busy
        change += self.flat * pattern.flat
        return change


def _allowed(change: Floats) -> float:
    """Return the factor, at most 1, that holds a change above the floor of fidelity."""
    rms = cv2.norm(change) / math.sqrt(change.size)
    return min(1.0, 255 / 10 ** (_FLOOR / 20) / max(rms, 1e-9))


def _flatness(activity: Floats, height: int, width: int) -> Floats:
    """Return how flat each block is, 1 for flat and 0 for busy, as a picture, `(height, width)`."""
    rows, columns = -(-height // BLOCK), -(-width // BLOCK)
    hides = _MASKING * np.sqrt(activity)
    blocks = cv2.resize(cv2.dilate(hides, None), (columns, rows), interpolation=cv2.INTER_AREA)
    flatness = np.clip((_BUSY[1] - blocks) / (_BUSY[1] - _BUSY[0]), 0, 1)
    return np.asarray(np.repeat(np.repeat(flatness, BLOCK, axis=0), BLOCK, axis=1)[:height, :width])


def _similarity_loss(luma: Floats, change: Floats) -> float:
    """Return by how much a change of luminance lowers structural similarity, about."""
    mean = cv2.blur(luma, _SIMILARITY_WINDOW)
    variance = np.maximum(cv2.blur(np.square(luma), _SIMILARITY_WINDOW) - np.square(mean), 0)
    power = cv2.blur(np.square(change), _SIMILARITY_WINDOW)
    return float(np.mean(power / (2 * variance + power + _C2)))


def add_pattern(frame: Frames, pattern: Pattern) -> Frames:
    """Return an RGB frame, `(H, W, 3)`, with a pattern added to its luminance as strongly as hides."""
    change = Room.of(luminance(frame)).change(pattern).astype(np.int16)
    return np.asarray(cv2.add(frame, cv2.merge([change, change, change]), dtype=cv2.CV_8U), dtype=np.uint8)
