"""Measure how well scores separate manipulated from genuine samples.

Pure functions on labels (N,), 0 genuine and 1 manipulated, and scores (N,), higher meaning more likely manipulated. A
sample counts as flagged when its score is strictly above the threshold. Whatever is undefined raises `MetricError`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from .errors import MetricError

Labels = NDArray[np.integer]
Floats = NDArray[np.float64]
Binning = Literal["equal_width", "equal_mass"]

_FEW = 10  # below this many expected false positives an operating point is anecdote
_SMALLEST = 1e-12


@dataclass(frozen=True, slots=True)
class AveragePrecision:
    """Hold an average precision beside the share of manipulated samples, without which it cannot be compared."""

    value: float
    prevalence: float


@dataclass(frozen=True, slots=True)
class EqualError:
    """Hold the rate at which false positives and false negatives are equally frequent, and the threshold there."""

    rate: float
    threshold: float


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Hold one point of the step ROC.

    Attributes:
        tpr: Share of the manipulated samples flagged.
        fpr: Share of the genuine samples flagged, at most the rate asked for.
        threshold: Samples strictly above it are flagged.
        reliable: Whether at least ten genuine samples may be flagged at the rate asked for; below, the point is
            anecdote.
    """

    tpr: float
    fpr: float
    threshold: float
    reliable: bool


def auc(labels: Labels, scores: Floats) -> float:
    """Give the area under the ROC: the chance that a manipulated sample outscores a genuine one, ties counting half.

    Raises:
        MetricError: If a class is missing or a score is not finite.
    """
    positive, negative = split_classes(labels, scores)
    ordered = np.sort(negative)
    below_twice = np.searchsorted(ordered, positive) + np.searchsorted(ordered, positive, side="right")
    return float(below_twice.sum() / (2 * len(positive) * len(negative)))


def average_precision(labels: Labels, scores: Floats) -> AveragePrecision:
    """Give Σ (Rₙ − Rₙ₋₁)·Pₙ over the distinct scores from the highest down, and the prevalence.

    Raises:
        MetricError: If a class is missing or a score is not finite.
    """
    true, false = _counts_above(labels, scores)
    recall_steps = np.diff(true, prepend=0) / true[-1]
    precision = true / (true + false)
    return AveragePrecision(float((recall_steps * precision).sum()), float(true[-1] / (true[-1] + false[-1])))


def eer(labels: Labels, scores: Floats) -> EqualError:
    """Give the equal error rate, where the straight line between neighbouring ROC points meets FPR = FNR.

    Raises:
        MetricError: If a class is missing or a score is not finite.
    """
    true, false = _counts_above(labels, scores)
    fpr = np.concatenate(([0.0], false / false[-1]))
    fnr = np.concatenate(([1.0], 1 - true / true[-1]))
    values = np.unique(scores)[::-1]
    # "strictly above v" is the point before v is counted, so the last point lies just below the smallest score
    thresholds = np.concatenate((values, [np.nextafter(values[-1], -np.inf)]))
    after = int(np.argmax(fpr >= fnr))  # FPR 1 and FNR 0 at the end: there is always one, and it is never the first
    gap_before, gap_after = fnr[after - 1] - fpr[after - 1], fpr[after] - fnr[after]
    share = gap_before / (gap_before + gap_after)
    rate = fpr[after - 1] + share * (fpr[after] - fpr[after - 1])
    threshold = thresholds[after - 1] + share * (thresholds[after] - thresholds[after - 1])
    return EqualError(float(rate), float(threshold))


def tpr_at_fpr(labels: Labels, scores: Floats, fpr: float) -> OperatingPoint:
    """Give the highest true positive rate whose false positive rate does not exceed a target; nothing is interpolated.

    Args:
        labels: (N,) 0 or 1.
        scores: (N,).
        fpr: Target, at least 0 and below 1.

    Raises:
        MetricError: If a class is missing, a score is not finite, or the target is out of range.
    """
    if not 0 <= fpr < 1:
        raise MetricError(f"a target false positive rate is at least 0 and below 1, got {fpr!r}")
    positive, negative = split_classes(labels, scores)
    allowed = math.floor(len(negative) * fpr + 1e-9)
    threshold = float(np.sort(negative)[len(negative) - 1 - allowed])
    return OperatingPoint(
        tpr=float((positive > threshold).mean()),
        fpr=float((negative > threshold).mean()),
        threshold=threshold,
        reliable=len(negative) * fpr >= _FEW,
    )


def false_positive_rate(labels: Labels, scores: Floats, threshold: float) -> float:
    """Give the share of genuine samples strictly above a threshold; manipulated samples are not needed.

    Raises:
        MetricError: If there is no genuine sample, or a score or the threshold is not finite.
    """
    return _share_above(labels, scores, threshold, 0)


def true_positive_rate(labels: Labels, scores: Floats, threshold: float) -> float:
    """Give the share of manipulated samples strictly above a threshold; genuine samples are not needed.

    Raises:
        MetricError: If there is no manipulated sample, or a score or the threshold is not finite.
    """
    return _share_above(labels, scores, threshold, 1)


def balanced_accuracy(labels: Labels, scores: Floats, threshold: float) -> float:
    """Give the mean of the shares of genuine and of manipulated samples on the right side of a threshold.

    Raises:
        MetricError: If a class is missing, or a score or the threshold is not finite.
    """
    flagged = true_positive_rate(labels, scores, threshold)
    return (flagged + 1 - false_positive_rate(labels, scores, threshold)) / 2


def log_loss(labels: Labels, probabilities: Floats) -> float:
    """Give the mean negative log-likelihood in nats; probabilities are kept 1e-12 away from 0 and 1.

    Raises:
        MetricError: If there is no sample or a probability lies outside 0–1.
    """
    truth, values = _checked_probabilities(labels, probabilities)
    kept = np.clip(values, _SMALLEST, 1 - _SMALLEST)
    return float(-np.where(truth, np.log(kept), np.log1p(-kept)).mean())


def brier(labels: Labels, probabilities: Floats) -> float:
    """Give the mean squared distance of the probabilities from the labels.

    Raises:
        MetricError: If there is no sample or a probability lies outside 0–1.
    """
    truth, values = _checked_probabilities(labels, probabilities)
    return float(np.square(values - truth).mean())


def ece(labels: Labels, probabilities: Floats, *, bins: int = 15, binning: Binning = "equal_mass") -> float:
    """Give the expected calibration error: the mean gap between probability and frequency, weighted by bin size.

    Args:
        labels: (N,) 0 or 1.
        probabilities: (N,) in 0–1.
        bins: How many bins.
        binning: `equal_width` cuts 0–1 evenly, a probability of 1 falling into the last bin; `equal_mass` cuts the
            sorted samples evenly, keeping equal probabilities together.

    Raises:
        MetricError: If there is no sample, a probability lies outside 0–1, or there is less than one bin.
    """
    if bins < 1:
        raise MetricError(f"the calibration error wants at least one bin, got {bins}")
    truth, values = _checked_probabilities(labels, probabilities)
    if binning == "equal_width":
        bin_of = np.minimum((values * bins).astype(np.intp), bins - 1)
    else:
        first_rank = rankdata(values, method="min") - 1
        bin_of = (first_rank * bins / len(values)).astype(np.intp)
    gaps = np.bincount(bin_of, weights=values - truth, minlength=bins)
    return float(np.abs(gaps).sum() / len(values))


def split_classes(labels: Labels, scores: Floats) -> tuple[Floats, Floats]:
    """Give the scores of the manipulated and of the genuine samples.

    Raises:
        MetricError: If shapes differ, a label is neither 0 nor 1, a class is missing or a score is not finite.
    """
    truth, values = _checked(labels, scores)
    positive, negative = values[truth], values[~truth]
    if not len(positive) or not len(negative):
        raise MetricError(
            f"both classes are needed, got {len(positive)} manipulated and {len(negative)} genuine samples"
        )
    return positive, negative


def _counts_above(labels: Labels, scores: Floats) -> tuple[Floats, Floats]:
    """Count manipulated and genuine samples at or above each distinct score, from the highest score down."""
    positive, negative = split_classes(labels, scores)
    values = np.unique(np.concatenate((positive, negative)))[::-1]
    true = len(positive) - np.searchsorted(np.sort(positive), values)
    false = len(negative) - np.searchsorted(np.sort(negative), values)
    return true.astype(np.float64), false.astype(np.float64)


def _share_above(labels: Labels, scores: Floats, threshold: float, label: int) -> float:
    truth, values = _checked(labels, scores)
    if not math.isfinite(threshold):
        raise MetricError(f"a threshold is finite, got {threshold!r}")
    chosen = values[truth == bool(label)]
    if not len(chosen):
        raise MetricError(f"no sample with label {label} to count above the threshold")
    return float((chosen > threshold).mean())


def _checked(labels: Labels, scores: Floats) -> tuple[NDArray[np.bool_], Floats]:
    truth, values = np.asarray(labels), np.asarray(scores, dtype=np.float64)
    if truth.ndim != 1 or truth.shape != values.shape:
        raise MetricError(f"labels and scores are (N,) each, got {truth.shape} and {values.shape}")
    if not ((truth == 0) | (truth == 1)).all():
        raise MetricError("labels are 0 genuine or 1 manipulated")
    if not np.isfinite(values).all():
        raise MetricError(f"{int((~np.isfinite(values)).sum())} of {len(values)} scores are not finite")
    return truth == 1, values


def _checked_probabilities(labels: Labels, probabilities: Floats) -> tuple[NDArray[np.bool_], Floats]:
    truth, values = _checked(labels, probabilities)
    if not len(values):
        raise MetricError("no sample to judge")
    if values.min() < 0 or values.max() > 1:
        raise MetricError(f"probabilities lie in 0–1, got {values.min():.3g} to {values.max():.3g}")
    return truth, values
