"""Measure whether a detector knows forgeries that it was not trained on: seen and held-out methods apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forensics.evaluation.metrics.counts import Ranking
from forensics.evaluation.metrics.intervals import FEWEST_PEOPLE, Interval, bootstrap_intervals
from forensics.evaluation.metrics.named_metrics import AUC, at_threshold
from forensics.evaluation.metrics.resampling import IdentityWeights
from forensics.evaluation.scores.score_table import ScoreTable

from .reports import Measure

SEEN, HELD_OUT = "methods=seen", "methods=held-out"
"""Slices of the forgeries of both kinds, each against all genuine samples."""

_FEWEST = 0.5
"""Least share of the replicates that must have both kinds of forgeries for an interval."""


def measure_generalisation(
    videos: ScoreTable, seen: Sequence[str], *, threshold: float | None, seed: int, replicates: int = 1000
) -> tuple[Measure, ...]:
    """Measure seen and held-out forgery methods apart.

    Args:
        videos: One row per sample, of one slice of the corpus without control samples.
        seen: Methods that the detector was trained on.
        threshold: Frozen on validation data; None measures the AUC alone.
        seed: Seed of the bootstrap.
        replicates: Number of bootstrap replicates.

    Returns:
        `auc` and the rates at the threshold on the slices `methods=seen` and `methods=held-out`, as far as the test has
        such methods; and `auc_gap`, seen minus held-out, with an interval over the same draws of people.
    """
    known, labels = set(seen), np.asarray(videos.labels)
    if not (labels == 0).any():
        return ()
    is_seen = np.array([method in known for method in videos.methods], dtype=np.bool_)
    measures: list[Measure] = []
    parts: dict[str, NDArray[np.intp]] = {}
    for name, chosen in ((SEEN, is_seen), (HELD_OUT, ~is_seen)):
        if not (chosen & (labels == 1)).any():
            continue
        parts[name] = np.flatnonzero((labels == 0) | chosen)
        table = videos.rows(parts[name].tolist())
        metrics = {"auc": AUC, **({} if threshold is None else at_threshold(threshold))}
        found = bootstrap_intervals(
            metrics, table.labels, table.scores, table.identities, np.random.default_rng(seed), replicates=replicates
        )
        positive = int((np.asarray(table.labels) == 1).sum())
        methods = sorted({method for method, label in zip(table.methods, table.labels, strict=True) if label == 1})
        note = ", ".join(methods)
        measures += [
            Measure.of(metric, interval, positive, len(table) - positive, slice=name, note=note)
            for metric, interval in found.items()
        ]
    if len(parts) == 2:
        gap = _gap(videos, parts[SEEN], parts[HELD_OUT], seed, replicates)
        positive = int((labels == 1).sum())
        note = "AUC on seen methods minus AUC on held-out ones"
        measures.append(Measure.of("auc_gap", gap, positive, len(labels) - positive, slice=HELD_OUT, note=note))
    return tuple(measures)


def _gap(videos: ScoreTable, seen: NDArray[np.intp], held: NDArray[np.intp], seed: int, replicates: int) -> Interval:
    """Return the AUC of some rows minus that of others, and its interval over the same draws of people."""
    labels, scores = np.asarray(videos.labels), np.asarray(videos.scores, dtype=np.float64)
    rankings = [(Ranking(labels[rows], scores[rows]), rows) for rows in (seen, held)]
    first, second = (float(AUC.of(ranking.counts())) for ranking, _ in rankings)
    weights = IdentityWeights(videos.identities, len(labels))
    if weights.count < FEWEST_PEOPLE or not replicates:
        return Interval(first - second, None, None)
    rng, drawn = np.random.default_rng(seed), []
    for size in weights.sizes(replicates):
        repeats = weights.of_chosen(weights.choose(rng, size))
        one, other = (AUC.of(ranking.counts(repeats[:, rows[ranking.order]])) for ranking, rows in rankings)
        drawn.append(one - other)
    values = np.concatenate(drawn)
    values = values[~np.isnan(values)]
    if len(values) < _FEWEST * replicates or np.ptp(values) == 0:
        return Interval(first - second, None, None)
    low, high = np.percentile(values, (2.5, 97.5))
    return Interval(first - second, float(low), float(high))
