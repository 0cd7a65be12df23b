"""Compute the data of the charts from scores: ROC points with bands, and bins of similar probability."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from forensics.corpus import Slice
from forensics.evaluation import Aggregation, Floats, IdentityWeights, ScoresError, ScoreTable
from forensics.reporting.charts.curves import Bin, Curve

from .gather import DetectorResults

RATES = tuple(float(rate) for rate in (*np.linspace(0, 0.1, 21), *np.linspace(0.11, 1.0, 90)))
BINS = 10
REPLICATES = 500


def video_table(detector: DetectorResults) -> ScoreTable | None:
    """Return the video scores of a detector's main result, None where there are none or one class is missing.

    Control samples are in the same file; they are left out where the main result left them out.
    """
    if detector.scores is None:
        return None
    try:
        how = Aggregation.named(detector.report.aggregation or Aggregation.MEAN.value)
    except ScoresError:
        how = Aggregation.MEAN
    whole = detector.scores.by_video(how)
    chief = detector.report.find("auc/video")
    plain = [row for row, name in enumerate(whole.slices) if name != Slice.CONTROL.value]
    for table in (whole, whole.rows(plain)) if plain else (whole,):
        found = int((table.labels == 1).sum()), int((table.labels == 0).sum())
        if min(found) and (chief is None or found == (chief.n_positive, chief.n_negative)):
            return table
    return None


def roc_curve(name: str, table: ScoreTable, seed: int) -> Curve:
    """Return the step ROC at fixed false positive rates, with a band from a bootstrap over identities.

    The value at each rate is the highest true positive rate whose false positive rate does not exceed it.

    Args:
        name: Name of the detector.
        table: One row per video, of both classes.
        seed: Seed of the bootstrap.
    """
    ends = _last_of_each_score(table)
    once = _roc_points(table, np.ones((1, len(table))), ends)[0]
    drawn = [_roc_points(table, weights, ends) for weights in _draws(table, seed)]
    low, high = _band(np.concatenate(drawn), once)
    return Curve(name, RATES, _floats(once), _floats(low), _floats(high))


def reliability(table: ScoreTable, seed: int) -> tuple[Bin, ...]:
    """Sort videos by probability into bins of equal size, in which equal probabilities stay together.

    Args:
        table: One row per video; scores are probabilities.
        seed: Seed of the bootstrap over identities for each bin's interval.
    """
    count = max(2, min(BINS, len(table) // 8))
    edges = np.unique(np.quantile(table.scores, np.linspace(0, 1, count + 1)[1:-1]))
    bin_of = np.searchsorted(edges, table.scores, side="left")
    members = (bin_of[:, None] == np.unique(bin_of)).astype(np.float64)  # (N, bins)
    positive = members * table.labels[:, None]
    sizes = members.sum(axis=0)
    observed = positive.sum(axis=0) / sizes
    predicted = (members * table.scores[:, None]).sum(axis=0) / sizes
    drawn = []
    for weights in _draws(table, seed):
        total = weights @ members
        drawn.append(np.divide(weights @ positive, total, out=np.full_like(total, np.nan), where=total > 0))
    low, high = _band(np.concatenate(drawn), observed)
    return tuple(
        Bin(float(stated), float(share), float(bottom), float(top), int(size))
        for stated, share, bottom, top, size in zip(predicted, observed, low, high, sizes, strict=True)
    )


def are_probabilities(table: ScoreTable) -> bool:
    """Return whether all scores lie in 0–1."""
    return bool(table.scores.min() >= 0 and table.scores.max() <= 1)


def by_class(table: ScoreTable) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the scores of the genuine and of the manipulated samples."""
    genuine, manipulated = (tuple(float(score) for score in table.scores[table.labels == label]) for label in (0, 1))
    return genuine, manipulated


def _draws(table: ScoreTable, seed: int) -> Iterator[Floats]:
    """Yield the weights (R, N) of the samples in batches, `REPLICATES` in total."""
    people = IdentityWeights(table.identities, len(table))
    for drawn in people.batches(np.random.default_rng(seed), REPLICATES):
        yield people.weights(drawn)


def _last_of_each_score(table: ScoreTable) -> NDArray[np.intp]:
    """Return the places, by falling score, of possible thresholds: after the last of equal scores."""
    falling = -np.sort(-table.scores)
    return np.flatnonzero(np.append(np.diff(falling) != 0, True))


def _roc_points(table: ScoreTable, weights: Floats, ends: NDArray[np.intp]) -> Floats:
    """Return the true positive rate at each of `RATES` for every row of weights (R, N); NaN where a class has none."""
    order = np.argsort(-table.scores, kind="stable")
    truth = table.labels[order] == 1
    ranked = weights[:, order]
    nothing = np.zeros((len(weights), 1))
    hits, alarms = (
        np.concatenate((nothing, (ranked * side).cumsum(axis=1)[:, ends]), axis=1) for side in (truth, ~truth)
    )
    points = np.full((len(weights), len(RATES)), np.nan)
    for row in np.flatnonzero((hits[:, -1] > 0) & (alarms[:, -1] > 0)):
        allowed = np.searchsorted(alarms[row] / alarms[row, -1], np.array(RATES) + 1e-9, side="right") - 1
        points[row] = hits[row, allowed] / hits[row, -1]
    return points


def _band(drawn: Floats, value: Floats) -> tuple[Floats, Floats]:
    """Return the 2.5th and 97.5th percentile of each column; where no draw is defined, return the value itself."""
    defined = ~np.isnan(drawn)
    kept = np.where(defined.any(axis=0), drawn, value)
    low, high = np.nanpercentile(kept, (2.5, 97.5), axis=0)
    return low, high


def _floats(values: Floats) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
