"""Mix a forgery with its genuine twin, in pixels or in frequencies, which makes the forgery harder to detect."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dctn, idctn

from .augment import to_pixels

Image = NDArray[np.uint8]
_LARGEST_SHARE = 0.8


def mix_pixels(genuine: Image, forged: Image, rng: np.random.Generator) -> Image:
    """Return the mixture (1−r)·forged + r·genuine of a forgery and its twin, with r uniform in 0–0.8."""
    share = rng.uniform(0, _LARGEST_SHARE)
    return to_pixels((1 - share) * forged + share * genuine)


def mix_frequencies(genuine: Image, forged: Image, rng: np.random.Generator) -> Image:
    """Replace the top r of a forgery's cosine spectrum by that of its twin, with r uniform in 0–0.8."""
    share = rng.uniform(0, _LARGEST_SHARE)
    height, width = forged.shape[:2]
    radius = np.maximum(np.arange(height)[:, None] / height, np.arange(width) / width)
    taken = (radius >= 1 - share)[..., None]
    spectra = [dctn(image.astype(np.float32), axes=(0, 1), norm="ortho") for image in (genuine, forged)]
    return to_pixels(idctn(np.where(taken, *spectra), axes=(0, 1), norm="ortho"))
