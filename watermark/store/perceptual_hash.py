"""Compute a 64-bit perceptual hash, to check whether a manifest found by a mark fits the picture.

The hash consists of the signs of the lowest 8 × 8 DCT coefficients relative to their median (after Zauner,
"Implementation and benchmarking of perceptual image hash functions", 2010). Coders, resizing and noise change a few
bits; a crop or a flip changes most.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from watermark.mark.tile import luminance

SAME_PICTURE = 10

_SIDE = 32
_LOW = 8


def perceptual_hash(image: npt.NDArray[np.uint8]) -> int:
    """Return the hash of an RGB picture."""
    small = cv2.resize(luminance(image), (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    low = cv2.dct(small)[:_LOW, :_LOW].ravel()
    low[0] = 0  # mean brightness is independent of the content
    bits = low > np.median(low)
    return int("".join("1" if bit else "0" for bit in bits), 2)


def hash_distance(first: int, second: int) -> int:
    """Return how many of the 64 bits differ; up to SAME_PICTURE the pictures look the same."""
    return (first ^ second).bit_count()
