"""Attack a detector by its scores alone: the Square attack in the L∞ norm.

Andriushchenko et al. 2020, *Square Attack: a query-efficient black-box adversarial attack via random search*, Alg. 1
and 3. It starts with vertical stripes of ±ε. Each query then gives one square of the picture another colour of ±ε, and
the change is kept where it moves the score. The squares shrink by the schedule of §4.2, stretched to the number of
queries. Every candidate consists of whole levels and passes through the detector's own cropping, so nothing of what is
found is lost to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from detectors import Detector
from forensics.faces import Floats, Frames, cut_crops

from .crop import PixelCrop

SHARE = 0.8
"""Share of the picture that the first squares cover; the value of AutoAttack (Croce & Hein 2020)."""

_HALVINGS = np.array([10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000]) / 10_000
"""Shares of the queries after which the area of the squares is halved."""

Signs = NDArray[np.int16]


def square_attack(
    detector: Detector,
    frames: Sequence[Frames],
    boxes: Floats,
    landmarks: Floats,
    crops: Sequence[PixelCrop],
    directions: NDArray[np.integer],
    *,
    epsilon: int,
    queries: int,
    rng: np.random.Generator,
) -> list[Frames]:
    """Change frames so that a detector's score of their faces changes.

    Args:
        detector: The detector to attack; it only has to score.
        frames: N times (H, W, 3) uint8 RGB.
        boxes: (N, 4) box of the face in each, in pixels.
        landmarks: (N, 68, 2) in pixels.
        crops: The pixels of each frame that the detector reads; others are not changed.
        directions: (N,) 1 to raise the score, −1 to lower it.
        epsilon: Largest change of a channel of a pixel, in levels of 255.
        queries: How often the detector is asked about each frame.
        rng: Random generator.

    Returns:
        The changed frames; a frame for which no query was worse for the detector comes back as it was.
    """

    def worth(candidates: Sequence[Frames]) -> NDArray[np.float64]:
        logits, _ = detector.embed(cut_crops(candidates, boxes, detector.spec, landmarks))
        return logits * directions

    best, reached = list(frames), worth(frames)
    shapes = [(crop.rows[1] - crop.rows[0], crop.columns[1] - crop.columns[0]) for crop in crops]
    signs: list[Signs] = [_stripes(shape, rng) for shape in shapes]
    here = np.full(len(frames), -np.inf)  # what the signs are worth, which at first may be less than the frames
    for query in range(queries):
        tried = signs if query == 0 else [_with_square(one, query / queries, rng) for one in signs]
        candidates = [
            _changed(frame, crop, one, epsilon) for frame, crop, one in zip(frames, crops, tried, strict=True)
        ]
        values = worth(candidates)
        signs = [tried[row] if values[row] > here[row] else signs[row] for row in range(len(signs))]
        here = np.maximum(here, values)
        for row in np.flatnonzero(values > reached):
            best[row], reached[row] = candidates[row], values[row]
    return [frame.copy() for frame in best]


def share_of_square(progress: float) -> float:
    """Return the share of the picture that a square covers after a share of the queries, 0–1."""
    return SHARE / 2.0 ** int((progress > _HALVINGS).sum())


def _stripes(shape: tuple[int, int], rng: np.random.Generator) -> Signs:
    """Draw vertical stripes, one pixel wide, of −1 and 1 in each channel."""
    drawn = rng.choice(np.array([-1, 1], dtype=np.int16), (1, shape[1], 3))
    return np.repeat(drawn, shape[0], axis=0)


def _with_square(signs: Signs, progress: float, rng: np.random.Generator) -> Signs:
    """Return signs (h, w, 3) with one square of another colour."""
    height, width = signs.shape[:2]
    side = int(np.clip(round((share_of_square(progress) * height * width) ** 0.5), 1, min(height, width)))
    top, left = rng.integers(height - side + 1), rng.integers(width - side + 1)
    changed = signs.copy()
    changed[top : top + side, left : left + side] = rng.choice(np.array([-1, 1], dtype=np.int16), 3)
    return changed


def _changed(frame: Frames, crop: PixelCrop, signs: Signs, epsilon: int) -> Frames:
    """Return a frame whose pixels under the crop are moved by ±ε, within 0–255."""
    changed = frame.copy()
    part = changed[crop.rows[0] : crop.rows[1], crop.columns[0] : crop.columns[1]]
    part[:] = np.clip(part.astype(np.int16) + epsilon * signs, 0, 255).astype(np.uint8)
    return changed
