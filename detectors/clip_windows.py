"""Cut the frames of a clip into the windows that a clip detector scores, and map its outputs back to frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .errors import CropError
from .spec import DetectorSpec

Floats = NDArray[np.float64]


def window_starts(count: int, spec: DetectorSpec) -> NDArray[np.intp]:
    """Return where the windows of a clip start: end to end, with the last one moved back to end with the clip.

    Args:
        count: Number of consecutive frames.
        spec: Spec whose window length is used.

    Raises:
        CropError: There are fewer frames than one window has.
    """
    length = spec.frames
    if count < length:
        raise CropError(f"detector {spec.name!r} judges {length} consecutive frames at once, got {count}")
    starts = np.arange(0, count - length + 1, length)
    return starts if starts[-1] == count - length else np.append(starts, count - length)


def cut_windows(crops: NDArray[np.uint8], spec: DetectorSpec) -> NDArray[np.uint8]:
    """Cut the crops (M, S, S, 3) of consecutive frames into windows (N, T, S, S, 3).

    Raises:
        CropError: There are fewer frames than one window has.
    """
    return np.stack([crops[start : start + spec.frames] for start in window_starts(len(crops), spec)])


def per_frame(values: Floats, count: int, spec: DetectorSpec) -> Floats:
    """Return for each of `count` frames the mean of the values (N,) of the windows that contain it."""
    total, hits = np.zeros(count), np.zeros(count)
    for start, value in zip(window_starts(count, spec), values, strict=True):
        total[start : start + spec.frames] += value
        hits[start : start + spec.frames] += 1
    return total / hits
