"""Compute how much change each pixel hides, and add a pattern to a frame with that strength."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from watermark.media.frames import Frames

from .flat_blocks import BLOCK, draw_cosines
from .pattern import Pattern
from .resizing import enlarged, shrunk, strips
from .tile import Floats, Greys, grey

# The map is smooth, so it is computed on a small copy of the frame.
_SIDE = 256
_WINDOW = (5, 5)
_AROUND = (9, 9)
_EDGE = 24.0  # limit of the effect of one edge: a single edge hides little

# Root mean square of the surroundings of a pixel, in grey levels, above which a block is no longer flat, and above
# which it is busy.
_BUSY = (0.4, 1.2)

# Levels of a change are stored around this one; changes are far smaller.
_MIDDLE = 128

# Structural similarity (Wang et al. 2004): a change of power w costs about w / (2σ² + C₂) where σ² is the variance.
_C2 = (0.03 * 255) ** 2
_SIMILARITY_WINDOW = (7, 7)
_SIMILARITY_STRIPS = 8  # of a picture, at most, in which the loss is measured


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


class Room:
    """The root mean square change that a frame hides at each pixel, in grey levels."""

    def __init__(self, luma: Greys, strength: Strength) -> None:
        """Measure luminance, 0 … 255, `(H, W)`."""
        self._strength = strength
        height, width = luma.shape
        shrink = min(1.0, _SIDE / min(height, width))
        small = shrunk(luma, max(round(height * shrink), 1), max(round(width * shrink), 1))
        small = np.floor(small + np.float32(0.5))  # in whole levels, as frames are
        local = cv2.blur(small, _WINDOW)
        high = small - local
        np.clip(high, -_EDGE, _EDGE, out=high)
        activity = np.maximum(cv2.blur(np.square(high, out=high), _AROUND), 0)
        hidden = np.sqrt(strength.flat**2 + strength.masking**2 * activity)
        hidden *= 1 + np.float32(0.3 / 128) * np.abs(local - 110)
        self._hidden = enlarged(hidden, height, width)
        self._flatness = _flatness(activity, height, width) if strength.cosines else None

    def change(self, pattern: Pattern, plane: Floats | None = None) -> Change:
        """Return the pattern at the strength the frame hides.

        Args:
            pattern: The pattern, of the frame's size.
            plane: Memory for the result, `(H, W)`.
        """
        if plane is None:
            plane = np.empty(pattern.size, dtype=np.float32)
        power = 0.0
        for rows in strips(*plane.shape):
            strip = pattern.drawn(rows)
            if self._flatness is not None:
                first = rows.start // BLOCK
                draw_cosines(strip, self._flatness[first : first + len(strip) // BLOCK], first)
            hidden = self._hidden[rows]
            np.multiply(strip[: len(hidden), : plane.shape[1]], hidden, out=plane[rows])
            power += cv2.norm(plane[rows], cv2.NORM_L2SQR)
        rms = math.sqrt(power / plane.size)
        return Change(plane, min(pattern.weight, 255 / 10 ** (self._strength.floor / 20) / max(rms, 1e-9)))


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """A change of a frame's luminance.

    Attributes:
        plane: Grey levels at full strength, `(H, W)`.
        weight: Factor that keeps the change above the minimum fidelity.
    """

    plane: Floats
    weight: float

    def on_grey(self, luma: Greys) -> Greys:
        """Return changed luminance."""
        changed = np.empty(luma.shape, luma.dtype)
        for rows in strips(*luma.shape):
            lighter, darker = self._levels(rows)
            cv2.subtract(cv2.add(luma[rows], lighter), darker, dst=changed[rows])
        return changed

    def on_frame(self, frame: Frames) -> Frames:
        """Return an RGB frame with changed luminance, `(H, W, 3)`."""
        changed = np.empty(frame.shape, frame.dtype)
        for rows in strips(*self.plane.shape):
            lighter, darker = (cv2.merge([levels] * 3) for levels in self._levels(rows))
            cv2.subtract(cv2.add(frame[rows], lighter), darker, dst=changed[rows])
        return changed

    def bound(self, luma: Greys, similarity_loss: float) -> float:
        """Return the weight of a pattern that loses no more than this of structural similarity, at most 1."""
        loss = self._similarity_loss(luma)
        return 1.0 if loss <= similarity_loss else self.weight * math.sqrt(similarity_loss / loss)

    def _levels(self, rows: slice) -> tuple[Greys, Greys]:
        """Return by how many whole grey levels some rows become lighter, and by how many darker."""
        around = cv2.convertScaleAbs(self.plane[rows], alpha=self.weight, beta=_MIDDLE)
        return cv2.subtract(around, _MIDDLE), cv2.subtract(_MIDDLE, around)

    def _similarity_loss(self, luma: Greys) -> float:
        """Return an estimate of the loss of structural similarity, from strips all over the picture."""
        every = list(strips(*luma.shape))
        losses = []
        for rows in every[:: -(-len(every) // _SIMILARITY_STRIPS)]:
            part = luma[rows].astype(np.float32)
            mean, square = cv2.blur(part, _SIMILARITY_WINDOW), cv2.blur(np.square(part), _SIMILARITY_WINDOW)
            variance = np.maximum(square - np.square(mean), 0)
            power = cv2.blur(np.square(self.plane[rows]), _SIMILARITY_WINDOW) * np.float32(self.weight**2)
            losses.append(float(np.mean(power / (2 * variance + power + _C2))))
        return float(np.mean(losses))


def _flatness(activity: Floats, height: int, width: int) -> Floats:
    """Return how flat each block is, 1 for flat and 0 for busy."""
    rows, columns = -(-height // BLOCK), -(-width // BLOCK)
    around = np.sqrt(activity)
    blocks = cv2.resize(cv2.dilate(around, None), (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(np.clip((_BUSY[1] - blocks) / (_BUSY[1] - _BUSY[0]), 0, 1), dtype=np.float32)


def add_pattern(frame: Frames, pattern: Pattern, strength: Strength, plane: Floats | None = None) -> Frames:
    """Return an RGB frame `(H, W, 3)` with a pattern added to its luminance as strongly as the frame hides.

    Args:
        frame: The frame, uint8.
        pattern: The pattern, of the frame's size.
        strength: Strength of the pattern.
        plane: Memory to work in, `(H, W)`.
    """
    return Room(grey(frame), strength).change(pattern, plane).on_frame(frame)
