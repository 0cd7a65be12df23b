"""Compute weighted sums of metrics of several scorings of one table: means over runs, differences, changes.

All terms are counted under the same draws of identities, so that common variation cancels out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from forensics.evaluation.errors import MetricError
from forensics.evaluation.metrics.counts import Floats, Labels, Ranking
from forensics.evaluation.metrics.named_metrics import Metric
from forensics.evaluation.metrics.resampling import IdentityWeights


@dataclass(frozen=True, slots=True, eq=False)
class Term:
    """One scoring and its weight.

    Attributes:
        weight: Factor of its metric, such as 1/3 in a mean over three runs and -1 in a difference.
        metric: The metric.
        scores: (N,) in the order of the table.
    """

    weight: float
    metric: Metric
    scores: Floats


@dataclass(frozen=True, slots=True)
class Contrast:
    """A weighted sum with its 95 % interval; bounds and spread are None where there are too few identities."""

    value: float
    low: float | None
    high: float | None
    spread: float | None


def contrast(
    terms: Sequence[Term],
    labels: Labels,
    identities: Sequence[tuple[str, ...]],
    rng: np.random.Generator,
    *,
    replicates: int = 1000,
) -> Contrast:
    """Return the weighted sum of metrics of several scorings, with a bootstrap interval over identities.

    Args:
        terms: The scorings; the interval does not include the variation between training runs.
        labels: (N,) 0 or 1.
        identities: (N,) identities of each sample.
        rng: Random generator of the identities.
        replicates: Number of draws.

    Raises:
        MetricError: There is no term, a metric is undefined on the whole table, or the identities do not fit.
    """
    if not terms:
        raise MetricError("a contrast wants at least one term")
    value = sum(term.weight * term.metric(labels, term.scores) for term in terms)
    weights = IdentityWeights(identities, len(labels))
    if weights.count < 2:
        return Contrast(value, None, None, None)
    rankings = [Ranking(labels, term.scores) for term in terms]
    sums: list[Floats] = []
    for drawn in weights.batches(rng, replicates):
        parts = [
            term.weight * term.metric.of(ranking.counts(weights.weights(drawn, ranking.order)))
            for term, ranking in zip(terms, rankings, strict=True)
        ]
        sums.append(np.sum(parts, axis=0))
    return contrast_of(value, np.concatenate(sums), replicates)


def contrast_of(value: float, drawn: Floats, replicates: int) -> Contrast:
    """Return a value with the 95 % interval of its replicates.

    Args:
        value: The value on the whole table.
        drawn: (R,) values of the replicates, NaN where one is undefined.
        replicates: Number of wanted replicates, of which at least half must be defined.
    """
    defined = drawn[~np.isnan(drawn)]
    if len(defined) < max(2, replicates / 2):
        return Contrast(value, None, None, None)
    low, high = np.percentile(defined, (2.5, 97.5))
    return Contrast(value, float(low), float(high), float(defined.std(ddof=1)))
