"""Measure how well scores separate manipulated from genuine samples.

The metrics are pure functions on labels (N,), 0 genuine and 1 manipulated, and scores (N,), higher meaning more likely
manipulated. A sample counts as flagged when its score is strictly above the threshold. An undefined metric raises
`MetricError`.

Each has a variant ending in `_of` that takes `Counts`, with any number of weightings at once, and returns NaN where a
weighting leaves it undefined; the bootstrap draws such a replicate again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.errors import MetricError

from .counts import Counts, Places, Ranking, at, both_classes, first_where
from .counts import Floats as Floats
from .counts import Labels as Labels

FEW = 10
"""Number of expected false positives below which an operating point is anecdotal."""

_SMALLEST_WEIGHT = 0.5  # no sum of weights lies between it and 0


@dataclass(frozen=True, slots=True)
class AveragePrecision:
    """An average precision with the share of manipulated samples, without which it cannot be compared."""

    value: float
    prevalence: float


@dataclass(frozen=True, slots=True)
class EqualError:
    """The rate at which false positives and false negatives are equally frequent, and the threshold there."""

    rate: float
    threshold: float


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """One point of the step ROC.

    Attributes:
        tpr: Share of the manipulated samples flagged.
        fpr: Share of the genuine samples flagged, at most the requested rate.
        threshold: Samples strictly above it are flagged.
        reliable: Whether at least ten genuine samples may be flagged at the requested rate; otherwise the point is
            anecdotal.
    """

    tpr: float
    fpr: float
    threshold: float
    reliable: bool


def auc(labels: Labels, scores: Floats) -> float:
    """Return the area under the ROC: the chance that a manipulated sample outscores a genuine one, ties counting half.

    Raises:
        MetricError: A class is missing or a score is not finite.
    """
    return float(auc_of(both_classes(labels, scores)))


def auc_of(counts: Counts) -> Floats:
    """Compute Σ pᵥ (N₍<ᵥ₎ + nᵥ/2) / (P N) over the distinct scores v, for each weighting."""
    grid = counts.grid
    beaten = _dot(counts.of_positive, at(counts.negative_sums, grid.beaten_before))
    if grid.is_tied:
        beaten = (beaten + _dot(counts.of_positive, at(counts.negative_sums, grid.beaten_to))) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(beaten / (counts.n_positive * counts.n_negative))


def average_precision(labels: Labels, scores: Floats) -> AveragePrecision:
    """Compute Σ (Rₙ − Rₙ₋₁)·Pₙ over the distinct scores from the highest down, and the prevalence.

    Raises:
        MetricError: A class is missing or a score is not finite.
    """
    counts = both_classes(labels, scores)
    prevalence = counts.n_positive / (counts.n_positive + counts.n_negative)
    return AveragePrecision(float(average_precision_of(counts)), float(prevalence))


def average_precision_of(counts: Counts) -> Floats:
    """Return the average precision for each weighting."""
    precision = counts.n_positive[..., None] - counts.positive_sums[..., :-1]  # the manipulated samples flagged
    flagged = counts.n_negative[..., None] - at(counts.negative_sums, counts.grid.beaten_before)
    flagged += precision
    np.divide(precision, np.maximum(flagged, _SMALLEST_WEIGHT, out=flagged), out=precision)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _defined(counts, _dot(counts.of_positive, precision) / counts.n_positive)


def eer(labels: Labels, scores: Floats) -> EqualError:
    """Return the equal error rate, where the straight line between neighbouring ROC points has FPR = FNR.

    Raises:
        MetricError: A class is missing or a score is not finite.
    """
    return equal_error_of(both_classes(labels, scores))


def equal_error_of(counts: Counts) -> EqualError:
    """Return the equal error rate of one table that contains both classes, from its counts."""
    rate, threshold = _equal_error(counts)
    return EqualError(float(rate), float(threshold))


def is_reliable(counts: Counts, fpr: float) -> bool:
    """Return whether at least ten genuine samples of one table may be flagged at a false positive rate."""
    return bool(counts.n_negative * fpr >= FEW)


def eer_of(counts: Counts) -> Floats:
    """Return the equal error rate for each weighting."""
    return _defined(counts, _equal_error(counts)[0])


def tpr_at_fpr(labels: Labels, scores: Floats, fpr: float) -> OperatingPoint:
    """Return the highest true positive rate with a false positive rate of at most a target, without interpolation.

    Args:
        labels: (N,) 0 or 1.
        scores: (N,).
        fpr: Target, at least 0 and below 1.

    Raises:
        MetricError: A class is missing, a score is not finite, or the target is out of range.
    """
    _check_rate(fpr)
    counts = both_classes(labels, scores)
    place = _strictest(counts, fpr)
    return OperatingPoint(
        tpr=float((counts.n_positive - counts.positive_before(place + 1)) / counts.n_positive),
        fpr=float((counts.n_negative - counts.negative_before(place + 1)) / counts.n_negative),
        threshold=float(counts.values[place]),
        reliable=is_reliable(counts, fpr),
    )


def tpr_at_fpr_of(counts: Counts, fpr: float) -> Floats:
    """Return the true positive rate at a false positive rate for each weighting."""
    _check_rate(fpr)
    below = counts.positive_before(_strictest(counts, fpr)[..., None] + 1)[..., 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        return _defined(counts, (counts.n_positive - below) / counts.n_positive)


def false_positive_rate(labels: Labels, scores: Floats, threshold: float) -> float:
    """Return the share of genuine samples strictly above a threshold; manipulated samples are not needed.

    Raises:
        MetricError: There is no genuine sample, or a score or the threshold is not finite.
    """
    return _share(false_positive_rate_of(_counts_at(labels, scores, threshold), threshold), 0)


def false_positive_rate_of(counts: Counts, threshold: float) -> Floats:
    """Return the share of genuine samples above a threshold for each weighting."""
    return _share_above(counts, counts.negative_before, counts.n_negative, threshold)


def true_positive_rate(labels: Labels, scores: Floats, threshold: float) -> float:
    """Return the share of manipulated samples strictly above a threshold; genuine samples are not needed.

    Raises:
        MetricError: There is no manipulated sample, or a score or the threshold is not finite.
    """
    return _share(true_positive_rate_of(_counts_at(labels, scores, threshold), threshold), 1)


def true_positive_rate_of(counts: Counts, threshold: float) -> Floats:
    """Return the share of manipulated samples above a threshold for each weighting."""
    return _share_above(counts, counts.positive_before, counts.n_positive, threshold)


def balanced_accuracy(labels: Labels, scores: Floats, threshold: float) -> float:
    """Return the mean of the shares of genuine and of manipulated samples on the right side of a threshold.

    Raises:
        MetricError: A class is missing, or a score or the threshold is not finite.
    """
    flagged = true_positive_rate(labels, scores, threshold)
    return (flagged + 1 - false_positive_rate(labels, scores, threshold)) / 2


def balanced_accuracy_of(counts: Counts, threshold: float) -> Floats:
    """Return the balanced accuracy at a threshold for each weighting."""
    return (true_positive_rate_of(counts, threshold) + 1 - false_positive_rate_of(counts, threshold)) / 2


def _equal_error(counts: Counts) -> tuple[Floats, Floats]:
    """Return rate and threshold where FPR and FNR are equal: one falls, the other rises with the threshold.

    Place g is the threshold just below the g-th score, so that place 0 flags every sample and place G none.
    """

    def rates(place: Places) -> tuple[Floats, Floats]:
        above = counts.n_negative - counts.negative_before(place[..., None])[..., 0]
        missed = counts.positive_before(place[..., None])[..., 0]
        return np.asarray(above / counts.n_negative), np.asarray(missed / counts.n_positive)

    def crossed(place: Places) -> NDArray[np.bool_]:
        fpr, fnr = rates(place + 1)
        return np.asarray(fpr < fnr)

    size = len(counts.values)
    thresholds = np.concatenate(([np.nextafter(counts.values[0], -np.inf)], counts.values))
    with np.errstate(invalid="ignore", divide="ignore"):
        below = np.minimum(first_where(crossed, size, counts.n_positive.shape), size - 1)
        (low_fpr, low_fnr), (high_fpr, high_fnr) = rates(below), rates(below + 1)
        share = (high_fnr - high_fpr) / (high_fnr - high_fpr + low_fpr - low_fnr)
        low, high = thresholds[below], thresholds[below + 1]
        return high_fpr + share * (low_fpr - high_fpr), high + share * (low - high)


def _strictest(counts: Counts, fpr: float) -> Places:
    """Find the lowest score such that at most the allowed genuine samples lie strictly above it."""
    wanted = counts.n_negative - np.floor(counts.n_negative * fpr + 1e-9)

    def reached(place: Places) -> NDArray[np.bool_]:
        return np.asarray(counts.negative_before(place[..., None] + 1)[..., 0] >= wanted)

    return first_where(reached, len(counts.values), wanted.shape)


def _share_above(counts: Counts, before: Callable[[Places], Floats], total: Floats, threshold: float) -> Floats:
    below = before(np.searchsorted(counts.values, [threshold], side="right"))[..., 0]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((total - below) / total)


def _dot(one: Floats, other: Floats) -> Floats:
    return np.asarray(np.einsum("...g,...g->...", one, other))


def _defined(counts: Counts, values: Floats) -> Floats:
    return np.where((counts.n_positive > 0) & (counts.n_negative > 0), values, np.nan)


def _counts_at(labels: Labels, scores: Floats, threshold: float) -> Counts:
    if not math.isfinite(threshold):
        raise MetricError(f"a threshold is finite, got {threshold!r}")
    return Ranking(labels, scores).counts()


def _share(value: Floats, label: int) -> float:
    if np.isnan(value):
        raise MetricError(f"no sample with label {label} to count above the threshold")
    return float(value)


def _check_rate(fpr: float) -> None:
    if not 0 <= fpr < 1:
        raise MetricError(f"a target false positive rate is at least 0 and below 1, got {fpr!r}")


def split_classes(labels: Labels, scores: Floats) -> tuple[Floats, Floats]:
    """Return the scores of the manipulated and of the genuine samples.

    Raises:
        MetricError: Shapes differ, a label is neither 0 nor 1, a class is missing or a score is not finite.
    """
    both_classes(labels, scores)
    truth, values = np.asarray(labels) == 1, np.asarray(scores, dtype=np.float64)
    return values[truth], values[~truth]
