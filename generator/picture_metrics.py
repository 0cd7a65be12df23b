"""Compute the fidelity of a picture: PSNR, and the structural similarity at every pixel."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Floats = NDArray[np.float64]


_SIDE, _SIGMA = 11, 1.5
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_LEAST_ERROR = 1e-3


def psnr(picture: Picture, truth: Picture, where: NDArray[np.bool_]) -> float:
    """Return the PSNR in dB of uint8 pictures (H, W, 3) over a mask (H, W); equal pictures give the maximum of 78."""
    error = float(np.mean((picture[where].astype(np.float64) - truth[where]) ** 2))
    return 10 * float(np.log10(255.0**2 / max(error, _LEAST_ERROR)))


def ssim_map(picture: Picture, truth: Picture) -> Floats:
    """Return the structural similarity at every pixel (H, W), mean over the channels.

    Wang et al., IEEE TIP 13 (2004), equation 13, with their Gaussian window of 11 pixels and population variances.

    Args:
        picture: (H, W, 3) uint8.
        truth: (H, W, 3) uint8.
    """

    def local(values: Floats) -> Floats:
        return np.asarray(cv2.GaussianBlur(values, (_SIDE, _SIDE), _SIGMA, borderType=cv2.BORDER_REFLECT))

    x, y = picture.astype(np.float64), truth.astype(np.float64)
    mx, my = local(x), local(y)
    vx, vy, vxy = local(x * x) - mx * mx, local(y * y) - my * my, local(x * y) - mx * my
    similarity = ((2 * mx * my + _C1) * (2 * vxy + _C2)) / ((mx * mx + my * my + _C1) * (vx + vy + _C2))
    return similarity.mean(-1)
