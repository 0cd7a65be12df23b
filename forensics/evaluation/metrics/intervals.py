"""Compute 95 % intervals of measures from a bootstrap over identities.

Frames of one video and videos of one person are not independent, so identities are resampled, as `resampling`
describes. Undefined replicates, such as those of one class, are drawn again. A probability of 0 or 1 in every replicate
gets exact bounds over people instead. Any other value that never varies, and fewer than five people, get no interval.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.errors import MetricError
from forensics.execution.progress import Report, silent
from forensics.execution.threads import in_order

from .counts import Floats, Labels, Ranking
from .exact_bounds import count_people, unanimous_bounds
from .named_metrics import Metric, Statistic
from .resampling import IdentityWeights

FEWEST_PEOPLE = 5
"""Number of people below which a bootstrap has no meaning."""

_MANY = 500_000  # weights from which several threads share the work
_MAX_TRIES = 4  # per wanted replicate; beyond this, the data is too thin for an interval


@dataclass(frozen=True, slots=True)
class Interval:
    """A value and its 95 % interval; the bounds are None where there are too few identities."""

    value: float
    low: float | None
    high: float | None


def bootstrap_intervals(
    statistics: Mapping[str, Statistic | Metric],
    labels: Labels,
    scores: Floats,
    identities: Sequence[tuple[str, ...]],
    rng: np.random.Generator,
    *,
    replicates: int = 1000,
    report: Report = silent,
) -> dict[str, Interval]:
    """Compute several statistics of one table with 95 % intervals from the same replicates.

    A `Metric` counts many replicates at once; any other function is called with the repeated rows of each replicate,
    which takes many times as long.

    Args:
        statistics: Metrics, or functions of labels and scores, by name.
        labels: (N,) 0 or 1.
        scores: (N,).
        identities: (N,) identities of each sample, one or more.
        rng: Random generator of the identities.
        replicates: Number of replicates.
        report: Progress callback.

    Raises:
        MetricError: A statistic is undefined on the whole table, or the identities do not fit.
    """
    labels, scores = np.asarray(labels), np.asarray(scores, dtype=np.float64)
    ranking = Ranking(labels, scores)
    counts = ranking.counts()
    values = {
        name: one.of_table(counts) if isinstance(one, Metric) else one(labels, scores)
        for name, one in statistics.items()
    }
    weights = IdentityWeights(identities, len(labels))
    drawn = (
        _replicates(statistics, labels, scores, ranking, weights, rng, replicates, report)
        if weights.count >= FEWEST_PEOPLE
        else None
    )
    if drawn is None:
        return {name: Interval(value, None, None) for name, value in values.items()}
    return {
        name: interval_of(value, drawn[row], statistics[name], labels, identities)
        for row, (name, value) in enumerate(values.items())
    }


def interval_of(
    value: float,
    drawn: Floats,
    statistic: Statistic | Metric,
    labels: Labels,
    identities: Sequence[tuple[str, ...]],
) -> Interval:
    """Return the 95 % interval of a value from its replicates; a value that never varies has exact bounds, or none.

    Args:
        value: The value on the whole table.
        drawn: (R,) values of the replicates, all defined.
        statistic: The metric of the value.
        labels: (N,) 0 or 1.
        identities: (N,) identities of each sample.
    """
    if np.ptp(drawn) == 0:
        people = statistic.people if isinstance(statistic, Metric) else None
        bounds = None if people is None else unanimous_bounds(value, count_people(people, labels, identities))
        return Interval(value, *(bounds or (None, None)))
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Interval(value, float(low), float(high))


def _replicates(
    statistics: Mapping[str, Statistic | Metric],
    labels: Labels,
    scores: Floats,
    ranking: Ranking,
    weights: IdentityWeights,
    rng: np.random.Generator,
    wanted: int,
    report: Report,
) -> Floats | None:
    """Return (statistics, wanted) values of replicates on which all are defined, None where these are too rare."""
    slow = not all(isinstance(one, Metric) for one in statistics.values())
    grouped = weights.in_groups(ranking.group_of, ranking.groups)
    ordered = weights.ordered(ranking.order) if grouped is None else weights

    def values_of(chosen: NDArray[np.int64]) -> Floats:
        counts = (
            ranking.counts(ordered.of_chosen(chosen)) if grouped is None else ranking.counts_of_groups(grouped(chosen))
        )
        repeats = weights.of_chosen(chosen) if slow else np.empty((0, 0))
        batch = [
            one.of(counts) if isinstance(one, Metric) else _one_by_one(one, labels, scores, repeats)
            for one in statistics.values()
        ]
        return np.stack(batch)

    found = np.empty((len(statistics), 0))
    tries = 0
    while found.shape[1] < wanted and tries < wanted * _MAX_TRIES:
        missing = min(wanted - found.shape[1], wanted * _MAX_TRIES - tries)
        chosen = (weights.choose(rng, size) for size in weights.sizes(missing))
        parts = [found]
        for batch in in_order(values_of, chosen, threads=1 if len(labels) * wanted < _MANY else None):
            parts.append(batch[:, ~np.isnan(batch).any(0)])
            report(min(sum(part.shape[1] for part in parts) / wanted, 1.0), "resampling people")
        found = np.concatenate(parts, axis=1)
        tries += missing
    return found if wanted and found.shape[1] == wanted else None


def _one_by_one(statistic: Statistic, labels: Labels, scores: Floats, drawn: Floats) -> Floats:
    values = np.full(len(drawn), np.nan)
    for number, weights in enumerate(drawn):
        rows = np.repeat(np.arange(len(labels)), weights.astype(np.intp))
        try:
            values[number] = statistic(labels[rows], scores[rows])
        except MetricError:
            continue
    return values
