"""Decide whether a crop resembles the training data of a detector.

A detector returns a probability for every picture, also for pictures unlike its training data. Two gates measure the
Mahalanobis distance to the training crops (Lee et al. 2018, one Gaussian for all): one of the network's pooled
features, one of the appearance of the crop itself. Beyond a stated quantile of the validation distances of either, a
crop is *out of scope*. Being in scope proves little: a photographed face whose layout resembles the drawn training
faces can pass both gates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.errors import TrainingError

Floats = NDArray[np.float64]
_MIN_SAMPLES = 8
_APPEARANCE_FLOOR = 0.05


class Evidence(NamedTuple):
    """Store the input of the gates for N crops: pooled network features (N, D) and appearance features (N, A)."""

    features: Floats
    appearance: Floats


@dataclass(frozen=True, slots=True)
class Gate:
    """Store the Gaussian of training features and the distance beyond which a clip is out of scope.

    Attributes:
        mean: (D,) mean of the training numbers.
        precision: (D, D) inverse of their shrunk covariance.
        threshold: Largest distance that is still in scope.
        quantile: Share of the validation crops within the threshold, 0–1.
        basis: (F, D) directions that F numbers are projected to first; None where D numbers are measured as they are.
    """

    mean: Floats
    precision: Floats
    threshold: float
    quantile: float
    basis: Floats | None = None

    def distances(self, numbers: Floats) -> Floats:
        """Return the Mahalanobis distances (N,) of features (N, D), or (N, F) with a basis, divided by √D."""
        return _distances(numbers if self.basis is None else numbers @ self.basis, self.mean, self.precision)

    def contains(self, numbers: Floats) -> bool:
        """Return whether the median frame of a clip lies within the threshold."""
        return bool(np.median(self.distances(numbers)) <= self.threshold)


@dataclass(frozen=True, slots=True)
class Scope:
    """Combine the two gates.

    Attributes:
        features: Gate of the network's pooled features.
        appearance: Gate of the appearance features that `describe` computes.
    """

    features: Gate
    appearance: Gate

    def contains(self, clip: Evidence) -> bool:
        """Return whether a clip lies within both gates."""
        return self.features.contains(clip.features) and self.appearance.contains(clip.appearance)


def fit_scope(
    training: Evidence, validation: Evidence, *, quantile: float = 0.99, appearance_quantile: float | None = None
) -> Scope:
    """Fit both gates on training crops and set their thresholds on validation crops.

    Args:
        training: Gate inputs of N training crops.
        validation: Gate inputs of M validation crops of other identities.
        quantile: Share of the validation crops that the gate of network features accepts, within 0–1.
        appearance_quantile: The same for the gate of appearance; None uses the same share.

    Raises:
        TrainingError: There are fewer than eight crops on either side, or a number is not finite.
    """
    return Scope(
        features=fit_gate(training.features, validation.features, quantile=quantile),
        appearance=fit_gate(
            training.appearance,
            validation.appearance,
            quantile=quantile if appearance_quantile is None else appearance_quantile,
            smallest_scale=_APPEARANCE_FLOOR,
        ),
    )


def fit_gate(
    training: Floats, validation: Floats, *, quantile: float = 0.99, smallest_scale: float | None = None
) -> Gate:
    """Fit one gate: mean and shrunk covariance on training features, threshold on validation features.

    The covariance is shrunk towards a multiple of the identity by the amount Ledoit & Wolf (2004) derive, so that it
    can be inverted even with fewer crops than features.

    Args:
        training: (N, D) numbers of training crops.
        validation: (M, D) numbers of validation crops, of other identities.
        quantile: Share of the validation crops that the gate accepts, within 0–1.
        smallest_scale: Minimum of the standard deviation that each feature is divided by before the covariance is
            shrunk; None does not scale, for features of one unit.

    Raises:
        TrainingError: There are fewer than eight crops on either side, or a number is not finite.
    """
    from sklearn.covariance import LedoitWolf  # slow to import, and needed only here

    if min(len(training), len(validation)) < _MIN_SAMPLES:
        raise TrainingError(
            f"the scope gate wants at least {_MIN_SAMPLES} training and validation crops, "
            f"got {len(training)} and {len(validation)}"
        )
    if not (np.isfinite(training).all() and np.isfinite(validation).all()):
        raise TrainingError("the scope gate wants finite features")
    scale = np.ones(training.shape[1]) if smallest_scale is None else np.maximum(training.std(0), smallest_scale)
    shrunk = LedoitWolf().fit(training / scale)
    mean = np.asarray(shrunk.location_ * scale, dtype=np.float64)
    precision = np.asarray(shrunk.precision_ / np.outer(scale, scale), dtype=np.float64)
    threshold = float(np.quantile(_distances(validation, mean, precision), quantile))
    return Gate(mean, precision, threshold, quantile)


def _distances(numbers: Floats, mean: Floats, precision: Floats) -> Floats:
    centred = numbers - mean
    squared = np.einsum("nd,nd->n", centred @ precision, centred) / len(mean)
    return np.asarray(np.sqrt(np.maximum(squared, 0)), dtype=np.float64)
