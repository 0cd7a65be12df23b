"""How near pictures are to the truth: PSNR, SSIM and L1 over the frame and over the parts that matter in a face."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from .face_net import Pictures

Mask = NDArray[np.bool_]

REGIONS: dict[str, int | None] = {"whole": None, "eyes": 2, "mouth": 3, "hair": 4, "background": 0}
"""Regions, and their labels in `PuppetFrame.labels` of the true frame."""

LEAST_PIXELS = 40
"""A region smaller than this is not measured on that frame."""

_SIDE, _SIGMA = 11, 1.5
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_LEAST_ERROR = 1e-3


def regions_of(labels: NDArray[np.uint8]) -> Iterator[tuple[str, Mask]]:
    """Give the regions (H, W) of a true frame that are large enough to be measured.

    Args:
        labels: (H, W) of the true frame.
    """
    for name, label in REGIONS.items():
        where = np.ones(labels.shape, bool) if label is None else labels == label
        if where.sum() >= LEAST_PIXELS:
            yield name, where


def psnr(picture: Pictures, truth: Pictures, where: Mask) -> float:
    """Give the PSNR in dB of uint8 pictures (H, W, 3) inside a mask (H, W); at most 78, for equal ones."""
    error = float(np.mean((picture[where].astype(np.float64) - truth[where]) ** 2))
    return 10 * float(np.log10(255.0**2 / max(error, _LEAST_ERROR)))


def l1(picture: Pictures, truth: Pictures, where: Mask) -> float:
    """Give the mean absolute difference in levels of 255, inside a mask."""
    return float(np.abs(picture[where].astype(np.float64) - truth[where]).mean())


def ssim_map(picture: Pictures, truth: Pictures) -> NDArray[np.float64]:
    """Give the structural similarity at every pixel (H, W), mean over the channels.

    Wang et al., IEEE TIP 13 (2004), equation 13, with their Gaussian window of 11 pixels and population variances.

    Args:
        picture: (H, W, 3) uint8.
        truth: (H, W, 3) uint8.
    """

    def local(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(cv2.GaussianBlur(values, (_SIDE, _SIDE), _SIGMA, borderType=cv2.BORDER_REFLECT))

    x, y = picture.astype(np.float64), truth.astype(np.float64)
    mx, my = local(x), local(y)
    vx, vy, vxy = local(x * x) - mx * mx, local(y * y) - my * my, local(x * y) - mx * my
    similarity = ((2 * mx * my + _C1) * (2 * vxy + _C2)) / ((mx * mx + my * my + _C1) * (vx + vy + _C2))
    return np.asarray(similarity.mean(-1))
