"""Compute the fidelity of pictures, over the whole frame and over the important parts of a face."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from generator.picture_metrics import psnr, ssim_map
from generator.training.data.batch import Picture

REGIONS = {"frame": None, "eyes": 2, "mouth": 3}
"""Regions and their labels."""
_LEAST_PIXELS = 40
"""Regions with fewer pixels in a picture are not counted."""


def compare(pictures: Picture, truths: Picture, labels: NDArray[np.uint8]) -> dict[str, float]:
    """Return mean PSNR and SSIM by region, over the pictures that contain it.

    Args:
        pictures: (N, H, W, 3) uint8.
        truths: (N, H, W, 3) uint8.
        labels: (N, H, W), see `REGIONS`.

    Returns:
        Values by name: "psnr/frame", "ssim/eyes" and so on; a region that no picture contains is left out.
    """
    found: dict[str, list[float]] = {}
    for picture, truth, label in zip(pictures, truths, labels, strict=True):
        similarity = ssim_map(picture, truth)
        for region, number in REGIONS.items():
            where = np.ones(label.shape, bool) if number is None else label == number
            if where.sum() >= _LEAST_PIXELS:
                found.setdefault(f"psnr/{region}", []).append(psnr(picture, truth, where))
                found.setdefault(f"ssim/{region}", []).append(float(similarity[where].mean()))
    return {name: float(np.mean(values)) for name, values in found.items()}
