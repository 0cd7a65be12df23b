"""Say how far a measure can be trusted: bootstrap intervals over identities, and DeLong's paired test.

Frames of one video and videos of one person are not independent, so what is drawn anew is the identity. Every replicate
draws as many identities as there are, with replacement. A genuine clip is repeated as often as its identity was drawn.
A forged clip carries two identities, source and drive, and is repeated by the product of their counts: the pigeonhole
bootstrap (Owen 2007), which lets both factors vary and errs on the wide side. Undefined replicates, such as those of
one class, are drawn again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from .errors import MetricError
from .metrics import Floats, Labels, auc, split_classes

Statistic = Callable[[Labels, Floats], float]
_MAX_TRIES = 4  # per replicate wanted; beyond, the data is too thin for an interval


@dataclass(frozen=True, slots=True)
class Interval:
    """Hold a value and its 95 % percentile interval; the bounds are None where too few identities allow none."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class PairedTest:
    """Hold the comparison of two detectors on the same samples.

    Attributes:
        auc_a: Of the first.
        auc_b: Of the second.
        difference: First minus second.
        low: Lower end of the 95 % interval of the difference.
        high: Upper end.
        p_value: Two-sided.
    """

    auc_a: float
    auc_b: float
    difference: float
    low: float
    high: float
    p_value: float

    @property
    def distinguishable(self) -> bool:
        """Whether the two differ at the 5 % level."""
        return self.p_value < 0.05


def bootstrap_intervals(
    statistics: Mapping[str, Statistic],
    labels: Labels,
    scores: Floats,
    identities: Sequence[tuple[str, ...]],
    rng: np.random.Generator,
    *,
    replicates: int = 1000,
) -> dict[str, Interval]:
    """Give several statistics of one table with 95 % percentile intervals from the same replicates.

    Args:
        statistics: Functions of labels and scores, by name.
        labels: (N,) 0 or 1.
        scores: (N,).
        identities: (N,) the identities of each sample, one or more.
        rng: Draws the identities.
        replicates: How many times the table is drawn anew.

    Raises:
        MetricError: If a statistic is undefined on the whole table, or the identities do not fit.
    """
    values = {name: statistic(labels, scores) for name, statistic in statistics.items()}
    weights = _Resampler(identities, len(labels))
    drawn: list[dict[str, float]] = []
    for _ in range(replicates * _MAX_TRIES):
        if len(drawn) == replicates or weights.count < 2:
            break
        rows = weights.rows(rng)
        try:
            drawn.append({name: statistic(labels[rows], scores[rows]) for name, statistic in statistics.items()})
        except MetricError:
            continue
    if len(drawn) < replicates or not drawn:
        return {name: Interval(value, None, None) for name, value in values.items()}
    return {name: _percentiles(value, [replicate[name] for replicate in drawn]) for name, value in values.items()}


def delong_test(labels: Labels, first: Floats, second: Floats) -> PairedTest:
    """Compare two detectors' AUC on the same samples (DeLong et al. 1988, by the mid-ranks of Sun & Xu 2014).

    The test assumes independent samples: give it one score per video, and videos of different people.

    Args:
        labels: (N,) 0 or 1.
        first: (N,) scores of the first detector.
        second: (N,) scores of the second detector, in the same order.

    Raises:
        MetricError: If a class has fewer than two samples, a score is not finite, or the AUCs differ without any
            variance.
    """
    truth = np.asarray(labels) == 1
    n_positive, n_negative = (len(part) for part in split_classes(labels, first))
    split_classes(labels, second)
    if min(n_positive, n_negative) < 2:
        raise MetricError(f"the paired test wants two samples of each class, got {n_positive} and {n_negative}")
    placements = [_placements(truth, np.asarray(scores, dtype=np.float64)) for scores in (first, second)]
    wins = np.stack([placement[0] for placement in placements])  # (2, positives)
    holds = np.stack([placement[1] for placement in placements])  # (2, negatives)
    covariance = np.cov(wins) / n_positive + np.cov(holds) / n_negative
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    auc_a, auc_b = auc(labels, first), auc(labels, second)
    difference = auc_a - auc_b
    if variance <= 1e-18:
        if abs(difference) > 1e-12:
            raise MetricError("the AUCs differ but do not vary; the samples are too few for a paired test")
        return PairedTest(auc_a, auc_b, 0.0, 0.0, 0.0, 1.0)
    spread = math.sqrt(variance)
    reach = float(norm.ppf(0.975)) * spread
    p_value = float(2 * norm.sf(abs(difference) / spread))
    return PairedTest(auc_a, auc_b, difference, difference - reach, difference + reach, p_value)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjust p-values for the number of comparisons (Holm 1979), in the order given."""
    order = np.argsort(p_values, kind="stable")
    adjusted = np.empty(len(p_values))
    highest = 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return tuple(float(value) for value in adjusted)


class _Resampler:
    """Repeat rows by the product of how often their identities were drawn."""

    def __init__(self, identities: Sequence[tuple[str, ...]], length: int) -> None:
        if len(identities) != length or any(not names for names in identities):
            raise MetricError(
                f"{length} samples come with {len(identities)} lists of identities; each needs at least one name"
            )
        number = {name: index for index, name in enumerate(sorted({name for names in identities for name in names}))}
        self.count = len(number)
        width = max((len(set(names)) for names in identities), default=1)
        self._members = np.full((length, width), self.count, dtype=np.intp)  # points past the end count once
        for row, names in enumerate(identities):
            unique = sorted({number[name] for name in names})
            self._members[row, : len(unique)] = unique

    def rows(self, rng: np.random.Generator) -> NDArray[np.intp]:
        counts = np.bincount(rng.integers(self.count, size=self.count), minlength=self.count)
        padded = np.concatenate((counts, [1]))
        return np.repeat(np.arange(len(self._members)), padded[self._members].prod(axis=1))


def _percentiles(value: float, drawn: Sequence[float]) -> Interval:
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Interval(value, float(low), float(high))


def _placements(truth: NDArray[np.bool_], scores: Floats) -> tuple[Floats, Floats]:
    """Give each positive's share of negatives below it, and each negative's share of positives above it."""
    positive, negative = scores[truth], scores[~truth]
    together = rankdata(np.concatenate((positive, negative)))
    above = (together[: len(positive)] - rankdata(positive)) / len(negative)
    below = 1 - (together[len(positive) :] - rankdata(negative)) / len(positive)
    return above, below
