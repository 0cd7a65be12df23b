"""Judge scores: metrics, intervals, measures under a sealed protocol, robustness, and the files they travel in."""

from .aggregation import Aggregation, aggregate
from .calibration_metrics import BrierParts, balanced_ece, brier, brier_parts, ece, log_loss
from .comparison import compare, compare_all, describe_comparisons, matched, verdict
from .contrasts import Contrast, Term, contrast
from .counts import Counts, Ranking
from .errors import EvaluationError, MetricError, ScoresError, SealError
from .intervals import Interval, bootstrap_intervals
from .journal import TestRead
from .measuring import COVERED, measure_table, operating_threshold, warnings_of
from .metrics import (
    AveragePrecision,
    EqualError,
    OperatingPoint,
    auc,
    average_precision,
    balanced_accuracy,
    eer,
    false_positive_rate,
    tpr_at_fpr,
    true_positive_rate,
)
from .paired import (
    PairedInterval,
    PairedTest,
    delong_test,
    exchange_clusters,
    holm,
    identity_clusters,
    paired_interval,
    permutation_test,
)
from .power import Power, power_of
from .protocol import SealedTest, evaluate_sealed
from .reports import CLEAN, Comparison, EvalReport, EvalRun, Level, Measure
from .results import (
    folder_of,
    read_report,
    read_reports,
    read_run,
    short_names,
    write_measures,
    write_report,
    write_run,
)
from .robustness import measure_cell
from .score_files import SCORES_NAME, VALIDATION_NAME, read_scores, write_scores
from .seeds import over_seeds
from .statistics import AUC, CALIBRATION, RANKING, Metric, Statistic, at_threshold, tpr_at
from .tables import EVERYTHING, ScoreTable
from .text import columns

__all__ = [
    "AUC",
    "CALIBRATION",
    "CLEAN",
    "COVERED",
    "EVERYTHING",
    "RANKING",
    "SCORES_NAME",
    "VALIDATION_NAME",
    "Aggregation",
    "AveragePrecision",
    "BrierParts",
    "Comparison",
    "Contrast",
    "Counts",
    "EqualError",
    "EvalReport",
    "EvalRun",
    "EvaluationError",
    "Interval",
    "Level",
    "Measure",
    "Metric",
    "MetricError",
    "OperatingPoint",
    "PairedInterval",
    "PairedTest",
    "Power",
    "Ranking",
    "ScoreTable",
    "ScoresError",
    "SealError",
    "SealedTest",
    "Statistic",
    "Term",
    "TestRead",
    "aggregate",
    "at_threshold",
    "auc",
    "average_precision",
    "balanced_accuracy",
    "balanced_ece",
    "bootstrap_intervals",
    "brier",
    "brier_parts",
    "columns",
    "compare",
    "compare_all",
    "contrast",
    "delong_test",
    "describe_comparisons",
    "ece",
    "eer",
    "evaluate_sealed",
    "exchange_clusters",
    "false_positive_rate",
    "folder_of",
    "holm",
    "identity_clusters",
    "log_loss",
    "matched",
    "measure_cell",
    "measure_table",
    "operating_threshold",
    "over_seeds",
    "paired_interval",
    "permutation_test",
    "power_of",
    "read_report",
    "read_reports",
    "read_run",
    "read_scores",
    "short_names",
    "tpr_at",
    "tpr_at_fpr",
    "true_positive_rate",
    "verdict",
    "warnings_of",
    "write_measures",
    "write_report",
    "write_run",
    "write_scores",
]
