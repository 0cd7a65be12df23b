"""Fit operating thresholds on validation data, at a stated false-positive rate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from detectors.errors import TrainingError

Level = Literal["frame", "video"]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Store probabilities above which a sample counts as manipulated, fitted before any test data is seen.

    Attributes:
        fpr_1: At most 1 % of the genuine validation samples lie above.
        fpr_5: At most 5 % of them lie above.
        level: Whether they were chosen on frames or on videos.
        n_negative: Number of genuine validation samples they were chosen on.
    """

    fpr_1: float
    fpr_5: float
    level: Level
    n_negative: int


def fit_thresholds(probabilities: NDArray[np.float64], *, level: Level = "frame") -> Thresholds:
    """Fit the thresholds on the probabilities of genuine validation samples.

    A sample is flagged when its probability is strictly above the threshold. The choice is conservative: with too few
    samples for the wanted rate, the threshold is the largest probability seen.

    Args:
        probabilities: (N,) of genuine samples only.
        level: Whether one sample is a frame or a video.

    Raises:
        TrainingError: There is no sample or a probability is not finite.
    """
    values = np.sort(np.asarray(probabilities, dtype=np.float64))
    if not len(values) or not np.isfinite(values).all():
        raise TrainingError("thresholds want at least one genuine sample and finite probabilities")
    return Thresholds(_at_rate(values, 0.01), _at_rate(values, 0.05), level, len(values))


def _at_rate(ascending: NDArray[np.float64], rate: float) -> float:
    allowed = math.floor(len(ascending) * rate + 1e-9)
    return float(ascending[len(ascending) - 1 - allowed])
