"""Measure the effect of a distortion on a detector: its AUC, and its false alarms at the threshold in use."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from forensics.evaluation.errors import MetricError, ScoresError
from forensics.evaluation.metrics.classification import Floats, Labels
from forensics.evaluation.metrics.exact_bounds import People, count_people, unanimous_reach
from forensics.evaluation.metrics.intervals import Interval, bootstrap_intervals
from forensics.evaluation.metrics.named_metrics import AUC, at_threshold
from forensics.evaluation.scores.score_table import ScoreTable

from .reports import CLEAN, UNDISTORTED, AppliedDistortion, Measure


def measure_cell(
    clean: ScoreTable,
    distorted: ScoreTable,
    *,
    threshold: float,
    seed: int,
    applied: AppliedDistortion = UNDISTORTED,
    note: str = "",
    replicates: int = 1000,
) -> tuple[Measure, ...]:
    """Measure one cell at video level, beside the same videos undistorted.

    Args:
        clean: One row per video, undistorted.
        distorted: The same videos in the same order.
        threshold: Frozen on undistorted validation data; a score above it is an alarm.
        seed: Of the bootstrap.
        applied: The distortion; `UNDISTORTED` or one of the same name for the undistorted cell itself.
        note: What a reader of the numbers has to know.
        replicates: Of the bootstrap.

    Returns:
        `auc`, `balanced_accuracy`, `fpr` and `tpr`, and for a distortion also `fpr_drift`, the change of the false
        positive rate, and `genuine_shift` and `forged_shift`, the mean change of each class's scores. Changes are
        paired by video; all intervals are by bootstrap over identities.

    Raises:
        MetricError: If a class is missing.
        ScoresError: If the tables hold different videos.
    """
    if clean.videos != distorted.videos:
        raise ScoresError("a cell is compared with the same videos undistorted, in the same order")
    statistics = {"auc": AUC, **at_threshold(threshold)}
    rng = np.random.default_rng(seed)
    found = dict(
        bootstrap_intervals(
            statistics, distorted.labels, distorted.scores, distorted.identities, rng, replicates=replicates
        )
    )
    if applied.name != CLEAN:
        found |= _changes(clean, distorted, threshold, seed, replicates)
    n_positive = int((distorted.labels == 1).sum())
    return tuple(
        Measure.of(metric, interval, n_positive, len(distorted) - n_positive, applied=applied, note=note)
        for metric, interval in found.items()
    )


def _changes(
    clean: ScoreTable, distorted: ScoreTable, threshold: float, seed: int, replicates: int
) -> Mapping[str, Interval]:
    """Return the paired changes, whose bootstraps draw the same identities."""
    alarms = (distorted.scores > threshold).astype(np.float64) - (clean.scores > threshold)
    moved = distorted.scores - clean.scores
    wanted = {"fpr_drift": (alarms, 0), "genuine_shift": (moved, 0), "forged_shift": (moved, 1)}
    found: dict[str, Interval] = {}
    for name, (change, label) in wanted.items():
        of_class = _MeanOf(label)
        rng = np.random.default_rng(seed)
        found |= bootstrap_intervals(
            {name: of_class}, distorted.labels, change, distorted.identities, rng, replicates=replicates
        )
    if not alarms[distorted.labels == 0].any():  # nobody's answer changed: no spread to draw from, an exact bound
        reach = unanimous_reach(count_people(People.GENUINE, distorted.labels, distorted.identities))
        found["fpr_drift"] = Interval(0.0, -reach, reach)
    return found


class _MeanOf:
    """The mean over one class, as a statistic of the bootstrap."""

    def __init__(self, label: int) -> None:
        self.label = label

    def __call__(self, labels: Labels, changes: Floats) -> float:
        chosen = changes[labels == self.label]
        if not len(chosen):
            raise MetricError(f"no sample of class {self.label}")
        return float(chosen.mean())
