"""Turn a table of scores into measures with level, counts and interval, under a protocol that keeps the test sealed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from . import metrics
from .errors import SealError
from .intervals import Statistic, bootstrap_intervals
from .reports import CLEAN, EvalReport, Level, Measure
from .tables import EVERYTHING, ScoreTable


class SealedTest:
    """Guard a test set: remember whether the threshold was frozen before the scores were first read."""

    def __init__(self, read: Callable[[], ScoreTable]) -> None:
        """Keep the way to the scores without taking it.

        Args:
            read: Gives the scores; called once, on the first `open`.
        """
        self._read = read
        self._table: ScoreTable | None = None
        self._threshold: float | None = None
        self._sealed = False

    @property
    def sealed(self) -> bool:
        """Whether the threshold was frozen before the test was first read."""
        return self._sealed

    @property
    def threshold(self) -> float | None:
        """The frozen threshold, None before `freeze`."""
        return self._threshold

    def freeze(self, threshold: float) -> None:
        """Fix the threshold, chosen on validation data; frozen after a look at the test, it counts as not sealed.

        Raises:
            SealError: If another threshold is frozen already.
        """
        if self._threshold is not None and self._threshold != threshold:
            raise SealError(
                f"the threshold is frozen at {self._threshold}; a second choice of {threshold} would fit the test"
            )
        self._threshold = threshold
        self._sealed = self._sealed or self._table is None

    def open(self) -> ScoreTable:
        """Read the scores."""
        if self._table is None:
            self._table = self._read()
        return self._table


def measure_table(
    table: ScoreTable,
    *,
    seed: int,
    threshold: float | None = None,
    replicates: int = 1000,
    distortion: str = CLEAN,
    severity: int = 0,
    levels: tuple[Level, ...] = tuple(Level),
) -> tuple[Measure, ...]:
    """Measure a table as a whole and slice by slice, at each level.

    Args:
        table: One row per frame.
        seed: Of the bootstrap.
        threshold: Frozen on validation data; without it no measure at a threshold is made.
        replicates: Of the bootstrap.
        distortion: What was done to the samples.
        severity: How strongly.
        levels: Which levels to measure.

    Raises:
        MetricError: If the table holds one class only.
    """
    names = table.slice_names
    slices = (EVERYTHING, *names) if len(names) > 1 else (EVERYTHING,)
    measures: list[Measure] = []
    for level in levels:
        gathered = table.by_video() if level is Level.VIDEO else table
        for name in slices:
            part = gathered.slice(name)
            statistics = _statistics(part, threshold)
            rng = np.random.default_rng(seed)
            found = bootstrap_intervals(
                statistics, part.labels, part.scores, part.identities, rng, replicates=replicates
            )
            n_positive = int((part.labels == 1).sum())
            n_negative = len(part) - n_positive
            measures += [
                Measure(
                    f"{metric}/{level}", level, name, distortion, severity,
                    interval.value, interval.low, interval.high, n_positive, n_negative, _note(metric, part),
                )
                for metric, interval in found.items()
            ]  # fmt: skip
    return tuple(measures)


def evaluate_sealed(
    test: SealedTest, *, corpus: str, detector: str, protocol: str, seed: int, replicates: int = 1000
) -> EvalReport:
    """Measure a sealed test at its frozen threshold and record whether the seal held.

    Raises:
        SealError: If no threshold was frozen.
        MetricError: If the test holds one class only.
    """
    if test.threshold is None:
        raise SealError("freeze a threshold chosen on validation data before the test is measured")
    measures = measure_table(test.open(), seed=seed, threshold=test.threshold, replicates=replicates)
    return EvalReport(corpus, detector, protocol, seed, measures, test.sealed)


def _statistics(table: ScoreTable, threshold: float | None) -> Mapping[str, Statistic]:
    statistics: dict[str, Statistic] = {
        "auc": metrics.auc,
        "average_precision": lambda labels, scores: metrics.average_precision(labels, scores).value,
        "eer": lambda labels, scores: metrics.eer(labels, scores).rate,
        "tpr_at_fpr_1": lambda labels, scores: metrics.tpr_at_fpr(labels, scores, 0.01).tpr,
        "tpr_at_fpr_5": lambda labels, scores: metrics.tpr_at_fpr(labels, scores, 0.05).tpr,
    }
    if threshold is not None:
        statistics |= at_threshold(threshold)
    if table.scores.min() >= 0 and table.scores.max() <= 1:
        statistics |= {"log_loss": metrics.log_loss, "brier": metrics.brier, "ece": metrics.ece}
    return statistics


def at_threshold(threshold: float) -> dict[str, Statistic]:
    """Give the statistics that a frozen threshold decides: balanced accuracy and both rates."""
    return {
        "balanced_accuracy": lambda labels, scores: metrics.balanced_accuracy(labels, scores, threshold),
        "fpr": lambda labels, scores: metrics.false_positive_rate(labels, scores, threshold),
        "tpr": lambda labels, scores: metrics.true_positive_rate(labels, scores, threshold),
    }


def _note(metric: str, table: ScoreTable) -> str:
    if metric == "average_precision":
        return f"prevalence {metrics.average_precision(table.labels, table.scores).prevalence:.3f}"
    if metric.startswith("tpr_at_fpr_"):
        rate = int(metric.rpartition("_")[2]) / 100
        if not metrics.tpr_at_fpr(table.labels, table.scores, rate).reliable:
            return f"fewer than ten genuine samples may be flagged at {rate:.0%}"
    return ""
