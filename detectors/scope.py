"""Tell whether a crop resembles what a detector was trained on.

A detector answers every picture with a probability, also those it knows nothing about. The gate measures the
Mahalanobis distance of the pooled features to the training features (Lee et al. 2018, one Gaussian for all) and says
*out of scope* beyond a stated quantile of the validation distances.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf

from .errors import TrainingError

Floats = NDArray[np.float64]
_MIN_SAMPLES = 8


@dataclass(frozen=True, slots=True)
class Scope:
    """Hold the Gaussian of the training features and the distance beyond which a clip is out of scope.

    Attributes:
        mean: (D,) mean of the training features.
        precision: (D, D) inverse of their shrunk covariance.
        threshold: Largest distance that still counts as known.
        quantile: Share of the validation crops within the threshold, 0–1.
    """

    mean: Floats
    precision: Floats
    threshold: float
    quantile: float

    def distances(self, features: Floats) -> Floats:
        """Give the Mahalanobis distances (N,) of pooled features (N, D), divided by √D."""
        return _distances(features, self.mean, self.precision)

    def contains(self, features: Floats) -> bool:
        """Tell whether the median frame of a clip lies within the threshold."""
        return bool(np.median(self.distances(features)) <= self.threshold)


def fit_scope(training: Floats, validation: Floats, *, quantile: float = 0.99) -> Scope:
    """Fit the gate: mean and shrunk covariance on training features, threshold on validation features.

    The covariance is shrunk towards a multiple of the identity by the amount Ledoit & Wolf (2004) derive, so that fewer
    crops than features still give an inverse.

    Args:
        training: (N, D) pooled features of training crops.
        validation: (M, D) pooled features of validation crops, of other identities.
        quantile: Share of the validation crops that shall be in scope, within 0–1.

    Raises:
        TrainingError: If there are fewer than eight crops on either side, or a feature is not finite.
    """
    if min(len(training), len(validation)) < _MIN_SAMPLES:
        raise TrainingError(
            f"the scope gate wants at least {_MIN_SAMPLES} training and validation crops, "
            f"got {len(training)} and {len(validation)}"
        )
    if not (np.isfinite(training).all() and np.isfinite(validation).all()):
        raise TrainingError("the scope gate wants finite features")
    shrunk = LedoitWolf().fit(training)
    mean = np.asarray(shrunk.location_, dtype=np.float64)
    precision = np.asarray(shrunk.precision_, dtype=np.float64)
    threshold = float(np.quantile(_distances(validation, mean, precision), quantile))
    return Scope(mean, precision, threshold, quantile)


def _distances(features: Floats, mean: Floats, precision: Floats) -> Floats:
    centred = features - mean
    squared = np.einsum("nd,de,ne->n", centred, precision, centred) / len(mean)
    return np.asarray(np.sqrt(np.maximum(squared, 0)), dtype=np.float64)
