"""Measure how near pictures are to the truth: PSNR, SSIM and L1 over the frame and over important parts of a face."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .face_net import Pictures

Mask = NDArray[np.bool_]

REGIONS: dict[str, int | None] = {"whole": None, "eyes": 2, "mouth": 3, "hair": 4, "background": 0}
"""The regions, and their labels in `PuppetFrame.labels` of the true frame."""

LEAST_PIXELS = 40
"""Least number of pixels of a region that is measured on a frame."""


def regions_of(labels: NDArray[np.uint8]) -> Iterator[tuple[str, Mask]]:
    """Return the regions (H, W) of a true frame that are large enough to be measured.

    Args:
        labels: (H, W) labels of the true frame.
    """
    for name, label in REGIONS.items():
        where = np.ones(labels.shape, bool) if label is None else labels == label
        if where.sum() >= LEAST_PIXELS:
            yield name, where


def l1(picture: Pictures, truth: Pictures, where: Mask) -> float:
    """Return the mean absolute difference in levels of 255, inside a mask."""
    return float(np.abs(picture[where].astype(np.float64) - truth[where]).mean())
