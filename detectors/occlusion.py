"""Map what spoke for an answer without gradients: cover one place after another, and see how far the logit falls.

Occlusion sensitivity (Zeiler & Fergus 2014, §4.2), with a patch of the picture's mean colour. It works for every
detector; its resolution is that of the patches.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .scoring import Detector

CELLS = 8
"""Places along each side of a picture; a patch covers two of them, so that patches overlap."""


def occlusion_map(detector: Detector, picture: NDArray[np.uint8], sign: float) -> NDArray[np.float64]:
    """Return how far covering each place lowers a detector's answer.

    Args:
        detector: A detector of single pictures.
        picture: (H, W, 3) uint8 RGB, as the detector takes it.
        sign: 1 for the answer *manipulated*, −1 for *genuine*.

    Returns:
        (H, W), 0 where covering supports the answer or changes nothing.

    Raises:
        DetectorError: The detector fails.
    """
    height, width = picture.shape[:2]
    rows, columns = (np.linspace(0, side, CELLS + 1).round().astype(int) for side in (height, width))
    colour = picture.reshape(-1, 3).mean(0).round().astype(np.uint8)
    covered = np.empty(1 + (CELLS - 1) ** 2, dtype=object)
    places = [(row, column) for row in range(CELLS - 1) for column in range(CELLS - 1)]
    covered[0] = picture
    for number, (row, column) in enumerate(places, start=1):
        changed = picture.copy()
        changed[rows[row] : rows[row + 2], columns[column] : columns[column + 2]] = colour
        covered[number] = changed
    stacked = np.stack(list(covered)) if detector.spec.input_size else covered
    logits = sign * detector.embed(stacked)[0]
    total, times = np.zeros((CELLS, CELLS)), np.zeros((CELLS, CELLS))
    for (row, column), drop in zip(places, np.maximum(logits[0] - logits[1:], 0), strict=True):
        total[row : row + 2, column : column + 2] += drop
        times[row : row + 2, column : column + 2] += 1
    smooth = cv2.resize(total / times, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(smooth, dtype=np.float64)
