"""Judge scores: metrics, intervals, measures under a sealed protocol, robustness, and the files they travel in."""

from .aggregation import Aggregation, aggregate
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
from .protocol import SealedTest, evaluate_sealed, measure_table
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
from .robustness import Clip, all_cells, robustness_grid
from .score_files import SCORES_NAME, VALIDATION_NAME, read_scores, write_scores
from .tables import ScoreTable

__all__ = [
    "CLEAN",
    "SCORES_NAME",
    "VALIDATION_NAME",
    "Aggregation",
    "AveragePrecision",
    "Clip",
    "Comparison",
    "EqualError",
    "EvalReport",
    "EvalRun",
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
    "aggregate",
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
    "folder_of",
    "holm",
    "log_loss",
    "measure_table",
    "read_report",
    "read_reports",
    "read_run",
    "read_scores",
    "robustness_grid",
    "short_names",
    "tpr_at_fpr",
    "true_positive_rate",
    "write_measures",
    "write_report",
    "write_run",
    "write_scores",
]
