"""Compare one map with one mask, pixel by pixel."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.metrics.classification import auc

HALF = 0.5


class PixelScores(NamedTuple):
    """How well a map shows a mask.

    Attributes:
        auc: Chance that an altered pixel has a higher value than another one; None where all pixels are altered.
        f1: Harmonic mean of precision and recall of the pixels above one half.
        iou: Intersection over union of those pixels and the altered ones.
    """

    auc: float | None
    f1: float
    iou: float


def pixel_scores(found: NDArray[np.float64], mask: NDArray[np.bool_]) -> PixelScores | None:
    """Compare a map with a mask.

    Args:
        found: (H, W), higher where the detector sees a manipulation; above one half counts as found.
        mask: (H, W), true where pixels were altered.

    Returns:
        The scores, None where no pixel was altered.
    """
    if not mask.any():
        return None
    flagged = found > HALF
    both, either = int((flagged & mask).sum()), int((flagged | mask).sum())
    area = None if mask.all() else auc(mask.ravel().astype(np.int64), found.ravel())
    return PixelScores(area, 2 * both / (int(flagged.sum()) + int(mask.sum())), both / either)


def middle_map(height: int, width: int) -> NDArray[np.float64]:
    """Return a map (H, W) that knows nothing of the picture: 1 in the middle, falling to 0 in the corners."""
    down, across = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None]
    return np.asarray(1 - np.hypot(down, across) / np.sqrt(2), dtype=np.float64)
