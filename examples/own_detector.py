"""A detector of your own in fifteen lines, for every command that takes `--detector`.

facetrail evaluate CORPUS --detector examples/own_detector.py --suite everyday --attack square
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def predict(pictures: NDArray[np.uint8]) -> list[float]:
    """Return how likely each of N pictures is manipulated, from 0 to 1: here, how little fine detail it shows."""
    return [float(1 / (1 + np.abs(cv2.Laplacian(one, cv2.CV_32F)).mean() / 4)) for one in pictures]
