"""Evaluate scores: metrics, intervals, sealed test protocol, robustness, and files of scores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facetrail_lazy_door import lazy_door

if TYPE_CHECKING:
    from .comparison.comparison import compare, compare_all, describe_comparisons, matched
    from .comparison.contrasts import Term, contrast
    from .comparison.paired_tests import (
        delong_test,
        exchange_clusters,
        holm,
        identity_clusters,
        paired_interval,
        permutation_test,
    )
    from .comparison.power import Power, power_of
    from .comparison.seeds import over_seeds
    from .errors import EvaluationError, MetricError, ScoresError, SealError
    from .measures.distorted_cells import measure_cell
    from .measures.fairness import measure_fairness
    from .measures.generalisation import HELD_OUT, SEEN
    from .measures.reports import (
        CLEAN,
        PICTURES,
        UNDISTORTED,
        AppliedDistortion,
        Comparison,
        EvalReport,
        EvalRun,
        Level,
        Measure,
    )
    from .measures.results_folder import (
        RUN_NAME,
        folder_of,
        read_report,
        read_reports,
        read_run,
        short_names,
        write_report,
        write_run,
    )
    from .measures.table_measures import measure_table, operating_threshold, warnings_of
    from .metrics.calibration import balanced_ece, brier, brier_parts, ece, log_loss
    from .metrics.classification import (
        Floats,
        auc,
        average_precision,
        balanced_accuracy,
        eer,
        false_positive_rate,
        tpr_at_fpr,
        true_positive_rate,
    )
    from .metrics.counts import Ranking
    from .metrics.intervals import Interval, bootstrap_intervals
    from .metrics.named_metrics import AUC, CALIBRATION, RANKING, Metric, at_threshold
    from .metrics.resampling import IdentityWeights
    from .protocol.protocols import PROTOCOLS, find_protocol
    from .protocol.read_journal import TestRead
    from .protocol.sealed_test import SealedTest, evaluate_sealed
    from .scores.aggregation import Aggregation, aggregate
    from .scores.score_files import SCORES_NAME, VALIDATION_NAME, read_scores, write_scores
    from .scores.score_table import EVERYTHING, ScoreTable
    from .text import columns
else:
    __getattr__ = lazy_door(__name__, __file__)

__all__ = [
    "AUC",
    "CALIBRATION",
    "CLEAN",
    "EVERYTHING",
    "HELD_OUT",
    "PICTURES",
    "PROTOCOLS",
    "RANKING",
    "RUN_NAME",
    "SCORES_NAME",
    "SEEN",
    "UNDISTORTED",
    "VALIDATION_NAME",
    "Aggregation",
    "AppliedDistortion",
    "Comparison",
    "EvalReport",
    "EvalRun",
    "EvaluationError",
    "Floats",
    "IdentityWeights",
    "Interval",
    "Level",
    "Measure",
    "Metric",
    "MetricError",
    "Power",
    "Ranking",
    "ScoreTable",
    "ScoresError",
    "SealError",
    "SealedTest",
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
    "find_protocol",
    "folder_of",
    "holm",
    "identity_clusters",
    "log_loss",
    "matched",
    "measure_cell",
    "measure_fairness",
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
    "tpr_at_fpr",
    "true_positive_rate",
    "warnings_of",
    "write_report",
    "write_run",
    "write_scores",
]
