"""Judge scores: metrics, intervals, measures under a sealed protocol, robustness, and the files they travel in."""

from .errors import EvaluationError, MetricError, ScoresError, SealError
from .intervals import Interval, PairedTest, bootstrap_intervals, delong_test, holm
from .metrics import (
    AveragePrecision,
    EqualError,
    OperatingPoint,
    auc,
    average_precision,
    balanced_accuracy,
    brier,
    ece,
    eer,
    false_positive_rate,
    log_loss,
    tpr_at_fpr,
    true_positive_rate,
)
from .protocol import EvalReport, Level, Measure, SealedTest, evaluate_sealed, measure_table
from .results import read_report, read_scores, write_report, write_scores
from .robustness import Clip, all_cells, robustness_grid
from .tables import ScoreTable

__all__ = [
    "AveragePrecision",
    "Clip",
    "EqualError",
    "EvalReport",
    "EvaluationError",
    "Interval",
    "Level",
    "Measure",
    "MetricError",
    "OperatingPoint",
    "PairedTest",
    "ScoreTable",
    "ScoresError",
    "SealError",
    "SealedTest",
    "all_cells",
    "auc",
    "average_precision",
    "balanced_accuracy",
    "bootstrap_intervals",
    "brier",
    "delong_test",
    "ece",
    "eer",
    "evaluate_sealed",
    "false_positive_rate",
    "holm",
    "log_loss",
    "measure_table",
    "read_report",
    "read_scores",
    "robustness_grid",
    "tpr_at_fpr",
    "true_positive_rate",
    "write_report",
    "write_scores",
]
