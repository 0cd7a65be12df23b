"""Compare two detectors on the same samples: DeLong's test, a permutation test and an interval over identities.

DeLong's test assumes independent samples, which videos of the same people are not. The permutation test and the
interval keep videos that share an identity together, and a verdict should be based on them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import DisjointSet
from scipy.stats import norm, rankdata

from forensics.evaluation.errors import MetricError
from forensics.evaluation.metrics.classification import auc, split_classes
from forensics.evaluation.metrics.counts import Floats, Labels
from forensics.evaluation.metrics.named_metrics import Metric

from .contrasts import Term, contrast

MIN_CLUSTERS = 10
"""Number of groups of linked identities below which a permutation of whole groups cannot reach a small p-value."""

_BATCH = 200_000

Placements = tuple[Floats, Floats]
"""Of manipulated samples (P,) the share of genuine ones below each, and of genuine ones (Q,) that of others above."""


@dataclass(frozen=True, slots=True)
class PairedTest:
    """The comparison of two detectors on the same samples.

    Attributes:
        auc_a: AUC of the first detector.
        auc_b: AUC of the second detector.
        difference: First minus second.
        low: Lower end of the 95 % interval of the difference.
        high: Upper end of the interval.
        p_value: Two-sided p-value.
    """

    auc_a: float
    auc_b: float
    difference: float
    low: float
    high: float
    p_value: float

    @property
    def distinguishable(self) -> bool:
        """Return whether the two differ at the 5 % level."""
        return self.p_value < 0.05


@dataclass(frozen=True, slots=True)
class PairedInterval:
    """A difference of two detectors, first minus second, with its spread over identities.

    Attributes:
        difference: Difference on the whole table.
        low: Lower end of the 95 % percentile interval, None where too few identities allow none.
        high: Upper end of the interval.
        spread: Standard deviation over the replicates, None under the same condition.
    """

    difference: float
    low: float | None
    high: float | None
    spread: float | None


def delong_test(labels: Labels, first: Floats, second: Floats) -> PairedTest:
    """Compare two detectors' AUC on the same samples (DeLong et al. 1988, by the mid-ranks of Sun & Xu 2014).

    The test assumes independent samples, so it needs one score per video, and videos of different people.

    Args:
        labels: (N,) 0 or 1.
        first: (N,) scores of the first detector.
        second: (N,) scores of the second detector, in the same order.

    Raises:
        MetricError: A class has fewer than two samples, a score is not finite, or the AUCs differ without any
            variance.
    """
    placements = [placements_of(labels, scores) for scores in (first, second)]
    return delong_of(auc(labels, first), auc(labels, second), *placements)


def delong_of(auc_a: float, auc_b: float, first: Placements, second: Placements) -> PairedTest:
    """Compare two detectors' AUC from the placements of their samples.

    Args:
        auc_a: AUC of the first detector.
        auc_b: AUC of the second detector.
        first: What `placements_of` gives for the first detector.
        second: The same for the second detector.

    Raises:
        MetricError: A class has fewer than two samples, or the AUCs differ without any variance.
    """
    n_positive, n_negative = len(first[0]), len(first[1])
    if min(n_positive, n_negative) < 2:
        raise MetricError(f"the paired test wants two samples of each class, got {n_positive} and {n_negative}")
    wins, holds = np.stack((first[0], second[0])), np.stack((first[1], second[1]))  # (2, positives), (2, negatives)
    covariance = np.cov(wins) / n_positive + np.cov(holds) / n_negative
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    difference = auc_a - auc_b
    if variance <= 1e-18:
        if abs(difference) > 1e-12:
            raise MetricError("the AUCs differ but do not vary; the samples are too few for a paired test")
        return PairedTest(auc_a, auc_b, 0.0, 0.0, 0.0, 1.0)
    spread = math.sqrt(variance)
    reach = float(norm.ppf(0.975)) * spread
    p_value = float(2 * norm.sf(abs(difference) / spread))
    return PairedTest(auc_a, auc_b, difference, difference - reach, difference + reach, p_value)


def paired_interval(
    metric: Metric,
    labels: Labels,
    first: Floats,
    second: Floats,
    identities: Sequence[tuple[str, ...]],
    rng: np.random.Generator,
    *,
    replicates: int = 1000,
) -> PairedInterval:
    """Return the difference of a metric between two detectors under the same draws of identities.

    Args:
        metric: The metric to compare.
        labels: (N,) 0 or 1.
        first: (N,) scores of the first detector.
        second: (N,) scores of the second detector, in the same order.
        identities: (N,) identities of each sample.
        rng: Random generator of the identities.
        replicates: Number of draws.

    Raises:
        MetricError: The metric is undefined on either, or the identities do not fit.
    """
    terms = Term(1.0, metric, first), Term(-1.0, metric, second)
    found = contrast(terms, labels, identities, rng, replicates=replicates)
    return PairedInterval(found.value, found.low, found.high, found.spread)


def permutation_test(
    labels: Labels,
    first: Floats,
    second: Floats,
    clusters: NDArray[np.intp],
    rng: np.random.Generator,
    *,
    permutations: int = 1000,
) -> float:
    """Return the two-sided p-value of an AUC difference when the detectors are swapped cluster by cluster.

    Scores are first converted to mid-ranks, so that detectors with different scales can be exchanged (Bandos, Rockette
    & Gur 2005). All swaps are computed where there are no more than `permutations` of them.

    Args:
        labels: (N,) 0 or 1.
        first: (N,) scores of the first detector.
        second: (N,) scores of the second detector, in the same order.
        clusters: (N,) number of each sample's cluster, from 0; samples of one are swapped together.
        rng: Random generator of the swaps.
        permutations: Number of swaps.

    Raises:
        MetricError: A class is missing or a score is not finite.
    """
    observed = auc(labels, first) - auc(labels, second)
    truth = np.asarray(labels) == 1
    ranks = (2 * rankdata(np.stack((first, second)), axis=1)).astype(np.intp)  # (2, N), twice the mid-rank
    count = int(clusters.max()) + 1
    exact = count < 60 and 2**count <= permutations
    total = 2**count if exact else permutations
    step = max(1, _BATCH // len(truth))
    extreme = 0
    for start in range(0, total, step):
        size = min(step, total - start)
        if exact:
            swap = (np.arange(start, start + size)[:, None] >> np.arange(count)) & 1 == 1
        else:
            swap = rng.integers(2, size=(size, count)).astype(np.bool_)
        swapped = swap[:, clusters]
        there, here = np.where(swapped, ranks[1], ranks[0]), np.where(swapped, ranks[0], ranks[1])
        difference = _auc_rows(truth, there) - _auc_rows(truth, here)
        extreme += int((np.abs(difference) >= abs(observed) - 1e-12).sum())
    return extreme / total if exact else (extreme + 1) / (total + 1)


def identity_clusters(identities: Sequence[tuple[str, ...]]) -> NDArray[np.intp]:
    """Return the number (N,), from 0, of each sample's group; groups share no identity, directly or indirectly."""
    if all(len(names) == 1 for names in identities):
        return _numbered([names[0] for names in identities])
    linked = DisjointSet(name for names in identities for name in names)
    for names in dict.fromkeys(identities):
        for name in names[1:]:
            linked.merge(names[0], name)
    return _numbered([linked[names[0]] for names in identities])


def exchange_clusters(identities: Sequence[tuple[str, ...]]) -> tuple[NDArray[np.intp], bool]:
    """Return the groups that a permutation swaps: linked identities, or first identities where all are linked.

    Returns:
        The groups, (N,) from 0, and whether no group shares an identity with another.
    """
    linked = identity_clusters(identities)
    if linked.max() + 1 >= MIN_CLUSTERS:
        return linked, True
    first = _numbered([names[0] for names in identities])
    return (first, False) if first.max() > linked.max() else (linked, True)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Compute p-values adjusted for the number of comparisons (Holm 1979), in the given order."""
    order = np.argsort(p_values, kind="stable")
    adjusted = np.empty(len(p_values))
    highest = 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return tuple(float(value) for value in adjusted)


def delong_spread(labels: Labels, first: Floats, second: Floats) -> float:
    """Return the standard error of an AUC difference that independent videos would have."""
    test = delong_test(labels, first, second)
    return (test.high - test.low) / (2 * float(norm.ppf(0.975)))


def _numbered(names: Sequence[str]) -> NDArray[np.intp]:
    number = {name: index for index, name in enumerate(dict.fromkeys(names))}
    return np.fromiter(map(number.__getitem__, names), dtype=np.intp, count=len(names))


def _auc_rows(truth: NDArray[np.bool_], ranks: NDArray[np.intp]) -> Floats:
    """Return the AUC of each row of doubled mid-ranks (R, N), by counting each rank instead of sorting."""
    width = 2 * len(truth) + 1
    index = ranks + np.arange(len(ranks))[:, None] * width
    positive, negative = (
        np.bincount(index[:, rows].ravel(), minlength=len(ranks) * width).reshape(-1, width) for rows in (truth, ~truth)
    )
    beaten = np.einsum("rg,rg->r", positive, 2 * np.cumsum(negative, 1) - negative)
    return np.asarray(beaten / (2 * truth.sum() * (~truth).sum()))


def placements_of(labels: Labels, scores: Floats) -> Placements:
    """Return each positive's share of negatives below it, and each negative's share of positives above it.

    Args:
        labels: (N,) 0 or 1.
        scores: (N,) scores of a detector.

    Raises:
        MetricError: A class is missing or a score is not finite.
    """
    split_classes(labels, scores)
    truth, values = np.asarray(labels) == 1, np.asarray(scores, dtype=np.float64)
    positive, negative = values[truth], values[~truth]
    together = rankdata(np.concatenate((positive, negative)))
    above = (together[: len(positive)] - rankdata(positive)) / len(negative)
    below = 1 - (together[len(positive) :] - rankdata(negative)) / len(positive)
    return above, below
