"""Register metrics under the names of reports, for one table and for thousands of replicates at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from forensics.evaluation.errors import MetricError

from . import calibration as calibration
from . import classification as metrics
from .counts import Counts, Floats, Labels, Ranking
from .exact_bounds import People

Statistic = Callable[[Labels, Floats], float]
"""Any function of a table's labels and scores."""

RATES = (0.001, 0.01, 0.05)
"""False positive rates at which true positives are counted."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric that counts any number of weightings at once; called with labels and scores it is a `Statistic`.

    Attributes:
        of: Function that returns a number for each weighting, NaN where it is undefined.
        probabilities: Whether scores must lie in 0–1.
        people: For a probability, the people whose agreement 0 or 1 is based on; None for any other metric.
    """

    of: Callable[[Counts], Floats]
    probabilities: bool = False
    people: People | None = None

    def __call__(self, labels: Labels, scores: Floats) -> float:
        """Return the number for one table.

        Raises:
            MetricError: The metric is undefined on the table.
        """
        return self.of_table(Ranking(labels, scores).counts())

    def of_table(self, counts: Counts) -> float:
        """Return the number for the counts of one table.

        Raises:
            MetricError: The metric is undefined on the table.
        """
        if not len(counts.values):
            raise MetricError("no sample to judge")
        if self.probabilities and (counts.values[0] < 0 or counts.values[-1] > 1):
            raise MetricError(f"probabilities lie in 0–1, got {counts.values[0]:.3g} to {counts.values[-1]:.3g}")
        value = float(self.of(counts))
        if value != value:
            raise MetricError(
                f"both classes are needed, got {counts.n_positive:.0f} manipulated and {counts.n_negative:.0f} genuine "
                "samples"
            )
        return value


def tpr_at(rate: float) -> Metric:
    """Return the metric that counts true positives at a false positive rate, at least 0 and below 1."""
    return Metric(partial(metrics.tpr_at_fpr_of, fpr=rate), people=People.MANIPULATED)


def rate_name(rate: float) -> str:
    """Return the metric name of a rate: `tpr_at_fpr_0.1` at 0.001."""
    return f"tpr_at_fpr_{100 * rate:g}"


AUC = Metric(metrics.auc_of, people=People.PAIRS)

RANKING: Mapping[str, Metric] = {
    "auc": AUC,
    "average_precision": Metric(metrics.average_precision_of),
    "eer": Metric(metrics.eer_of),
    **{rate_name(rate): tpr_at(rate) for rate in RATES},
}
"""Metrics that only need the order of scores."""

CALIBRATION: Mapping[str, Metric] = {
    "log_loss": Metric(calibration.log_loss_of, probabilities=True),
    "brier": Metric(calibration.brier_of, probabilities=True),
    "brier_reliability": Metric(lambda counts: calibration.brier_parts_of(counts)[0], probabilities=True),
    "brier_resolution": Metric(lambda counts: calibration.brier_parts_of(counts)[1], probabilities=True),
    "brier_uncertainty": Metric(lambda counts: calibration.brier_parts_of(counts)[2], probabilities=True),
    "ece_mass": Metric(calibration.ece_of, probabilities=True),
    "ece_width": Metric(partial(calibration.ece_of, binning="equal_width"), probabilities=True),
    "ece_balanced": Metric(calibration.balanced_ece_of, probabilities=True),
}
"""Metrics that need probabilities."""


def at_threshold(threshold: float) -> dict[str, Metric]:
    """Return the metrics at a frozen threshold: balanced accuracy and both rates."""
    return {
        "balanced_accuracy": Metric(partial(metrics.balanced_accuracy_of, threshold=threshold)),
        "fpr": Metric(partial(metrics.false_positive_rate_of, threshold=threshold), people=People.GENUINE),
        "tpr": Metric(partial(metrics.true_positive_rate_of, threshold=threshold), people=People.MANIPULATED),
    }
