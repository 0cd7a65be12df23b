"""Convert logits to calibrated probabilities, fitted on validation data only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.errors import TrainingError

Floats = NDArray[np.float64]
_MIN_SCALE = 1e-2
_MAX_SCALE = 1e2


@dataclass(frozen=True, slots=True)
class Calibration:
    """Map a logit z to sigmoid(scale·z + bias); temperature scaling (Guo et al. 2017) with a bias.

    Attributes:
        scale: Inverse temperature, above 0.
        bias: Added after scaling.
        n_positive: Manipulated validation crops it was fitted on.
        n_negative: Genuine validation crops it was fitted on.
    """

    scale: float = 1.0
    bias: float = 0.0
    n_positive: int = 0
    n_negative: int = 0

    @property
    def temperature(self) -> float:
        """Return the temperature, 1/scale."""
        return 1 / self.scale

    def probabilities(self, logits: Floats) -> Floats:
        """Return probabilities of manipulation (N,) in 0–1 for logits (N,)."""
        return logistic(self.scale * logits + self.bias)


def logistic(values: Floats) -> Floats:
    """Return 1 / (1 + exp(-x)) of every value, exact at both ends; scipy's takes a second to import."""
    return np.asarray(np.exp(-np.logaddexp(0, -np.asarray(values, dtype=np.float64))), dtype=np.float64)


def fit_calibration(logits: Floats, labels: NDArray[np.integer]) -> Calibration:
    """Fit temperature and bias by the class-balanced negative log-likelihood of validation logits.

    Both classes have the same weight, so neither class is more likely at 0.5, whatever the class balance of the
    validation set. Labels are smoothed as Platt (1999) proposed, so that separable validation data gives a finite
    temperature.

    Args:
        logits: (N,) raw outputs of the network.
        labels: (N,) 0 genuine, 1 manipulated.

    Raises:
        TrainingError: A class is missing or a logit is not finite.
    """
    positive = labels == 1
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if not n_positive or not n_negative:
        raise TrainingError(
            f"calibration wants both classes, got {n_positive} manipulated and {n_negative} genuine crops"
        )
    if not np.isfinite(logits).all():
        raise TrainingError("calibration wants finite logits")
    from scipy.optimize import minimize  # its import takes a second

    target = np.where(positive, (n_positive + 1) / (n_positive + 2), 1 / (n_negative + 2))
    weight = np.where(positive, 0.5 / n_positive, 0.5 / n_negative)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        scale = float(np.exp(parameters[0]))
        margin = scale * logits + parameters[1]
        value = float((weight * (np.logaddexp(0, margin) - target * margin)).sum())
        slope = weight * (logistic(margin) - target)
        return value, np.array([(slope * logits).sum() * scale, slope.sum()])

    bounds = [(np.log(_MIN_SCALE), np.log(_MAX_SCALE)), (-50.0, 50.0)]
    found = minimize(loss, np.zeros(2), jac=True, method="L-BFGS-B", bounds=bounds)
    return Calibration(float(np.exp(found.x[0])), float(found.x[1]), n_positive, n_negative)
