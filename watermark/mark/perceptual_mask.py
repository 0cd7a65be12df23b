"""Compute how much change each pixel hides, and add a pattern to a frame with that strength."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from watermark.media.frames import Frames

from .flat_blocks import BLOCK, one_cosine_each
from .tile import Floats, Greys, grey

# The map is smooth, so it is computed on a small copy of the frame.
_SIDE = 256
_WINDOW = (5, 5)
_AROUND = (9, 9)
_EDGE = 24.0  # limit of the effect of one edge: a single edge hides little

# Root mean square of the surroundings of a pixel, in grey levels, above which a block is no longer flat, and above
# which it is busy.
_BUSY = (0.4, 1.2)

# Structural similarity (Wang et al. 2004): a change of power w costs about w / (2σ² + C₂) where σ² is the variance.
_C2 = (0.03 * 255) ** 2
_SIMILARITY_WINDOW = (7, 7)


@dataclass(frozen=True, slots=True)
class Strength:
    """The parameters of a pattern's strength.

    Attributes:
        flat: Root mean square change in flat mid-grey regions, in grey levels.
        masking: Additional change, as a share of the activity around a pixel.
        floor: Lowest peak signal-to-noise ratio before rounding and clipping, in dB.
        similarity_loss: Maximum loss of structural similarity.
        cosines: Whether flat blocks contain one cosine each.
    """

    flat: float
    masking: float
    floor: float
    similarity_loss: float
    cosines: bool


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """A pattern of unit power or less, in the forms for busy and for flat regions.

    Attributes:
        busy: `(H, W)`.
        flat: One cosine per block, `(H, W)`; None where flat regions have no separate form.
    """

    busy: Floats
    flat: Floats | None

    @classmethod
    def of(cls, pattern: Floats, strength: Strength) -> Pattern:
        """Build both forms of a pattern, for busy and for flat regions."""
        return cls(pattern, one_cosine_each(pattern) if strength.cosines else None)

    def weakened(self, factor: float) -> Pattern:
        """Return both forms multiplied by a factor."""
        flat = None if self.flat is None else self.flat * np.float32(factor)
        return Pattern(self.busy * np.float32(factor), flat)


class Room:
    """The root mean square change that a frame hides at each pixel, in grey levels."""

    def __init__(self, luma: Floats | Greys, strength: Strength) -> None:
        """Measure luminance, 0 … 255, `(H, W)`."""
        self._strength = strength
        height, width = luma.shape
        shrink = min(1.0, _SIDE / min(height, width))
        size = max(round(width * shrink), 1), max(round(height * shrink), 1)
        small = cv2.resize(luma, size, interpolation=cv2.INTER_AREA) if shrink < 1 else luma
        small = np.asarray(small, dtype=np.float32)
        local = cv2.blur(small, _WINDOW)
        high = small - local
        np.clip(high, -_EDGE, _EDGE, out=high)
        activity = np.maximum(cv2.blur(np.square(high, out=high), _AROUND), 0)
        hidden = np.sqrt(strength.flat**2 + strength.masking**2 * activity)
        hidden *= 1 + np.float32(0.3 / 128) * np.abs(local - 110)
        if shrink < 1:
            hidden = cv2.resize(hidden, (width, height), interpolation=cv2.INTER_LINEAR)
        self._hidden = np.asarray(hidden, dtype=np.float32)
        self._flatness = _flatness(activity, height, width) if strength.cosines else None

    def change(self, pattern: Pattern) -> Floats:
        """Return the pattern at the strength the frame hides, in whole grey levels, `(H, W)`."""
        change = self._full(pattern)
        allowed = self._allowed(change)
        if allowed < 1:
            change *= np.float32(allowed)
        return np.asarray(np.rint(change, out=change), dtype=np.float32)

    def bounded(self, pattern: Pattern, luma: Floats) -> Pattern:
        """Return a pattern, weakened where it would reduce the frame's structural similarity too much.

        Args:
            pattern: The pattern.
            luma: The luminance that was measured.
        """
        change = self._full(pattern)
        allowed = self._allowed(change)
        loss = _similarity_loss(luma, change * np.float32(allowed))
        if loss <= self._strength.similarity_loss:
            return pattern
        return pattern.weakened(allowed * math.sqrt(self._strength.similarity_loss / loss))

    def _full(self, pattern: Pattern) -> Floats:
        if self._flatness is None or pattern.flat is None:
            return self._hidden * pattern.busy
        mixed = pattern.flat - pattern.busy
        mixed *= self._flatness
        mixed += pattern.busy
        mixed *= self._hidden
        return mixed

    def _allowed(self, change: Floats) -> float:
        """Return the factor, at most 1, that keeps a change above the minimum fidelity."""
        rms = cv2.norm(change) / math.sqrt(change.size)
        return min(1.0, 255 / 10 ** (self._strength.floor / 20) / max(rms, 1e-9))


def _flatness(activity: Floats, height: int, width: int) -> Floats:
    """Return how flat each block is, 1 for flat and 0 for busy, as a picture, `(height, width)`."""
    rows, columns = -(-height // BLOCK), -(-width // BLOCK)
    around = np.sqrt(activity)
    blocks = cv2.resize(cv2.dilate(around, None), (columns, rows), interpolation=cv2.INTER_AREA)
    flatness = np.clip((_BUSY[1] - blocks) / (_BUSY[1] - _BUSY[0]), 0, 1)
    return np.asarray(np.repeat(np.repeat(flatness, BLOCK, axis=0), BLOCK, axis=1)[:height, :width])


def _similarity_loss(luma: Floats, change: Floats) -> float:
    """Return an estimate of the loss of structural similarity by a change of luminance."""
    mean = cv2.blur(luma, _SIMILARITY_WINDOW)
    variance = np.maximum(cv2.blur(np.square(luma), _SIMILARITY_WINDOW) - np.square(mean), 0)
    power = cv2.blur(np.square(change), _SIMILARITY_WINDOW)
    return float(np.mean(power / (2 * variance + power + _C2)))


def add_pattern(frame: Frames, pattern: Pattern, strength: Strength) -> Frames:
    """Return an RGB frame `(H, W, 3)` with a pattern added to its luminance as strongly as the frame hides."""
    change = Room(grey(frame), strength).change(pattern).clip(-127, 127).astype(np.int8)
    lighter, darker = (cv2.merge([cv2.max(part, 0).view(np.uint8)] * 3) for part in (change, -change))
    return np.asarray(cv2.subtract(cv2.add(frame, lighter), darker), dtype=np.uint8)
