"""Measure how near pictures are to the truth: PSNR, SSIM and L1 over the frame and over important parts of a face."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from generator.avatars import MATERIALS

from .reading import Pictures

Mask = NDArray[np.bool_]

REGIONS = {
    "whole": MATERIALS,
    "eyes": ("left_eye", "right_eye", "left_iris", "right_iris", "lashes"),
    "mouth": ("lips", "mouth", "teeth", "tongue"),
    "hair": ("hair", "beard"),
    "background": ("background",),
}
"""The regions, and the materials of the true frame that they consist of."""

LEAST_PIXELS = 40
"""Least number of pixels of a region that is measured on a frame."""


def regions_of(labels: NDArray[np.uint8]) -> Iterator[tuple[str, Mask]]:
    """Return the regions (H, W) of a true frame that are large enough to be measured.

    Args:
        labels: (H, W) materials of the true frame.
    """
    for name, materials in REGIONS.items():
        where = np.isin(labels, [MATERIALS.index(material) for material in materials])
        if where.sum() >= LEAST_PIXELS:
            yield name, where


def l1(picture: Pictures, truth: Pictures, where: Mask) -> float:
    """Return the mean absolute difference in levels of 255, inside a mask."""
    return float(np.abs(picture[where].astype(np.float64) - truth[where]).mean())
