"""Measure whether probabilities agree with observed frequencies.

The metrics are pure functions on labels (N,), 0 genuine and 1 manipulated, and probabilities (N,) of being manipulated.
Each has a variant ending in `_of` that takes `Counts`, with any number of weightings at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.errors import MetricError

from .counts import Counts, Floats, Labels, Places, first_where, probabilities

Binning = Literal["equal_width", "equal_mass"]

BINS = 15
_SMALLEST = 1e-12


@dataclass(frozen=True, slots=True)
class BrierParts:
    """Murphy's decomposition: brier = reliability − resolution + uncertainty + within.

    Attributes:
        reliability: Mean squared gap between probability and frequency of the bins; 0 is perfect.
        resolution: Variance of the bins' frequencies; large is good.
        uncertainty: Variance of the labels, which no detector can change.
        within: Contribution of the spread of probabilities inside the bins (Stephenson, Coelho & Jolliffe 2008); 0
            where each bin contains one probability.
    """

    reliability: float
    resolution: float
    uncertainty: float
    within: float


def log_loss(labels: Labels, values: Floats) -> float:
    """Return the mean negative log-likelihood in nats; probabilities are kept 1e-12 away from 0 and 1.

    Raises:
        MetricError: There is no sample or a probability lies outside 0–1.
    """
    return float(log_loss_of(probabilities(labels, values)))


def log_loss_of(counts: Counts) -> Floats:
    """Return the log-loss for each weighting."""
    forged, genuine = counts.grid.of_scores("log", lambda one: np.log(_kept(one)), lambda one: np.log1p(-_kept(one)))
    return _mean(counts, -(counts.of_positive @ forged + counts.of_negative @ genuine))


def brier(labels: Labels, values: Floats) -> float:
    """Return the mean squared distance of the probabilities from the labels.

    Raises:
        MetricError: There is no sample or a probability lies outside 0–1.
    """
    return float(brier_of(probabilities(labels, values)))


def brier_of(counts: Counts) -> Floats:
    """Return the Brier score for each weighting."""
    forged, genuine = counts.grid.of_scores("square", lambda one: (1 - one) ** 2, lambda one: one**2)
    return _mean(counts, counts.of_positive @ forged + counts.of_negative @ genuine)


def brier_parts(labels: Labels, values: Floats, *, bins: int = BINS, binning: Binning = "equal_mass") -> BrierParts:
    """Compute the parts of the Brier score (Murphy 1973), with a separate part for the loss by binning.

    Args:
        labels: (N,) 0 or 1.
        values: (N,) in 0–1.
        bins: Number of bins.
        binning: As for `ece`.

    Raises:
        MetricError: There is no sample, a probability lies outside 0–1, or there is less than one bin.
    """
    counts = probabilities(labels, values)
    edges = _edges(counts, bins, binning)
    weight, forecast, outcome = _binned(counts, edges)
    bin_of = np.repeat(np.arange(bins), np.diff(edges))
    mean_forecast, mean_outcome = (
        np.divide(part, weight, out=np.zeros(bins), where=weight > 0)[bin_of] for part in (forecast, outcome)
    )
    total = counts.positive + counts.negative
    spread = counts.values - mean_forecast
    covariance = spread @ (counts.positive - mean_outcome * total)
    within = (total @ spread**2 - 2 * covariance) / total.sum()
    return BrierParts(*(float(part) for part in (*brier_parts_of(counts, bins, binning), within)))


def brier_parts_of(counts: Counts, bins: int = BINS, binning: Binning = "equal_mass") -> tuple[Floats, Floats, Floats]:
    """Return reliability, resolution and uncertainty for each weighting."""
    weight, forecast, outcome = _bins(counts, bins, binning)
    total = weight.sum(-1)
    frequency = _ratio(counts.n_positive, total)
    held = np.where(weight > 0, weight, 1.0)
    reliability = _ratio((np.square(forecast - outcome) / held).sum(-1), total)
    resolution = _ratio((np.square(outcome - weight * frequency[..., None]) / held).sum(-1), total)
    return reliability, resolution, frequency * (1 - frequency)


def ece(labels: Labels, values: Floats, *, bins: int = BINS, binning: Binning = "equal_mass") -> float:
    """Return the expected calibration error: the mean gap between probability and frequency, weighted by bin size.

    Args:
        labels: (N,) 0 or 1.
        values: (N,) in 0–1.
        bins: Number of bins.
        binning: `equal_width` divides 0–1 evenly, with a probability of 1 in the last bin; `equal_mass` divides the
            sorted samples evenly and keeps equal probabilities together.

    Raises:
        MetricError: There is no sample, a probability lies outside 0–1, or there is less than one bin.
    """
    return float(ece_of(probabilities(labels, values), bins, binning))


def ece_of(counts: Counts, bins: int = BINS, binning: Binning = "equal_mass") -> Floats:
    """Return the expected calibration error for each weighting."""
    weight, forecast, outcome = _bins(counts, bins, binning)
    return _ratio(np.abs(forecast - outcome).sum(-1), weight.sum(-1))


def balanced_ece(labels: Labels, values: Floats, *, bins: int = BINS) -> float:
    """Return the expected calibration error as if both classes had the same number of samples, with equal-mass bins.

    A probability that is calibrated at another share of manipulated samples than one half is not calibrated here. The
    value measures the calibration where neither class is more likely beforehand.

    Raises:
        MetricError: A class is missing, a probability lies outside 0–1, or there is less than one bin.
    """
    value = balanced_ece_of(probabilities(labels, values), bins)
    if np.isnan(value):
        raise MetricError("the class-balanced calibration error wants samples of both classes")
    return float(value)


def balanced_ece_of(counts: Counts, bins: int = BINS) -> Floats:
    """Return the class-balanced calibration error for each weighting, NaN where a class is missing."""
    there = (counts.n_positive > 0) & (counts.n_negative > 0)
    scale = (
        np.where(there, counts.n_positive, 1.0)[..., None],
        np.where(there, counts.n_negative, 1.0)[..., None],
    )
    weight, forecast, outcome = _binned(counts, _edges(counts, bins, "equal_mass", scale), scale)
    return np.where(there, _ratio(np.abs(forecast - outcome).sum(-1), weight.sum(-1)), np.nan)


def _kept(values: Floats) -> Floats:
    return np.clip(values, _SMALLEST, 1 - _SMALLEST)


def _mean(counts: Counts, summed: Floats) -> Floats:
    return _ratio(summed, counts.n_positive + counts.n_negative)


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Divide, and return NaN where a weighting leaves no sample."""
    with np.errstate(invalid="ignore"):
        return np.asarray(part / whole)


def _edges(counts: Counts, bins: int, binning: Binning, scale: tuple[Floats, Floats] | None = None) -> Places:
    """Return the places (..., bins + 1) of the bins' edges; a class counts as one over its scale, 1 by default."""
    if bins < 1:
        raise MetricError(f"the calibration error wants at least one bin, got {bins}")
    size, shape = len(counts.values), counts.n_positive.shape
    if binning == "equal_width":
        inner = np.broadcast_to(counts.grid.bin_edges(bins), (*shape, bins - 1))
    else:
        over = scale or (np.ones((*shape, 1)), np.ones((*shape, 1)))
        total = counts.n_positive[..., None] / over[0] + counts.n_negative[..., None] / over[1]
        wanted = total * np.arange(1, bins) / bins

        def reached(place: Places) -> NDArray[np.bool_]:
            before = counts.positive_before(place) / over[0] + counts.negative_before(place) / over[1]
            return np.asarray(before >= wanted * (1 - 1e-12))  # halves and thirds land slightly off the edge

        inner = first_where(reached, size, (*shape, bins - 1))
    ends = np.zeros((*shape, 1), dtype=np.intp), np.full((*shape, 1), size, dtype=np.intp)
    return np.concatenate((ends[0], inner, ends[1]), -1)


def _bins(counts: Counts, bins: int, binning: Binning) -> tuple[Floats, Floats, Floats]:
    """Return what `_binned` finds, once for all metrics of the same counts."""
    name = ("bins", bins, binning)
    if name not in counts.kept:
        counts.kept[name] = _binned(counts, _edges(counts, bins, binning))
    return cast(tuple[Floats, Floats, Floats], counts.kept[name])


def _binned(counts: Counts, edges: Places, scale: tuple[Floats, Floats] | None = None) -> tuple[Floats, Floats, Floats]:
    """Return the sums of weight, weighted probability and weighted label of each bin, (..., bins) each."""
    before = counts.positive_before(edges), counts.negative_before(edges), *counts.scores_before(edges)
    positive, negative, positive_scores, negative_scores = (np.diff(sums, axis=-1) for sums in before)
    if scale is not None:
        positive, positive_scores = positive / scale[0], positive_scores / scale[0]
        negative, negative_scores = negative / scale[1], negative_scores / scale[1]
    return positive + negative, positive_scores + negative_scores, positive
