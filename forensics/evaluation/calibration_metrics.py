"""Measure whether probabilities mean what they say.

Pure functions on labels (N,), 0 genuine and 1 manipulated, and probabilities (N,) of being manipulated. Each has a twin
ending in `_of` that takes `Counts`, with any number of weightings at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .counts import Counts, Floats, Labels, probabilities
from .errors import MetricError

Binning = Literal["equal_width", "equal_mass"]

BINS = 15
_SMALLEST = 1e-12


@dataclass(frozen=True, slots=True)
class BrierParts:
    """Hold Murphy's decomposition: brier = reliability − resolution + uncertainty + within.

    Attributes:
        reliability: Mean squared gap between probability and frequency of the bins; 0 is perfect.
        resolution: Variance of the bins' frequencies; large is good.
        uncertainty: Variance of the labels, which no detector can change.
        within: What the spread of probabilities inside the bins adds (Stephenson, Coelho & Jolliffe 2008); 0 where each
            bin holds one probability.
    """

    reliability: float
    resolution: float
    uncertainty: float
    within: float


def log_loss(labels: Labels, values: Floats) -> float:
    """Give the mean negative log-likelihood in nats; probabilities are kept 1e-12 away from 0 and 1.

    Raises:
        MetricError: If there is no sample or a probability lies outside 0–1.
    """
    return float(log_loss_of(probabilities(labels, values)))


def log_loss_of(counts: Counts) -> Floats:
    """Give the log-loss for each weighting."""
    kept = np.clip(counts.values, _SMALLEST, 1 - _SMALLEST)
    return _mean(counts, -(counts.positive @ np.log(kept) + counts.negative @ np.log1p(-kept)))


def brier(labels: Labels, values: Floats) -> float:
    """Give the mean squared distance of the probabilities from the labels.

    Raises:
        MetricError: If there is no sample or a probability lies outside 0–1.
    """
    return float(brier_of(probabilities(labels, values)))


def brier_of(counts: Counts) -> Floats:
    """Give the Brier score for each weighting."""
    return _mean(counts, counts.positive @ (1 - counts.values) ** 2 + counts.negative @ counts.values**2)


def brier_parts(labels: Labels, values: Floats, *, bins: int = BINS, binning: Binning = "equal_mass") -> BrierParts:
    """Take the Brier score apart (Murphy 1973), with what is lost to binning in a part of its own.

    Args:
        labels: (N,) 0 or 1.
        values: (N,) in 0–1.
        bins: How many bins.
        binning: As in `ece`.

    Raises:
        MetricError: If there is no sample, a probability lies outside 0–1, or there is less than one bin.
    """
    counts = probabilities(labels, values)
    bin_of = _bins(counts, bins, binning)
    weight, forecast, outcome = _binned(counts, bin_of, bins)
    filled = weight > 0
    mean_forecast, mean_outcome = (
        np.divide(part, weight, out=np.zeros(bins), where=filled)[bin_of] for part in (forecast, outcome)
    )
    spread = counts.values - mean_forecast
    covariance = spread @ (counts.positive - mean_outcome * counts.total)
    within = (counts.total @ spread**2 - 2 * covariance) / counts.total.sum()
    return BrierParts(*(float(part) for part in (*brier_parts_of(counts, bins, binning), within)))


def brier_parts_of(counts: Counts, bins: int = BINS, binning: Binning = "equal_mass") -> tuple[Floats, Floats, Floats]:
    """Give reliability, resolution and uncertainty for each weighting."""
    weight, forecast, outcome = _binned(counts, _bins(counts, bins, binning), bins)
    total = weight.sum(-1)
    frequency = _ratio(counts.n_positive, total)
    held = np.where(weight > 0, weight, 1.0)
    reliability = _ratio((np.square(forecast - outcome) / held).sum(-1), total)
    resolution = _ratio((np.square(outcome - weight * frequency[..., None]) / held).sum(-1), total)
    return reliability, resolution, frequency * (1 - frequency)


def ece(labels: Labels, values: Floats, *, bins: int = BINS, binning: Binning = "equal_mass") -> float:
    """Give the expected calibration error: the mean gap between probability and frequency, weighted by bin size.

    Args:
        labels: (N,) 0 or 1.
        values: (N,) in 0–1.
        bins: How many bins.
        binning: `equal_width` cuts 0–1 evenly, a probability of 1 falling into the last bin; `equal_mass` cuts the
            sorted samples evenly, keeping equal probabilities together.

    Raises:
        MetricError: If there is no sample, a probability lies outside 0–1, or there is less than one bin.
    """
    return float(ece_of(probabilities(labels, values), bins, binning))


def ece_of(counts: Counts, bins: int = BINS, binning: Binning = "equal_mass") -> Floats:
    """Give the expected calibration error for each weighting."""
    weight, forecast, outcome = _binned(counts, _bins(counts, bins, binning), bins)
    return _ratio(np.abs(forecast - outcome).sum(-1), weight.sum(-1))


def balanced_ece(labels: Labels, values: Floats, *, bins: int = BINS) -> float:
    """Give the expected calibration error as it were with as many manipulated samples as genuine ones, in equal mass.

    A probability that is calibrated at another share of manipulated samples than one half is not calibrated here: the
    number says how far the probabilities hold where neither class is the likelier one beforehand.

    Raises:
        MetricError: If a class is missing, a probability lies outside 0–1, or there is less than one bin.
    """
    value = balanced_ece_of(probabilities(labels, values), bins)
    if np.isnan(value):
        raise MetricError("the class-balanced calibration error wants samples of both classes")
    return float(value)


def balanced_ece_of(counts: Counts, bins: int = BINS) -> Floats:
    """Give the class-balanced calibration error for each weighting, NaN where a class is missing."""
    there = (counts.n_positive > 0) & (counts.n_negative > 0)
    positive = counts.positive / np.where(there, counts.n_positive, 1.0)[..., None]
    negative = counts.negative / np.where(there, counts.n_negative, 1.0)[..., None]
    return np.where(there, ece_of(Counts(counts.values, positive, negative), bins), np.nan)


def _mean(counts: Counts, summed: Floats) -> Floats:
    return _ratio(summed, counts.n_positive + counts.n_negative)


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Divide, giving NaN where a weighting leaves no sample."""
    with np.errstate(invalid="ignore"):
        return np.asarray(part / whole)


def _bins(counts: Counts, bins: int, binning: Binning) -> NDArray[np.intp]:
    """Give the bin of each distinct probability, (G,) for equal width and (..., G) for equal mass."""
    if bins < 1:
        raise MetricError(f"the calibration error wants at least one bin, got {bins}")
    if binning == "equal_width":
        return np.minimum((counts.values * bins).astype(np.intp), bins - 1)
    before = counts.positive_to + counts.negative_to - counts.total
    total = counts.n_positive + counts.n_negative
    # A weighting by halves and thirds lands a hair off the edge of a bin.
    ranked = np.floor(before * bins / np.where(total > 0, total, 1.0)[..., None] + 1e-9)
    return np.clip(ranked.astype(np.intp), 0, bins - 1)


def _binned(counts: Counts, bin_of: NDArray[np.intp], bins: int) -> tuple[Floats, Floats, Floats]:
    """Sum weight, weighted probability and weighted label, (..., bins) each."""
    shape = counts.total.shape
    rows = np.arange(int(np.prod(shape[:-1], dtype=np.intp)))[:, None]
    index = (rows * bins + np.broadcast_to(bin_of, shape).reshape(len(rows), -1)).ravel()
    weight, forecast, outcome = (
        _sums(index, part, len(rows) * bins).reshape(*shape[:-1], bins)
        for part in (counts.total, counts.total * counts.values, counts.positive)
    )
    return weight, forecast, outcome


def _sums(index: NDArray[np.intp], weights: Floats, length: int) -> Floats:
    return np.bincount(index, weights=weights.ravel(), minlength=length).astype(np.float64)
